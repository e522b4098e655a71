"""Write docs/method.webp, the picture of the method in the README, with the shipped detector on a drawn frame.

python scripts/pictures/method.py
"""

from __future__ import annotations

import sys
from pathlib import Path

from unexpected_core import load_detector
from unexpected_core.drawing.tracks import DrawnRoads
from unexpected_core.images import write_image
from unexpected_core.labels import colorize
from unexpected_core.visualize import grid, heat_map, overlay

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "demo"))
from drive import RECIPE  # noqa: E402

NUMBER = 14
"""A frame of the drive that `make demo` plays."""


def main() -> None:
    """Detect and write the picture."""
    image = DrawnRoads(**RECIPE)[NUMBER].image
    found = load_detector("fast").detect(image)
    steps = {
        "image": image,
        "labels: what the segmenter sees": colorize(found.labels),
        "resynthesis: the labels in this photo's light": found.resynthesis,
        "score: where photo and painting disagree": heat_map(found.score),
        "regions": overlay(image, found),
    }
    target = ROOT / "docs" / "method.webp"
    write_image(target, grid(list(steps.values()), list(steps), columns=3, width=420), quality=80)
    print(f"{target} ({target.stat().st_size // 1000} kB)")


if __name__ == "__main__":
    main()
