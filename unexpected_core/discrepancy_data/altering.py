"""One frame of a discrepancy set: its labels swapped, things pasted in, and where that made it wrong."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import numpy as np

from unexpected_core.datasets import Dataset, DatasetError
from unexpected_core.discrepancy_data.pastes import NOTHING, ignore_unexpected, paste_objects
from unexpected_core.discrepancy_data.pasting.cutouts import CutOuts
from unexpected_core.discrepancy_data.pasting.things import Lender
from unexpected_core.discrepancy_data.swaps import Recipe, alter_labels, errors
from unexpected_core.images import ImageError
from unexpected_core.labels import IGNORE
from unexpected_core.structs import Sample

PASTE_LENDERS = 3


class Altered(NamedTuple):
    """One frame before painting. photo: what is painted anew; image: the same, only where something was pasted.

    source: fingerprint of what it came from; seen: of its photograph.
    """

    key: str
    labels: np.ndarray
    original: np.ndarray
    discrepancy: np.ndarray
    image: np.ndarray | None
    source: str
    seen: str
    photo: np.ndarray


def alter(
    dataset: Dataset,
    key: str,
    recipe: Recipe,
    frequencies: tuple[float, ...] | None = None,
    cut_outs: CutOuts = NOTHING,
) -> Altered:
    """Read one frame and alter it as the recipe says. Raises ImageError, DatasetError."""
    sample = dataset[key]
    labels = labels_of(sample)
    rng = frame_random(recipe.seed, key)
    weights = None if frequencies is None else np.array(frequencies)
    altered = alter_labels(labels, sample.instances, recipe, rng, weights)
    inside = roi(sample)
    discrepancy, image = errors(labels, altered, inside), None
    if sample.obstacle is not None:
        discrepancy[sample.obstacle == 1] = 1  # the set's own unexpected things, which no label names
    if recipe.paste:
        lenders = [_lender(dataset, int(i), sample) for i in rng.integers(len(dataset), size=PASTE_LENDERS)]
        pasted = paste_objects(sample.image, labels, lenders, rng, recipe.pastes, cut_outs)
        altered = np.where(pasted.covered, pasted.labels, altered)
        discrepancy[pasted.covered] = 0
        labels = pasted.labels
        # A pasted object is one on unlabelled ground too; only a real ROI cuts it.
        seen = pasted.discrepancy if sample.obstacle is None else pasted.discrepancy & inside
        image, discrepancy = pasted.image, discrepancy | seen
    photo = sample.image if image is None else image
    fingerprints = fingerprint_of(sample), image_fingerprint(sample.image)
    return Altered(key, altered, labels, discrepancy, image, *fingerprints, photo)


def _lender(dataset: Dataset, index: int, borrower: Sample) -> Lender:
    """Another frame; the borrower itself where that one cannot be read, which is reported in its own turn."""
    try:
        sample = dataset[index]
        labels = labels_of(sample)
    except (ImageError, DatasetError):
        sample, labels = borrower, labels_of(borrower)
    if sample.obstacle is not None:
        labels = ignore_unexpected(labels, sample.obstacle)  # obstacles are lent as such, never as something known
    return Lender(sample.image, labels, 0.0, sample.obstacle)


def frame_random(seed: int, key: str) -> np.random.Generator:
    """Random numbers of one frame, the same whoever makes it and in whatever order."""
    return np.random.default_rng([seed, *hashlib.sha256(key.encode()).digest()])


def roi(sample: Sample) -> np.ndarray:
    """bool [H, W]: inside the set's ROI where it has one, else wherever there is a label."""
    return (sample.labels if sample.obstacle is None else sample.obstacle) != IGNORE


def labels_of(sample: Sample) -> np.ndarray:
    """Its labels, uint8 [H, W]. Raises DatasetError where it has none."""
    if sample.labels is None:
        raise DatasetError(f"'{sample.key}' has no labels to alter; use a labelled set or split")
    return sample.labels


def fingerprint_of(sample: Sample) -> str:
    """SHA-256 of all that a frame is made from: image, labels, instances and obstacles, as far as there are any."""
    maps = sample.maps()
    digest = hashlib.sha256(", ".join(maps).encode())
    for values in maps.values():
        digest.update(np.ascontiguousarray(values))
    return digest.hexdigest()


def earlier_fingerprint(sample: Sample) -> str | None:
    """The fingerprint that earlier versions wrote, to which obstacles were no errors; None for a sample with obstacles.

    There what they made is out of date.
    """
    if sample.obstacle is not None and (sample.obstacle == 1).any():
        return None
    parts = [values for values in (sample.image, sample.labels, sample.instances) if values is not None]
    return hashlib.sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in parts)).hexdigest()


def image_fingerprint(image: np.ndarray) -> str:
    """SHA-256 of an image's pixels, RGB uint8 [H, W, 3]."""
    return hashlib.sha256(np.ascontiguousarray(image)).hexdigest()
