"""Requests to stop: the first signal asks, a later one ends at once."""

import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from unexpected_core import stopping
from unexpected_core.stopping import stop_requests


@pytest.fixture(autouse=True)
def as_before():
    before = {number: signal.getsignal(number) for number in stopping.SIGNALS}
    yield
    assert {number: signal.getsignal(number) for number in stopping.SIGNALS} == before


@pytest.mark.parametrize("second", stopping.SIGNALS)
def test_one_signal_that_comes_twice_asks_and_a_later_one_ends_at_once(second, monkeypatch):
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    with pytest.raises(KeyboardInterrupt), stop_requests() as asked:
        assert not asked()
        signal.raise_signal(signal.SIGTERM)
        assert asked()
        now = 100.9
        signal.raise_signal(second)
        assert asked()
        now = 101.1
        signal.raise_signal(second)


def test_whoever_asks_is_told_that_it_was_heard_once(capfd):
    with stop_requests():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
    assert capfd.readouterr().err.strip() == "will end where it can be gone on with; the same again ends at once"


def test_a_signal_that_was_ignored_asks_too_and_is_ignored_afterwards():
    """As SIGINT is in the background of a script."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stop_requests() as asked:
            signal.raise_signal(signal.SIGINT)
            assert asked()
        signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


def test_in_another_thread_nothing_is_asked_for():
    def within():
        with stop_requests() as asked:
            return asked()

    with ThreadPoolExecutor(1) as pool:
        assert not pool.submit(within).result()
