"""Drawn roads as a data set among the others: nothing to download."""

from __future__ import annotations

from pathlib import Path

from unexpected_core.datasets.base import Dataset, DatasetError
from unexpected_core.structs import RoadCamera, Sample

VAL_SEED = 1_000_000
"""Added to the seed of the validation split: the train track, other roads."""


class Drawn(Dataset):
    """Frames of a drawn track; the world is made when the first frame is asked for."""

    def __init__(self, track: str, count: int, seed: int, size: tuple[int, int]) -> None:
        from unexpected_core.drawing.errors import DrawingError
        from unexpected_core.drawing.tracks import DrawnRoads

        try:
            self.roads = DrawnRoads(track, count, seed, size)
        except DrawingError as error:
            raise DatasetError(f"data set 'drawn': {error}") from error
        super().__init__(f"drawn-{track}", self.roads.keys)

    def load(self, index: int) -> Sample:
        """Draw one frame; see Dataset.load."""
        return self.roads[index]

    def camera(self, key: str) -> RoadCamera:
        """See Dataset.camera."""
        return self.roads.camera(self.index(key))

    def sequence(self, key: str) -> str | None:
        """Its clip; frames of other tracks have a road of their own each."""
        return key.rpartition("/")[0] if self.roads.track == "clips" else None


def drawn(
    root: str | Path | None = None,
    split: str = "train",
    count: int = 200,
    seed: int = 0,
    height: int = 256,
    width: int = 512,
) -> Drawn:
    """Drawn frames. split: a track (train, train_objects, obstacle, anomaly, shift, clips), or "val" = train elsewhere.

    There are no files, hence no root. Raises DatasetError.
    """
    if root:
        raise DatasetError(
            f"data set 'drawn' is drawn on the spot and has no folder, found {root}: leave it out; frames that "
            f"`unexpected data draw` wrote there are the data set obstacle_folder={root}"
        )
    if split == "val":
        split, seed = "train", seed + VAL_SEED
    return Drawn(split, count, seed, (height, width))
