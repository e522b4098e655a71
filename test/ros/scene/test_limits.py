"""Regions by where they stand on the ground, against answers written out."""

from dataclasses import replace

import numpy as np
import pytest

from unexpected_core.drawing.tracks import DrawnRoads
from unexpected_core.labels import IGNORE
from unexpected_core.pipeline.detector import load_detector
from unexpected_core.regions import RegionSettings, find_regions
from unexpected_core.structs import Detection, Region
from unexpected_ros.live.processing import Found, limited
from unexpected_ros.scene.geometry import Camera
from unexpected_ros.scene.ground import from_transform, mounted
from unexpected_ros.scene.limits import are_set, place, within
from unexpected_ros.scene.tracking import Track
from unexpected_ros.settings import GroundSettings

HEIGHT, WIDTH = 101, 161
SIZE = HEIGHT, WIDTH
CAMERA = Camera(HEIGHT, WIDTH, np.array([[100.0, 0, 79.5], [0, 100, 39.5], [0, 0, 1]]), np.zeros(0), "")
MOUNTING = mounted(1.5, 0.0)
ROAD, WALL = 0, 3


def region(x, y, width, height):
    """Its foot stands on the lower edge of row y + height - 1: 1.5 m * 100 / (y + height - 40) ahead."""
    return Region(x, y, width, height, x, y, width * height, 0.9, 0.9, 1.0, 0)


def detection(*regions, labels=ROAD):
    mask = np.zeros(SIZE, bool)
    for r in regions:
        mask[r.y : r.y + r.height, r.x : r.x + r.width] = True
    labels = np.broadcast_to(np.asarray(labels, np.uint8), SIZE)
    return Detection(mask.astype(np.float32), mask, np.ascontiguousarray(labels), None, regions)


NEAR = region(70, 60, 10, 30)  # foot on row 90: 3 m ahead, 0.3 m wide
FAR = region(100, 45, 4, 10)  # foot on row 55: 10 m ahead, 2 to 2.4 m to the right


def kept(*regions, labels=ROAD, mounting=MOUNTING, unseen=None, **limits):
    """Of the regions those that count."""
    assert are_set(GroundSettings(**limits))
    seen = replace(detection(*regions, labels=labels), unseen=unseen)
    shown, tracks = within(seen, [Track(n, 1) for n in range(len(regions))], GroundSettings(**limits), CAMERA, mounting)
    assert [regions[track.id] for track in tracks] == list(shown.regions)
    assert np.array_equal(shown.mask, detection(*shown.regions).mask), "what does not count leaves the mask"
    return list(shown.regions)


def test_a_place_is_where_the_figure_says():
    found = place(NEAR, SIZE, CAMERA, MOUNTING)
    assert found.has_foot and found[:5] == pytest.approx(
        (3.0, 0.3, 0.0, 0.9, 0.03)
    )  # 30 of the 50 pixels below the horizon are 1.5 m
    assert place(FAR, SIZE, CAMERA, MOUNTING)[:5] == pytest.approx((10.0, -2.0, -2.4, 1.0, 0.1))
    assert place(region(80, 5, 10, 30), SIZE, CAMERA, MOUNTING) is None, "above the horizon"


def test_a_place_is_the_same_whatever_the_pitch_of_the_camera():
    """The image of a camera that is pitched down by p is that of a level one, with the horizon at 40 - 100 tan p."""
    pitch = 0.1
    rows = {}
    for row in (60.0, 90.0):
        slope = (row - 40) / 100
        rows[row] = 40 + 100 * np.tan(np.arctan(slope) - pitch)
    straight = Region(80, 60, 1, 30, 0, 0, 30, 1, 1, 1, 0)
    top, foot = rows[60.0], rows[90.0]
    pitched = replace(straight, y=top, height=foot - top)
    level, tilted = (place(straight, SIZE, CAMERA, MOUNTING), place(pitched, SIZE, CAMERA, mounted(1.5, pitch)))
    assert tilted[0] == pytest.approx(level[0]) and tilted.height == pytest.approx(level.height)


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"nearest": 3.1}, [FAR]),
        ({"nearest": 2.9}, [NEAR, FAR]),
        ({"farthest": 9.9}, [NEAR]),
        ({"farthest": 10.1}, [NEAR, FAR]),
        ({"right": 1.9}, [NEAR]),
        ({"right": 2.1}, [NEAR, FAR]),  # a part of it is enough
        ({"left": 0.1}, [NEAR, FAR]),
        ({"min_height": 0.95}, [FAR]),
        ({"min_height": 0.85, "farthest": 5.0}, [NEAR]),
        ({"min_height": 1.05}, []),
    ],
    ids=str,
)
def test_each_limit_leaves_what_stands_within(limits, expected):
    assert kept(NEAR, FAR, **limits) == expected


def test_what_an_edge_of_the_image_cuts_off_is_of_any_height():
    """A camera 1 m up that looks 52 degrees down sees 0.24 m of what is 1.5 m ahead, however tall that is; a level one
    sees the ground from 2.5 m on, and of a dog of 0.6 m that is 2 m ahead its back.
    """
    down = mounted(1.0, 0.9)
    foot = round(39.5 + 100 * np.tan(np.arctan(1 / 1.5) - 0.9))
    pedestrian, box = region(70, 0, 10, foot + 1), region(70, 1, 10, foot)
    assert kept(pedestrian, mounting=down, min_height=0.5) == [pedestrian]
    assert kept(box, mounting=down, min_height=0.5) == []
    back = round(39.5 + 100 * (1.5 - 0.6) / 2)
    dog, box = region(70, back, 10, HEIGHT - back), region(70, back, 10, HEIGHT - 1 - back)
    assert kept(dog, min_height=0.5) == [dog]
    assert kept(box, min_height=0.5) == []


def test_what_a_region_of_interest_or_the_own_car_cuts_off_is_of_any_height():
    """NEAR covers rows 60 to 89, 3 m ahead: 0.9 m high."""
    above, below, beside, other = (np.zeros(SIZE, bool) for _ in range(4))
    above[:60], below[90:], beside[:, :70], other[:60, :69] = True, True, True, True
    assert kept(NEAR, unseen=above, min_height=1.5) == kept(NEAR, unseen=below, min_height=1.5) == [NEAR]
    assert kept(NEAR, unseen=beside, min_height=1.5) == kept(NEAR, unseen=other, min_height=1.5) == []
    below[90] = above[59] = False  # one row between
    assert kept(NEAR, unseen=below, min_height=1.5) == kept(NEAR, unseen=above, min_height=1.5) == []


def test_what_hides_its_foot_stands_nearer_than_the_lowest_that_is_seen_of_it():
    unseen, above = np.zeros(SIZE, bool), np.zeros(SIZE, bool)
    unseen[90:] = above[:60] = True
    assert kept(NEAR, unseen=unseen, farthest=2.0) == [NEAR]
    assert kept(NEAR, unseen=above, farthest=2.0) == kept(NEAR, farthest=2.0) == []
    assert kept(NEAR, unseen=unseen, nearest=3.5) == [], "it is not farther"


def test_a_detector_says_where_it_did_not_look():
    detector, image = load_detector("random", device="cpu"), np.zeros((40, 64, 3), np.uint8)
    assert detector.detect(image).unseen is None
    detector.update(roi="0,0.5 1,0.5 1,1 0,1", ego_mask="0,0.9 1,0.9 1,1 0,1")
    unseen = detector.detect(image).unseen
    assert unseen[:, 5].tolist() == [True] * 20 + [False] * 16 + [True] * 4 and (unseen == unseen[:, :1]).all()
    detector.update(ego_mask="")
    assert not detector.detect(image).unseen[20:].any()


def test_what_stands_nowhere_is_within_no_limit():
    assert kept(region(80, 5, 10, 30), NEAR, farthest=1000.0) == [NEAR]


def test_beside_the_road_counts_as_far_as_the_margin():
    labels = np.full(SIZE, WALL)
    labels[:, :60] = ROAD
    assert kept(NEAR, labels=labels, road_margin=0.35) == [NEAR]  # its foot begins 10 pixels, 0.3 m beside the road
    assert kept(NEAR, labels=labels, road_margin=0.25) == []
    assert kept(NEAR, labels=ROAD, road_margin=0.1) == [NEAR]
    labels[:] = WALL
    assert kept(NEAR, FAR, labels=labels, road_margin=20.0) == []
    labels[:60] = ROAD  # what is behind a thing is not what it stands on
    assert kept(NEAR, labels=labels, road_margin=20.0) == []


def test_where_the_ground_below_a_foot_is_not_seen_the_road_beside_it_counts():
    """Behind the bonnet, whose label is car, and at the image's lower edge."""
    low, unseen, labels = region(70, 60, 10, HEIGHT - 60), np.zeros(SIZE, bool), np.full(SIZE, ROAD)
    unseen[90:], labels[90:], labels[:, 70:80] = True, WALL, WALL
    assert kept(NEAR, labels=labels, road_margin=1.0) == []
    assert kept(NEAR, labels=labels, unseen=unseen, road_margin=1.0) == [NEAR]
    labels[:90] = WALL
    assert kept(NEAR, labels=labels, unseen=unseen, road_margin=1.0) == []
    unseen[:, :70] = unseen[:, 80:] = True
    assert kept(NEAR, labels=labels, unseen=unseen, road_margin=1.0) == [NEAR], "nothing tells"
    labels[:], labels[:, 70:80] = ROAD, WALL
    assert kept(low, labels=labels, road_margin=0.01) == [low], "less than a pixel"
    labels[:, :70] = labels[:, 80:] = WALL
    assert kept(low, labels=labels, road_margin=1.0) == []
    labels[:, 75] = ROAD
    assert kept(low, labels=labels, road_margin=0.01) == [low], "it lies on the road"


def test_limits_are_in_the_cars_frame_and_hold_for_a_camera_that_looks_back():
    """At the rear, 2 m behind the axle: what its left half shows is on the car's right."""
    rear = from_transform((-2.0, 0.0, 1.5), (0.5, 0.5, -0.5, -0.5))
    found = place(FAR, SIZE, CAMERA, rear)
    assert found[:3] == pytest.approx((-12.0, 2.4, 2.0))
    assert kept(FAR, mounting=rear, farthest=12.1, left=2.1) == [FAR]
    assert kept(FAR, mounting=rear, farthest=11.9) == kept(FAR, mounting=rear, left=1.9) == []


SKYWARD = from_transform((0.0, 0.0, 1.5), (0.0, 0.0, 0.0, 1.0))


@pytest.mark.parametrize(("camera", "mounting"), [(None, MOUNTING), (CAMERA, None), (CAMERA, SKYWARD)])
def test_where_nothing_is_known_everything_counts_and_that_is_said(camera, mounting):
    found, said = Found(detection(NEAR, FAR), [Track(1, 1), Track(2, 1)], {}), []
    assert limited(found, GroundSettings(farthest=5.0), camera, mounting, said.append) is found
    assert "camera_info" in said[0] and "all regions count" in said[0]
    assert limited(found, GroundSettings(), camera, mounting, said.append) is found and len(said) == 1
    assert limited(found, GroundSettings(farthest=5.0), CAMERA, MOUNTING, said.append).detection.regions == (NEAR,)


def test_without_labels_the_road_margin_does_not_count_and_that_is_said():
    seen, said = detection(NEAR, FAR, labels=IGNORE), []
    found = Found(seen, [Track(1, 1), Track(2, 1)], {})
    margin, both = GroundSettings(road_margin=1.0), GroundSettings(road_margin=1.0, farthest=5.0)
    assert limited(found, margin, CAMERA, MOUNTING, said.append).detection.regions == (NEAR, FAR)
    assert limited(found, both, CAMERA, MOUNTING, said.append).detection.regions == (NEAR,)
    assert len(said) == 2 and all("road_margin limits nothing: it needs labels" in text for text in said)


def test_drawn_obstacles_stand_where_their_depth_says():
    """Against the points in space of each pixel that the renderer knows."""
    compared = 0
    for frame in map(DrawnRoads("obstacle", count=4, seed=3, size=(256, 512)).frame, range(4)):
        drawn = frame.camera
        matrix = np.array([[drawn.focal, 0, drawn.cx], [0, drawn.focal, drawn.cy], [0, 0, 1]])
        camera, mounting = Camera(256, 512, matrix, np.zeros(0), ""), mounted(drawn.height, drawn.pitch)
        mask, threshold = (frame.sample.obstacle == 1).astype(np.float32), RegionSettings(min_area=300)
        found, regions = find_regions(mask, frame.sample.labels, threshold)
        for one in regions:
            y, x = np.nonzero(found[one.y : one.y + one.height, one.x : one.x + one.width])
            depth = frame.depth[y + one.y, x + one.x]
            rays = np.stack([x + one.x - drawn.cx, y + one.y - drawn.cy, np.full(len(x), drawn.focal)], 1)
            points = (rays * depth[:, None] / drawn.focal) @ mounting.rotation.T + mounting.position
            place_of = place(one, (256, 512), camera, mounting)
            assert place_of.ahead == pytest.approx(points[:, 0].min(), rel=0.05)
            assert place_of.left == pytest.approx(points[:, 1].max(), abs=0.2)
            assert (
                0.95 * points[:, 2].max() < place_of.height < 2 * points[:, 2].max()
            )  # what reaches back looks higher
            compared += 1
    assert compared >= 5


def test_a_region_whose_foot_has_no_ray_counts_and_one_whose_top_has_none_is_of_any_height():
    """With k1 alone nothing is shown farther out than 2 / 3 * sqrt(1 / (3 * 0.3)) focal lengths, 70 pixels."""
    bent = replace(CAMERA, distortion=np.array([-0.3, 0, 0, 0]))
    corner, tall, ahead = region(130, 60, 20, 40), region(60, -45, 10, 125), region(70, 60, 10, 20)
    shown = [ahead, corner]
    found, _ = within(detection(*shown), [Track(1, 1), Track(2, 1)], GroundSettings(farthest=1.0), bent, MOUNTING)
    assert found.regions == (corner,), "what stands 4 m ahead does not count; of the other nobody knows"
    assert place(tall, SIZE, bent, MOUNTING).height == np.inf > place(ahead, SIZE, bent, MOUNTING).height
