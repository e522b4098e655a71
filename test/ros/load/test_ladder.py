"""Under load less is done, step by step, and more again when it has gone: the rules, and a node that obeys them."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import weakref
from pathlib import Path

import pytest

from unexpected_core.pipeline.runner import OutOfMemory
from unexpected_ros.load.ladder import FALLBACK, FULL, REDUCED, RUNGS, WITHOUT_HEAD, Ladder
from unexpected_ros.load.relief import Relief
from unexpected_ros.settings import LiveDetectSettings, LoadSettings

LAUNCH_INSISTS_S = 5.0
"""After an interrupt ros2 launch sends what ends less gently."""


def walk(ladder, took, budget=100.0, frames=5, count=200):
    """Names of the rungs stood on, for `count` frames; took: rung -> milliseconds."""
    seen = [ladder.rung]
    for _ in range(count):
        ladder.observe(took(ladder.rung), budget, frames)
        if ladder.rung is not seen[-1]:
            seen.append(ladder.rung)
    return seen


def test_goes_down_after_frames_in_a_row_over_the_budget():
    ladder = Ladder()
    changes = [ladder.observe(120, 100, 3) for _ in range(3)]
    assert changes == [False, False, True] and ladder.rung == RUNGS[1]
    assert [ladder.observe(took, 100, 3) for took in (120, 120, 99, 120, 120)] == [False] * 5


def test_goes_down_as_far_as_needed_and_stays_there():
    assert walk(Ladder(), lambda rung: 300 * rung.cost) == list(RUNGS[:3])
    assert walk(Ladder(), lambda rung: 1e6) == list(RUNGS)
    assert walk(Ladder(WITHOUT_HEAD), lambda rung: 1e6) == list(WITHOUT_HEAD)
    assert walk(Ladder(), lambda rung: 99) == [RUNGS[0]]


def test_comes_back_when_the_load_has_gone():
    ladder = Ladder()
    walk(ladder, lambda rung: 1e6)
    assert walk(ladder, lambda rung: 50 * rung.cost) == list(reversed(RUNGS))


def test_a_rung_that_cannot_be_kept_is_tried_less_and_less_often():
    """Costs that do not follow the model: full size is over the budget, though the rung below looks cheap."""
    took = {RUNGS[0]: 150.0, RUNGS[1]: 40.0}
    ladder = Ladder()
    tries = [walk(ladder, took.get, count=100).count(RUNGS[0]) for _ in range(4)]
    assert tries[0] > tries[-1] and sum(tries) < 20


def test_without_a_budget_only_memory_moves_it_and_it_is_tried_again_after_long():
    ladder = Ladder()
    assert walk(ladder, lambda rung: 1e9, budget=0.0) == [RUNGS[0]]
    assert ladder.down() and ladder.rung == RUNGS[1]
    assert walk(ladder, lambda rung: 1e9, budget=0.0, frames=5, count=149) == [RUNGS[1]]
    assert ladder.observe(1e9, 0.0, 5) and ladder.rung == RUNGS[0]


def test_without_a_budget_what_was_given_up_for_time_comes_back_at_once():
    ladder = Ladder()
    walk(ladder, lambda rung: 1e6)
    assert ladder.rung == RUNGS[-1]
    assert ladder.observe(1e6, 0.0, 5) and ladder.rung == RUNGS[0]
    assert ladder.down()  # memory ends
    walk(ladder, lambda rung: 1e6)
    assert ladder.observe(1e6, 0.0, 5) and ladder.rung == RUNGS[1], "but not what was given up for memory"
    assert walk(ladder, lambda rung: 1e9, budget=0.0, frames=5, count=149) == [RUNGS[1]]


class Held:
    """As much of a detector as `Relief` asks for."""

    scorer, model_id, fixed_size = None, "held", None

    def __init__(self, device):
        self.device = device


def test_memory_on_the_gpu_is_given_back_when_nobody_holds_its_detector():
    used, alive = Held("cuda:0"), []
    first = weakref.ref(used)

    def run(using, detect):
        if using.device != "cpu":
            raise OutOfMemory("no memory")
        return using.device

    relief = Relief(lambda text: None, lambda: Held("cpu"), lambda: alive.append(first()))
    assert relief.serve(used, LiveDetectSettings(), run)[0] == "cpu"
    used = relief._detector
    assert relief.serve(used, LiveDetectSettings(), run)[0] == "cpu"
    assert relief.serve(used, LiveDetectSettings(), run)[0] == "cpu"
    assert alive == [None], "once, and after the frame that still held it"


def test_a_detector_on_the_cpu_for_want_of_memory_is_told_of_until_another_one_comes():
    """Deactivated and activated, a node said that all was well, though it was as slow as before."""

    def run(using, detect):
        if using.device != "cpu":
            raise OutOfMemory("no memory")

    used, spares, freed = Held("cuda:0"), [Held("cpu")], []
    relief = Relief(lambda text: None, lambda: spares[0], lambda: freed.append(True))
    relief.serve(used, LiveDetectSettings(), run)
    assert relief.less == "full size on the CPU" and not freed
    relief.end()
    assert relief.less == "" and freed == [True]
    relief.begin(spares[0])
    assert relief.less == "full size on the CPU"
    relief.serve(Held("cpu"), LiveDetectSettings(), run)  # loaded anew, as it was asked for
    assert relief.less == "" and freed == [True]
    held = weakref.ref(spares.pop())
    assert held() is None, "nor is its memory kept"


def test_a_file_of_one_size_is_not_said_to_work_at_a_smaller_one():
    said, detector = [], Held("cpu")
    detector.fixed_size = (448, 896)
    relief, load = Relief(said.append, lambda: detector), LoadSettings(budget_ms=100, frames=2)
    relief.begin(detector)
    for _ in range(20):
        relief.observe(150.0, load)
    assert (relief.rung.scale, relief.rung.every, relief.less) == (1.0, 2, "every second frame")
    assert said == ["over load.budget_ms (150 of 100 ms): going on at every second frame"]
    for _ in range(10):
        relief.observe(80.0, load)
    assert relief.rung.every == 1 and relief.less == "" and "back below load.budget_ms" in said[1]


def test_modes_are_those_of_the_message():
    pytest.importorskip("unexpected_ros.msg")
    from unexpected_ros.msg import AnomalyArray

    assert (FULL, REDUCED, FALLBACK) == (AnomalyArray.FULL, AnomalyArray.REDUCED, AnomalyArray.FALLBACK)
    assert [rung.mode for rung in RUNGS] == [FULL, REDUCED, REDUCED, FALLBACK, FALLBACK]


TROUBLED = """
import json, pathlib, sys, time
import torch
from unexpected_core.pipeline.torch_runner import TorchRunner
from unexpected_core.scorers import SCORERS, ScorerEntry
from unexpected_core.scorers.fast import FastScorer
from unexpected_core.scorers.random import RandomScorer
from unexpected_ros.start import start

orders, base = pathlib.Path(sys.argv.pop(1)), sys.argv.pop(1)

def order(name, default=0):
    return json.loads(orders.read_text()).get(name, default)

class Troubled(FastScorer if base == "with direct head" else RandomScorer):
    "Takes as long as it is told, for 128 rows of image; has memory for so many rows; gives no numbers; fails."

    random_weights = True

    def __init__(self):
        super().__init__(*["nano"] * (base == "with direct head"))

    def forward(self, images):
        rows = images.shape[-2]
        if rows > order("rows", 10_000):
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        if order("fails"):
            raise RuntimeError("the network broke")
        time.sleep(order("ms") / 1000 * (rows / 128) ** 2)
        scores = super().forward(images)
        return scores._replace(score=scores.score * float("nan")) if order("nan") else scores

class OnGpu(Troubled):
    "The first one that is loaded is told to be on a GPU, which has no memory at all when told so."

    def forward(self, images):
        if self.on_gpu and order("gpu full"):
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return super().forward(images)

begin = TorchRunner.__init__
def begin_on_gpu(self, scorer, *rest):
    begin(self, scorer, *rest)
    scorer.on_gpu = not hasattr(OnGpu, "first")
    OnGpu.first = True
    if scorer.on_gpu:
        self.device = "cuda:0"

if base == "on a GPU":
    TorchRunner.__init__ = begin_on_gpu
sys.modules["troubled"] = sys.modules["__main__"]
SCORERS["random"] = ScorerEntry("troubled:OnGpu" if base == "on a GPU" else "troubled:Troubled")
start("unexpected_ros.live.process")
"""


class Troubled:
    """A node in a process of its own whose scorer obeys `order`, the camera that it sees, and what it says."""

    def __init__(self, driver, folder, base):
        from diagnostic_msgs.msg import DiagnosticArray
        from sensor_msgs.msg import Image
        from unexpected_ros.msg import AnomalyArray

        self._driver, self._log, self._orders = driver, folder / "node.log", folder / "orders.json"
        self._stamps = iter(range(time.time_ns(), 1 << 62, 1_000_000))
        self.order()
        self.before = {path.name for path in Path("/dev/shm").iterdir()}
        parameters = ("model.path:=random", "load.budget_ms:=600.0", "load.frames:=3")
        given = [word for parameter in parameters for word in ("-p", parameter)]
        with self._log.open("w") as file:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    TROUBLED,
                    str(self._orders),
                    base,
                    "--ros-args",
                    "-r",
                    "__ns:=/troubled",
                    *given,
                ],
                stdout=file,
                stderr=subprocess.STDOUT,
                env=os.environ | {"OMP_NUM_THREADS": "1"},
            )
        self._camera = driver.camera(Image, "/troubled/image")
        self.answers = driver.collect(AnomalyArray, "/troubled/detector/regions")
        self._diagnostics = driver.collect(DiagnosticArray, "/diagnostics")

    def order(self, **what):
        """What the scorer does from its next image on: ms, rows, nan, fails, gpu full."""
        part = self._orders.with_suffix(".part")
        part.write_text(json.dumps({name.replace("_", " "): value for name, value in what.items()}))
        part.replace(self._orders)

    def text(self):
        return self._log.read_text()

    def send(self):
        """One frame of 128 rows; returns its stamp in nanoseconds."""
        stamp = next(self._stamps)
        self._camera.publish(self._frame(stamp))
        return stamp

    def until(self, condition, what):
        """Send frames until the condition holds of an answer."""

        def sent():
            self.send()
            self._driver.spin(0.02)
            return self.answers and condition(self.answers[-1])

        self._driver.until(sent, what)

    def said(self, words):
        """The first status in the diagnostics that says so, or None."""
        said = (s for m in self._diagnostics for s in m.status if s.name == "/troubled/detector: detector")
        return next((status for status in said if words in status.message), None)

    def status(self, words):
        """Wait for diagnostics that say so; returns the status."""
        return self._driver.until(lambda: self.said(words), f"'{words}' in diagnostics", 60)

    def end(self):
        self._driver.destroy(self._camera, self.answers, self._diagnostics)
        self.process.terminate()
        assert self.process.wait(60) == 0
        assert "Traceback" not in self.text()


@pytest.fixture
def troubled(driver, tmp_path, request, street, to_message):
    pytest.importorskip("rclpy")
    node = Troubled(driver, tmp_path, request.param)
    node._frame = lambda stamp: to_message(street(128, 256), stamp)
    yield node
    node.end()


def answered(node, stamp):
    """The answer to the frame of this stamp, or None."""
    return next((a for a in node.answers if a.header.stamp.sec * 10**9 + a.header.stamp.nanosec == stamp), None)


@pytest.mark.ros
@pytest.mark.parametrize("troubled", ["with direct head"], indirect=True)
def test_a_node_under_load_does_less_says_so_and_recovers(troubled):
    from unexpected_ros.msg import AnomalyArray

    troubled.until(lambda a: a.mode == AnomalyArray.FULL, "an answer")
    troubled.order(ms=900)  # over the budget of 600 ms at full size, below it at three quarters
    troubled.until(lambda a: a.mode == AnomalyArray.REDUCED, "smaller work")
    assert troubled.status(" to keep up").level == b"\x01"
    troubled.order(ms=2700)  # over it at half the size, too; the direct head does not obey
    troubled.until(lambda a: a.mode == AnomalyArray.FALLBACK, "the direct head")
    assert troubled.answers[-1].model_id.endswith("/direct")
    # quick as it is, it may have been left for more before this driver heard of it: then it comes again
    troubled.until(lambda a: troubled.said("half the size, direct head"), "diagnostics that say so")
    troubled.order()
    troubled.until(lambda a: a.mode == AnomalyArray.FULL, "full work again")
    said = [line.split("]:", 1)[1] for line in troubled.text().splitlines() if "load.budget_ms" in line]
    assert sum("over load.budget_ms" in line for line in said) >= 3 <= sum("back below" in line for line in said)
    assert said[-1].endswith("going on at full size") and len(said) < 20, said


@pytest.mark.ros
@pytest.mark.parametrize("troubled", ["without"], indirect=True)
def test_a_frame_without_memory_is_served_smaller_and_a_bad_one_is_reported(driver, troubled):
    from unexpected_ros.msg import AnomalyArray

    troubled.until(lambda a: a.mode == AnomalyArray.FULL, "an answer")
    for trouble, words in (({"nan": True}, "not numbers"), ({"fails": True}, "frame lost: RuntimeError: the network")):
        troubled.order(**trouble)
        driver.spin(0.5)
        lost = troubled.send()
        assert troubled.status(words).level == b"\x02"
        assert not answered(troubled, lost)
        troubled.order()
        before = len(troubled.answers)
        troubled.until(lambda a, before=before: len(troubled.answers) > before, "an answer after that")
    troubled.order(rows=100)  # memory for less than the full size
    driver.spin(0.5)
    stamp = troubled.send()
    assert (
        driver.until(lambda: answered(troubled, stamp), "the frame that found no memory").mode == AnomalyArray.REDUCED
    )
    assert "ran out of memory" in troubled.text() and "going on at three quarters" in troubled.text()
    troubled.status("three quarters of the size to keep up")
    troubled.order()
    troubled.until(lambda a: a.mode == AnomalyArray.FULL, "full work again")


@pytest.mark.ros
@pytest.mark.parametrize("troubled", ["on a GPU"], indirect=True)
def test_where_a_gpu_has_no_memory_at_all_the_frame_is_served_by_the_processor(driver, troubled):
    from lifecycle_msgs.msg import Transition
    from lifecycle_msgs.srv import ChangeState

    troubled.until(lambda a: True, "an answer")
    troubled.order(gpu_full=True)
    driver.spin(0.5)
    stamp = troubled.send()
    driver.until(lambda: answered(troubled, stamp), "the frame that found no memory")
    steps = [
        line.split("; going on ")[1] for line in troubled.text().splitlines() if "cuda:0 ran out of memory" in line
    ]
    assert [step.partition(",")[0] for step in steps] == [
        "at three quarters of the size", "at half the size", "at half the size", "with the CPU",
    ]  # fmt: skip
    assert troubled.status("active, at full size on the CPU to keep up").level == b"\x01"
    for label in ("deactivate", "activate"):
        transition = Transition(label=label)
        assert driver.call(ChangeState, "/troubled/detector/change_state", transition=transition).success
    troubled._diagnostics.clear()
    assert troubled.status("active, at full size on the CPU to keep up").level == b"\x01"


@pytest.mark.ros
@pytest.mark.parametrize("troubled", ["without"], indirect=True)
def test_a_node_told_to_end_does_not_wait_for_a_slow_frame(driver, graph, troubled):
    troubled.until(lambda a: True, "an answer")
    held = Path(f"/proc/{troubled.process.pid}/maps").read_text()
    own = set(re.findall(r"/dev/shm/(fast\S+_[0-9a-f]{16})\b", held)) - troubled.before
    assert own, "the test must see what the node holds"
    troubled.order(ms=60_000)
    troubled.send()
    driver.spin(1.0)
    told = time.monotonic()
    troubled.process.send_signal(signal.SIGINT)
    assert troubled.process.wait(60) == 0
    assert time.monotonic() - told < LAUNCH_INSISTS_S
    graph.forgets("/troubled/detector")
    assert not own & {path.name for path in Path("/dev/shm").iterdir()}
