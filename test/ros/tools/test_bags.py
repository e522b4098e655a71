"""Bags without ROS: what goes in stays, what comes out is the detector's, and other tools can read it."""

import math
import runpy
import shutil
import subprocess
import sys
from dataclasses import replace
from operator import itemgetter
from pathlib import Path

import numpy as np
import pytest
from rosbags.rosbag2 import StoragePlugin, Writer

from unexpected_core.pipeline.detector import Detector
from unexpected_core.scorers.random import RandomScorer
from unexpected_ros.bags import BagError, create_bag, message_types, open_bag
from unexpected_ros.live.messages import Messages
from unexpected_ros.live.outputs import OUTPUTS, Result
from unexpected_ros.scene.geometry import Camera
from unexpected_ros.scene.ground import mounted as mounted_at
from unexpected_ros.scene.tracking import Tracker
from unexpected_ros.settings import CameraSettings, NodeSettings, OutputSettings
from unexpected_ros.tools.bags_command import main
from unexpected_ros.tools.frame_by_frame import maker
from unexpected_ros.tools.offline import process_bag

MADE = runpy.run_path(str(Path(__file__).with_name("made_bags.py")))
HEIGHT, WIDTH, FRAMES, NODE = itemgetter("HEIGHT", "WIDTH", "FRAMES", "NODE")(MADE)
picture, header, raw, compressed = itemgetter("picture", "header", "raw", "compressed")(MADE)
write_source, contents, SqliteBag = itemgetter("write_source", "contents", "SqliteBag")(MADE)
PICTURES = {
    "mask": "mono8",
    "score": "32FC1",
    "labels": "mono8",
    "labels_color": "rgb8",
    "resynthesis": "rgb8",
    "overlay": "rgb8",
}


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
    unfinished = tmp_path / "whole.partial.mcap"
    shutil.copy(source, unfinished)
    with pytest.raises(BagError, match=r"whole.partial.mcap is where an unfinished \S+whole.mcap lies, and would be"):
        process_bag(unfinished, tmp_path / "whole.mcap", detector)
    assert unfinished.read_bytes() == source.read_bytes()
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
    with pytest.raises(BagError, match=r"has outputs already .* choose another name with --node"):
        process_bag(tmp_path / "out.mcap", tmp_path / "again.mcap", detector, node=f"{NODE}/")


@pytest.mark.parametrize("name", ["", "/", "detector", "/my detector", "/2/detector", "/a//b", "/a__b", "/détecteur"])
def test_a_node_has_a_name_that_ros_takes(source, tmp_path, detector, name, capsys):
    with pytest.raises(BagError, match=f"node '{name}': expected a full name such as /unexpected/detector"):
        process_bag(source, tmp_path / "out.mcap", detector, node=name)
    assert main([str(source.parent), f"{tmp_path}-out", "--model", "random", "--node", name]) == 1
    assert capsys.readouterr().err.startswith(f"error: node '{name}': expected a full name such as")
    assert not (tmp_path / "out.mcap").exists()


def test_command_line(tmp_path, source, capsys):
    assert main([str(source), str(tmp_path / "out"), "--model", "random", "--device", "cpu"]) == 0
    assert "4 of 4 frames processed" in capsys.readouterr().out
    with open_bag(tmp_path / "out") as bag:
        assert bag.count(f"{NODE}/overlay") == FRAMES
    assert main([str(tmp_path / "nothing.mcap"), str(tmp_path / "x.mcap"), "--model", "random"]) == 1
    assert "error: " in capsys.readouterr().err


def test_a_full_disk_is_told_with_how_to_go_on(tmp_path, source, capsys, files_no_longer_than):
    with files_no_longer_than(5_000):
        code = main([str(source), str(tmp_path / "out.mcap"), "--model", "random", "--device", "cpu"])
    told = capsys.readouterr().err.splitlines()[-1]
    expected = (
        f"File too large; {tmp_path}/out.partial.mcap holds what was done, and the same command goes on from there"
    )
    assert code == 1 and told.endswith(expected)
    assert main([str(source), str(tmp_path / "out.mcap"), "--model", "random", "--device", "cpu"]) == 0


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
    assert regions("camera.rectified=yes")[0].regions  # which YAML takes for a truth value
    assert main([str(source), str(tmp_path / "x.mcap"), "--set", "model.path=random"]) == 1
    assert "model.path is said by --model and --device; leave it out of --set" in capsys.readouterr().err


@pytest.mark.parametrize("setting", ["save.above=0.8", "input.max_rate_hz=2", "cameras=front", "load.budget_ms=50"])
def test_what_only_a_running_node_heeds_is_refused(source, tmp_path, capsys, setting):
    """It changed nothing, without a word: no sample was saved, and every frame was worked on."""
    assert main([str(source), str(tmp_path / "x.mcap"), "--model", "random", "--set", setting]) == 1
    name = setting.partition("=")[0]
    told = f"error: {name} is for a running node and would change nothing in a bag: leave it out of --set"
    assert told in capsys.readouterr().err and not (tmp_path / "x.mcap").exists()


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
