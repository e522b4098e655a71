"""A threshold from normal driving that keeps a promise about false alarms.

Split conformal prediction (Vovk et al. 2005; Angelopoulos & Bates 2021, section 1): of n exchangeable frames without
obstacles take the statistic "highest threshold at which a region could still appear"; a new frame exceeds the
ceil((n + 1)(1 - rate))-th smallest with probability of at most `rate`.
"""

from __future__ import annotations

import math

import numpy as np

from unexpected_core.metrics.keys import MetricError


def alarm_level(score: np.ndarray, roi: np.ndarray, min_area: int) -> float:
    """The min_area-th highest score in the ROI (bool [H, W]): over it no region of min_area pixels can exist.

    -inf where the ROI is smaller than that. Raises MetricError for scores inside it that are no numbers.
    """
    inside = score[roi]
    if broken := inside.size - np.count_nonzero(np.isfinite(inside)):
        raise MetricError(
            f"{broken} scores of a normal frame are not finite numbers (NaN or infinite); mend the scorer"
        )
    if inside.size < min_area:
        return float("-inf")
    return float(np.partition(inside, inside.size - min_area)[inside.size - min_area])


def promised_threshold(levels: np.ndarray, rate: float) -> float:
    """Alarm levels of normal frames, float [n] -> threshold that at most `rate` of new ones reach. Raises MetricError.

    It is the next number above a level, so that pixels are called where score >= threshold, as everywhere.
    """
    if not 0 < rate < 1:
        raise MetricError(f"the false-alarm rate is a share of frames between 0 and 1, found {rate:g}")
    levels = np.asarray(levels, np.float64)
    rank = math.ceil(round((len(levels) + 1) * (1 - rate), 9))  # 10 * (1 - 0.7) is a little above 3
    if rank > len(levels):
        raise MetricError(
            f"{len(levels)} normal frames cannot promise a rate of {rate:g}; it takes {math.ceil(1 / rate) - 1} or more"
        )
    return float(np.nextafter(np.sort(levels)[rank - 1], np.inf))
