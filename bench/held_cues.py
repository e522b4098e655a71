"""What each cue is worth to a trained comparer: AP and FPR95 with that cue held at its mean over normal frames.

    python bench/held_cues.py camvid=data/camvid obstacle_folder=anomaly/fs_static drawn

The first set is normal driving and gives the means; each other one is judged, at half of its frames' size. Nothing is
trained again, so this says what the comparer leans upon, and not what another one could do without.
"""

from __future__ import annotations

import argparse

import numpy as np
import torch
from torch import Tensor

from unexpected_core import load_detector
from unexpected_core.datasets import open_dataset
from unexpected_core.metrics.pixel import measure_pixels
from unexpected_core.networks.fast_comparer import CUES, FastComparer

HELD = (None, *(cue for cue in CUES if cue != "segmenter"))
NORMAL = 16


class Holding:
    """A comparer whose inputs can be held: `cue` is the one held now, None = none; `collect` gathers means."""

    def __init__(self, comparer: FastComparer) -> None:
        self.cue: str | None = None
        self.collect = False
        self.sums: dict[str, list[Tensor]] = {"enter": [], "mix2": []}
        ends = np.cumsum(list(comparer.quarter.values())).tolist()
        self.places = {
            cue: slice(end - width, end) for (cue, width), end in zip(comparer.quarter.items(), ends, strict=True)
        }
        comparer.enter.register_forward_pre_hook(lambda _, given: self.held("enter", given[0]))
        comparer.mix2.register_forward_pre_hook(lambda _, given: self.held("mix2", given[0]))

    def held(self, layer: str, x: Tensor) -> Tensor:
        """The layer's input [B, C, h, w], the held cue's channels at their means."""
        if self.collect:
            self.sums[layer].append(x.float().mean((0, 2, 3)))
        # The painting is met once more at 1/2 of the size, as the last three channels.
        place = slice(-3, None) if layer == "mix2" else self.places.get(self.cue)
        if self.cue is None or place is None or (layer == "mix2" and self.cue != "resynthesis"):
            return x
        x = x.clone()
        x[:, place] = torch.stack(self.sums[layer]).mean(0)[place, None, None].to(x.dtype)
        return x


def judged(detector, dataset) -> str:
    """AP and FPR95 in % over the pixels of every second row and column."""
    pairs = []
    for sample in dataset:
        pairs.append((detector.detect(sample.image).score[::2, ::2], sample.obstacle[::2, ::2]))
    counts = measure_pixels(pairs)
    return f"{100 * counts.average_precision:.1f} / {100 * counts.fpr95:.1f}"


def main() -> None:
    """Print a line for each set and held cue."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("normal", metavar="NAME=ROOT")
    parser.add_argument("sets", nargs="+", metavar="NAME[=ROOT]")
    parser.add_argument("--detector", default="fast")
    options = parser.parse_args()
    detector = load_detector(options.detector, runtime="eager", precision="float32")
    holding = Holding(detector.scorer.comparer)
    name, _, root = options.normal.partition("=")
    normal = open_dataset(name, root, split="val")
    holding.collect = True
    for at in range(0, len(normal), max(1, len(normal) // NORMAL)):
        detector.detect(normal[at].image)
    holding.collect = False
    for text in options.sets:
        name, _, root = text.partition("=")
        extra = {"split": "obstacle", "count": 30, "seed": 1000} if name == "drawn" else {}
        dataset = open_dataset(name, root or None, **extra)
        for holding.cue in HELD:
            print(f"{text}, {holding.cue or 'nothing'} held: {judged(detector, dataset)}", flush=True)


if __name__ == "__main__":
    main()
