"""SegmentMeIfYouCan: AnomalyTrack and ObstacleTrack with their published splits and frame counts."""

from __future__ import annotations

from pathlib import Path

from unexpected_core.config import unknown_name
from unexpected_core.datasets.base import DatasetError
from unexpected_core.datasets.frames import FileDataset
from unexpected_core.datasets.matching import check_count
from unexpected_core.datasets.road_anomaly import flat_frames
from unexpected_core.datasets.roots import Home, find_root
from unexpected_core.labels import OBSTACLE

SOURCE = "https://segmentmeifyoucan.com/datasets"
ANOMALY_TRACK = Home("anomaly_track", ("images/*.*",), SOURCE, ("DIR_ANOMALY_TRACK",), "dataset_AnomalyTrack")
OBSTACLE_TRACK = Home("obstacle_track", ("images/*.*",), SOURCE, ("DIR_OBSTACLE_TRACK",), "dataset_ObstacleTrack")

ANOMALY_COUNTS = {"all": 110, "test": 100, "validation": 10, "animals": 59, "vehicles": 23, "other": 11}
ANOMALY_FRAMES = {
    "animals": {
        "bear": 1,
        "camel": 2,
        "cock": 1,
        "cow": 14,
        "deer": 2,
        "donkey": 2,
        "elephant": 12,
        "goose": 1,
        "horse": 5,
        "leopard": 1,
        "lion": 1,
        "pig": 2,
        "rhino": 2,
        "sheep": 11,
        "zebra": 2,
    },
    "vehicles": {"airplane": 2, "boat_trailer": 5, "caravan": 8, "scooter": 1, "tractor": 6},
    "other": {"coffin": 1, "cones": 7, "hay": 1, "piano": 1, "tent": 1},
}
"""Parts of the test split, as the benchmark's code lists them: frames by what they show, numbered from 0000."""
CARRIAGE = "carriage0001"
"""A vehicle too; the other seven carriages are in no part, because one sees the horse."""
SNOW, NIGHT, VALIDATION = ("snowstorm1", "snowstorm2"), ("driveway",), ("validation",)
NOT_IN_VALIDATION = tuple(f"validation_{n}" for n in (19, *range(21, 30)))
OBSTACLE_COUNTS = {"test": 327, "noNight": 382, "night": 30, "snowstorm": 55, "validation": 30, "all": None}


def anomaly_track(root: str | Path | None = None, split: str = "validation", check_counts: bool = True) -> FileDataset:
    """Splits validation (the only one with public labels), test, its parts animals, vehicles and other; all, which has
    labels where every frame has one.

    Key = file name. The whole image is evaluated.
    """
    path = find_root(ANOMALY_TRACK, root)
    wanted = {
        "all": lambda key: True,
        "test": lambda key: not key.startswith("validation"),
        "validation": lambda key: key.startswith("validation"),
    }
    wanted |= {part: keys.__contains__ for part, keys in anomaly_parts().items()}
    return _track("AnomalyTrack", path, split, wanted, ANOMALY_COUNTS, check_counts)


def anomaly_parts() -> dict[str, set[str]]:
    """Keys of AnomalyTrack's animals, vehicles and other."""
    parts = {
        part: {f"{thing}{n:04d}" for thing, count in things.items() for n in range(count)}
        for part, things in ANOMALY_FRAMES.items()
    }
    parts["vehicles"].add(CARRIAGE)
    return parts


def obstacle_track(root: str | Path | None = None, split: str = "validation", check_counts: bool = True) -> FileDataset:
    """Splits validation, test, noNight, night, snowstorm; all, which has labels where every frame has one.

    A key's scene is its part before the first '_'.
    Only the road is evaluated (255 elsewhere).
    """
    path = find_root(OBSTACLE_TRACK, root)
    wanted = {
        "test": lambda key: _scene(key) not in SNOW + NIGHT + VALIDATION,
        "noNight": lambda key: _scene(key) not in NIGHT + VALIDATION,
        "night": lambda key: _scene(key) in NIGHT,
        "snowstorm": lambda key: _scene(key) in SNOW,
        "validation": lambda key: _scene(key) in VALIDATION and not key.startswith(NOT_IN_VALIDATION),
        "all": lambda key: True,
    }
    return _track("ObstacleTrack", path, split, wanted, OBSTACLE_COUNTS, check_counts)


def _scene(key: str) -> str:
    return key.partition("_")[0]


def _track(name: str, path: Path, split: str, wanted: dict, counts: dict, check_counts: bool) -> FileDataset:
    if split not in wanted:
        raise DatasetError(unknown_name(f"split of {name}", split, wanted))
    name = f"{name}-{split}"
    # that of a run for the benchmark, whose labels of the test frames are not public
    frames = flat_frames(name, path, wanted[split], all_or_none=split == "all")
    check_count(name, len(frames), counts[split] if check_counts else None)
    return FileDataset(name, frames, obstacle_table=OBSTACLE)
