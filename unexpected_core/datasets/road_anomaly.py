"""Road Anomaly, the paper's own test set: the authors' folder, or flat folders of images and labels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from unexpected_core.config import read_json
from unexpected_core.datasets.base import DatasetError
from unexpected_core.datasets.frames import FileDataset, Frame
from unexpected_core.datasets.matching import check_count, images_below, match
from unexpected_core.datasets.roots import Home, find_root
from unexpected_core.labels import FLAT_ANOMALY, ROAD_ANOMALY

HOME = Home(
    "road_anomaly",
    ("frame_list.json", "images/*.*", "original/*.*"),
    "https://datasets-cvlab.epfl.ch/2019-road-anomaly/RoadAnomaly_jpg.zip",
    ("DIR_ROAD_ANOMALY",),
    "dataset_RoadAnomaly",
)
COUNT = 60


def road_anomaly(root: str | Path | None = None, check_counts: bool = True) -> FileDataset:
    """60 photographs of animals, rocks and vehicles where no car expects them; key = name without suffix.

    Authors' layout: ``frame_list.json``, ``frames/NAME.jpg``, ``frames/NAME.labels/labels_semantic.png`` (2 and more
    is the anomaly). Flat layout: ``images|original`` and ``labels|labels_masks`` (1 and more is the anomaly).
    """
    path = find_root(HOME, root)
    authors = (path / "frame_list.json").is_file()
    frames = _authors(path) if authors else flat_frames("road_anomaly", path)
    check_count("road_anomaly", len(frames), COUNT if check_counts else None)
    return FileDataset("road_anomaly", frames, obstacle_table=ROAD_ANOMALY if authors else FLAT_ANOMALY)


def _authors(path: Path) -> list[Frame]:
    names = read_json(path / "frame_list.json", list[str], DatasetError, "expected a list of names: get it again")
    images = {Path(name).stem: path / "frames" / name for name in sorted(names)}
    for image in images.values():
        if not image.is_file():
            raise DatasetError(f"data set 'road_anomaly': frame_list.json names {image}, which is not there")
    maps = {
        key: file for key in images if (file := path / "frames" / f"{key}.labels" / "labels_semantic.png").is_file()
    }
    maps = match("road_anomaly", images, maps, "labels_semantic.png")
    return [Frame(key, image, obstacle=maps.get(key)) for key, image in images.items()]


def flat_frames(
    name: str, path: Path, wanted: Callable[[str], bool] = lambda key: True, all_or_none: bool = False
) -> list[Frame]:
    """Frames of ``images|original`` whose key is wanted, with masks in ``labels|labels_masks``.

    Masks have the image's stem, with or without ``_labels_semantic``. all_or_none: masks of some frames are no error,
    and not used.
    """
    images = images_below(next(path / part for part in ("images", "original") if (path / part).is_dir()))
    there, images = images, {key: image for key, image in images.items() if wanted(key)}
    if there and not images:
        raise DatasetError(
            f"data set '{name}': none of the {len(there)} images below {path} has a published name (they are called "
            f"such as '{next(iter(there))}'), so the frames of this split are not known; give them their names back, "
            "or open the folder as obstacle_folder"
        )
    folder = next((path / part for part in ("labels_masks", "labels") if (path / part).is_dir()), None)
    files = images_below(folder) if folder else {}
    files = {key.removesuffix("_labels_semantic"): file for key, file in files.items() if "_color" not in key}
    if all_or_none and images.keys() - files.keys():
        files = {}
    maps = match(name, images, files, "label map", others=len(images) < len(there))
    return [Frame(key, image, obstacle=maps.get(key)) for key, image in images.items()]
