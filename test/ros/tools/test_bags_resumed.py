"""A bag that was interrupted: what is done is kept, and the same call goes on to the same end."""

import os
import re
import runpy
import signal
import subprocess
import sys
from operator import itemgetter
from pathlib import Path
from time import monotonic as clock
from time import sleep

import numpy as np
import pytest

from unexpected_core.images import write_image
from unexpected_core.pipeline.detector import Detector
from unexpected_ros.bags import create_bag
from unexpected_ros.tools.offline import process_bag
from unexpected_ros.tools.resuming import Interrupted

MADE = runpy.run_path(str(Path(__file__).with_name("made_bags.py")))
FRAMES, NODE = itemgetter("FRAMES", "NODE")(MADE)
raw, contents = itemgetter("raw", "contents")(MADE)


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


def test_with_a_mask_that_was_painted_anew_it_begins_again(tmp_path, source, detector, caplog):
    """Frames of two masks in one bag would be taken for those of one."""
    mask, asked = tmp_path / "car.png", iter([False, False, True])
    write_image(mask, np.zeros((8, 8), np.uint8))
    masked = Detector(detector.scorer, detector.settings.model_copy(deep=True))
    masked.update(ego_mask=str(mask))
    with pytest.raises(Interrupted):
        process_bag(source, tmp_path / "out.mcap", masked, stop=lambda: next(asked))
    write_image(mask, np.full((8, 8), 255, np.uint8))
    process_bag(source, tmp_path / "out.mcap", masked)
    assert "out.partial.mcap is of another command and is replaced" in caplog.text
    assert not any(message.regions for _, _, message in contents(tmp_path / "out.mcap")[f"{NODE}/regions"])


def test_an_interrupt_from_the_keyboard(tmp_path, source):
    with create_bag(tmp_path / "long.mcap") as bag:
        types = bag.types.types
        for n in range(400):
            bag.write("/camera/image", raw(types, n % 5), n)
    words = ["long.mcap", "out.mcap", "--model", "random", "--device", "cpu"]
    command = [sys.executable, "-m", "unexpected_ros.bags", *words]
    heeds = signal.signal(signal.SIGINT, signal.default_int_handler)  # tests in the background of a script do not
    try:
        running = subprocess.Popen(
            command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"}
        )
    finally:
        signal.signal(signal.SIGINT, heeds)
    end = clock() + 100
    partial = tmp_path / "out.partial.mcap"
    while not partial.exists() and clock() < end:
        sleep(0.05)
    running.send_signal(signal.SIGINT)
    told = running.communicate(timeout=100)[1]
    assert running.returncode == 130, told
    assert re.search(r"interrupted after \d+ of 400 frames: out\.partial\.mcap holds them", told), told
    assert "/camera/image" in contents(partial)
