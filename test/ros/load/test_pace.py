"""Frames that are let through at a rate."""

import numpy as np

from unexpected_ros.load.pace import Pace


def test_frames_may_be_limited_to_a_rate():
    pace = Pace()
    passed = [t for t in np.arange(100.0, 110.0, 1 / 30) if pace.allows(t, 10.0)]
    assert len(passed) in (100, 101) and np.diff(passed).min() > 0.05
    assert all(Pace().allows(t, 0.0) for t in (1.0, 1.0, 1.0))


def test_a_higher_rate_holds_at_once_even_after_a_very_low_one():
    pace = Pace()
    assert pace.allows(100.0, 0.05)
    assert not pace.allows(100.1, 0.05)
    passed = [t for t in np.arange(100.2, 101.2, 0.01) if pace.allows(t, 15.0)]
    assert 14 <= len(passed) <= 16 and passed[0] < 100.3


def test_what_has_passed_is_counted():
    pace = Pace()
    passed = [pace.allows(t, rate) for rate in (0.0, 10.0) for t in np.arange(100.0, 101.0, 1 / 30)]
    assert pace.passed == sum(passed)


def test_with_whole_periods_between_them_no_minute_has_more():
    pace = Pace(closest=1)
    assert [t for t in range(1000, 1200, 10) if pace.allows(t, 1 / 60)] == [1000, 1060, 1120, 1180]
