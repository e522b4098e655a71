"""Under load less is done, step by step, and more again when it has gone: the rules, and a node that obeys them."""

import json
import os
import subprocess
import sys
import time

import pytest

from unexpected_ros.load.ladder import FALLBACK, FULL, REDUCED, RUNGS, WITHOUT_HEAD, Ladder


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


def test_modes_are_those_of_the_message():
    pytest.importorskip("unexpected_ros.msg")
    from unexpected_ros.msg import AnomalyArray

    assert (FULL, REDUCED, FALLBACK) == (AnomalyArray.FULL, AnomalyArray.REDUCED, AnomalyArray.FALLBACK)
    assert [rung.mode for rung in RUNGS] == [FULL, REDUCED, REDUCED, FALLBACK, FALLBACK]


TROUBLED = """
import json, pathlib, sys, time
import torch
from unexpected_core.scorers import SCORERS, ScorerEntry
from unexpected_core.scorers.random import RandomScorer
from unexpected_ros.start import start

orders = pathlib.Path(sys.argv.pop(1))

class Troubled(RandomScorer):
    "Takes as long as it is told, for an image of 128 rows; runs out of memory over so many rows; is not a number."

    def forward(self, images):
        order = json.loads(orders.read_text())
        rows = images.shape[-2]
        if rows > order.get("rows", 10_000):
            raise torch.OutOfMemoryError("CUDA out of memory")
        time.sleep(order.get("ms", 0) / 1000 * (rows / 128) ** 2)
        scores = super().forward(images)
        return scores._replace(score=scores.score * float("nan")) if order.get("nan") else scores

sys.modules["troubled"] = sys.modules["__main__"]
SCORERS["random"] = ScorerEntry("troubled:Troubled")
start("unexpected_ros.live.process")
"""


@pytest.fixture
def troubled(driver, tmp_path):
    """A node in a process of its own whose scorer obeys `order`; its log is text()."""
    log, orders = tmp_path / "node.log", tmp_path / "orders.json"

    class Node:
        def order(self, **what):
            part = orders.with_suffix(".part")
            part.write_text(json.dumps(what))
            part.replace(orders)

        def text(self):
            return log.read_text()

    node = Node()
    node.order()
    parameters = ("model.path:=random", "load.budget_ms:=100.0", "load.frames:=3")
    given = [word for parameter in parameters for word in ("-p", parameter)]
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-c", TROUBLED, str(orders), "--ros-args", "-r", "__ns:=/troubled", *given],
            stdout=file,
            stderr=subprocess.STDOUT,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )
    yield node
    process.terminate()
    assert process.wait(60) == 0
    assert "Traceback" not in node.text()


@pytest.mark.ros
def test_a_node_under_load_does_less_says_so_and_recovers(driver, troubled, street, to_message):
    pytest.importorskip("rclpy")
    from diagnostic_msgs.msg import DiagnosticArray
    from sensor_msgs.msg import Image
    from unexpected_ros.msg import AnomalyArray

    camera = driver.camera(Image, "/troubled/image")
    answers = driver.collect(AnomalyArray, "/troubled/detector/regions")
    diagnostics = driver.collect(DiagnosticArray, "/diagnostics")
    stamps = iter(range(time.time_ns(), 1 << 62, 1_000_000))

    def until(condition, what):
        def sent():
            camera.publish(to_message(street(128, 256), next(stamps)))
            driver.spin(0.02)
            return answers and condition(answers[-1])

        driver.until(sent, what, 120)

    def states():
        return [s for m in diagnostics for s in m.status if s.name == "/troubled/detector: detector"]

    until(lambda a: a.mode == AnomalyArray.FULL, "an answer")
    troubled.order(ms=150)  # over the budget of 100 ms at full size, well below at three quarters
    until(lambda a: a.mode == AnomalyArray.REDUCED, "smaller work")
    driver.until(lambda: any("three quarters of the size to keep up" in s.message for s in states()), "diagnostics")
    troubled.order(ms=5000)
    until(lambda a: "going on at half the size, every second frame" in troubled.text(), "the last rung")
    assert answers[-1].mode == AnomalyArray.REDUCED
    troubled.order()
    until(lambda a: a.mode == AnomalyArray.FULL, "full work again")
    said = [line for line in troubled.text().splitlines() if "load.budget_ms" in line]
    assert len(said) == len({line.split("]:", 1)[1] for line in said}) == 6, said  # three down, three up, one line each

    troubled.order(rows=100)  # memory for less than the full size
    before = len(answers)
    until(lambda a: a.mode == AnomalyArray.REDUCED, "the frame served smaller")
    assert "ran out of memory" in troubled.text() and "going on at three quarters" in troubled.text()
    assert len(answers) > before

    troubled.order(nan=True)
    driver.spin(0.5)
    before = len(answers)
    camera.publish(to_message(street(128, 256), next(stamps)))
    driver.until(lambda: any("not numbers" in s.message for s in states()), "the report")
    assert len(answers) == before
    troubled.order()
    until(lambda a: len(answers) > before, "an answer after all that")
    driver.destroy(camera, answers, diagnostics)
