"""What regions of interest cost in average precision: drawn obstacles, against the whole image on the same pixels.

    python bench/roi_ap.py road "0,0.4 1,0.4 1,1 0,1" [--seeds 1000 2000 3000] [--frames 40]

Prints AP of the whole image and of the region, and their difference with its paired 95 % interval (frame bootstrap).
"""

from __future__ import annotations

import argparse

import numpy as np

from unexpected_core import load_detector
from unexpected_core.drawing.tracks import DrawnRoads
from unexpected_core.labels import IGNORE
from unexpected_core.metrics.bootstrap import Resampled, compare, frame_weights, resample_pixels
from unexpected_core.metrics.pixel import PixelCounts
from unexpected_core.pipeline.roi import ROAD, given_area

SIZE = (512, 1024)


def average_precision(counts: PixelCounts) -> Resampled:
    """Of all frames, and of resamples of them; the same resamples for every count of as many frames."""
    return resample_pixels(counts, counts.numbers(), frame_weights(len(counts.runs)))["average_precision"]


def main() -> None:
    """Print a line for each region."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("roi", nargs="+", help="as the setting: road, a polygon, or the file of a mask")
    parser.add_argument("--detector", default="fast")
    parser.add_argument("--seeds", nargs="+", type=int, default=[1000, 2000, 3000])
    parser.add_argument("--frames", type=int, default=40, help="for each seed")
    options = parser.parse_args()
    detector = load_detector(options.detector, runtime="eager")
    counts = {roi: (PixelCounts(), PixelCounts()) for roi in options.roi}
    for seed in options.seeds:
        for sample in DrawnRoads("obstacle", options.frames, seed, SIZE):
            detector.update(roi="")
            whole = detector.score(sample.image)[0]
            for roi, (everywhere, inside) in counts.items():
                detector.update(roi=roi)
                judged = sample.obstacle if roi == ROAD else np.where(given_area(roi, SIZE), sample.obstacle, IGNORE)
                everywhere.add(whole.astype(np.float16), judged)
                inside.add(detector.score(sample.image)[0].astype(np.float16), judged)
    for roi, both in counts.items():
        whole, part = map(average_precision, both)
        change = compare(part, whole)
        interval = f"{100 * change.low:+.1f} to {100 * change.high:+.1f}"
        print(f"{roi}: {100 * whole.value:.1f}, {100 * part.value:.1f}, {100 * change.difference:+.1f} ({interval})")


if __name__ == "__main__":
    main()
