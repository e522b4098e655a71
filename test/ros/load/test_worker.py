"""Newest frame wins, an exception costs one frame, and the thread ends when told."""

import math
import threading
import time

import pytest

from unexpected_ros.load.worker import Worker, too_old


class Bench:
    """A worker whose items wait at a gate, so that a test decides when one is finished."""

    def __init__(self):
        self.started, self.gate = threading.Semaphore(0), threading.Semaphore(0)
        self.finished = threading.Semaphore(0)
        self.done, self.errors = [], []
        self.worker = Worker(self.work, self.on_error, "bench")

    def work(self, items):
        (item,) = items
        self.started.release()
        assert self.gate.acquire(timeout=5)
        try:
            if item == "bad":
                raise ValueError("no such frame")
            self.done.append(item)
        finally:
            self.finished.release()

    def on_error(self, item, error):
        self.errors.append((item, str(error)))
        raise RuntimeError("a report that fails must not end the thread either")


def test_of_two_items_offered_while_busy_the_newer_is_worked_on():
    bench = Bench()
    assert bench.worker.offer(1) is None
    assert bench.started.acquire(timeout=5)
    assert bench.worker.offer(2) is None
    assert bench.worker.offer(3) == 2
    bench.gate.release(2)
    assert bench.finished.acquire(timeout=5) and bench.finished.acquire(timeout=5)
    assert bench.worker.stop(timeout=5)
    assert bench.done == [1, 3]


def test_an_exception_costs_one_item():
    bench = Bench()
    bench.gate.release(2)
    bench.worker.offer("bad")
    assert bench.finished.acquire(timeout=5)
    bench.worker.offer("good")
    assert bench.finished.acquire(timeout=5)
    assert bench.worker.stop(timeout=5)
    assert bench.errors == [("bad", "no such frame")]
    assert bench.done == ["good"]


def test_stop_finishes_the_item_in_work_and_forgets_the_waiting_one():
    bench = Bench()
    bench.worker.offer(1)
    assert bench.started.acquire(timeout=5)
    bench.worker.offer(2)
    assert not bench.worker.stop(timeout=0.05)
    bench.gate.release(2)
    assert bench.worker.stop(timeout=5)
    assert bench.done == [1]
    assert bench.worker.offer(3) == 3


def test_it_tells_how_long_those_in_work_have_taken():
    bench = Bench()
    assert bench.worker.at_work_s() == 0
    bench.worker.offer("bad")
    assert bench.started.acquire(timeout=5)
    time.sleep(0.05)
    assert bench.worker.at_work_s() >= 0.05
    bench.gate.release()
    assert bench.worker.stop(timeout=5) and bench.worker.at_work_s() == 0


def test_a_stale_item_is_dropped_when_its_turn_comes():
    done, seen = [], threading.Semaphore(0)

    def is_stale(item):
        seen.release()
        return item == "old"

    worker = Worker(done.extend, lambda item, error: None, "bench", is_stale)
    for item in ("old", "new"):
        worker.offer(item)
        assert seen.acquire(timeout=5)
    assert worker.stop(timeout=5)
    assert done == ["new"]


def offered_together(is_stale):
    """Items that a worker reported as lost, of two that it took at once, whose work fails."""
    lost, busy, go = [], threading.Event(), threading.Event()

    def work(items):
        if items == ["first"]:
            busy.set()
            assert go.wait(5)
        else:
            raise ValueError("no such frame")

    worker = Worker(work, lambda item, error: lost.append((item, str(error))), "bench", is_stale, choose=list)
    worker.offer("first")
    assert busy.wait(5)
    for item in ("front", "rear"):
        worker.offer(item, item)
    go.set()
    end = time.monotonic() + 5
    while not lost and time.monotonic() < end:
        time.sleep(0.01)
    assert worker.stop(timeout=5)
    return lost


def test_an_exception_is_not_reported_for_an_item_that_was_dropped_as_stale():
    assert offered_together(lambda item: item == "rear") == [("front", "no such frame")]


def test_one_in_asking_whether_they_are_stale_costs_all_that_were_taken():
    def is_stale(item):
        if item == "rear":
            raise ValueError("no such clock")
        return False

    assert offered_together(is_stale) == [("front", "no such clock"), ("rear", "no such clock")]


@pytest.mark.parametrize(
    ("age_ms", "max_age_ms", "stale"), [(9, 10, False), (11, 10, True), (1e9, 0, False), (math.nan, 10, False)]
)
def test_what_is_too_old(age_ms, max_age_ms, stale):
    assert too_old(age_ms, max_age_ms) is stale
