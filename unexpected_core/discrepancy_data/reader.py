"""Reading discrepancy sets, ours or the authors' published archive, together with the photographs they came from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np

from unexpected_core.datasets import Dataset, DatasetError, Resized
from unexpected_core.datasets.frames import translate
from unexpected_core.discrepancy_data import layout
from unexpected_core.discrepancy_data.altering import image_fingerprint, roi
from unexpected_core.discrepancy_data.manifest import ManifestError, read_manifest
from unexpected_core.files import visible
from unexpected_core.images import read_image, read_map
from unexpected_core.labels import IGNORE, TRAIN_IDS

SUFFIXES = get_args(layout.ResynthesisSuffix)


@dataclass(frozen=True, slots=True, eq=False)
class DiscrepancySample:
    """One training example.

    image, resynthesis: RGB uint8 [H, W, 3]. labels: altered train ids uint8 [H, W]. discrepancy: uint8 [H, W], 1 where
    labels were altered, an object pasted or the source has an obstacle, 0 elsewhere, 255 outside the ROI.
    """

    key: str
    image: np.ndarray
    labels: np.ndarray
    resynthesis: np.ndarray
    discrepancy: np.ndarray


class DiscrepancyDataset(Dataset):
    """The frames of `source` that a discrepancy set covers.

    root: the set's folder (``labels/``, ``gen_image/``). source: the data set it was made from, at the size it was made
    at, or as it is where the set's manifest says that.
    suffix: format of the resyntheses; found by looking where it is not given.
    """

    def __init__(self, root: str | Path, source: Dataset, split: str, suffix: str | None = None) -> None:
        self.root, self.split = Path(root), split
        self.manifest = read_manifest(self.root, split)
        size = self.manifest.size if self.manifest else None
        self.source = source = Resized(source, size) if size and not isinstance(source, Resized) else source
        if self.manifest is not None and not self.manifest.complete and not self.manifest.frames:
            raise ManifestError(f"the discrepancy set {root} ({split}) is not finished: run its command again to go on")
        made = self.manifest.frames if self.manifest else ()
        self._photographs = {record.key: record.image for record in made}
        labels, ending = self.root / "labels" / split, layout.LABELS
        there = {path.relative_to(labels).as_posix().removesuffix(ending) for path in visible(labels, f"**/*{ending}")}
        keys = [key for key in source.keys if key in there]
        if not keys:
            raise DatasetError(
                f"no discrepancy set of '{source.name}' in {root}: looked for {labels}/<key>{ending} "
                f"with keys such as '{source.keys[0]}'. Make it with `unexpected data discrepancy`"
            )
        super().__init__(f"{self.root.name}-{split}", keys)
        self.suffix = suffix or self._find_suffix(keys[0])

    def load(self, index: int) -> DiscrepancySample:
        """One example. Raises ImageError, DatasetError."""
        key = self.keys[index]
        sample = self.source[key]
        pasted = self.root / layout.image_file(self.split, key)
        ids = self.root / layout.label_file(self.split, key, layout.LABELS)
        altered = translate(read_map(ids), TRAIN_IDS, ids)
        wrong = read_map(self.root / layout.label_file(self.split, key, layout.ERRORS)) > 0  # 255, in old sets 1
        resynthesis = read_image(self.root / layout.resynthesis_file(self.split, key, self.suffix))
        image = read_image(pasted) if pasted.is_file() else sample.image
        for what, values in (("labels", altered), ("errors", wrong), ("resynthesis", resynthesis)):
            if values.shape[:2] != image.shape[:2]:
                raise DatasetError(
                    f"discrepancy set {self.root}: {what} of '{key}' are "
                    f"{values.shape[1]}x{values.shape[0]}, the photo of {self.source.name} is "
                    f"{image.shape[1]}x{image.shape[0]}"
                )
        if self._photographs.get(key) not in (None, image_fingerprint(sample.image)):
            raise DatasetError(
                f"discrepancy set {self.root} was made of another photograph than '{key}' of {self.source.name} is "
                f"now: give the data set it was made of ({self.manifest.dataset}), or make it again"
            )
        discrepancy = np.where(roi(sample) | wrong, wrong.astype(np.uint8), np.uint8(IGNORE))
        return DiscrepancySample(key, image, altered, resynthesis, discrepancy)

    def _find_suffix(self, key: str) -> str:
        for suffix in SUFFIXES:
            if (self.root / layout.resynthesis_file(self.split, key, suffix)).is_file():
                return suffix
        wanted = self.root / layout.resynthesis_file(self.split, key, "")
        raise DatasetError(f"discrepancy set {self.root} has no resynthesis {wanted}{{{','.join(SUFFIXES)}}}")
