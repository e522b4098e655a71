"""Labels altered on purpose (Lis et al., ICCV 2019, section 3.3): objects get another class, or disappear.

Pure functions on label maps; every random choice comes from the generator passed in.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, Self

import cv2
import numpy as np
from pydantic import Field, model_validator

from unexpected_core.config import Settings
from unexpected_core.discrepancy_data.layout import ResynthesisSuffix
from unexpected_core.discrepancy_data.pastes import PasteSettings
from unexpected_core.labels import IGNORE, NUM_CLASSES, TRAIN_ID

FIRST_OBJECT = 24000
"""Cityscapes instance ids from here on are persons, riders and vehicles, one by one."""
COMPONENT_CLASSES = tuple(
    TRAIN_ID[name] for name in ("person", "rider", "car", "motorcycle", "bicycle", "traffic light", "traffic sign")
)
"""Classes whose connected areas count as objects where there are no instance maps; none of them fills a gap."""
PAPER_PIXELS = 1024 * 512


class Recipe(Settings):
    """How discrepancies are made. The default is the paper's."""

    swap_fraction: float = Field(0.5, ge=0, le=1, description="share of a frame's objects that get another class")
    disappear_fraction: float = Field(0.0, ge=0, le=1, description="share of a frame's objects that disappear")
    new_class: Literal["uniform", "frequency"] = Field(
        "uniform",
        description="how likely each of the other 18 classes "
        "is: all alike (the paper), or as frequent as it is in the set",
    )
    smallest_object: int = Field(
        750,
        ge=1,
        description="least area of an object that is a connected area, in pixels "
        "of 1024x512; for sets without instance maps",
    )
    paste: bool = Field(False, description="put objects into the photo, unknown to the labels")
    pastes: PasteSettings = Field(PasteSettings(), description="what is put in")
    seed: int = Field(0, ge=0, description="same seed, same set")
    gen_img_ext: ResynthesisSuffix = Field(
        ".jpg", description="format of the resyntheses: .jpg with quality 75 as the paper, .webp with 90, .png exact"
    )
    write_original: bool = Field(False, description="write the unaltered labels too (*_predTrainIds.png)")

    @model_validator(mode="after")
    def _fractions_fit(self) -> Self:
        if self.swap_fraction + self.disappear_fraction > 1:
            raise ValueError("swap_fraction and disappear_fraction together exceed 1; lower one")
        return self


RECIPES = {
    "swap_uniform": Recipe(),
    "swap_by_frequency": Recipe(new_class="frequency"),
    "disappear": Recipe(swap_fraction=0.0, disappear_fraction=0.5),
    "swap_and_disappear": Recipe(swap_fraction=0.3, disappear_fraction=0.3),
    "pastes": Recipe(swap_fraction=0.0, paste=True),
}
"""Name -> recipe. Uniform classes make rare ones, such as bus and truck, look like fakes; by frequency they do not."""


class Objects(NamedTuple):
    """ids int32 [H, W]; chosen ones are altered whole. candidates: the ids that may be."""

    ids: np.ndarray
    candidates: np.ndarray


def find_objects(labels: np.ndarray, instances: np.ndarray | None, smallest: int) -> Objects:
    """Persons, riders and vehicles by their instance ids, or else connected areas of COMPONENT_CLASSES.

    labels: train ids uint8 [H, W]; instances: int32 [H, W] or None; smallest: least area, pixels of 1024x512.
    """
    if instances is not None:
        ids = np.unique(instances)
        return Objects(instances, ids[ids >= FIRST_OBJECT])
    least = smallest * labels.size / PAPER_PIXELS
    ids, count = np.zeros(labels.shape, np.int32), 0
    for label in COMPONENT_CLASSES:
        _, parts, stats, _ = cv2.connectedComponentsWithStats((labels == label).view(np.uint8))
        for part in range(1, len(stats)):
            if stats[part, cv2.CC_STAT_AREA] > least:
                count += 1
                ids[parts == part] = count
    return Objects(ids, np.arange(1, count + 1))


def alter_labels(
    labels: np.ndarray,
    instances: np.ndarray | None,
    recipe: Recipe,
    rng: np.random.Generator,
    frequencies: np.ndarray | None = None,
) -> np.ndarray:
    """Swap and remove objects: train ids uint8 [H, W] -> train ids uint8 [H, W].

    frequencies: how frequent each class is, float [19]; needed for new_class = "frequency".
    """
    objects = find_objects(labels, instances, recipe.smallest_object)
    count = len(objects.candidates)
    swaps, removals = int(count * recipe.swap_fraction), int(count * recipe.disappear_fraction)
    chosen = rng.permutation(objects.candidates)[: swaps + removals]
    weights = np.ones(NUM_CLASSES) if recipe.new_class == "uniform" else frequencies
    altered = swap(labels, objects.ids, chosen[:swaps], weights, rng)
    return disappear(altered, np.isin(objects.ids, chosen[swaps:])) if removals else altered


def swap(
    labels: np.ndarray, ids: np.ndarray, chosen: np.ndarray, weights: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Labels uint8 [H, W], objects' ids int [H, W] -> labels where each chosen object has a class other than its own.

    chosen: int [n] ids. weights: float [19], how likely each class is. Ignored objects stay.

    An object's own class is the most frequent label on it.
    """
    altered = labels.copy()
    for number in chosen:
        mask = ids == number
        own = int(np.bincount(altered[mask]).argmax())
        if own == IGNORE:
            continue
        others = np.where(np.arange(NUM_CLASSES) == own, 0.0, weights)
        altered[mask] = rng.choice(NUM_CLASSES, p=others / others.sum())
    return altered


def disappear(labels: np.ndarray, removed: np.ndarray) -> np.ndarray:
    """Fill the removed pixels (bool [H, W]) with the label of the nearest pixel that may fill.

    Removed and ignored pixels, and those of COMPONENT_CLASSES, do not fill; where nothing does, nothing changes.
    """
    fills = ~removed & ~np.isin(labels, (*COMPONENT_CLASSES, IGNORE))
    if not fills.any():
        return labels.copy()
    _, nearest = cv2.distanceTransformWithLabels(
        (~fills).view(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    label_of = np.zeros(nearest.max() + 1, np.uint8)
    label_of[nearest[fills]] = labels[fills]
    return np.where(removed, label_of[nearest], labels)


def errors(labels: np.ndarray, altered: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Where the altered labels are wrong inside the ROI: uint8 [H, W], 1 or 0."""
    return ((labels != altered) & inside).astype(np.uint8)
