"""Drawn roads: a benchmark that needs no download. Every frame follows from its track, the seed and its number
alone."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from random import Random

from unexpected_core.config import unknown_name
from unexpected_core.drawing.errors import DrawingError
from unexpected_core.drawing.model.light import SHIFT_WEATHERS, TRAIN_WEATHERS
from unexpected_core.drawing.model.plan import Item, World
from unexpected_core.drawing.model.road import Camera, Pose
from unexpected_core.drawing.render.frame import DrawnFrame, draw
from unexpected_core.drawing.render.sensor import Sensor, make_sensor
from unexpected_core.drawing.things import obstacles
from unexpected_core.drawing.things.world import make_world
from unexpected_core.structs import RoadCamera, Sample

TRACKS = {
    "train": "ordinary roads, nothing unexpected",
    "train_objects": "ordinary roads with objects of the training families on them",
    "obstacle": "small test objects on the road, 5 to 60 m away; ROI = road",
    "anomaly": "big test objects and animals anywhere; ROI = whole image",
    "shift": "test objects in weather that the train track does not have; ROI = road",
    "clips": "sequences of CLIP_LENGTH frames that drive past test objects; ROI = road",
}
CLIP_LENGTH = 120
CLIP_RATE = 15.0
"""Frames per second of clips, unless asked otherwise."""
LONGEST_S = 16.0
"""Of a clip; then the car has passed all that stands on its road."""
_START = 40.0


class DrawnRoads:
    """`count` drawn frames of a track; random access, the same for the same seed on any machine.

    size: (height, width), from (64, 96) up. rate: frames per second of clips. Keys: ``<track>/<seed>/<number>``; of
    clips ``clips/<seed>/<clip>/<number>``. Raises DrawingError for an unknown track, a rate or a size that cannot be
    drawn.
    """

    def __init__(
        self,
        track: str = "train",
        count: int = 200,
        seed: int = 0,
        size: tuple[int, int] = (256, 512),
        rate: float = CLIP_RATE,
    ) -> None:
        height, width = size
        length = min(count, CLIP_LENGTH) if track == "clips" else 0
        seconds = (length - 1) / rate if rate > 0 else 0.0
        for fault, message in (
            (track not in TRACKS, unknown_name("track", track, TRACKS)),
            (height < 64 or width < 96, f"size {width}x{height} is too small to draw a road; expected at least 96x64"),
            (not rate > 0, f"rate must be above 0 frames per second, found {rate}"),
            (count < 0, f"count must be 0 or more, found {count}"),
            (
                seconds > LONGEST_S,
                f"clips of {length} frames at {rate:g} per second last {seconds:.0f} s, and the road that is drawn "
                f"ends after {LONGEST_S:g}; expected a greater rate, or a smaller count",
            ),
        ):
            if fault:
                raise DrawingError(message)
        self.track, self.count, self.seed, self.size, self.rate = track, count, seed, (height, width), rate
        self.keys = [self._key(i) for i in range(count)]
        self._number = {key: i for i, key in enumerate(self.keys)}

    def _key(self, number: int) -> str:
        if self.track == "clips":
            return f"clips/{self.seed}/{number // CLIP_LENGTH:03d}/{number % CLIP_LENGTH:03d}"
        return f"{self.track}/{self.seed}/{number:05d}"

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Sample]:
        return (self[i] for i in range(self.count))

    def __getitem__(self, which: int | str) -> Sample:
        """The sample with this number or key."""
        return self.frame(which).sample

    def frame(self, which: int | str) -> DrawnFrame:
        """The frame with this number or key, with depth, ROI, pose and camera. Raises IndexError or KeyError."""
        if isinstance(which, str):
            if which not in self._number:
                raise KeyError(
                    f"no frame '{which}'; keys run from {self.keys[0]} to {self.keys[-1]}"
                    if self.keys
                    else f"no frame '{which}': the set is empty"
                )
            which = self._number[which]
        if not -self.count <= which < self.count:
            raise IndexError(f"frame {which} of {self.count}")
        return self._draw(which % self.count)

    def view(self, number: int) -> dict:
        """What frames.json says of a frame, without drawing it; see `facts`."""
        world, _, camera, pose, time = self._view(number)
        return facts(self.keys[number], time, world.light.weather, camera, pose)

    def camera(self, number: int) -> RoadCamera:
        """How the camera of a frame stands over the road, without drawing it."""
        camera, rows = self._view(number)[2], self.size[0]
        return RoadCamera(camera.height, camera.focal / rows, (camera.horizon + 0.5) / rows)

    def _view(self, number: int) -> tuple[World, Sensor, Camera, Pose, float]:
        clips = self.track == "clips"
        name = self._key(number).rpartition("/")[0] if clips else self._key(number)
        time = number % CLIP_LENGTH / self.rate if clips else 0.0
        world = scene(self.track, name)
        random = Random(f"camera {name}")
        camera = _camera(random, self.size)
        sensor = make_sensor(random, world.light.night)
        speed, sway, yaw = random.uniform(7.0, 9.5), random.uniform(-0.25, 0.25), random.uniform(-0.02, 0.02)
        pose = world.road.pose(_START + speed * time, world.ego_d + sway, 0.0 if clips else yaw)
        return world, sensor, camera, pose, time

    def _draw(self, number: int) -> DrawnFrame:
        world, sensor, camera, pose, time = self._view(number)
        return draw(world, camera, pose, time, sensor, self.keys[number], whole_image=self.track == "anomaly")


def facts(key: str, time: float, weather: str, camera: Camera, pose: Pose) -> dict:
    """Key, time (seconds), weather, intrinsics (pixels) and ego pose (metres, radians) of a frame, for frames.json."""
    intrinsics = {name: getattr(camera, name) for name in ("focal", "cx", "cy", "height", "pitch")}
    return {"key": key, "time": round(time, 6), "weather": weather, "camera": intrinsics, "pose": pose._asdict()}


def _camera(random: Random, size: tuple[int, int]) -> Camera:
    height, width = size
    focal = width * random.uniform(0.85, 1.15)
    pitch = random.uniform(0.0, 0.05)
    return Camera(
        width, height, focal, (width - 1) / 2, height * random.uniform(0.40, 0.47), random.uniform(1.2, 1.55), pitch
    )


@lru_cache(maxsize=4)
def scene(track: str, name: str) -> World:
    """The world of one frame, or of one clip, with the track's objects in it."""
    random = Random(f"scene {name}")
    weather = random.choice(SHIFT_WEATHERS if track == "shift" else TRAIN_WEATHERS)
    clip = track == "clips"
    world = make_world(name, weather, 400 if clip else 230)
    place = {
        "train_objects": _train_objects,
        "obstacle": _on_the_road,
        "shift": _on_the_road,
        "anomaly": _anywhere,
        "clips": _along_the_drive,
    }.get(track)
    if place:
        place(world, random)
    return world


def _on_lane(world: World, random: Random) -> float:
    low, high = -world.sides[-1].edge + world.sides[-1].parking, world.sides[1].edge - world.sides[1].parking
    near = random.uniform(world.ego_d - 2.2, world.ego_d + 2.2) if random.random() < 0.7 else random.uniform(low, high)
    return min(max(near, low + 0.4), high - 0.4)


def _drop(world: World, family: str, random: Random, s: float, d: float, size: float = 1.0) -> None:
    """Put an object down, and take away what would stand on the same spot or between it and the ego car."""
    item = Item(
        obstacles.obstacle(family, random.randrange(200)), s, d, random.uniform(0, 6.283), size, obstacle=True, near=0.4
    )
    world.items[:] = [other for other in world.items if other.obstacle or not _in_the_way(world, other, s, d)]
    world.items.append(item)


def _in_the_way(world: World, other: Item, s: float, d: float) -> bool:
    """Whether an item touches the line of sight from the start to the spot (s, d), with a margin."""
    if not _START - 3 < other.s - other.near < s + 3.0:
        return False
    share = min(max((other.s - _START) / (s - _START), 0.0), 1.0)
    return abs(other.d - (world.ego_d + (d - world.ego_d) * share)) < 1.2 + other.shape.radius * (other.near < 3) * 0.4


def _distance(random: Random) -> float:
    return 5.0 * 12.0 ** random.random()  # log-uniform, 5 to 60 m


def _train_objects(world: World, random: Random) -> None:
    for _ in range(random.choice((1, 1, 2, 3))):
        family, s = random.choice(tuple(obstacles.TRAIN_FAMILIES)), _START + _distance(random)
        _drop(world, family, random, s, _on_lane(world, random), random.uniform(0.6, 1.6))


def _on_the_road(world: World, random: Random) -> None:
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        family, s = random.choice(tuple(obstacles.SMALL_TEST_FAMILIES)), _START + _distance(random)
        _drop(world, family, random, s, _on_lane(world, random))


def _anywhere(world: World, random: Random) -> None:
    for _ in range(random.choice((1, 1, 2, 3))):
        family = random.choice(
            tuple(obstacles.BIG_TEST_FAMILIES if random.random() < 0.75 else obstacles.SMALL_TEST_FAMILIES)
        )
        s = _START + random.uniform(6.0, 28.0)
        reach = 0.36 * (s - _START)  # to be in the picture
        low, high = (
            max(-world.sides[-1].edge - 2.0, world.ego_d - reach),
            min(world.sides[1].edge + 2.0, world.ego_d + reach),
        )
        _drop(world, family, random, s, random.uniform(low, high))


def _along_the_drive(world: World, random: Random) -> None:
    s = _START + random.uniform(14.0, 24.0)
    while s < _START + 125:
        side = random.choice((-1, 1))
        low, high = -world.sides[-1].edge + 0.5, world.sides[1].edge - world.sides[1].parking - 0.3
        d = min(max(world.ego_d + side * random.uniform(1.35, 2.0), low), high)
        _drop(world, random.choice(tuple(obstacles.SMALL_TEST_FAMILIES)), random, s, d)
        s += random.uniform(10.0, 26.0)
