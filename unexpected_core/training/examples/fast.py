"""Examples for the `fast` networks: a crop of a real or drawn frame, things pasted in, then one camera's changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import cv2
import numpy as np

from unexpected_core.datasets import Dataset
from unexpected_core.discrepancy_data.pastes import Pasted, ignore_unexpected, paste_objects
from unexpected_core.discrepancy_data.pasting.cutouts import open_cut_outs
from unexpected_core.discrepancy_data.pasting.place import View, horizon_share
from unexpected_core.discrepancy_data.pasting.things import Lender
from unexpected_core.labels import IGNORE
from unexpected_core.structs import Sample
from unexpected_core.training.examples.camera import change_light, change_sensor
from unexpected_core.training.examples.crops import Crop, choose_crop, cut_image, cut_map, frames_by_class, rare_class
from unexpected_core.training.examples.samples import known_labels, spread
from unexpected_core.training.examples.settings import ExampleSettings


class ExampleSource(NamedTuple):
    """A data set, and how its frames are taken.

    aspect: width / height that they really had (0 = as stored). coarse: its labels know few classes, so that 255 there
    does not mean 'unknown thing'. times: how often each frame comes in a pass.
    """

    dataset: Dataset
    aspect: float = 0.0
    coarse: bool = False
    times: int = 1


OWN = 0.8
"""Share of the lenders that are frames of the same data set."""


class _Frame(NamedTuple):
    """A frame as stored, and width / height that it really had."""

    sample: Sample
    aspect: float


class FastExamples:
    """image uint8 [3, h, w], labels uint8 [h, w] (255 where unexpected), discrepancy uint8 [h, w] of one crop.

    discrepancy: 1 unexpected, 0 expected, 255 nobody knows. photo uint8 [3, h, w]: the crop in the same light but
    without what was pasted as unexpected, and as sharp and clean as it was; photo_discrepancy uint8 [h, w]: what of it
    is unexpected all the same, the frame's own obstacles.
    limit: so many of the examples, evenly spread; 0 = all.
    """

    def __init__(
        self, sources: Sequence[ExampleSource], settings: ExampleSettings, train: bool, limit: int = 0
    ) -> None:
        self.sources, self.settings, self.train = sources, settings, train
        datasets = [source.dataset for source in sources]
        where = [
            (d, i) for d, source in enumerate(sources) for i in range(len(datasets[d])) for _ in range(source.times)
        ]
        self.where = [where[number] for number in spread(len(where), limit)]
        self.keys = [self._key(d, i) for d, i in self.where]
        sources_of = np.array([d for d, _ in self.where])
        self._among = [np.flatnonzero(sources_of == d) for d in range(len(sources))]
        self.cut_outs = open_cut_outs(settings.pastes.things if settings.paste else "", training=train)
        self.frames_of = frames_by_class(datasets) if train and settings.rare else {}

    def __len__(self) -> int:
        return len(self.where)

    def example(self, index: int, random: np.random.Generator) -> dict[str, np.ndarray]:
        """See Examples.example."""
        (d, i), around = self._choose_frame(index, random)
        frame = self._frame(d, i)
        crop = self._choose_crop(frame, around, random)
        image = cut_image(frame.sample.image, crop, random)
        labels = cut_map(frame.sample.labels, crop)
        of_photo = self._unexpected(d, frame.sample, labels, crop)
        pasted = self._paste(image, labels, frame, d, crop, random)
        of_photo[pasted.covered] = 0  # what is there now was pasted, and is known
        seen, photo = pasted.image, pasted.photo
        if self.train:
            seen, photo = change_light((seen, photo), random)
            seen = change_sensor(seen, random)
        return {
            "image": np.ascontiguousarray(seen.transpose(2, 0, 1)),
            "labels": ignore_unexpected(pasted.labels, pasted.discrepancy),
            "discrepancy": np.where(pasted.discrepancy == 1, np.uint8(1), of_photo),
            "photo": np.ascontiguousarray(photo.transpose(2, 0, 1)),
            "photo_discrepancy": of_photo,
        }

    def key_of(self, index: int, random: np.random.Generator) -> str:
        """See Examples."""
        return self._key(*self._choose_frame(index, random)[0])

    def _key(self, d: int, i: int) -> str:
        dataset = self.sources[d].dataset
        return f"{dataset.name}/{dataset.keys[i]}"

    def _choose_frame(self, index: int, random: np.random.Generator) -> tuple[tuple[int, int], int | None]:
        """(data set, frame) of an example, now and then one with a rare class instead, and that class."""
        if not self.frames_of or random.random() >= self.settings.rare:
            return self.where[index], None
        around = int(random.choice(list(self.frames_of)))
        return self.frames_of[around][random.integers(len(self.frames_of[around]))], around

    def _frame(self, d: int, i: int) -> _Frame:
        """With the labels that are known: nothing known is learned or lent of its own obstacles."""
        source = self.sources[d]
        sample = source.dataset[i]
        sample = replace(sample, labels=known_labels(source.dataset, sample))
        return _Frame(sample, source.aspect or sample.image.shape[1] / sample.image.shape[0])

    def _choose_crop(self, frame: _Frame, around: int | None, random: np.random.Generator) -> Crop:
        s, stored = self.settings, frame.sample.labels.shape
        least, greatest = s.heights[0], max(s.heights[0], min(s.heights[1], s.enlarge * stored[0]))
        height = np.exp(random.uniform(np.log(least), np.log(greatest))) if self.train else least
        aspect = frame.aspect * (random.uniform(0.92, 1.08) if self.train else 1.0)
        flip = bool(self.train and random.random() < 0.5)
        if around is None and self.train and random.random() < s.balance:
            around = rare_class(frame.sample.labels, random)
        return choose_crop(frame.sample, s.crop, height, aspect, flip, around, random)

    def _unexpected(self, d: int, sample: Sample, labels: np.ndarray, crop: Crop) -> np.ndarray:
        """1 = the data set's own obstacles, 0 = nothing unexpected, 255 = who knows; labels, result: uint8 [h, w]."""
        unexpected = np.zeros_like(labels)
        if not self.sources[d].coarse:
            unexpected[(labels == IGNORE) & (cut_map(_nameless_things(sample.labels), crop) == 1)] = IGNORE
        if sample.obstacle is not None:
            unexpected[cut_map(sample.obstacle, crop) == 1] = 1
        return unexpected

    def _choose_lenders(self, d: int, random: np.random.Generator) -> np.ndarray:
        """Mostly frames of the same data set: on sharp frames known things of small ones would be blurred inside. Not
        where its labels know few classes, and so no things."""
        count, own = self.settings.sources, [] if self.sources[d].coarse else self._among[d]
        anywhere = random.integers(len(self), size=count)
        return np.where(random.random(count) < OWN, random.choice(own, count), anywhere) if len(own) else anywhere

    def _paste(
        self, image: np.ndarray, labels: np.ndarray, frame: _Frame, d: int, crop: Crop, random: np.random.Generator
    ) -> Pasted:
        if not self.settings.paste:
            return Pasted(image, np.zeros_like(labels), image, labels, np.zeros(labels.shape, bool))
        share = horizon_share(frame.sample.labels, self.settings.pastes.horizon)
        view = View(crop.row(share * frame.sample.labels.shape[0]), crop.frame_rows)
        lenders = _Lenders(self, self._choose_lenders(d, random))
        return paste_objects(image, labels, lenders, random, self.settings.pastes, self.cut_outs, view)


class _Lenders(Sequence[Lender]):
    """Other frames, read when something is taken from them."""

    def __init__(self, examples: FastExamples, indices: np.ndarray) -> None:
        self.examples, self.indices = examples, indices

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, i: int) -> Lender:
        sample, aspect = self.examples._frame(*self.examples.where[self.indices[i]])
        return Lender(sample.image, sample.labels, aspect, sample.obstacle)


def _nameless_things(labels: np.ndarray) -> np.ndarray:
    """Around ignored areas that do not touch the border, 1, elsewhere 0; uint8, of at most 512 rows, which is enough to
    tell which they are."""
    step = -(-labels.shape[0] // 512)
    small = np.ascontiguousarray(labels[step // 2 :: step, step // 2 :: step])
    nameless = small == IGNORE
    things = (nameless & ~touches_border(nameless)).astype(np.uint8)
    return things if step == 1 else cv2.dilate(things, np.ones((3, 3), np.uint8))


def touches_border(mask: np.ndarray) -> np.ndarray:
    """Parts of a bool mask [H, W] that reach the image's border (ego vehicle, rectification), bool [H, W]."""
    if not mask.any():
        return mask
    _, parts = cv2.connectedComponents(mask.astype(np.uint8))
    at_border = np.zeros(parts.max() + 1, bool)
    for side in (parts[0], parts[-1], parts[:, 0], parts[:, -1]):
        at_border[side] = True
    return mask & at_border[parts]
