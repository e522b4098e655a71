"""Bags without ROS: what goes in stays, what comes out is the detector's, and other tools can read it."""

import math
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from time import monotonic as clock
from time import sleep

import cv2
import numpy as np
import pytest
from rosbags.highlevel import AnyReader
from rosbags.rosbag2 import StoragePlugin, Writer

from unexpected_core import load_detector
from unexpected_core.pipeline.detector import Detector
from unexpected_core.scorers.random import RandomScorer
from unexpected_ros.bags import BagError, create_bag, message_types, open_bag
from unexpected_ros.live.messages import Messages
from unexpected_ros.live.outputs import OUTPUTS, Result
from unexpected_ros.live.settings import CameraSettings, GroundSettings, NodeSettings, OutputSettings
from unexpected_ros.scene.geometry import Camera
from unexpected_ros.scene.ground import mounted as mounted_at
from unexpected_ros.scene.tracking import Tracker
from unexpected_ros.tools.bags_command import main
from unexpected_ros.tools.offline import maker, process_bag
from unexpected_ros.tools.resuming import Interrupted

HEIGHT, WIDTH, FRAMES = 45, 83, 4
NODE = "/unexpected/detector"
PICTURES = {
    "mask": "mono8",
    "score": "32FC1",
    "labels": "mono8",
    "labels_color": "rgb8",
    "resynthesis": "rgb8",
    "overlay": "rgb8",
}


@pytest.fixture(scope="module")
def detector():
    return load_detector("random", device="cpu", threshold=0.3, min_area=200, warmup=False)


def picture(n):
    return np.random.default_rng(n).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)


def header(types, n):
    return types["std_msgs/msg/Header"](
        stamp=types["builtin_interfaces/msg/Time"](sec=100 + n, nanosec=7 * n), frame_id=f"camera{n}"
    )


def raw(types, n, padding=5):
    """bgr8 with padded rows."""
    rows = np.zeros((HEIGHT, WIDTH * 3 + padding), np.uint8)
    rows[:, : WIDTH * 3] = picture(n)[:, :, ::-1].reshape(HEIGHT, -1)
    return types["sensor_msgs/msg/Image"](
        header=header(types, n),
        height=HEIGHT,
        width=WIDTH,
        encoding="bgr8",
        is_bigendian=0,
        step=rows.shape[1],
        data=rows.reshape(-1),
    )


def compressed(types, n):
    data = cv2.imencode(".png", picture(n)[:, :, ::-1])[1].reshape(-1)
    return types["sensor_msgs/msg/CompressedImage"](header=header(types, n), format="png", data=data)


def camera_info(types):
    return types["sensor_msgs/msg/CameraInfo"](
        header=header(types, 0),
        height=HEIGHT,
        width=WIDTH,
        distortion_model="plumb_bob",
        d=np.zeros(5),
        k=np.array([50, 0, WIDTH / 2, 0, 50, HEIGHT / 2, 0, 0, 1.0]),
        r=np.eye(3).reshape(-1),
        p=np.zeros(12),
        binning_x=0,
        binning_y=0,
        roi=types["sensor_msgs/msg/RegionOfInterest"](0, 0, 0, 0, False),
    )


class SqliteBag:
    """A .db3 as other tools write it."""

    def __init__(self, writer):
        self.writer, self.types, self.connections = writer, message_types(), {}

    def write(self, topic, message, time):
        kind = message.__msgtype__
        if topic not in self.connections:
            self.connections[topic] = self.writer.add_connection(topic, kind, typestore=self.types)
        self.writer.write(self.connections[topic], time, self.types.serialize_cdr(message, kind))


def write_source(bag, image=raw, topic="/camera/image"):
    types = bag.types.types
    bag.write("/camera/camera_info", camera_info(types), 1)
    for n in range(FRAMES):
        bag.write(topic, image(types, n), 1000 + n)
        bag.write("/talk", types["std_msgs/msg/String"](data=f"word {n}"), 1000 + n)


@pytest.fixture
def source(tmp_path):
    with create_bag(tmp_path / "in.mcap") as bag:
        write_source(bag)
    return tmp_path / "in.mcap"


def contents(path):
    """topic -> messages, read as any other tool would: with the definitions that are in the bag, and no others."""
    found = {}
    with AnyReader([path]) as reader:
        for connection, time, data in reader.messages():
            found.setdefault(connection.topic, []).append((time, data, reader.deserialize(data, connection.msgtype)))
    return found


@pytest.mark.parametrize("image", [raw, compressed])
@pytest.mark.parametrize("storage", ["mcap", "folder", "sqlite3"])
def test_every_frame_comes_out_as_the_core_detects_it(tmp_path, detector, image, storage):
    path = tmp_path / ("in.mcap" if storage == "mcap" else "in")
    if storage == "sqlite3":
        with Writer(path, version=9, storage_plugin=StoragePlugin.SQLITE3) as writer:
            write_source(SqliteBag(writer), image)
    else:
        with create_bag(path) as bag:
            write_source(bag, image)
    run = process_bag(path, tmp_path / "out.mcap", detector)
    assert (run.received, run.processed) == (FRAMES, FRAMES)

    before, after = contents(path), contents(tmp_path / "out.mcap")
    for topic, messages in before.items():
        assert [m[:2] for m in after[topic]] == [m[:2] for m in messages]
    assert set(after) - set(before) == {f"{NODE}/{name}" for name in (*PICTURES, "regions", "stats")}
    for name, encoding in PICTURES.items():
        for n, (time, _, message) in enumerate(after[f"{NODE}/{name}"]):
            assert (time, message.header.stamp.sec, message.header.frame_id) == (1000 + n, 100 + n, f"camera{n}")
            assert (message.height, message.width, message.encoding) == (HEIGHT, WIDTH, encoding)
    for n in range(FRAMES):
        expected = detector.detect(picture(n))
        assert expected.regions, "a test image without regions proves nothing"
        mask = after[f"{NODE}/mask"][n][2].data.reshape(HEIGHT, WIDTH)
        assert np.array_equal(mask, expected.mask * np.uint8(255))
        score = after[f"{NODE}/score"][n][2].data.view(np.float32).reshape(HEIGHT, WIDTH)
        assert np.array_equal(score, expected.score)
        found = after[f"{NODE}/regions"][n][2]
        assert [r.area for r in found.regions] == [r.area for r in expected.regions]
        centre = expected.regions[0].centroid_x
        assert found.regions[0].bearing == pytest.approx(-np.arctan((centre - WIDTH / 2) / 50), abs=1e-5)
        assert (found.threshold, found.model_id) == (pytest.approx(0.3), "random")


def test_a_broken_frame_costs_one_frame(tmp_path, detector, capsys):
    with create_bag(tmp_path / "in.mcap") as bag:
        types = bag.types.types
        for n in range(3):
            message = raw(types, n)
            if n == 1:
                message.data = message.data[:50]
            bag.write("/image", message, n)
    run = process_bag(tmp_path / "in.mcap", tmp_path / "out.mcap", detector)
    assert (run.received, run.processed, dict(run.failures)) == (3, 2, {"truncated": 1})
    assert [m.header.stamp.sec for _, _, m in contents(tmp_path / "out.mcap")[f"{NODE}/mask"]] == [100, 102]


def test_a_frame_that_the_networks_fail_on_costs_one_frame(tmp_path, source):
    class NoNumberOnce(RandomScorer):
        calls = 0

        def forward(self, images):
            self.calls += 1
            scores = super().forward(images)
            return scores._replace(score=scores.score * float("nan")) if self.calls == 2 else scores

    detector = Detector(NoNumberOnce())
    detector.detect(picture(0))  # what is only tried at first, is tried here
    detector.scorer.calls = 0
    run = process_bag(source, tmp_path / "out.mcap", detector)
    assert (run.received, run.processed, dict(run.failures)) == (FRAMES, FRAMES - 1, {"detector": 1})


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("absent.mcap", None, r"absent\.mcap does not exist; expected a rosbag2: file \.mcap or \.db3"),
        ("text.mcap", b"no bag at all", r"cannot read .*text\.mcap as a rosbag2"),
        ("text.db3", b"no bag at all", r"cannot read .*text\.db3 as a rosbag2"),
    ],
)
def test_unreadable_input_is_named(tmp_path, detector, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(BagError, match=message):
        process_bag(tmp_path / name, tmp_path / "out.mcap", detector)
    assert not (tmp_path / "out.mcap").exists()


def test_a_truncated_bag_leaves_the_older_output_untouched(tmp_path, source, detector):
    (tmp_path / "out.mcap").write_bytes(b"older")
    whole = source.read_bytes()
    for part in (0.3, 0.6, 0.9):
        (tmp_path / "cut.mcap").write_bytes(whole[: int(len(whole) * part)])
        with pytest.raises(BagError, match=r"cut\.mcap"):
            process_bag(tmp_path / "cut.mcap", tmp_path / "out.mcap", detector)
    assert (tmp_path / "out.mcap").read_bytes() == b"older"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cut.mcap", "in.mcap", "out.mcap"]


def test_flipped_bytes_are_refused_or_counted_or_harmless(tmp_path, source, detector):
    whole, noticed = source.read_bytes(), 0
    for at in np.random.default_rng(5).integers(9, len(whole) - 9, 12):
        (tmp_path / "flipped.mcap").write_bytes(
            whole[:at] + bytes(255 - b for b in whole[at : at + 8]) + whole[at + 8 :]
        )
        try:
            run = process_bag(tmp_path / "flipped.mcap", tmp_path / "out.mcap", detector)
            noticed += bool(run.problems)
            assert run.processed == FRAMES or run.problems
        except BagError as error:
            noticed += 1
            assert "flipped.mcap" in str(error)
    assert noticed


def test_topics_are_chosen_by_name(tmp_path, detector):
    with create_bag(tmp_path / "two.mcap") as bag:
        write_source(bag, topic="/left/image")
        write_source(bag, compressed, topic="/right/image/compressed")
    with pytest.raises(BagError, match=r"2 image topics \(/left/image, /right/image/compressed\); .*--topic"):
        process_bag(tmp_path / "two.mcap", tmp_path / "out.mcap", detector)
    with pytest.raises(BagError, match=r"unknown image topic '/left/imag'; did you mean '/left/image'\?"):
        process_bag(tmp_path / "two.mcap", tmp_path / "out.mcap", detector, topic="/left/imag")
    run = process_bag(tmp_path / "two.mcap", tmp_path / "out.mcap", detector, topic="/right/image/compressed")
    assert run.processed == FRAMES


def test_output_names_that_would_lose_something_are_refused(tmp_path, source, detector):
    with pytest.raises(BagError, match="is also the input"):
        process_bag(source, source, detector)
    with pytest.raises(BagError, match=r"expected a file name ending in \.mcap"):
        process_bag(source, tmp_path / "out.db3", detector)
    with create_bag(tmp_path / "bag") as bag:
        write_source(bag)
    kept = sorted((tmp_path / "bag").iterdir())
    for before, after in ((tmp_path / "bag", kept[0]), (kept[0], tmp_path / "bag")):
        with pytest.raises(BagError, match="or one lies in the other"):
            process_bag(before, after, detector)
    assert sorted((tmp_path / "bag").iterdir()) == kept
    (tmp_path / "photos").mkdir()
    with pytest.raises(BagError, match="is a folder, but no rosbag2; it is not replaced"):
        process_bag(source, tmp_path / "photos", detector)
    process_bag(source, tmp_path / "out.mcap", detector)
    with pytest.raises(BagError, match=r"has outputs already .* choose another name with --node"):
        process_bag(tmp_path / "out.mcap", tmp_path / "again.mcap", detector)


def same(one, other):
    """Two bags hold the same messages; what was measured may differ."""
    one, other = contents(one), contents(other)
    assert one.keys() == other.keys()
    for topic in one:
        if topic.endswith("/stats"):
            assert [repr(m.header) for _, _, m in one[topic]] == [repr(m.header) for _, _, m in other[topic]]
            assert [m.processed for _, _, m in one[topic]] == [m.processed for _, _, m in other[topic]]
        else:
            assert [m[:2] for m in one[topic]] == [m[:2] for m in other[topic]], topic


@pytest.mark.parametrize("out", ["out.mcap", "out"])
@pytest.mark.parametrize("frames", [0, 1, 3])
def test_an_interrupted_run_leaves_a_whole_bag_and_the_same_call_goes_on(tmp_path, source, detector, out, frames):
    process_bag(source, tmp_path / "whole.mcap", detector)
    asked = iter([False] * frames + [True])
    with pytest.raises(
        Interrupted, match=rf"after {frames} of 4 frames: .*out\.partial\.mcap holds them, and the same"
    ):
        process_bag(source, tmp_path / out, detector, stop=lambda: next(asked))
    assert not (tmp_path / out).exists()
    partial = contents(tmp_path / "out.partial.mcap")  # closed, for any tool
    assert len(partial.get(f"{NODE}/regions", ())) == frames
    calls, detect = [], detector.detect
    try:
        detector.detect = lambda *given: calls.append(given) or detect(*given)
        run = process_bag(source, tmp_path / out, detector)
    finally:
        del detector.detect
    assert len(calls) == FRAMES - frames
    assert (run.received, run.processed) == (FRAMES, FRAMES)
    same(tmp_path / "whole.mcap", tmp_path / out)
    assert not [path for path in tmp_path.iterdir() if "partial" in path.name]


def test_a_run_that_was_killed_goes_on_from_what_reached_the_disk(tmp_path, source, detector):
    process_bag(source, tmp_path / "whole.mcap", detector)
    asked = iter([False] * 3 + [True])
    with pytest.raises(Interrupted):
        process_bag(source, tmp_path / "out.mcap", detector, stop=lambda: next(asked))
    partial = tmp_path / "out.partial.mcap"
    data = partial.read_bytes()
    for part in (0.5, 0.8, 0.95):
        partial.write_bytes(data[: int(len(data) * part)])
        run = process_bag(source, tmp_path / "out.mcap", detector)
        assert run.processed == FRAMES
        same(tmp_path / "whole.mcap", tmp_path / "out.mcap")


def test_a_partial_bag_of_another_command_is_replaced_with_a_word(tmp_path, source, detector, caplog):
    asked = iter([False, False, True])
    with pytest.raises(Interrupted):
        process_bag(source, tmp_path / "out.mcap", detector, node="/a", stop=lambda: next(asked))
    process_bag(source, tmp_path / "out.mcap", detector)
    assert "out.partial.mcap is of another command and is replaced" in caplog.text
    assert not any(topic.startswith("/a/") for topic in contents(tmp_path / "out.mcap"))


def test_an_interrupt_from_the_keyboard(tmp_path, source):
    with create_bag(tmp_path / "long.mcap") as bag:
        types = bag.types.types
        for n in range(400):
            bag.write("/camera/image", raw(types, n % 5), n)
    command = [
        sys.executable,
        "-m",
        "unexpected_ros.bags",
        "long.mcap",
        "out.mcap",
        "--model",
        "random",
        "--device",
        "cpu",
    ]
    running = subprocess.Popen(
        command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"}
    )
    end = clock() + 100
    partial = tmp_path / "out.partial.mcap"
    while not partial.exists() and clock() < end:
        sleep(0.05)
    running.send_signal(signal.SIGINT)
    told = running.communicate(timeout=100)[1]
    assert running.returncode == 130, told
    assert re.search(r"interrupted after \d+ of 400 frames: out\.partial\.mcap holds them", told), told
    assert "/camera/image" in contents(partial) or not partial.exists()


def test_command_line(tmp_path, source, capsys):
    assert main([str(source), str(tmp_path / "out"), "--model", "random", "--device", "cpu"]) == 0
    assert "4 of 4 frames processed" in capsys.readouterr().out
    with open_bag(tmp_path / "out") as bag:
        assert bag.count(f"{NODE}/overlay") == FRAMES
    assert main([str(tmp_path / "nothing.mcap"), str(tmp_path / "x.mcap"), "--model", "random"]) == 1
    assert "error: " in capsys.readouterr().err


def test_parameters_of_the_node_are_heeded(source, tmp_path, capsys):
    def regions(*options):
        out = tmp_path / "out.mcap"
        words = [str(source), str(out), "--model", "random", "--device", "cpu"]
        assert main([*words, *(word for option in options for word in ("--set", option))]) == 0
        return [message for _, _, message in contents(out)[f"{NODE}/regions"]]

    few, many = regions("detect.threshold=0.9"), regions("detect.min_area=1", "detect.hysteresis=0")
    assert [m.threshold for m in few] == pytest.approx([0.9] * FRAMES)
    assert [m.threshold for m in many] == [0.5] * FRAMES
    assert sum(len(m.regions) for m in few) < sum(len(m.regions) for m in many)
    assert not regions("detect.min_area=1", "detect.hysteresis=0", "detect.min_persistence=2")[0].regions
    assert main([str(source), str(tmp_path / "x.mcap"), "--set", "model.path=random"]) == 1
    assert "model.path is said by --model and --device; leave it out of --set" in capsys.readouterr().err


def test_no_ros_is_imported(repository):
    code = "import sys, unexpected_ros.tools.offline; print({'rclpy', 'sensor_msgs', 'torch'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=repository)
    assert done.stdout.strip() == "set()"


@pytest.mark.ros
def test_every_output_of_a_frame_is_the_same_live_and_offline(detector):
    """Byte for byte, and so field by field, NaN included; a field that a table forgets has no default in a bag."""
    from rclpy.serialization import serialize_message
    from std_msgs.msg import Header

    from unexpected_ros.live.ros import ros_message

    types = message_types()
    live_header = Header(frame_id="camera3")
    live_header.stamp.sec, live_header.stamp.nanosec = 103, 21
    detection = detector.detect(picture(0))
    assert detection.regions and detection.resynthesis is not None
    for mounted, encoding in ((True, "32FC1"), (False, "mono8")):
        settings = NodeSettings(
            output=OutputSettings(score_encoding=encoding, jpeg_quality=33),
            camera=CameraSettings(height=1.4 * mounted, pitch=0.1),
        )
        matrix = np.array([[50.0, 0, 41], [0, 50, 22], [0, 0, 1]])
        result = Result(
            live_header,
            picture(0),
            detection,
            Tracker().update(1, detection.regions),
            settings,
            "random",
            Camera(HEIGHT, WIDTH, matrix, np.zeros(5), "plumb_bob") if mounted else None,
            {"age": 7.5 if mounted else math.nan, "convert": 1.5, "infer": 2.5, "publish": 3.5},
            {"received": 9, "processed": 6, "stale": 2, "busy": 1},
            mounting=mounted_at(1.4, 0.1) if mounted else None,
        )
        for name, output in OUTPUTS.items():
            if name == "obstacle_points" and not mounted:
                continue
            live = output.make(Messages(ros_message), result)
            bagged = output.make(Messages(maker(types)), replace(result, header=header(types.types, 3)))
            assert bagged.__msgtype__ == output.type
            received = types.deserialize_cdr(serialize_message(live), output.type)  # padding bytes are not the same
            assert bytes(types.serialize_cdr(bagged, output.type)) == bytes(types.serialize_cdr(received, output.type))
        regions = OUTPUTS["regions"].make(Messages(ros_message), result)
        assert math.isnan(regions.regions[0].distance) == math.isnan(regions.regions[0].bearing) == (not mounted)
        assert regions.mode == regions.FULL


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


def test_the_age_of_a_recorded_frame_is_unknown(source, tmp_path, detector):
    process_bag(source, tmp_path / "out.mcap", detector)
    stats = [message for _, _, message in contents(tmp_path / "out.mcap")[f"{NODE}/stats"]]
    assert all(math.isnan(s.age_ms) and s.convert_ms > 0 and s.infer_ms > 0 and s.publish_ms > 0 for s in stats)
    assert [(s.received, s.processed) for s in stats] == [(n, n) for n in range(1, FRAMES + 1)]


@pytest.mark.parametrize(
    ("name", "frames", "missing"),
    [
        ("qos_edited", 4, ""),
        ("nometa_mcap", 4, ""),
        ("reindexed", 4, ""),
        ("with_json.mcap", 4, ""),
        ("with_service_event.mcap", 4, ""),
        ("custom_db3", 2, ""),
        ("ros1.bag", 3, ""),
        ("tf_static", 1, ""),
        ("c_bayer_jpg", 1, ""),
        ("cut.mcap", 2, "mcap recover"),
    ],
)
def test_real_bags_come_out_whole_or_with_a_complaint(shared_data, tmp_path, detector, name, frames, missing):
    source = shared_data / "cases" / name
    run = process_bag(source, tmp_path / "out.mcap", detector)
    assert (run.received, run.processed, run.failures.total()) == (frames, frames, 0)
    assert (missing in " ".join(run.problems)) if missing else run.problems == []
    with open_bag(source) as before, open_bag(tmp_path / "out.mcap") as after:
        kept = {c.topic: c for c in after.channels}
        for channel in before.channels:
            assert kept[channel.topic].type == channel.type and kept[channel.topic].schema == channel.schema
            assert bool(kept[channel.topic].metadata["offered_qos_profiles"]) == (
                channel.metadata.get("offered_qos_profiles", "") not in ("", "[]")
            )


def test_a_real_image_of_a_part_of_the_sensor_gets_the_bearing_of_its_camera(shared_data, tmp_path, detector):
    process_bag(shared_data / "cases/roi_crop", tmp_path / "out.mcap", detector)
    (found,) = [message for _, _, message in contents(tmp_path / "out.mcap")[f"{NODE}/regions"]]
    assert found.regions
    for region in found.regions:  # 300 pixels of focal length, the middle at 320 of the sensor, which is cut at 160
        assert region.bearing == pytest.approx(-np.arctan((160 + region.centroid_x - 320) / 300), abs=1e-4)
