"""Write docs/drawn_roads.webp, the picture of the drawn roads in the README.

python scripts/pictures/drawn_roads.py
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from unexpected_core.drawing.tracks import DrawnRoads
from unexpected_core.images import write_image
from unexpected_core.labels import colorize

FRAMES = (("obstacle", 1, 3), ("anomaly", 3, 4), ("train", 0, 3), ("shift", 0, 2), ("obstacle", 1, 5), ("shift", 0, 6))
"""Track, seed and number of each frame, row by row, three in a row; the labels of a row stand below it."""
SIZE = (192, 384)


def panel(track: str, seed: int, number: int) -> tuple[np.ndarray, np.ndarray]:
    """A frame with its obstacles outlined, and its labels with the obstacles in white."""
    sample = DrawnRoads(track, number + 1, seed, SIZE)[number]
    image, labels = sample.image.copy(), colorize(sample.labels)
    mask = (sample.obstacle == 1).astype(np.uint8)
    outline = cv2.dilate(mask, np.ones((3, 3), np.uint8)) != mask
    image[outline] = (255, 0, 255)
    labels[mask == 1] = 255
    return image, labels


def main() -> None:
    """Draw and write the sheet."""
    panels = [panel(*frame) for frame in FRAMES]
    rows = [np.hstack([part[kind] for part in panels[start : start + 3]]) for start in (0, 3) for kind in (0, 1)]
    target = Path(__file__).resolve().parents[2] / "docs" / "drawn_roads.webp"
    write_image(target, np.vstack(rows), quality=80)
    print(f"{target} ({target.stat().st_size // 1000} kB)")


if __name__ == "__main__":
    main()
