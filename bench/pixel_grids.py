"""How much of a difference is chance: two methods on frames that are moved by a few pixels, AP and FPR95 of each way.

    python bench/pixel_grids.py resynthesis direct obstacle_folder=anomaly/road_obstacle21

Strides see a frame otherwise when it is moved. What moves in is the edge repeated, and counts as outside. The last line
is the mean over all ways; its intervals are 95 %, of 2000 resamples of the frames, the same for all ways (seed 0).
"""

from __future__ import annotations

import argparse

import numpy as np

from unexpected_core import load_detector
from unexpected_core.datasets import open_dataset
from unexpected_core.labels import IGNORE
from unexpected_core.metrics.bootstrap import Resampled, compare, frame_weights, resample_pixels
from unexpected_core.metrics.pixel import PixelCounts

WAYS = ((0, 0), (0, 2), (0, 4), (0, 7), (0, 11), (2, 0), (5, 0), (5, 5), (4, 9))
"""Pixels down and to the right."""


def moved(image: np.ndarray, down: int, right: int, **edge: object) -> np.ndarray:
    """Image or mask uint8 [H, W, ...] -> the same size, moved. edge: how numpy.pad fills what moves in."""
    height, width = image.shape[:2]
    return np.pad(image, [(down, 0), (right, 0), *[(0, 0)] * (image.ndim - 2)], **edge)[:height, :width]


def mean(ways: list[Resampled]) -> Resampled:
    """A metric's mean over the ways, on the real frames and on each resample."""
    return Resampled(np.mean([way.value for way in ways]), np.mean([way.resamples for way in ways], axis=0))


def main() -> None:
    """Print a line for each way, and the mean."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("methods", nargs=2, metavar="METHOD")
    parser.add_argument("set", metavar="NAME[=ROOT]")
    parser.add_argument("--detector", default="fast")
    options = parser.parse_args()
    name, _, root = options.set.partition("=")
    dataset = open_dataset(name, root or None)
    detectors = [load_detector(options.detector, scorer=method) for method in options.methods]
    weights = frame_weights(len(dataset))
    found: list[list[dict[str, Resampled]]] = [[], []]
    for way in WAYS:
        all_counts = [PixelCounts() for _ in detectors]
        for sample in dataset:
            image = np.ascontiguousarray(moved(sample.image, *way, mode="edge"))
            obstacle = moved(sample.obstacle, *way, constant_values=IGNORE)
            for detector, counts in zip(detectors, all_counts, strict=True):
                counts.add(detector.score(image)[0], obstacle)
        for counts, of_method in zip(all_counts, found, strict=True):
            of_method.append(resample_pixels(counts, counts.numbers(), weights))
        print(way, *(f"{100 * m[-1]['average_precision'].value:.1f} / {100 * m[-1]['fpr95'].value:.1f}" for m in found))
    for metric in ("average_precision", "fpr95"):
        first, second = (mean([way[metric] for way in of_method]) for of_method in found)
        difference, low, high, _ = (100 * value for value in compare(first, second))
        values = f"{100 * first.value:.1f} and {100 * second.value:.1f}"
        print(f"{metric}, mean: {values}, difference {difference:+.1f} [{low:+.1f}, {high:+.1f}]")


if __name__ == "__main__":
    main()
