"""From raw scores to what detectors show: sigmoid(a * score + b), in [0, 1] (Platt, 1999)."""

from __future__ import annotations

from torch import Tensor

Calibration = tuple[float, float]
"""(a, b)."""
RAW_TO_UNIT: Calibration = (1.0, 0.0)
"""Unbounded scores as their sigmoid, which keeps the order."""


def calibrated(score: Tensor, calibration: Calibration | None) -> Tensor:
    """Score float [...] -> float32 [...]; without a calibration its values are as they were."""
    score = score.float()
    if calibration is None:
        return score
    a, b = calibration
    return (a * score + b).sigmoid()
