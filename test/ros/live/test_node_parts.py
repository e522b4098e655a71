"""The parts of the node that need no ROS: doctor, tracking, geometry, logs, samples."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from unexpected_core.images import read_image, read_map
from unexpected_core.structs import Detection, Region
from unexpected_ros.live.connection import COMPRESSED, IMAGE, Publisher, explain
from unexpected_ros.live.logs import CauseLog
from unexpected_ros.live.samples import write_sample
from unexpected_ros.scene import geometry
from unexpected_ros.scene.geometry import Camera, bearing, is_rectified
from unexpected_ros.scene.ground import from_transform, ground_distance, mounted
from unexpected_ros.scene.tracking import Track, Tracker, persistent


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
    said = explain("/image", False, False, publishers, topics)
    assert all(word in said for word in words), said


def region(x, y=10, width=20, height=10, area=200):
    return Region(x, y, width, height, x + width / 2, y + height / 2, area, 0.8, 0.9, 1.0, 0)


def test_a_track_keeps_its_id_while_boxes_overlap():
    tracker = Tracker()
    assert tracker.update(1, [region(0), region(100)]) == [Track(1, 1), Track(2, 1)]
    assert tracker.update(2, [region(103), region(200), region(2)]) == [Track(2, 2), Track(3, 1), Track(1, 2)]


def test_a_track_survives_two_missed_frames_and_not_three():
    tracker = Tracker()
    tracker.update(1, [region(0), region(100)])
    assert tracker.update(2, [region(101)]) == [Track(2, 2)]
    assert tracker.update(3, []) == []
    assert tracker.update(4, [region(3)]) == [Track(1, 2)]
    assert tracker.update(5, [region(3), region(100)]) == [Track(1, 3), Track(2, 3)], "each missed twice"
    for stamp in (6, 7, 8):
        tracker.update(stamp, [region(3)])
    assert tracker.update(9, [region(100)]) == [Track(3, 1)]


def test_of_two_overlaps_the_greater_takes_the_track():
    tracker = Tracker()
    tracker.update(1, [region(0)])
    assert tracker.update(2, [region(8), region(1)]) == [Track(2, 1), Track(1, 2)]


def test_tracks_are_forgotten_when_a_bag_begins_anew():
    tracker = Tracker()
    tracker.update(10, [region(0)])
    assert tracker.update(5, [region(0)]) == [Track(2, 1)]


def test_regions_that_are_too_new_leave_the_mask_too():
    mask = np.zeros((30, 60), bool)
    mask[2:6, 3:13] = mask[10:20, 30:50] = True
    regions = (region(30, 10, 20, 10, 200), region(3, 2, 10, 4, 40))
    detection = Detection(mask.astype(np.float32), mask, np.zeros((30, 60), np.uint8), None, regions)
    shown, tracks = persistent(detection, [Track(1, 1), Track(2, 3)], 2)
    assert shown.regions == regions[1:] and tracks == [Track(2, 3)]
    assert shown.mask.sum() == 40 and shown.mask[2:6, 3:13].all()
    assert detection.mask.sum() == 240
    none, _ = persistent(detection, [Track(1, 1), Track(2, 1)], 2)
    assert none.regions == () and not none.mask.any()


def camera(width=200, height=100, model="plumb_bob", distortion=()):
    matrix = np.array([[100.0, 0, 100], [0, 100, 50], [0, 0, 1]])
    return Camera(height, width, matrix, np.array(distortion, np.float64), model)


def test_rays_of_a_pinhole_and_of_a_resized_image():
    assert camera().ray(100, 50, (100, 200)) == (0, 0)
    assert camera().ray(0, 150, (100, 200)) == pytest.approx((-1, 1))
    assert camera().ray(0, 300, (200, 400)) == pytest.approx((-1, 1))
    assert bearing((-1.0, 0.0)) == pytest.approx(math.pi / 4)  # left is positive


def test_distortion_is_undone():
    k1, x = -0.1, 0.5
    distorted = x * (1 + k1 * x * x)
    assert camera(distortion=[k1, 0, 0, 0]).ray(100 + 100 * distorted, 50, (100, 200))[0] == pytest.approx(x, abs=1e-4)
    theta = math.atan(x)
    fisheye = camera(model="equidistant", distortion=[0, 0, 0, 0]).ray(100 + 100 * theta, 50, (100, 200))
    assert fisheye == pytest.approx((x, 0), abs=1e-6)


def part(x=0, y=0, width=0, height=0, binning=(0, 0), size=(100, 200)):
    """camera(), of which images show a part, `binning` pixels in one."""
    return replace(camera(size[1], size[0]), region=geometry.Region(x, y, width, height), binning=binning)


@pytest.mark.parametrize(
    ("shown", "pixel", "size"),
    [
        (part(), (150, 75), (100, 200)),
        (part(100, 50, 100, 50), (50, 25), (50, 100)),  # the lower right quarter
        (part(100, 50, 100, 50), (25, 12.5), (25, 50)),  # and resized
        (part(binning=(2, 2)), (75, 37.5), (50, 100)),
        (part(binning=(2, 1)), (75, 75), (100, 100)),
        (part(100, 50, 100, 50, (2, 2)), (25, 12.5), (25, 50)),
        (part(100, 50, 100, 50), (150, 75), (100, 200)),  # announced, but the whole is sent
        (part(100, 50, 100, 50, (2, 2)), (75, 37.5), (50, 100)),
    ],
)
def test_rays_of_a_part_of_the_sensor_and_of_binned_pixels(shown, pixel, size):
    assert shown.ray(*pixel, size) == pytest.approx((0.5, 0.25))


def test_rectified_images_are_not_undistorted_twice():
    projection = np.array([[80.0, 0, 90, 0], [0, 80, 40, 0], [0, 0, 1, 0]])
    raw = replace(camera(distortion=[-0.3, 0.1, 0, 0]), projection=projection)
    assert replace(raw, rectified=True).ray(170, 80, (100, 200)) == pytest.approx((1, 0.5))
    assert raw.ray(170, 80, (100, 200)) != pytest.approx((1, 0.5), abs=0.05)
    assert replace(raw, rectified=True, projection=np.zeros((3, 4))).ray(200, 50, (100, 200)) == pytest.approx((1, 0))
    assert replace(raw, rectified=True, model="unheard_of").ray(170, 80, (100, 200)) == pytest.approx((1, 0.5))


@pytest.mark.parametrize(
    ("topic", "rectified"),
    [
        ("/cam/image_rect", True),
        ("/cam/image_rect_color/compressed", True),
        ("/rect/image", True),
        ("/cam/image_raw", False),
        ("/cam/image", None),
        ("/direct/image", None),
    ],
)
def test_whether_images_are_rectified_is_told_by_the_topic_or_by_the_parameter(topic, rectified):
    assert is_rectified(topic) is rectified
    assert is_rectified(topic, "yes") is True and is_rectified(topic, "no") is False
    doubtful = replace(camera(distortion=[-0.3, 0.1, 0, 0]), rectified=rectified)
    assert bool(doubtful.doubt) == (rectified is None)
    assert not replace(camera(), rectified=rectified).doubt  # without distortion it is all the same


def test_without_calibration_everything_is_nan():
    blank = Camera(100, 200, np.zeros((3, 3)), np.zeros(0), "")
    assert blank.ray(1, 1, (100, 200)) is None
    assert camera(model="unheard_of").ray(1, 1, (100, 200)) is None
    assert "'unheard_of' is not known; expected one of: plumb_bob" in camera(model="unheard_of").flaw
    assert math.isnan(bearing(None)) and math.isnan(ground_distance(None, mounted(1.0, 0.0)))


@pytest.mark.parametrize(("model", "count"), [("plumb_bob", 3), ("plumb_bob", 20), ("equidistant", 2)])
def test_a_calibration_that_opencv_would_not_take_gives_no_rays_and_says_why(model, count):
    flawed = camera(model=model, distortion=[0.1] * count)
    assert flawed.ray(1, 1, (100, 200)) is None
    assert flawed.flaw.startswith(f"'{model}' with {count} distortion coefficients; expected 0, 4")


def test_no_coefficients_are_no_distortion():
    assert camera(model="equidistant").ray(100 + 100 * math.atan(0.5), 50, (100, 200)) == pytest.approx((0.5, 0))


def test_ground_distance():
    level = mounted(1.5, 0.0)
    assert ground_distance((0.0, 0.1), level) == pytest.approx(15.0)
    assert ground_distance((1.0, 0.1), level) == pytest.approx(15.0 * math.sqrt(2))
    assert ground_distance((0.0, 0.0), mounted(1.5, math.radians(45))) == pytest.approx(1.5)  # the axis looks down
    ahead = from_transform((2.0, 0.5, 1.5), (-0.5, 0.5, -0.5, 0.5))  # 2 m in front of the axle
    assert ground_distance((0.0, 0.1), ahead) == pytest.approx(15.0), "from the camera, wherever that is"
    below = mounted(-0.1, 0.0)
    for ray, mounting in (((0.0, 0.0), level), ((0.0, -0.2), level), ((0.0, 0.1), None), ((0.0, 0.1), below)):
        assert math.isnan(ground_distance(ray, mounting))  # horizon, sky, unknown, below the ground


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
