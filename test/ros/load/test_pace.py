import numpy as np

from unexpected_ros.load.pace import Pace


def test_frames_may_be_limited_to_a_rate():
    pace = Pace()
    passed = [t for t in np.arange(100.0, 110.0, 1 / 30) if pace.allows(t, 10.0)]
    assert len(passed) in (100, 101) and np.diff(passed).min() > 0.05
    assert all(Pace().allows(t, 0.0) for t in (1.0, 1.0, 1.0))
