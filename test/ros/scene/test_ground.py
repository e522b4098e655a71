"""Where obstacles stand, against the answer written out."""

import math

import numpy as np
import pytest

from unexpected_ros.scene.frames import Frames
from unexpected_ros.scene.geometry import Camera, bearing
from unexpected_ros.scene.ground import COLUMNS, FAR_M, feet, from_transform, is_placed, mounted, obstacle_points

HEIGHT, WIDTH = 101, 161
CAMERA = Camera(HEIGHT, WIDTH, np.array([[100.0, 0, 80], [0, 100, 40], [0, 0, 1]]), np.zeros(0), "")


def mask_of(*boxes):
    mask = np.zeros((HEIGHT, WIDTH), bool)
    for top, bottom, left, right in boxes:
        mask[top:bottom, left:right] = True
    return mask


def test_every_area_stands_on_its_lowest_pixels():
    mask = mask_of((20, 30, 40, 60), (50, 70, 40, 60), (70, 75, 44, 52))
    columns = range(43, 60, COLUMNS)
    assert {tuple(point) for point in feet(mask).tolist()} == {
        *((x, 29.5) for x in columns),
        *((x, 74.5 if 44 <= x < 52 else 69.5) for x in columns),
    }
    assert feet(mask_of()).shape == (0, 2)
    assert feet(mask_of((90, HEIGHT, 50, 51))).tolist() == [[50, HEIGHT - 0.5]], "down to the last row"


@pytest.mark.parametrize("width", [1, 2, 3])
@pytest.mark.parametrize("left", range(80, 80 + COLUMNS))
def test_an_area_has_a_point_however_thin_it_is(left, width):
    beside = (50, 95, left + width + 1, left + width + 3)  # nearer, one column apart
    found = feet(mask_of((50, 90, left, left + width), beside)).tolist()
    assert {y for x, y in found if left <= x < left + width} == {89.5}
    assert {y for x, y in found if x > left + width} == {94.5}


@pytest.mark.parametrize("pitch", [0.0, 0.1, -0.05])
def test_points_agree_with_bearing_and_the_figures_formula(pitch):
    points = obstacle_points(mask_of((50, 80, 20, 140)), CAMERA, mounted(1.5, pitch))
    assert len(points) == 30 and (points[:, 2] == 0).all()
    for (x, y), (ahead, left, _) in zip(feet(mask_of((50, 80, 20, 140))), points, strict=True):
        right, down = ray = CAMERA.ray(x, y, (HEIGHT, WIDTH))
        forward, drop = math.cos(pitch) - down * math.sin(pitch), math.sin(pitch) + down * math.cos(pitch)
        assert math.hypot(ahead, left) == pytest.approx(1.5 * math.hypot(forward, right) / drop, rel=1e-4)
        if pitch == 0:
            assert math.atan2(left, ahead) == pytest.approx(bearing(ray), abs=1e-5)


def test_a_foot_straight_ahead_is_where_the_figure_says():
    points = obstacle_points(mask_of((50, 90, 80, 84)), CAMERA, mounted(1.2, 0.0))
    ahead = 1.2 * 100 / 49.5  # the lower edge of row 89; the optical axis goes through the middle of row 40
    assert points.tolist() == [[pytest.approx(ahead), pytest.approx(-3 / 100 * ahead), 0.0]]


def test_what_is_far_or_in_the_sky_has_no_point():
    assert not len(obstacle_points(mask_of((5, 30, 20, 140)), CAMERA, mounted(1.5, 0.0)))
    assert not len(obstacle_points(mask_of((5, 42, 20, 140)), CAMERA, mounted(1.5, 0.0))), f"beyond {FAR_M} m"


def test_a_transform_says_the_same_as_height_and_pitch():
    """Optical frame to car: x right, y down, z ahead -> x ahead, y left, z up, by the usual quaternion."""
    level = from_transform((2.0, 0.5, 1.5), (-0.5, 0.5, -0.5, 0.5))
    assert np.allclose(level.rotation, mounted(1.5, 0.0).rotation)
    mask = mask_of((50, 80, 20, 140))
    moved = obstacle_points(mask, CAMERA, level) - obstacle_points(mask, CAMERA, mounted(1.5, 0.0))
    assert np.allclose(moved, (2.0, 0.5, 0.0), atol=1e-5)


def test_transforms_are_put_together_along_the_tree():
    geometry = pytest.importorskip("geometry_msgs.msg")

    def transform(parent, child, move, turn):
        stamped = geometry.TransformStamped(child_frame_id=child)
        stamped.header.frame_id = parent
        for name, value in zip("xyz", move, strict=True):
            setattr(stamped.transform.translation, name, value)
        for name, value in zip("xyzw", turn, strict=True):
            setattr(stamped.transform.rotation, name, value)
        return stamped

    frames = Frames()
    for stamped in (
        transform("mast", "optical", (0.0, 0.0, 0.5), (-0.5, 0.5, -0.5, 0.5)),
        transform("base_link", "mast", (2.0, 0.0, 1.0), (0.0, 0.0, 2**-0.5, 2**-0.5)),  # turned to the left
    ):
        move, turn = stamped.transform.translation, stamped.transform.rotation
        frames.add(
            stamped.header.frame_id, stamped.child_frame_id, (move.x, move.y, move.z), (turn.x, turn.y, turn.z, turn.w)
        )
    found = frames.mounting("base_link", "optical")
    assert np.allclose(found.position, (2.0, 0.0, 1.5))
    assert np.allclose(found.rotation @ (0, 0, 1), (0, 1, 0)), "the optical axis points to the left"
    frames.add("base_link", "base_footprint", (0.0, 0.0, -0.3), (0.0, 0.0, 1.0, 0.0))  # below it, and turned round
    found = frames.mounting("base_footprint", "optical")
    assert np.allclose(found.position, (-2.0, 0.0, 1.8))
    assert np.allclose(found.rotation @ (0, 0, 1), (0, -1, 0))
    assert frames.mounting("base_link", "base_link") is None, "on the ground, that says nothing of a camera"
    assert frames.mounting("map", "optical") is None and frames.mounting("base_link", "unknown") is None
    frames.add("optical", "base_link", (0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0))
    assert frames.mounting("map", "optical") is None, "a ring ends too"


def test_a_camera_that_looks_at_the_sky_has_no_place():
    """By the frame of its housing (x ahead, z up) its optical axis points up; no points would mean a free road."""
    size = HEIGHT, WIDTH
    assert is_placed(CAMERA, from_transform((2.0, 0.5, 1.5), (-0.5, 0.5, -0.5, 0.5)), size)
    assert not is_placed(CAMERA, from_transform((2.0, 0.5, 1.5), (0.0, 0.0, 0.0, 1.0)), size)
    assert is_placed(CAMERA, mounted(1.5, 0.3), size) and not is_placed(CAMERA, mounted(1.5, -1.0), size)
    assert not is_placed(CAMERA, mounted(1.5, 0.0), (HEIGHT, HEIGHT)), "of another shape"


@pytest.mark.parametrize("size", [(1000, 1000), (800, 1280), (1280, 800)])
def test_a_round_fisheye_image_of_a_level_camera_shows_ground(size):
    """190 degrees in a circle: the pixels at the edges of the image have no ray, that in its middle no ground."""
    height, width = size
    focal = min(size) / 2 / math.radians(95)
    matrix = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]])
    round_image = Camera(height, width, matrix, np.zeros(4), "equidistant")
    assert is_placed(round_image, mounted(1.5, 0.0), size)
    assert not is_placed(round_image, from_transform((2.0, 0.5, 1.5), (0.0, 0.0, 0.0, 1.0)), size), "of its housing"


@pytest.mark.parametrize(
    ("move", "turn", "fault"),
    [
        ((0.0, 0.0, 1.0), (-0.5, 0.5, -0.5, 0.5), ""),
        ((0.0, 0.0, 1.0), (-1.0, 1.0, -1.0, 1.0), "has not the length 1"),
        ((0.0, 0.0, 1.0), (0.0, 0.0, 0.0, 0.0), "has not the length 1"),
        ((0.0, 0.0, math.nan), (-0.5, 0.5, -0.5, 0.5), "not finite"),
        ((0.0, 0.0, 1.0), (math.inf, 0.5, -0.5, 0.5), "not finite"),
    ],
)
def test_what_is_no_transform_is_not_taken(move, turn, fault):
    frames = Frames()
    assert fault in frames.add("base_link", "optical", move, turn)
    assert (frames.mounting("base_link", "optical") is None) == bool(fault)
