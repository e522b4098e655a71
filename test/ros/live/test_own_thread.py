"""Work beside the thread that signals reach."""

import gc
import os
import signal
import threading
import weakref

import pytest

from unexpected_ros.live.own_thread import in_own_thread


def test_result_and_error_are_those_of_the_work():
    assert in_own_thread(lambda: 3) == 3
    with pytest.raises(ZeroDivisionError):
        in_own_thread(lambda: 1 / 0)


class Held:
    """As a node that waits for its model."""

    def load(self):
        with pytest.raises(ZeroDivisionError):
            in_own_thread(lambda: 1 / 0)


def test_an_error_does_not_keep_who_waited():
    held = Held()
    gone = weakref.ref(held)
    gc.disable()
    try:
        held.load()
        del held
        assert gone() is None
    finally:
        gc.enable()


def test_a_signal_ends_the_wait_and_not_the_work():
    go_on, done, ended_by = threading.Event(), threading.Event(), []

    def work():
        try:
            os.kill(os.getpid(), signal.SIGINT)
            assert go_on.wait(20)
        except BaseException as error:
            ended_by.append(error)
        done.set()

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            in_own_thread(work)
    finally:
        signal.signal(signal.SIGINT, before)
    assert not done.is_set()
    go_on.set()
    assert done.wait(20)
    assert not ended_by
