"""Requests to stop: the first signal asks, a later one ends at once."""

import signal
import time

import pytest

from unexpected_core import stopping
from unexpected_core.stopping import stop_requests


@pytest.fixture(autouse=True)
def as_before():
    """As in a terminal: in the background of a script, SIGINT is ignored."""
    heeds = signal.signal(signal.SIGINT, signal.default_int_handler)
    before = {number: signal.getsignal(number) for number in stopping.SIGNALS}
    yield
    assert {number: signal.getsignal(number) for number in stopping.SIGNALS} == before
    signal.signal(signal.SIGINT, heeds)


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


def test_signals_that_are_ignored_stay_so():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stop_requests() as asked:
            signal.raise_signal(signal.SIGINT)
            assert not asked()
    finally:
        signal.signal(signal.SIGINT, before)
