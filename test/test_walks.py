"""The four walks of docs/architecture.md, taken: one run of each is traced, and the page names the files that it goes
through. What counts as such a file is told there."""

import re
import sys
import threading
import time
from collections import defaultdict
from functools import cache
from pathlib import Path
from sys import monitoring

import numpy as np
import pytest
import torch

from unexpected_core.cli.main import main
from unexpected_core.config import override
from unexpected_core.drawing.model.plan import World
from unexpected_core.drawing.tracks import DrawnRoads
from unexpected_core.evaluation.measure.method import Measured
from unexpected_core.evaluation.measure.result import MethodResult
from unexpected_core.evaluation.results import Results
from unexpected_core.evaluation.source import Source
from unexpected_core.images import write_image
from unexpected_core.structs import Sample
from unexpected_core.training.engine import run as engine
from unexpected_core.training.presets import PRESETS

TOOL, EVENTS = monitoring.PROFILER_ID, monitoring.events
BEGIN = (EVENTS.PY_START, EVENTS.PY_RESUME, EVENTS.PY_THROW)
END = (EVENTS.PY_RETURN, EVENTS.PY_YIELD, EVENTS.PY_UNWIND)
REPOSITORY = Path(__file__).resolve().parent.parent
GROUND = r"unexpected_core/\w+\.py|unexpected_ros/live/ros\.py"
PURE = rf"{GROUND}|unexpected_core/(networks|drawing|media|metrics)/.*"
"""The ground and the constructors of messages, and floor 1: they know nothing of those who call them."""


def listed(title):
    """The files that the page names for a walk, in order."""
    page = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")
    paragraph = re.search(rf"^\*\*{title}\*\*.*?(?=\n\n)", page, re.DOTALL | re.MULTILINE)
    assert paragraph, f"docs/architecture.md does not tell the walk '{title}'"
    return re.findall(r"`([\w/]+\.py)`", paragraph[0])


class Walk:
    """Traces this thread: which file hands the value, objects of these types or what holds some, to which file."""

    def __init__(self, *value, at_their_word=PURE):
        self.value, self.at_their_word, self.thread = value, re.compile(at_their_word), threading.get_ident()
        self.touched, self.given, self._stack = set(), defaultdict(set), []

    def __enter__(self):
        monitoring.use_tool_id(TOOL, "walk")
        for event in BEGIN:
            monitoring.register_callback(TOOL, event, self._enter)
        for event in END:
            monitoring.register_callback(TOOL, event, self._leave)
        monitoring.set_events(TOOL, sum(BEGIN) + sum(END))
        return self

    def __exit__(self, *_):
        monitoring.set_events(TOOL, 0)
        monitoring.free_tool_id(TOOL)
        monitoring.restart_events()

    @property
    def files(self):
        """Those that hand the value on."""
        return {_short(file) for givers in self.given.values() for file in givers}

    @property
    def twice(self):
        """Those of them that are given it by more than one file."""
        return self.files & {_short(file) for file, givers in self.given.items() if len(givers) > 1}

    def _enter(self, code, _, thrown=None):
        file = _ours(code.co_filename)
        if not file and not thrown:
            return monitoring.DISABLE
        if file and threading.get_ident() == self.thread:
            caller = self._stack[-1] if self._stack else file
            self._stack.append(file)
            self.touched.add(_short(file))
            apart = file != caller and not any(map(self.at_their_word.fullmatch, (file, caller)))
            if apart and any(map(self._holds, _arguments(sys._getframe(1)))):
                self.given[file].add(caller)

    def _leave(self, code, *_):
        if _ours(code.co_filename) and threading.get_ident() == self.thread and self._stack:
            self._stack.pop()

    def _holds(self, thing, depth=3):
        if isinstance(thing, self.value) or not depth:
            return isinstance(thing, self.value)
        fields = getattr(thing, "__dataclass_fields__", ())
        inside = [getattr(thing, name, None) for name in fields] or thing
        inside = list(inside.values()) if isinstance(inside, dict) else inside
        return isinstance(inside, list | tuple) and any(self._holds(part, depth - 1) for part in inside[:20])


@cache
def _ours(filename):
    found = re.search(r".*/(unexpected_(?:core|ros)/(?!msg/).*\.py)$", filename)
    return found and found[1]


def _short(file):
    return re.sub(r"^unexpected_(core|ros)/", "", file)


def _arguments(frame):
    code = frame.f_code
    count = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & 4) + bool(code.co_flags & 8)
    return [frame.f_locals.get(name) for name in code.co_varnames[:count] if name != "self"]


def compare(walk, title, most):
    """The page names every file that handed the value on, and no file that the run did not go through."""
    page = listed(title)

    def named(file):
        return [name for name in page if file.endswith(f"/{name}") or file == name]

    print(title, len(page), "of", len(walk.touched))
    assert not [file for file in walk.files if not named(file)], "they hand the value on: name them in the walk"
    assert set(page) == {name for file in walk.touched for name in named(file)}, "the run does not go there"
    assert len(page) == len(set(page)) <= most


@pytest.mark.ros
def test_message_to_mask():
    rclpy = pytest.importorskip("rclpy")
    from sensor_msgs.msg import Image

    from unexpected_ros.live.node import DetectorNode

    first = not rclpy.ok()  # else the tests of other files go on with theirs
    if first:
        rclpy.init()
    eager = ["model.device:=cpu", "model.runtime:=eager", "model.precision:=float32"]
    node = DetectorNode(cli_args=["--ros-args", "-r", "__ns:=/walk", *(w for e in eager for w in ("-p", e))])
    listener = rclpy.create_node("listener")
    try:
        assert node.start()
        listener.create_subscription(Image, "/walk/detector/mask", lambda message: None, 1)
        feed = node.feeds[0]
        while not feed.outputs.wanted("mask"):
            time.sleep(0.02)
        photograph = DrawnRoads("obstacle", 1, 0, (64, 112))[0].image
        message = Image(height=64, width=112, step=336, encoding="rgb8", data=photograph.tobytes())
        node.answering.work([(feed, message)])  # the first one builds what later ones find
        with Walk(Image, np.ndarray, torch.Tensor) as walk:
            node.answering.offer(feed, message)
            node.answering.work([(feed, message)])
    finally:
        listener.destroy_node()
        node.destroy_node()
        if first:
            rclpy.try_shutdown()
    compare(walk, "Message to mask", 12)
    assert not walk.twice


def test_sample_to_loss(tmp_path):
    for i in range(4):
        labels = np.full((64, 128), 10, np.uint8)
        labels[24:], labels[20:44, 8 * i : 8 * i + 36] = 0, 13
        image = np.random.default_rng(i).integers(0, 256, (64, 128, 3), dtype=np.uint8)
        for split in ("train", "val"):
            write_image(tmp_path / split / f"{i}.png", image)
            write_image(tmp_path / split / f"{i}_trainIds.png", labels)
    loop = {"epochs": 1, "batch": 2, "batch_val": 1, "workers": 0, "device": "cpu", "average": 0, "epoch_examples": 2}
    task = {"crop": [64, 128], "heights": [64, 64], "perceptual": 0, "start": ""}
    changes = [f"loop.{n}={v}" for n, v in loop.items()] + [f"task.{n}={v}" for n, v in task.items()]
    settings = override(PRESETS["fast"], [*changes, "data.val_examples=1", f"data.sources=[paired_folder={tmp_path}]"])
    with Walk(np.ndarray, torch.Tensor, Sample) as walk:
        engine.run(settings, tmp_path / "run")
    compare(walk, "Sample to loss", 12)


def test_score_to_report(tmp_path):
    options = [f"--option={option}" for option in ("count=3", "height=64", "width=112")]
    words = ["--split", "obstacle", *options, "--out", str(tmp_path)]
    rooms = rf"{PURE}|unexpected_core/(pipeline|scorers)/.*"  # those of the first walk
    with Walk(np.ndarray, Source, Measured, MethodResult, Results, at_their_word=rooms) as walk:
        main(["evaluate", "random", "drawn", *words])
    compare(walk, "Score to report", 15)


def test_drawn_frame():
    roads = DrawnRoads("obstacle", 2, 77, (64, 112))  # a world that nobody has drawn yet
    with Walk(np.ndarray, World, at_their_word=GROUND) as walk:
        roads.frame(1)
    compare(walk, "Drawn frame", 12)
