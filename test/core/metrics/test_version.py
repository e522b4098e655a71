"""A number that changes for the same scores has another metric version: two computations are told apart.

Where one of these changes on purpose: raise VERSION, say there what changed, and write the new number here.
"""

import numpy as np
import pytest

from unexpected_core.metrics.bootstrap import _corrected, resample_components, resample_pixels, sequence_weights
from unexpected_core.metrics.calibration import area_under_risk_coverage
from unexpected_core.metrics.clips import change
from unexpected_core.metrics.components import ComponentCounts, Sizes, measure_components
from unexpected_core.metrics.false_alarms import promised_threshold
from unexpected_core.metrics.modes import VERSION, pixel_counts

TWO = (np.array([[0.9, 0.5, 0.5, 0.1]], np.float32), np.array([[1, 0, 1, 0]], np.uint8))
NONE = (np.array([[0.5, 0.5, 0.2, 0.7]], np.float32), np.array([[0, 0, 255, 0]], np.uint8))
IGNORED = (np.array([[0.5, 0.5, 0.2, 0.7]], np.float32), np.full((1, 4), 255, np.uint8))


def counted(mode, *frames):
    counts = pixel_counts(mode)
    for frame in frames:
        counts.add(*frame)
    return counts


def pixel(mode):
    found = counted(mode, TWO, NONE, IGNORED).numbers()
    return found.average_precision, found.auroc, found.fpr95, found.best_f1


def interval():
    counts = counted("exact", TWO, NONE, TWO)
    drawn = resample_pixels(counts, counts.numbers(), sequence_weights(["a", "a", "b"]))["average_precision"].interval()
    return drawn.value, drawn.low, drawn.high


def components():
    obstacle, mask = np.array([[1, 1, 0, 0, 255, 0, 0]], np.uint8), np.array([[0, 1, 1, 0, 1, 0, 1]], bool)
    frame = measure_components(mask, obstacle, Sizes(1, 1))
    return [*frame.siou, *frame.precision]


def false_regions_per_frame():
    """Of one region, where two frames have something to judge and a third has not."""
    counts = ComponentCounts()
    for mask, obstacle in ((1, 0), (0, 0), (1, 255)):
        counts.add(measure_components(np.full((1, 4), mask, bool), np.full((1, 4), obstacle, np.uint8), Sizes(1, 1)))
    drawn = resample_components(counts, np.array([[0, 1, 1], [2, 0, 1]]))["false_regions_per_frame"]
    assert drawn.resamples.tolist() == [0, 1]
    return drawn.value


VERSION_5 = {
    "exact": (lambda: pixel("exact"), (2 / 3, 3 / 4, 4 / 5, 2 / 3)),
    "smiyc": (lambda: pixel("smiyc"), (2 / 3, 3 / 4, 4 / 5, 2 / 3)),
    "fishyscapes": (lambda: pixel("fishyscapes"), (2 / 3, 3 / 4, 4 / 5, 2 / 3)),
    "pooled": (lambda: pixel("pooled"), (2 / 3, 3 / 4, 4 / 5, 2 / 3)),
    "per image": (lambda: pixel("per_image"), (5 / 6, 7 / 8, 1 / 2, 4 / 5)),
    "float64": (
        lambda: counted("exact", (np.array([[1, 1 + 1e-12]]), TWO[1][:, 1:3])).numbers().average_precision,
        1,
    ),
    "interval of whole sequences": (interval, (13 / 18, 2 / 3, 5 / 6)),
    "resamples at the kept points": (lambda: _corrected(np.array([0, 1 / 2, 1]), 1 / 2, 3 / 4), (0, 3 / 4, 1)),
    "risk of equal scores": (
        lambda: area_under_risk_coverage(counted("exact", (np.ones((1, 4), np.float32), TWO[1])).numbers().curve),
        1 / 2,
    ),
    "flicker in the ROI": (lambda: change(TWO[0], NONE[0], 0.6, np.array([[True, False, False, True]])), (0.5, 1)),
    "promised threshold": (lambda: promised_threshold(np.arange(9.0), 0.3), 6),
    "components": (components, (1 / 3, 1 / 2, 0)),
    "false regions a frame": (false_regions_per_frame, 1 / 2),
}


@pytest.mark.parametrize("name", VERSION_5)
def test_these_are_the_numbers_of_this_version(name):
    measured, expected = VERSION_5[name]
    assert VERSION == "5" and measured() == pytest.approx(expected)
