"""Intersection over union of semantic labels, from one confusion matrix summed over frames."""

from __future__ import annotations

import numpy as np

from unexpected_core.labels import NUM_CLASSES
from unexpected_core.metrics.keys import MetricError


def confusion(predicted: np.ndarray, labels: np.ndarray, num_classes: int = NUM_CLASSES) -> np.ndarray:
    """Two uint8 [H, W] of train ids -> int64 [num_classes, num_classes + 1], rows true, columns predicted.

    Pixels with labels outside 0..num_classes-1 are left out; predictions outside count as wrong, in the last column.
    Raises MetricError.
    """
    if predicted.shape != labels.shape:
        raise MetricError(f"predicted labels {predicted.shape} and labels {labels.shape} differ in size")
    valid = labels < num_classes
    columns = np.minimum(predicted[valid], num_classes).astype(np.int64)
    index = labels[valid].astype(np.int64) * (num_classes + 1) + columns
    return np.bincount(index, minlength=num_classes * (num_classes + 1)).reshape(num_classes, num_classes + 1)


def class_iou(matrix: np.ndarray) -> np.ndarray:
    """Confusion matrix int64 [C, C + 1] -> IoU of each class float64 [C]; NaN for classes that occur nowhere."""
    hit = np.diag(matrix)
    union = matrix.sum(1) + matrix[:, : len(matrix)].sum(0) - hit
    return np.divide(hit, union, out=np.full(len(hit), np.nan), where=union > 0)


def mean_iou(matrix: np.ndarray) -> float:
    """Confusion matrix int64 [C, C + 1] -> mean IoU of the classes that occur in the labels; NaN if there are none."""
    present = matrix.sum(1) > 0
    return float(class_iou(matrix)[present].mean()) if present.any() else float("nan")
