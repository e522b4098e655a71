"""SegmentMeIfYouCan: AnomalyTrack and ObstacleTrack with their published splits and frame counts."""

from __future__ import annotations

from pathlib import Path

from unexpected_core.config import unknown_name
from unexpected_core.datasets.base import DatasetError, FileDataset, check_count
from unexpected_core.datasets.road_anomaly import flat_frames
from unexpected_core.datasets.roots import Home, find_root
from unexpected_core.labels import OBSTACLE

SOURCE = "https://segmentmeifyoucan.com/datasets"
ANOMALY_TRACK = Home("anomaly_track", ("images/*.*",), SOURCE, ("DIR_ANOMALY_TRACK",), "dataset_AnomalyTrack")
OBSTACLE_TRACK = Home("obstacle_track", ("images/*.*",), SOURCE, ("DIR_OBSTACLE_TRACK",), "dataset_ObstacleTrack")

ANOMALY_COUNTS = {"all": 110, "test": 100, "validation": 10}
SNOW, NIGHT, VALIDATION = ("snowstorm1", "snowstorm2"), ("driveway",), ("validation",)
NOT_IN_VALIDATION = tuple(f"validation_{n}" for n in (19, *range(21, 30)))
OBSTACLE_COUNTS = {"test": 327, "noNight": 382, "night": 30, "snowstorm": 55, "validation": 30, "all": None}


def anomaly_track(root: str | Path | None = None, split: str = "validation", check_counts: bool = True) -> FileDataset:
    """Splits validation (the only one with public labels), test, all; key = file name. The whole image is evaluated."""
    path = find_root(ANOMALY_TRACK, root)
    wanted = {"all": lambda key: True, "test": lambda key: not key.startswith("validation"),
              "validation": lambda key: key.startswith("validation")}
    return _track("AnomalyTrack", path, split, wanted, ANOMALY_COUNTS, check_counts)


def obstacle_track(root: str | Path | None = None, split: str = "validation", check_counts: bool = True) -> FileDataset:
    """Splits validation, test, noNight, night, snowstorm, all; a key's scene is its part before the first '_'.

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
    frames = flat_frames(name, path, wanted[split])
    check_count(name, len(frames), counts[split] if check_counts else None)
    return FileDataset(name, frames, obstacle_table=OBSTACLE)
