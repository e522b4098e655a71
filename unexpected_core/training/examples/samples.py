"""From samples of data sets to training examples: data sets joined, labels checked, maps cropped and mirrored."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

import numpy as np

from unexpected_core.datasets import DATASETS, Dataset, open_dataset
from unexpected_core.datasets.base import Wrapped
from unexpected_core.datasets.cache import cached
from unexpected_core.datasets.joined import Joined
from unexpected_core.discrepancy_data.pastes import ignore_unexpected
from unexpected_core.labels import IGNORE, NUM_CLASSES, LabelKind
from unexpected_core.log import LOGGER
from unexpected_core.structs import Sample
from unexpected_core.training.errors import TrainingError
from unexpected_core.training.examples.augment import Augmentation
from unexpected_core.training.examples.drawn import drawn_dataset
from unexpected_core.training.examples.settings import DataSettings, SourceSettings

Maps = dict[str, np.ndarray]


def open_joined(data: SourceSettings, split: str, ids: LabelKind = "train") -> Joined:
    """The data sets of a training, joined; see `open_data`. Raises TrainingError, DatasetError."""
    if not data.sources:
        names = ", ".join(["drawn", *DATASETS])
        raise TrainingError(f"no data to train on: give --data NAME=ROOT, with NAME one of {names}")
    return Joined([open_data(data, name, root, split, ids) for name, root in data.named])


def open_data(data: SourceSettings, name: str, root: str, split: str, ids: LabelKind = "train") -> Dataset:
    """One of the data sets of a training. Raises TrainingError, DatasetError, also where it lacks such ids."""
    training = split == data.train
    if ids != "train" and "ids" not in _options(name):
        raise TrainingError(
            f"data set '{name}' has no {ids} ids, only Cityscapes has: for others, --set task.ids=train"
        )
    if training and (name == "drawn" or not has_splits(name)):
        _tell_splits_unused(data, name)
    if name == "drawn" and not root:
        dataset = drawn_dataset(data.drawn, training)
    else:
        takes = _options(name)
        given = {"split": split} | ({"check_counts": False} if data.partial else {})
        given = {option: value for option, value in given.items() if option in takes}
        given |= {"ids": ids} if ids != "train" else {}
        dataset = open_dataset(name, root or None, **given)
        dataset = dataset if has_splits(name) else part_of(dataset, training)
    LOGGER.info("%s: %d frames to %s", dataset.name, len(dataset), "learn from" if training else "validate with")
    return cached(dataset, data.cache) if training else dataset


def _tell_splits_unused(data: SourceSettings, name: str) -> None:
    """Warn of splits that are asked for of a data set that is not kept in any."""
    for setting in ("train", "val"):
        asked = getattr(data, setting)
        if asked != SourceSettings.model_fields[setting].default:
            LOGGER.warning("data.%s=%s changes nothing in '%s', which is not kept in splits", setting, asked, name)


def has_splits(name: str) -> bool:
    """Whether a data set is published, or kept, in splits; else `part_of` divides it."""
    return name == "drawn" or "split" in _options(name)


def _options(name: str) -> Collection[str]:
    return inspect.signature(DATASETS[name]).parameters if name in DATASETS else ()


def part_of(dataset: Dataset, training: bool) -> Dataset:
    """A set without splits -> the frames to learn from, or the last tenth, to validate with. Raises TrainingError.

    The last ones rather than every tenth: neighbours in a drive look alike.
    """
    held_out = max(1, len(dataset) // 10)
    if len(dataset) <= held_out:
        raise TrainingError(f"data set '{dataset.name}' has one frame: nothing is left to validate with; use more data")
    if not training:
        LOGGER.info("'%s' has no splits: its last %d frames validate, the others teach", dataset.name, held_out)
    return Wrapped(dataset, dataset.keys[:-held_out] if training else dataset.keys[-held_out:])


def spread(count: int, limit: int) -> list[int]:
    """`limit` of the indices 0..count-1 (all, if limit is 0 or greater than count), evenly spread."""
    return np.linspace(0, count - 1, min(limit or count, count)).round().astype(int).tolist()


class SampleExamples:
    """The maps of samples; changed at random for training, whole for validation (augment=None).

    maps_of: sample -> its maps by name, RGB uint8 [H, W, 3] or ids uint8 [H, W]; a function that can be pickled.
    limit: use so many samples, evenly spread; 0 = all.
    """

    def __init__(
        self, dataset: Dataset, maps_of: Callable[[Any], Maps], augment: Augmentation | None, limit: int = 0
    ) -> None:
        self.dataset, self.maps_of, self.augment = dataset, maps_of, augment
        self.chosen = spread(len(dataset), limit)
        self.keys = [dataset.keys[i] for i in self.chosen]

    def __len__(self) -> int:
        return len(self.keys)

    def example(self, index: int, random: np.random.Generator) -> Maps:
        """Images uint8 [3, H, W], ids uint8 [H, W], by name. Raises TrainingError."""
        sample = self.dataset[self.chosen[index]]
        return changed(sample.key, self.maps_of(sample), self.augment)


def labelled_examples(
    data: DataSettings, num_classes: int = NUM_CLASSES, ids: LabelKind = "train"
) -> tuple[SampleExamples, SampleExamples]:
    """Examples of images and labels, to learn from and to validate with; see `open_joined`."""
    maps_of = partial(labelled_maps, num_classes=num_classes)
    return (
        SampleExamples(open_joined(data, data.train, ids), maps_of, Augmentation(data)),
        SampleExamples(open_joined(data, data.val, ids), maps_of, None, data.val_examples),
    )


def labelled_maps(sample: Sample, num_classes: int) -> Maps:
    """image and labels of a sample. Raises TrainingError."""
    return {"image": sample.image, "labels": checked_labels(sample.key, sample.labels, num_classes)}


def checked_labels(key: str, labels: np.ndarray | None, num_classes: int = NUM_CLASSES) -> np.ndarray:
    """The labels of a sample, uint8 [H, W]. Raises TrainingError where there are none, or ids that no class has."""
    if labels is None:
        raise TrainingError(f"'{key}' has no labels, and this task learns from labels; use another data set or split")
    wrong = np.unique(labels[(labels >= num_classes) & (labels != IGNORE)])
    if wrong.size:
        ids = ", ".join(map(str, wrong[:5]))
        raise TrainingError(
            f"labels of '{key}' hold id {ids}; expected 0..{num_classes - 1}, or {IGNORE} = ignore: "
            "convert full ids to train ids, or raise task.num_classes"
        )
    return labels


def known_labels(dataset: Dataset, sample: Sample) -> np.ndarray:
    """What is learned of a frame, uint8 [H, W]: obstacles have no label, whatever the data set says.

    Raises TrainingError where there are no labels, or ids that no class has.
    """
    labels = checked_labels(f"{dataset.name}/{sample.key}", sample.labels)
    return labels if sample.obstacle is None else ignore_unexpected(labels, sample.obstacle)


def changed(key: str, maps: Maps, augment: Augmentation | None) -> Maps:
    """Maps of one example, changed alike; images [H, W, 3] become [3, H, W]. Raises TrainingError naming it."""
    if augment is None:
        return {name: np.ascontiguousarray(v.transpose(2, 0, 1) if v.ndim == 3 else v) for name, v in maps.items()}
    try:
        return augment(maps)
    except TrainingError as error:
        raise TrainingError(f"'{key}': {error}") from None
