"""Making a discrepancy set: alter labels, repaint, write. Any number of workers gives the same bytes.

A frame's random numbers come from the seed and its key alone. Its files are whole or absent; the same call continues a
set that was interrupted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from itertools import batched
from pathlib import Path

import numpy as np

from unexpected_core.datasets import Dataset, DatasetError, Resized
from unexpected_core.discrepancy_data import layout
from unexpected_core.discrepancy_data.altering import (
    Altered,
    alter,
    earlier_fingerprint,
    fingerprint_of,
    labels_of,
)
from unexpected_core.discrepancy_data.frequencies import frequencies
from unexpected_core.discrepancy_data.manifest import FrameRecord, Journal, Manifest
from unexpected_core.discrepancy_data.pasting.cutouts import fingerprint, open_cut_outs
from unexpected_core.discrepancy_data.swaps import FIRST_OBJECT, Recipe
from unexpected_core.files import sha256
from unexpected_core.images import ImageError, write_image
from unexpected_core.labels import NUM_CLASSES, colorize
from unexpected_core.log import LOGGER, progress

Painter = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Train ids uint8 [H, W] and photograph uint8 [H, W, 3] -> resynthesis RGB uint8 [H, W, 3]."""
QUALITY = {".jpg": 75, ".webp": 90, ".png": 100}
NOTHING_WRONG = (
    "%s: nothing is wrong in any of %d frames, so nothing can be learned from them. Objects are told by instance ids "
    "from %d on (full id * 1000 + n), or without instance maps by the areas of their labels"
)


class GenerationError(ValueError):
    """A discrepancy set that cannot be made or finished; the message says the cause and the cure."""


def generate(
    dataset: Dataset,
    out: str | Path,
    recipe: Recipe,
    paint: Painter,
    *,
    generator: str,
    split: str,
    workers: int = 2,
    limit: int = 0,
) -> Manifest:
    """Write (or continue) the discrepancy set of one split and return its manifest.

    generator: name of the painter, for the manifest. split: its name; cut-outs to learn from are pasted where it begins
    with "train", elsewhere those kept for validation. limit: only the first so many frames, 0 = all. Source frames that
    cannot be read are reported, noted in the manifest and left out. Raises GenerationError when nothing can be
    written any more, ManifestError when `out` holds a set of another making, DatasetError for sets without labels, or
    with other classes than Cityscapes' 19.
    """
    out = Path(out)
    _check(dataset)
    keys = dataset.keys[: limit or None]
    things = (recipe.pastes.things if recipe.paste else "", split.startswith("train"))
    manifest = Manifest(
        dataset=dataset.name,
        size=dataset.size if isinstance(dataset, Resized) else None,
        generator=generator,
        recipe=recipe,
        frequencies=frequencies(dataset, recipe, workers),
        cut_outs=fingerprint(*things),
    )
    change = partial(alter, dataset, recipe=recipe, frequencies=manifest.frequencies, cut_outs=open_cut_outs(*things))
    journal = Journal(out, split)
    try:
        records = _unchanged(dataset, journal.begin(manifest), out, workers)
        todo = [key for key in keys if key not in records]
        if len(todo) < len(keys):
            LOGGER.info("%s: %d of %d frames are there already", out, len(keys) - len(todo), len(keys))
        made = _make(todo, change, paint, partial(_write, out, split, recipe), workers)
        failed = _keep(progress(made, f"discrepancies of {dataset.name}", len(todo)), journal, records)
        frames = tuple(records[key] for key in sorted(records))
        done = {"failed": failed, "complete": len(keys) == len(dataset), "frames": frames}
        manifest = manifest.model_copy(update=done)
        journal.end(manifest)
    except OSError as error:
        raise GenerationError(
            f"cannot write to {out}: {error.strerror or error}. What is finished stays; "
            "make room and run the same command to go on"
        ) from error
    if frames and not any(frame.wrong is None or frame.wrong for frame in frames):
        LOGGER.warning(NOTHING_WRONG, out, len(frames), FIRST_OBJECT)
    return manifest


def _check(dataset: Dataset) -> None:
    """Raises DatasetError where labels are not there, or not Cityscapes'."""
    if dataset.num_classes != NUM_CLASSES:
        raise DatasetError(
            f"data set '{dataset.name}' has {dataset.num_classes} classes; discrepancies are made of the {NUM_CLASSES} "
            "of Cityscapes: use another set, or ids=train"
        )
    with suppress(ImageError):
        labels_of(dataset[0])


def _unchanged(dataset: Dataset, records: Mapping[str, FrameRecord], out: Path, workers: int) -> dict[str, FrameRecord]:
    """The records of earlier frames whose sources are unchanged; the others are logged, and made again.

    Raises GenerationError where none is unchanged: then it is another data set, whose frames have the same names.
    """

    def differs(key: str) -> bool:
        try:
            sample = dataset[key]
        except (ImageError, DatasetError):
            return False  # what was made of it stays
        return records[key].source != fingerprint_of(sample) and records[key].source != earlier_fingerprint(sample)

    there = [key for key in dataset.keys if key in records]
    with ThreadPoolExecutor(max(1, workers)) as pool:
        found = progress(pool.map(differs, there), f"checking {out}", len(there))
        changed = [key for key, other in zip(there, found, strict=True) if other]
    if changed and len(changed) == len(there):
        raise GenerationError(
            f"{out} was made of other frames: the image, labels, instances or obstacles of '{changed[0]}' were not "
            f"those that '{dataset.name}' has now. Give another --out"
        )
    if changed:
        told = "%s: %d of %d frames are made again: what they were made from changed, first '%s'"
        LOGGER.warning(told, out, len(changed), len(there), changed[0])
    return {key: record for key, record in records.items() if key not in set(changed)}


def _keep(
    made: Iterable[tuple[str, FrameRecord | Exception]], journal: Journal, records: dict[str, FrameRecord]
) -> dict[str, str]:
    """Add every frame to the journal as soon as it is written; returns the keys of those left out, with the cause."""
    failed: dict[str, str] = {}
    for key, result in made:
        if isinstance(result, FrameRecord):
            journal.add(result)
            records[key] = result
        else:
            LOGGER.error("left out %s: %s", key, result)
            failed[key] = str(result)
    return failed


def _make(
    keys: list[str],
    change: Callable[[str], Altered],
    paint: Painter,
    write: Callable[[Altered, np.ndarray], FrameRecord],
    workers: int,
) -> Iterator[tuple[str, FrameRecord | Exception]]:
    """Read and write in threads (OpenCV lets go of the interpreter), paint here; in order, a few frames at a time."""
    with ThreadPoolExecutor(max(1, workers)) as pool:
        for group in batched(keys, 4 * max(1, workers)):
            prepared = [pool.submit(change, key) for key in group]
            written: list[Future | Exception] = []
            for future in prepared:
                try:
                    frame = future.result()
                except (ImageError, DatasetError) as error:
                    written.append(error)
                else:
                    written.append(pool.submit(write, frame, paint(frame.labels, frame.photo)))
            for key, result in zip(group, written, strict=True):
                yield key, result if isinstance(result, Exception) else result.result()


def _write(out: Path, split: str, recipe: Recipe, frame: Altered, resynthesis: np.ndarray) -> FrameRecord:
    def labels(ending: str) -> str:
        return layout.label_file(split, frame.key, ending)

    maps = {
        labels(layout.COLOURS): colorize(frame.labels),
        labels(layout.ERRORS): frame.discrepancy * 255,
        layout.resynthesis_file(split, frame.key, recipe.gen_img_ext): resynthesis,
    }
    if recipe.write_original:
        maps |= {labels(layout.ORIGINAL): frame.original, labels(layout.ORIGINAL_COLOURS): colorize(frame.original)}
    if frame.image is not None:
        maps[layout.image_file(split, frame.key)] = frame.image
    maps[labels(layout.LABELS)] = frame.labels  # last: where it is, a reader takes the frame as made
    for name, values in maps.items():
        write_image(out / name, values, QUALITY[recipe.gen_img_ext] if name.startswith("gen_image") else 90)
    wrong, files = int(frame.discrepancy.sum()), {name: sha256(out / name) for name in maps}
    return FrameRecord(key=frame.key, source=frame.source, image=frame.seen, wrong=wrong, files=files)
