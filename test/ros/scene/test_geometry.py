"""Rays, bearings and distances, against the answer written out."""

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest

from unexpected_ros.scene import geometry
from unexpected_ros.scene.geometry import Camera, bearing, is_rectified, rotation_of
from unexpected_ros.scene.ground import from_transform, ground_distance, mounted


def camera(width=200, height=100, model="plumb_bob", distortion=()):
    matrix = np.array([[100.0, 0, 100], [0, 100, 50], [0, 0, 1]])
    return Camera(height, width, matrix, np.array(distortion, np.float64), model)


def halved(x, y, times=2):
    """A point of an image, by the middles of pixels, in one of so many times fewer pixels."""
    return (x + 0.5) / times - 0.5, (y + 0.5) / times - 0.5


def test_rays_of_a_pinhole_and_of_a_resized_image():
    assert camera().ray(100, 50, (100, 200)) == (0, 0)
    assert camera().ray(0, 150, (100, 200)) == pytest.approx((-1, 1))
    assert camera().ray(*halved(0, 150, 0.5), (200, 400)) == pytest.approx((-1, 1))
    assert camera().ray(*halved(0, 150, 4), (25, 50)) == pytest.approx((-1, 1))
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
    return replace(camera(size[1], size[0]), window=geometry.SensorWindow(x, y, width, height), binning=binning)


@pytest.mark.parametrize(
    ("shown", "pixel", "size"),
    [
        (part(), (150, 75), (100, 200)),
        (part(100, 50, 100, 50), (50, 25), (50, 100)),  # the lower right quarter
        (part(100, 50, 100, 50), halved(50, 25), (25, 50)),  # and resized
        (part(binning=(2, 2)), halved(150, 75), (50, 100)),
        (part(binning=(2, 1)), (halved(150, 75)[0], 75), (100, 100)),
        (part(100, 50, 100, 50, (2, 2)), halved(50, 25), (25, 50)),
        (part(100, 50, 100, 50), (150, 75), (100, 200)),  # announced, but the whole is sent
        (part(100, 50, 100, 50, (2, 2)), halved(150, 75), (50, 100)),
    ],
)
def test_rays_of_a_part_of_the_sensor_and_of_binned_pixels(shown, pixel, size):
    assert shown.ray(*pixel, size) == pytest.approx((0.5, 0.25))


@pytest.mark.parametrize(
    ("shown", "size", "fits"),
    [
        (part(), (100, 200), True),
        (part(), (1088, 2160), True),  # 2160x1080 with rows in blocks of 16
        (part(), (100, 100), False),
        (part(), (90, 120), False),
        (part(100, 50, 100, 50), (25, 50), True),
        (part(100, 50, 50, 50), (50, 100), False),
        (part(0, 0, 200, 30, (8, 8)), (3, 25), True),  # of 3.75 rows
        (part(binning=(2, 1)), (100, 100), True),
        (part(binning=(2, 1)), (100, 200), True),  # announced, but all pixels are sent
    ],
)
def test_images_of_another_shape_have_no_rays(shown, size, fits):
    assert shown.fits(size) is fits
    assert (shown.ray(10, 10, size) is not None) is fits


def test_a_raw_image_of_a_stereo_camera_has_the_rays_of_its_rectified_one():
    """As KITTI published its camera 00 (2011_09_26): metres on the ground 40 m ahead differ by four without R."""
    k = np.array([[984.2439, 0, 690], [0, 980.8141, 233.1966], [0, 0, 1]])
    d = np.array([-0.3728755, 0.2037299, 0.002219027, 0.001383707, -0.07233722])
    r = np.array(
        [
            [0.9999239, 0.009837760, -0.007445048],
            [-0.009869795, 0.9999421, -0.004278459],
            [0.007402527, 0.004351614, 0.9999631],
        ]
    )
    p = np.array([[721.5377, 0, 609.5593, 0], [0, 721.5377, 172.854, 0], [0, 0, 1, 0]])
    size, point = (512, 1392), np.array([-4.0, 1.65, 40.0])
    raw = Camera(*size, k, d, "plumb_bob", p, rotation=r)
    bent = cv2.projectPoints((r.T @ point)[None], np.zeros(3), np.zeros(3), k, d)[0].ravel()
    straight = p[:, :3] @ point / point[2]
    ray = raw.ray(*bent, size)
    assert ray == pytest.approx((-0.1, 1.65 / 40), abs=1e-5)
    assert replace(raw, rectified=True).ray(*straight[:2], size) == pytest.approx(ray, abs=1e-5)
    assert ground_distance(ray, mounted(1.65, 0.0)) == pytest.approx(math.hypot(4, 40), abs=0.01)


@pytest.mark.parametrize(
    "matrix", [np.eye(3), np.zeros((3, 3)), 2 * np.eye(3), np.full((3, 3), np.nan), 1e308 * np.eye(3)]
)
def test_what_is_no_rotation_turns_nothing(matrix):
    assert rotation_of(matrix) is None and rotation_of(-np.eye(3)) is None
    assert rotation_of(np.diag([1.0004, -1, -1])) is not None  # as calibration files round it


def test_what_looks_back_in_the_cameras_frame_has_no_ray():
    behind = replace(camera(), rotation=np.diag([-1.0, 1.0, -1.0]))
    assert behind.ray(150, 75, (100, 200)) is None


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
    turned = replace(camera(), rectified=rectified, rotation=np.diag([-1.0, -1.0, 1.0]))
    assert bool(turned.doubt) == (rectified is None)


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


def test_rays_at_the_edges_of_a_wide_image_are_as_true_as_in_its_middle():
    wide = camera(1920, 1080, distortion=[-0.3, 0.1, 0.0, 0.0])
    matrix = np.array([[800.0, 0, 960], [0, 800, 540], [0, 0, 1]])
    wide = replace(wide, matrix=matrix)
    for x, y in ((-1.37, -0.77), (1.3, 0.0), (0.0, 0.7), (0.1, 0.1)):
        square = x * x + y * y
        radial = 1 - 0.3 * square + 0.1 * square**2
        found = wide.ray(960 + 800 * x * radial, 540 + 800 * y * radial, (1080, 1920))
        assert found == pytest.approx((x, y), abs=1e-3) or (found is None and cv2.__version__ < "5")


def test_pixels_that_no_ray_leads_to_have_none():
    """With k1 alone nothing is shown farther out than 2 / 3 * sqrt(1 / (3 * 0.3)) focal lengths."""
    edge = 100 * 2 / 3 / math.sqrt(0.9)
    bent = camera(distortion=[-0.3, 0, 0, 0])
    assert bent.ray(100 + 0.95 * edge, 50, (100, 200)) is not None
    assert bent.ray(100 + 1.05 * edge, 50, (100, 200)) is None


@pytest.mark.parametrize("k1", [0.0, 0.1, -0.05])
@pytest.mark.parametrize("degrees", [-110, -96, -91, -89, -70, 20, 75, 89, 91, 96, 110])
def test_a_fisheye_tells_a_bearing_or_none_but_never_a_wrong_one(degrees, k1):
    theta = math.radians(degrees)
    wide = camera(model="equidistant", distortion=[k1, 0, 0, 0])
    found = bearing(wide.ray(100 + 100 * theta * (1 + k1 * theta**2), 50, (100, 200)))
    shown = abs(theta * (1 + k1 * theta**2)) < math.pi / 2  # farther out OpenCV does not look
    assert found == pytest.approx(-theta, abs=1e-3) if abs(degrees) < 90 and shown else math.isnan(found)


def test_ground_distance():
    level = mounted(1.5, 0.0)
    assert ground_distance((0.0, 0.1), level) == pytest.approx(15.0)
    assert ground_distance((1.0, 0.1), level) == pytest.approx(15.0 * math.sqrt(2))
    assert ground_distance((0.0, 0.0), mounted(1.5, math.radians(45))) == pytest.approx(1.5)  # the axis looks down
    ahead = from_transform((2.0, 0.5, 1.5), (-0.5, 0.5, -0.5, 0.5))  # 2 m in front of the axle
    assert ground_distance((0.0, 0.1), ahead) == pytest.approx(15.0), "from the camera, wherever that is"
    rounded = from_transform((2.0, 0.5, 1.5), (-0.502, 0.502, -0.502, 0.502))  # tf2 takes it as it is
    assert ground_distance((0.0, 0.1), rounded) == pytest.approx(15.0)
    below = mounted(-0.1, 0.0)
    for ray, mounting in (((0.0, 0.0), level), ((0.0, -0.2), level), ((0.0, 0.1), None), ((0.0, 0.1), below)):
        assert math.isnan(ground_distance(ray, mounting))  # horizon, sky, unknown, below the ground
