"""Write docs/method.webp, the picture of the method in the README, with the shipped detector on a drawn frame.

python scripts/method_picture.py
"""

from __future__ import annotations

from pathlib import Path

from demo_drive import RECIPE

from unexpected_core import load_detector
from unexpected_core.drawing.tracks import DrawnRoads
from unexpected_core.images import write_image
from unexpected_core.labels import colorize
from unexpected_core.visualize import grid, heat_map, overlay

NUMBER = 14
"""A frame of the drive that `make demo` plays."""


def main() -> None:
    """Detect and write the picture."""
    image = DrawnRoads(**RECIPE)[NUMBER].image
    found = load_detector("fast").detect(image)
    steps = {
        "image": image,
        "labels: what the segmenter sees": colorize(found.labels),
        "resynthesis: painted from the labels alone": found.resynthesis,
        "score: where photo and painting disagree": heat_map(found.score),
        "regions": overlay(image, found),
    }
    target = Path(__file__).resolve().parent.parent / "docs" / "method.webp"
    write_image(target, grid(list(steps.values()), list(steps), columns=3, width=420), quality=80)
    print(f"{target} ({target.stat().st_size // 1000} kB)")


if __name__ == "__main__":
    main()
