"""The parts of the live node that need no ROS: doctor, logs, samples."""

import json
import math
import re
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from unexpected_core.images import read_image, read_map
from unexpected_core.pipeline.detector import load_detector
from unexpected_core.structs import Detection, Region
from unexpected_ros.bags import message_types
from unexpected_ros.inputs.connection import (
    COMPRESSED,
    IMAGE,
    Publisher,
    explain,
    explain_mismatch,
    explain_mixture,
    explain_place,
)
from unexpected_ros.inputs.incoming import age_ms
from unexpected_ros.inputs.mounts import Mounts
from unexpected_ros.live.outputs import Result
from unexpected_ros.live.processing import Seen, find, limited
from unexpected_ros.live.samples import Keeper, write_sample
from unexpected_ros.load.ladder import REDUCED
from unexpected_ros.logs import CauseLog
from unexpected_ros.scene.geometry import Camera
from unexpected_ros.scene.ground import mounted
from unexpected_ros.scene.tracking import Tracker
from unexpected_ros.settings import CameraSettings, GroundSettings, NodeSettings, SaveSettings
from unexpected_ros.tools.frame_by_frame import maker


@pytest.mark.parametrize(
    ("publishers", "topics", "words"),
    [
        ([], [], ["nobody publishes /image", "no image topic is published at all; start the camera"]),
        ([], [("/front/image_raw", IMAGE), ("/map", "nav_msgs/msg/OccupancyGrid")], ["-r image:=/front/image_raw"]),
        ([], [("/zebra", IMAGE), ("/my/image", IMAGE)], ["similar topics: /my/image, /zebra; remap"]),
        ([], [("/front/image/compressed", COMPRESSED)], ["/front/image/compressed", "see input.transport"]),
        (
            [Publisher("/cam", COMPRESSED, False)],
            [],
            ["by /cam (reliable) as sensor_msgs/msg/CompressedImage", "start with input.transport:=compressed"],
        ),
        ([Publisher("/lidar", "sensor_msgs/msg/PointCloud2", False)], [], ["remap the input to a topic of that type"]),
        ([Publisher("/cam", IMAGE, True)], [], ["/cam (best effort)", "input.reliability:=auto or best_effort"]),
        ([Publisher("/cam", IMAGE, False)], [], ["the QoS matches, but no frame arrives", "fastdds_large_images.xml"]),
    ],
)
def test_the_doctor_names_the_cause_and_the_cure(publishers, topics, words):
    said = str(explain("/image", False, False, publishers, topics))
    assert all(word in said for word in words), said


def test_the_cure_names_the_input_of_the_camera_that_is_silent():
    said = explain("/rig/front/image", False, False, [], [("/cam/image_raw", IMAGE)], "front/image")
    assert said.cure.endswith("for example -r front/image:=/cam/image_raw")


CALIBRATED = Camera(100, 200, np.array([[100.0, 0, 100], [0, 100, 50], [0, 0, 1]]), np.zeros(0), "plumb_bob")
SIZE = 100, 200


@pytest.mark.parametrize(
    ("camera", "mounting", "image", "words"),
    [
        (None, mounted(1.5, 0.0), "cam", "nothing came on /info; .* -r front/camera_info:=TOPIC"),
        (replace(CALIBRATED, matrix=np.zeros((3, 3))), None, "cam", "/info holds no calibration; calibrate"),
        (replace(CALIBRATED, model="new"), None, "cam", "/info holds distortion model 'new' is not known"),
        (CALIBRATED, None, "cam", "set camera.height, or publish /tf_static from base_link .on the ground. to cam"),
        (CALIBRATED, None, "base_link", "set camera.height, or give images a frame_id of their own"),
        (CALIBRATED, mounted(-0.25, 0.0), "cam", "puts cam at z = -0.25 m of base_link, not above the ground; set cam"),
        (CALIBRATED, mounted(1.5, -1.0), "cam", "no pixel of cam looks at the ground; .* optical frame"),
    ],
)
def test_what_is_missing_to_tell_where_things_stand_has_a_cure(camera, mounting, image, words):
    said = explain_place(camera, mounting, SIZE, "/info", "front/camera_info", (image, "base_link"))
    assert re.search(words, str(said)), said


def test_nothing_is_missing_with_a_calibration_and_a_place():
    assert explain_place(CALIBRATED, mounted(1.5, 0.0), SIZE, "/info", "camera_info", ("cam", "base_link")) is None


def test_a_calibration_that_is_not_that_of_the_images_is_told():
    def said(size=SIZE, frames=("cam", "cam"), camera=CALIBRATED):
        return str(explain_mismatch(camera, size, "/info", "front/camera_info", frames))

    assert said() == said((50, 100)) == said(frames=("", "cam")) == said(frames=("/cam", "cam")) == "None"
    assert said(camera=replace(CALIBRATED, matrix=np.zeros((3, 3))), size=(9, 9)) == "None", "it is none at all"
    assert re.search(
        "/info is of images of 200x100 pixels of the sensor, but they have 120x90; .* calibrate", said((90, 120))
    )
    other = said(frames=("rear", "cam"))
    assert re.search("'rear', images 'cam': .*-r front/camera_info:=TOPIC", other), other
    in_a_bag = str(explain_mismatch(CALIBRATED, SIZE, "/info", "", ("rear", "cam")))
    assert in_a_bag.endswith("bearing and distance go by it; give both one frame_id"), "nothing can be remapped"


def test_frames_of_several_nodes_are_no_one_cameras():
    def said(*publishers):
        return str(explain_mixture("/image", IMAGE, [Publisher(name, kind, False) for name, kind in publishers]))

    assert said() == said(("/driver", IMAGE)) == said(("/driver", IMAGE), ("/driver", IMAGE)) == "None"
    assert said(("/driver", IMAGE), ("/jpeg", COMPRESSED), ("/_NODE_NAME_UNKNOWN_", IMAGE)) == "None"
    assert said(("/player", IMAGE), ("/driver", IMAGE)).startswith("/image is published by /driver and /player: their")


def transforms(child, w):
    """What /tf_static says of a frame one metre above /base_link; w: of its quaternion."""
    make = maker(message_types())
    move = make("geometry_msgs/msg/Vector3", x=0.0, y=0.0, z=1.0)
    turn = make("geometry_msgs/msg/Quaternion", x=0.0, y=0.0, z=0.0, w=w)
    stamp = make("builtin_interfaces/msg/Time", sec=1, nanosec=0)
    header = make("std_msgs/msg/Header", stamp=stamp, frame_id="/base_link")
    transform = make("geometry_msgs/msg/Transform", translation=move, rotation=turn)
    fields = {"header": header, "child_frame_id": child, "transform": transform}
    return make("tf2_msgs/msg/TFMessage", transforms=[make("geometry_msgs/msg/TransformStamped", **fields)])


def test_that_several_cameras_look_ahead_by_the_parameters_is_warned_of_once():
    """Not of one beside others that /tf_static places, nor of one that it places later."""
    lines, settings = [], CameraSettings(height=1.5)
    mounts = Mounts(CauseLog(lines.append, period_s=0.0))
    assert mounts.of("camera", CameraSettings(), "rear") is None
    assert mounts.of("late", settings, "left").position[2] == 1.5
    mounts.hear(transforms("late", 1.0))
    assert all(mounts.of("late", settings, name).position[2] == 1.0 for name in ("left", "right"))
    for _ in range(2):
        assert mounts.of("camera", settings, "front").position[2] == 1.5 and not lines
    for _ in range(2):
        assert mounts.of("camera", settings, "rear").position[2] == 1.5
    assert len(lines) == 1 and "does not say where the cameras front and rear sit" in lines[0]


def test_a_transform_that_is_none_is_warned_of():
    lines = []
    mounts = Mounts(CauseLog(lines.append))
    for w in (1.0, 2.0):
        mounts.hear(transforms("rear\n", w))
        assert len(lines) == w - 1
    assert len(lines) == 1 and lines[0].startswith("/tf_static from base_link to rear? is not used: its quaternion")


@pytest.mark.parametrize(("stamp", "now", "age"), [(2, 2_000_005_000, 0.005), (0, 5, math.nan), (2, 0, math.nan)])
def test_an_age_is_known_where_both_clocks_run(stamp, now, age):
    header = SimpleNamespace(stamp=SimpleNamespace(sec=stamp, nanosec=0))
    assert age_ms(header, now) == pytest.approx(age, nan_ok=True)


def test_one_line_per_cause_and_period():
    lines, clock = [], [0.0]
    log = CauseLog(lines.append, period_s=10.0, now=lambda: clock[0])
    for clock[0], cause in ((0.0, "a"), (1.0, "a"), (2.0, "b"), (9.0, "a"), (10.5, "a")):
        log(cause, f"{cause} at {clock[0]:g}")
    assert lines == ["a at 0", "b at 2", "a at 10.5 (2 more like this since the last report)"]


def test_a_sample_is_whole_and_readable(tmp_path):
    image = np.arange(6 * 8 * 3, dtype=np.uint8).reshape(6, 8, 3)
    score = np.linspace(0, 1, 48, dtype=np.float32).reshape(6, 8)
    detection = Detection(score, score > 0.5, np.full((6, 8), 7, np.uint8), None, ())
    path = write_sample(tmp_path, "12", image, detection, {"model_id": "m"})
    assert json.loads(path.read_text()) == {"model_id": "m"}
    assert np.array_equal(read_image(tmp_path / "image" / "12.png"), image)
    assert np.abs(read_map(tmp_path / "score" / "12.png") / 65535 - score).max() < 1e-5
    assert (read_map(tmp_path / "labels" / "12.png") == 7).all()
    again = write_sample(tmp_path, "12", image[::-1], detection, {"model_id": "other"})
    assert again.name == "12-2.json" and json.loads(path.read_text()) == {"model_id": "m"}
    assert np.array_equal(read_image(tmp_path / "image" / "12.png"), image)
    assert np.array_equal(read_image(tmp_path / "image" / "12-2.png"), image[::-1])


def test_nodes_that_share_a_folder_keep_what_each_other_has_of_the_same_stamp(tmp_path):
    """Also while one is still writing: both replay one bag, or one is started again on it."""
    image = np.zeros((6, 8, 3), np.uint8)
    flat = Detection(np.zeros((6, 8), np.float32), image[..., 0] > 0, image[..., 0], None, ())

    class Meanwhile:
        """A detection that the other node's sample is written before."""

        score, mask = flat.score, flat.mask

        @property
        def labels(self):
            others.append(write_sample(tmp_path, "12", image + 9, flat, {"node": "other"}))
            return flat.labels

    others = []
    path = write_sample(tmp_path, "12", image, Meanwhile(), {"node": "first"})
    assert (path.name, others[0].name) == ("12.json", "12-2.json")
    assert [json.loads(p.read_text())["node"] for p in (path, *others)] == ["first", "other"]
    assert [read_image(tmp_path / "image" / f"{key}.png").max() for key in ("12", "12-2")] == [0, 9]
    with pytest.raises(AttributeError):
        write_sample(tmp_path, "13", image, None, {})
    assert write_sample(tmp_path, "13", image, flat, {}).name == "13.json"
    assert not [p for p in tmp_path.rglob("*") if p.name.startswith(".")]


def keeper_on_a_slow_disk(said, ready):
    """Writes nothing before `ready`; what it warns of goes to `said`."""

    class Slow(Keeper):
        def write(self, camera, result):
            ready.wait(30)
            return super().write(camera, result)

    return Slow(CauseLog(said.append))


def test_of_two_cameras_that_wait_for_a_slow_disk_both_are_saved_and_what_is_lost_is_told(tmp_path):
    said, slow = [], threading.Event()
    keeper = keeper_on_a_slow_disk(said, slow)
    settings = NodeSettings(save=SaveSettings(directory=str(tmp_path), above=0.5, per_minute=600))
    region = Region(0, 0, 2, 2, 1, 1, 4, 0.9, 0.9, 1.0, 0)
    image = np.zeros((6, 8, 3), np.uint8)
    detection = Detection(np.ones((6, 8), np.float32), image[..., 0] == 0, image[..., 0], None, (region,))
    for second, camera in enumerate(("left", "left", "right", "left")):
        header = SimpleNamespace(stamp=SimpleNamespace(sec=second, nanosec=0), frame_id="")
        keeper.offer(camera, Result(header, image, detection, [], settings, "m", None, {}, {}))
        time.sleep(0.15)  # a tenth of a second lies between two that are saved
    slow.set()
    end = time.monotonic() + 10
    while len(kept := sorted(path.stem for path in tmp_path.glob("*.json"))) < 3 and time.monotonic() < end:
        time.sleep(0.02)
    keeper.stop(10)
    assert kept == ["0-left", "2000000000-right", "3000000000-left"]
    assert [line for line in said if "slow: a frame that waited to be saved is lost" in line] == said != []


@pytest.mark.parametrize("seconds", [30.0, 0.05])
def test_what_waits_to_be_saved_at_the_end_is_saved_or_told(tmp_path, seconds):
    said, slow = [], threading.Event()
    keeper = keeper_on_a_slow_disk(said, slow)
    settings = NodeSettings(save=SaveSettings(directory=str(tmp_path), above=0.5, per_minute=600))
    image, region = np.zeros((6, 8, 3), np.uint8), Region(0, 0, 2, 2, 1, 1, 4, 0.9, 0.9, 1.0, 0)
    detection = Detection(np.ones((6, 8), np.float32), image[..., 0] == 0, image[..., 0], None, (region,))
    for second in range(2):
        header = SimpleNamespace(stamp=SimpleNamespace(sec=second, nanosec=0), frame_id="")
        keeper.offer("", Result(header, image, detection, [], settings, "m", None, {}, {}))
        time.sleep(0.15)
    if seconds > 1:
        threading.Timer(0.2, slow.set).start()
    keeper.stop(seconds)
    kept = sorted(path.stem for path in tmp_path.glob("*.json"))
    slow.set()
    assert kept == (["0", "1000000000"] if seconds > 1 else []) and len(said) == (seconds < 1)
    assert all("samples were not saved within 0.05 s; the last ones are lost" in text for text in said)


def test_a_sample_says_how_it_was_detected(tmp_path):
    """Where time was short that is at less than the scale in the settings."""
    settings = NodeSettings(save=SaveSettings(directory=str(tmp_path)))
    header = SimpleNamespace(stamp=SimpleNamespace(sec=1, nanosec=0), frame_id="")
    image = np.zeros((40, 64, 3), np.uint8)
    detector = load_detector("random", device="cpu")
    seen, half = [Seen(image, 1, 0.0)], settings.detect.model_copy(update={"scale": 0.5})
    (found,) = find(seen, detector, [Tracker()], half, [""], False)
    found = limited(found, GroundSettings(farthest=5.0), None, None, print)
    result = Result(header, image, found.detection, [], settings, "m", None, {}, {}, mode=REDUCED, scale=found.scale)
    facts = json.loads(Keeper(CauseLog(print)).write("", result).read_text())
    assert (facts["mode"], facts["scale"], facts["settings"]["detect"]["scale"]) == (REDUCED, 0.5, 1.0)


def test_samples_that_are_written_at_once_do_not_take_one_key(tmp_path):
    """By the service and by themselves, of a camera that sets no stamps."""
    settings = NodeSettings(save=SaveSettings(directory=str(tmp_path)))
    header = SimpleNamespace(stamp=SimpleNamespace(sec=0, nanosec=0), frame_id="")
    keeper = Keeper(CauseLog(print))

    def write(value):
        image = np.full((60, 80, 3), value, np.uint8)
        detection = Detection(image[:, :, 0] / np.float32(255), image[:, :, 0] > 128, image[:, :, 0], None, ())
        keeper.write("", Result(header, image, detection, [], settings, "m", None, {}, {}))

    values = range(10, 90, 10)
    writing = [threading.Thread(target=write, args=(value,)) for value in values]
    for thread in writing:
        thread.start()
    for thread in writing:
        thread.join()
    kept = [path.stem for path in tmp_path.glob("*.json")]
    labels = [read_map(tmp_path / "labels" / f"{key}.png")[0, 0] for key in kept]
    images = [read_image(tmp_path / "image" / f"{key}.png")[0, 0, 0] for key in kept]
    assert sorted(images) == list(values) and labels == images
