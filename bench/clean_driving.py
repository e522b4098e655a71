"""How silent is a detector where nothing is unexpected? False regions, false pixels, and known things reported.

    python bench/clean_driving.py camvid=data/camvid paired_folder=data/cityscapes_256:2.0

Each set is NAME=ROOT, its split `val`; ':2.0' stretches frames to that width / height. What is chosen on the even
frames of a set is tried on the odd ones.
"""

from __future__ import annotations

import argparse
from collections import defaultdict

import cv2
import numpy as np

from unexpected_core import load_detector
from unexpected_core.datasets import open_dataset
from unexpected_core.datasets.base import Dataset
from unexpected_core.images import resize_image, resize_map
from unexpected_core.labels import TRAIN_ID
from unexpected_core.regions import RegionSettings, find_regions

THRESHOLDS = (0.5, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.96, 0.97, 0.98, 0.985, 0.99)
PROMISES = (1e-3, 3e-4, 1e-4)
KNOWN = ("car", "person", "rider", "truck", "bus", "train", "motorcycle")
LEAST, COVERED = 60, 0.25
"""A known thing counts from this many pixels on, and is reported where this share of it lies in a mask."""
EDGES = np.linspace(-14, 14, (1 << 14) + 1)
"""Bins of pixels are even in the logit, for thresholds lie close to 1."""


def logit(score: np.ndarray) -> np.ndarray:
    """Score in [0, 1] -> log odds, in +-13.8."""
    return np.log(np.maximum(score, 1e-6) / np.maximum(1 - score, 1e-6))


class Silence:
    """Over frames: regions at each threshold, pixels by logit, known things (all; reported at each threshold)."""

    def __init__(self) -> None:
        self.frames = 0
        self.regions = np.zeros(len(THRESHOLDS), int)
        self.pixels = np.zeros(len(EDGES) - 1, int)
        self.things: dict[str, np.ndarray] = defaultdict(lambda: np.zeros(1 + len(THRESHOLDS), int))

    def add(self, score: np.ndarray, predicted: np.ndarray, labels: np.ndarray | None) -> None:
        """Score float32 [H, W] in [0, 1], predicted and true train ids uint8 [H, W] of one frame."""
        self.frames += 1
        self.pixels += np.histogram(logit(score), EDGES)[0]
        found = [find_regions(score, predicted, RegionSettings(threshold=t, max_regions=256)) for t in THRESHOLDS]
        self.regions += [len(regions) for _, regions in found]
        for name in KNOWN if labels is not None else ():
            for thing in connected(labels == TRAIN_ID[name]):
                self.things[name] += [1, *(mask[thing].mean() >= COVERED for mask, _ in found)]

    def merge(self, other: Silence) -> None:
        """Count the other's frames too."""
        self.frames += other.frames
        self.regions += other.regions
        self.pixels += other.pixels
        for name, things in other.things.items():
            self.things[name] += things

    def rate(self, threshold: float) -> float:
        """Share of pixels above a threshold."""
        return self.pixels[np.searchsorted(EDGES, logit(threshold)) :].sum() / self.pixels.sum()

    def threshold(self, rate: float) -> float:
        """The lowest threshold above which at most that share of pixels lies."""
        above = self.pixels[::-1].cumsum()[::-1] / self.pixels.sum()
        return float(1 / (1 + np.exp(-EDGES[np.argmax(above <= rate)])))


def connected(area: np.ndarray):
    """Masks of the connected parts of bool [H, W] that are large enough to count."""
    count, parts, stats, _ = cv2.connectedComponentsWithStats(area.astype(np.uint8))
    return [parts == part for part in range(1, count) if stats[part, cv2.CC_STAT_AREA] >= LEAST]


def opened(text: str) -> tuple[Dataset, float]:
    """NAME=ROOT[:ASPECT] -> the set's `val` and the aspect, 0 = as it is."""
    name, _, rest = text.partition("=")
    root, _, aspect = rest.partition(":")
    return open_dataset(name, root, split="val"), float(aspect or 0)


def measure(detector, dataset: Dataset, aspect: float) -> tuple[Silence, Silence]:
    """Silence on the even and on the odd frames."""
    halves = Silence(), Silence()
    for at, sample in enumerate(dataset):
        image, labels = sample.image, sample.labels
        if aspect:
            size = image.shape[0], round(image.shape[0] * aspect)
            image, labels = resize_image(image, size), None if labels is None else resize_map(labels, size)
        found = detector.detect(image)
        halves[at % 2].add(found.score, found.labels, labels)
    return halves


def report(even: Silence, odd: Silence) -> None:
    """Print what was counted in a set."""
    print(f"  {even.frames} even and {odd.frames} odd frames")
    for at, threshold in enumerate(THRESHOLDS):
        print(
            f"  {threshold}: {even.regions[at]} and {odd.regions[at]} regions, "
            f"{even.rate(threshold):.1e} and {odd.rate(threshold):.1e} of the pixels"
        )
    for rate in PROMISES:
        chosen = even.threshold(rate)
        print(
            f"  {rate:.0e} of the even frames' pixels lie above {chosen:.4f}, {odd.rate(chosen):.2e} of the odd ones'"
        )
    for kind in KNOWN:
        seen, *reported = even.things[kind] + odd.things[kind]
        print(f"  {kind}: {seen} things, reported at each threshold: {' '.join(map(str, reported))}")


def main() -> None:
    """Print the counts of each set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+", metavar="NAME=ROOT[:ASPECT]")
    parser.add_argument("--detector", default="fast")
    options = parser.parse_args()
    detector = load_detector(options.detector)
    together = Silence(), Silence()
    for text in options.sets:
        halves = measure(detector, *opened(text))
        print(text)
        report(*halves)
        for sum_, half in zip(together, halves, strict=True):
            sum_.merge(half)
    print("all sets")
    report(*together)


if __name__ == "__main__":
    main()
