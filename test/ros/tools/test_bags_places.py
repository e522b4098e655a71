"""Where things stand, from what a bag tells of its camera; what tells nothing is warned of once."""

import math
import runpy
from dataclasses import replace
from operator import itemgetter
from pathlib import Path

import numpy as np
import pytest
import zstandard

from unexpected_core.media.bags.storage import UnfoldedStorage
from unexpected_core.media.kinds import ZSTD
from unexpected_ros.bags import create_bag, open_bag
from unexpected_ros.settings import CameraSettings, GroundSettings, NodeSettings
from unexpected_ros.tools.offline import process_bag

MADE = runpy.run_path(str(Path(__file__).with_name("made_bags.py")))
HEIGHT, WIDTH, FRAMES, NODE = itemgetter("HEIGHT", "WIDTH", "FRAMES", "NODE")(MADE)
camera_info, write_source, contents = itemgetter("camera_info", "write_source", "contents")(MADE)
header, raw = itemgetter("header", "raw")(MADE)


def test_limits_on_the_ground_need_a_camera_that_is_placed(source, tmp_path, detector, caplog):
    def regions(name, **height):
        settings = NodeSettings(ground=GroundSettings(nearest=50.0), camera=CameraSettings(**height))
        process_bag(source, tmp_path / name, detector, settings=settings)
        found = contents(tmp_path / name)
        points = [message.width for _, _, message in found.get(f"{NODE}/obstacle_points", [])]
        return [len(message.regions) for _, _, message in found[f"{NODE}/regions"]], points

    everything, points = regions("nowhere.mcap")
    assert any(everything) and not points
    assert len([line for line in caplog.messages if "ground.* limits nothing" in line]) == 1
    assert regions("placed.mcap", height=0.5) == ([0] * FRAMES, [0] * FRAMES)


def placed(types, frame, height, turn=(-0.5, 0.5, -0.5, 0.5)):
    """tf2_msgs/TFMessage: a camera that looks ahead, so many metres above the car's frame."""
    place = types["geometry_msgs/msg/Transform"](
        translation=types["geometry_msgs/msg/Vector3"](0.0, 0.0, height),
        rotation=types["geometry_msgs/msg/Quaternion"](*turn),
    )
    base = types["std_msgs/msg/Header"](stamp=types["builtin_interfaces/msg/Time"](1, 0), frame_id="base_link")
    stamped = types["geometry_msgs/msg/TransformStamped"](header=base, child_frame_id=frame, transform=place)
    return types["tf2_msgs/msg/TFMessage"](transforms=[stamped])


@pytest.mark.parametrize("recorded", [0, 5000])
def test_static_transforms_of_the_bag_say_where_its_camera_is_whenever_they_were_recorded(tmp_path, detector, recorded):
    with create_bag(tmp_path / "in.mcap") as bag:
        write_source(bag)
        for n in range(FRAMES):
            bag.write("/tf_static", placed(bag.types.types, f"camera{n}", 1.4), recorded)
    with create_bag(tmp_path / "without.mcap") as bag:
        write_source(bag)
    process_bag(tmp_path / "in.mcap", tmp_path / "out.mcap", detector)
    settings = NodeSettings(camera=CameraSettings(height=1.4))
    process_bag(tmp_path / "without.mcap", tmp_path / "by_height.mcap", detector, settings=settings)
    found, expected = contents(tmp_path / "out.mcap"), contents(tmp_path / "by_height.mcap")
    for name in ("regions", "obstacle_points"):
        assert [m[:2] for m in found[f"{NODE}/{name}"]] == [m[:2] for m in expected[f"{NODE}/{name}"]]
    distances = [r.distance for _, _, message in found[f"{NODE}/regions"] for r in message.regions]
    assert any(math.isfinite(distance) for distance in distances)


def test_where_a_compressed_bag_says_its_camera_is_does_not_unfold_it_a_second_time(tmp_path, detector, monkeypatch):
    """It lay twice on the disk at once. What is damaged of it is told once."""
    unfolded, unfold = [], UnfoldedStorage._unfold
    monkeypatch.setattr(UnfoldedStorage, "_unfold", lambda storage: unfolded.append(storage) or unfold(storage))
    with create_bag(tmp_path / "in.mcap") as bag:
        write_source(bag)
        bag.write("/tf_static", placed(bag.types.types, "camera0", 1.4), 0)
        bag.write_bytes("/tf_static", "tf2_msgs/msg/TFMessage", ZSTD + b"\xff" * 20, 1)
    packed = tmp_path / "in.mcap.zstd"
    packed.write_bytes(zstandard.compress((tmp_path / "in.mcap").read_bytes()))
    run = process_bag(packed, tmp_path / "out.mcap", detector)
    assert len(unfolded) == 1 and run.processed == FRAMES
    (problem,) = run.problems
    assert problem.count("a message of /tf_static is damaged") == 1
    (_, _, first), *_ = contents(tmp_path / "out.mcap")[f"{NODE}/regions"]
    assert any(math.isfinite(region.distance) for region in first.regions)


def moving(types, n):
    """The calibration of frame n, whose camera moves its window by ten columns of the sensor from frame to frame."""
    return replace(
        camera_info(types),
        header=header(types, n),
        width=WIDTH + 100,
        roi=types["sensor_msgs/msg/RegionOfInterest"](10 * n, 0, HEIGHT, WIDTH, False),
    )


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (-3, 0)], ids=["before", "after", "far before"])
def test_a_frame_counts_with_the_calibration_of_its_own_stamp(tmp_path, detector, order):
    events = [(n + order[0] / 2, "info", n) for n in range(FRAMES)]
    events += [(n + order[1] / 2, "image", n) for n in range(FRAMES)]
    with create_bag(tmp_path / "in.mcap") as bag:
        types = bag.types.types
        for at, kind, n in sorted(events):
            topic, made = ("camera_info", moving(types, n)) if kind == "info" else ("image", raw(types, n))
            bag.write(f"/camera/{topic}", made, 1000 + int(10 * at))
    process_bag(tmp_path / "in.mcap", tmp_path / "out.mcap", detector)
    found = [message for _, _, message in contents(tmp_path / "out.mcap")[f"{NODE}/regions"]]
    assert len(found) == FRAMES and all(message.regions for message in found)
    for n, message in enumerate(found):
        for region in message.regions:
            ahead = WIDTH / 2 - 10 * n - region.centroid_x
            assert region.bearing == pytest.approx(math.atan(ahead / 50), abs=1e-4)


def test_a_calibration_of_no_use_is_warned_of_once(tmp_path, detector, caplog):
    with create_bag(tmp_path / "in.mcap") as bag:
        info = camera_info(bag.types.types)
        info.d = np.zeros(3)
        write_source(bag)
        for n in range(FRAMES):
            bag.write("/camera/camera_info", info, 1000 + n)
    process_bag(tmp_path / "in.mcap", tmp_path / "out.mcap", detector)
    (warning,) = [line for line in caplog.messages if "camera_info is of no use for bearing and distance" in line]
    assert "'plumb_bob' with 3 distortion coefficients" in warning


def test_rays_are_those_of_the_frame_which_r_may_turn(tmp_path, detector):
    with create_bag(tmp_path / "in.mcap") as bag:
        info = replace(camera_info(bag.types.types), r=np.diag([-1.0, -1.0, 1.0]).reshape(-1))  # upside down
        bag.write("/camera/camera_info", info, 1)
        bag.write("/camera/image", raw(bag.types.types, 0), 2)
    process_bag(tmp_path / "in.mcap", tmp_path / "out.mcap", detector)
    (found,) = [message for _, _, message in contents(tmp_path / "out.mcap")[f"{NODE}/regions"]]
    assert found.regions
    for region in found.regions:
        assert region.bearing == pytest.approx(math.atan((region.centroid_x - WIDTH / 2) / 50), abs=1e-4)


def test_that_no_calibration_lies_beside_the_images_is_warned_of_once_where_the_camera_is_placed(
    tmp_path, detector, caplog
):
    with create_bag(tmp_path / "in.mcap") as bag:
        for n in range(2):
            bag.write("/front/image", raw(bag.types.types, n), 1000 + n)
            bag.write("/front_info", camera_info(bag.types.types), 1000 + n)
    process_bag(tmp_path / "in.mcap", tmp_path / "unplaced.mcap", detector)
    assert not [line for line in caplog.messages if "calibration" in line]
    settings = NodeSettings(camera=CameraSettings(height=1.4))
    process_bag(tmp_path / "in.mcap", tmp_path / "out.mcap", detector, settings=settings)
    (line,) = [line for line in caplog.messages if "calibration" in line]
    assert "/front/image has no calibration; expected a sensor_msgs/CameraInfo on camera_info beside it" in line
    assert line.endswith("the bag has /front_info")
    assert f"{NODE}/obstacle_points" not in contents(tmp_path / "out.mcap")


def test_a_damaged_calibration_costs_no_frame_and_is_told_of(tmp_path, detector):
    kind = "sensor_msgs/msg/CameraInfo"
    with create_bag(tmp_path / "in.mcap") as bag:
        write_source(bag)
        for at in (1001, 1002):
            whole = bytes(bag.types.serialize_cdr(camera_info(bag.types.types), kind))
            bag.write_bytes("/camera/camera_info", kind, whole[:60], at)
    run = process_bag(tmp_path / "in.mcap", tmp_path / "out.mcap", detector)
    assert (run.received, run.processed) == (FRAMES, FRAMES)
    (problem,) = run.problems
    assert problem.startswith("message of 60 bytes on /camera/camera_info is damaged")
    with open_bag(tmp_path / "out.mcap") as bag:
        found = [bag.read(message.channel, message.data) for message in bag.messages(f"{NODE}/regions")]
    assert all(math.isfinite(region.bearing) for message in found for region in message.regions)


@pytest.mark.parametrize(
    ("changes", "turn", "words"),
    [
        ({"height": HEIGHT * 2}, (-0.5, 0.5, -0.5, 0.5), f"pixels of the sensor, but they have {WIDTH}x{HEIGHT}"),
        ({}, (0.0, 0.0, 0.0, 1.0), "no pixel of camera0 looks at the ground"),
    ],
)
def test_a_place_that_is_none_is_warned_of_once_and_gives_no_points(tmp_path, detector, caplog, changes, turn, words):
    with create_bag(tmp_path / "in.mcap") as bag:
        info = replace(camera_info(bag.types.types), **changes)
        info.header.frame_id = ""
        write_source(bag)
        bag.write("/camera/camera_info", info, 500)  # before the first frame
        for n in range(FRAMES):
            bag.write("/tf_static", placed(bag.types.types, f"camera{n}", 1.4, turn), 0)
    process_bag(tmp_path / "in.mcap", tmp_path / "out.mcap", detector)
    assert len([line for line in caplog.messages if words in line]) == 1
    assert f"{NODE}/obstacle_points" not in contents(tmp_path / "out.mcap")


def test_a_real_image_of_a_part_of_the_sensor_gets_the_bearing_of_its_camera(shared_data, tmp_path, detector):
    process_bag(shared_data / "cases/roi_crop", tmp_path / "out.mcap", detector)
    (found,) = [message for _, _, message in contents(tmp_path / "out.mcap")[f"{NODE}/regions"]]
    assert found.regions
    for region in found.regions:  # 300 pixels of focal length, the middle at 320 of the sensor, which is cut at 160
        assert region.bearing == pytest.approx(-np.arctan((160 + region.centroid_x - 320) / 300), abs=1e-4)
