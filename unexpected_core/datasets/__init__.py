"""Data sets: frames with labels, behind one protocol. Imports no torch."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from unexpected_core.config import Value, unknown_name
from unexpected_core.datasets.base import Dataset, DatasetError, Resized
from unexpected_core.datasets.bdd100k import bdd100k
from unexpected_core.datasets.camvid import camvid
from unexpected_core.datasets.cityscapes import cityscapes, cityscapes_small
from unexpected_core.datasets.drawn import drawn
from unexpected_core.datasets.fishyscapes import fishyscapes_lost_and_found, fishyscapes_static
from unexpected_core.datasets.folders import image_folder, obstacle_folder, paired_folder
from unexpected_core.datasets.idd import idd_lite
from unexpected_core.datasets.lost_and_found import lost_and_found, lost_and_found_no_known, lost_and_found_small
from unexpected_core.datasets.nyu import nyu
from unexpected_core.datasets.played import bag, video
from unexpected_core.datasets.road_anomaly import road_anomaly
from unexpected_core.datasets.smiyc import anomaly_track, obstacle_track

__all__ = ["DATASETS", "Dataset", "DatasetError", "Resized", "open_dataset"]

DATASETS: dict[str, Callable[..., Dataset]] = {
    "cityscapes": cityscapes,
    "cityscapes_small": cityscapes_small,
    "bdd100k": bdd100k,
    "lost_and_found": lost_and_found,
    "lost_and_found_small": lost_and_found_small,
    "lost_and_found_no_known": lost_and_found_no_known,
    "road_anomaly": road_anomaly,
    "anomaly_track": anomaly_track,
    "obstacle_track": obstacle_track,
    "fishyscapes_lost_and_found": fishyscapes_lost_and_found,
    "fishyscapes_static": fishyscapes_static,
    "camvid": camvid,
    "idd_lite": idd_lite,
    "paired_folder": paired_folder,
    "obstacle_folder": obstacle_folder,
    "image_folder": image_folder,
    "drawn": drawn,
    "nyu": nyu,
    "video": video,
    "bag": bag,
}
"""Name -> function opening the set: ``f(root=None, split=..., ...)``; what each accepts is its signature."""


def open_dataset(
    name: str, root: str | Path | None = None, size: tuple[int, int] | None = None, **options: Value
) -> Dataset:
    """Open a data set by name; size (height, width) resizes every map. Raises DatasetError.

    options: the set's own keyword arguments, such as split="val".
    """
    if name not in DATASETS:
        raise DatasetError(unknown_name("data set", name, DATASETS))
    factory = DATASETS[name]
    accepted = [option for option in inspect.signature(factory).parameters if option != "root"]
    hints = get_type_hints(factory.func if isinstance(factory, partial) else factory)
    for option, value in options.items():
        if option not in accepted:
            raise DatasetError(f"data set '{name}': {unknown_name('option', option, accepted)}")
        _check_option(name, option, value, hints[option])
    dataset = factory(root, **options)
    return Resized(dataset, size) if size else dataset


def _check_option(name: str, option: str, value: object, hint: Any) -> None:
    if get_origin(hint) is Literal and value not in get_args(hint):
        raise DatasetError(f"data set '{name}': {unknown_name(option, str(value), get_args(hint))}")
    try:
        TypeAdapter(hint).validate_python(value, strict=True)
    except ValidationError as error:
        fault = error.errors()[0]["msg"]
        raise DatasetError(f"data set '{name}': option '{option}' = {value!r}: {fault}") from None
