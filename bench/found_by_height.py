"""How small may a thing be? Things found at several thresholds, by their height at the detector's working size.

    python bench/found_by_height.py obstacle_folder=anomaly/fs_static drawn

A thing is a connected part of the unexpected pixels; it is found where a quarter of it lies in the mask.
"""

from __future__ import annotations

import argparse

import cv2
import numpy as np

from unexpected_core import load_detector
from unexpected_core.datasets import open_dataset
from unexpected_core.regions import RegionSettings, find_regions

THRESHOLDS = (0.5, 0.7, 0.8, 0.9, 0.95, 0.985)
HEIGHTS = (0, 5, 10, 20, 40)
"""Least rows at the working size of each kind of things."""
LEAST, COVERED = 10, 0.25
"""A thing counts from this many pixels of the frame on, and is found where this share of it lies in the mask."""


def things(obstacle: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """Height in pixels and mask bool [H, W] of each connected part of the unexpected in uint8 [H, W]."""
    count, parts, stats, _ = cv2.connectedComponentsWithStats((obstacle == 1).astype(np.uint8))
    large = (part for part in range(1, count) if stats[part, cv2.CC_STAT_AREA] >= LEAST)
    return [(int(stats[part, cv2.CC_STAT_HEIGHT]), parts == part) for part in large]


def measure(detector, dataset) -> np.ndarray:
    """int [kinds by height, 1 + thresholds]: how many there are, and how many are found at each."""
    counts = np.zeros((len(HEIGHTS), 1 + len(THRESHOLDS)), int)
    for sample in dataset:
        found = detector.detect(sample.image)
        settings = [RegionSettings(threshold=threshold, max_regions=256) for threshold in THRESHOLDS]
        masks = [find_regions(found.score, found.labels, each)[0] for each in settings]
        for height, thing in things(sample.obstacle):
            rows = height * detector.scorer.working_height / len(sample.image)
            kind = np.searchsorted(HEIGHTS, rows, "right") - 1
            counts[kind] += [1, *(mask[thing].mean() >= COVERED for mask in masks)]
    return counts


def main() -> None:
    """Print a line for each set and kind of things."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+", metavar="NAME[=ROOT]")
    parser.add_argument("--detector", default="fast")
    parser.add_argument("--count", type=int, default=120, help="drawn frames (default 120)")
    options = parser.parse_args()
    detector = load_detector(options.detector)
    for text in options.sets:
        name, _, root = text.partition("=")
        extra = {"split": "obstacle", "count": options.count, "seed": 1000} if name == "drawn" else {}
        for least, (total, *found) in zip(
            HEIGHTS, measure(detector, open_dataset(name, root or None, **extra)), strict=True
        ):
            each = ", ".join(f"{number} at {threshold}" for number, threshold in zip(found, THRESHOLDS, strict=True))
            print(f"{text}, {least} rows and more: {total} things; found {each}", flush=True)


if __name__ == "__main__":
    main()
