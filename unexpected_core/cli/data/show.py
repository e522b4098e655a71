"""`unexpected data show`: how a data set looks."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from unexpected_core.cli.arguments import add_dataset_arguments, at_least_one, check_apart, open_from, to_path
from unexpected_core.cli.errors import UsageError
from unexpected_core.images import write_image
from unexpected_core.labels import colorize

if TYPE_CHECKING:
    from unexpected_core.datasets import Dataset
    from unexpected_core.discrepancy_data.reader import DiscrepancySample
    from unexpected_core.structs import Sample

RED = (255, 40, 40)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See cli.data."""
    add_dataset_arguments(parser)
    parser.add_argument("--discrepancy", metavar="DIR", help="show the discrepancy set DIR made from this data set")
    parser.add_argument("--key", action="append", metavar="KEY", help="show this frame (may be given several times)")
    parser.add_argument(
        "--count", type=at_least_one, default=8, metavar="N", help="else N frames, evenly spaced (default 8)"
    )
    parser.add_argument(
        "--width", type=at_least_one, default=384, metavar="PIXELS", help="width of a picture (default 384)"
    )
    parser.add_argument(
        "--out", type=to_path, default="sheet.jpg", metavar="FILE", help="the contact sheet (default sheet.jpg)"
    )
    parser.set_defaults(action=_show)


def _show(arguments: argparse.Namespace) -> int:
    from unexpected_core.datasets.frames import folders_of
    from unexpected_core.discrepancy_data.reader import DiscrepancyDataset
    from unexpected_core.visualize import grid

    dataset = open_from(arguments)
    check_apart(folders_of(dataset), arguments.out)
    if arguments.discrepancy:
        dataset = DiscrepancyDataset(arguments.discrepancy, dataset, arguments.split or "train")
    rows = [_panels(dataset[which]) for which in _chosen(dataset, arguments.key or (), arguments.count)]
    per_frame = max(map(len, rows))
    pictures, names = [image for row in rows for image in row.values()], [name for row in rows for name in row]
    write_image(arguments.out, grid(pictures, names, per_frame * max(1, 4 // per_frame), arguments.width))
    print(f"{len(rows)} of {len(dataset)} frames of {dataset.name} -> {arguments.out}")
    return 0


def _chosen(dataset: Dataset, keys: Sequence[str], count: int) -> list[int]:
    """The frames of these keys, else `count` evenly spread ones. Raises UsageError."""
    try:
        chosen = [dataset.index(key) for key in keys]
    except KeyError as error:
        raise UsageError(f"--key: {error.args[0]}") from None
    count = min(count, len(dataset))
    return chosen or [i * len(dataset) // count for i in range(count)]


def _panels(sample: Sample | DiscrepancySample) -> dict[str, np.ndarray]:
    """Pictures of one sample by caption; the same captions for every sample of a set."""
    panels = {sample.key: sample.image}
    if sample.labels is not None:
        panels["labels"] = colorize(sample.labels)
    if hasattr(sample, "resynthesis"):
        panels["resynthesis"] = sample.resynthesis
        panels["discrepancy"] = marked(sample.image, sample.discrepancy)
    elif sample.obstacle is not None:
        panels["obstacle"] = marked(sample.image, sample.obstacle)
    return panels


def marked(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Image RGB uint8 [H, W, 3], mask uint8 [H, W] -> the image with 1 in red and 255 darkened."""
    picture = image.copy()
    picture[mask == 1] = (0.3 * picture[mask == 1] + 0.7 * np.array(RED)).astype(picture.dtype)
    picture[mask == 255] //= 3
    return picture
