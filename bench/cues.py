"""What each cue of the comparer is worth: AP of the heads that `unexpected train fast_cues` made, on obstacle folders.

    python bench/cues.py exp/fast_cues anomaly/lost_and_found anomaly/fs_static

Mean and standard deviation over the heads of each kind, at half of the working size, over all pixels of all frames.
"""

from __future__ import annotations

import argparse
import statistics

import numpy as np
import torch

from unexpected_core.datasets import open_dataset
from unexpected_core.images import resize_image, resize_map
from unexpected_core.metrics.pixel import measure_pixels
from unexpected_core.networks import build_network
from unexpected_core.networks.fast_generator import appearance
from unexpected_core.scorers import load_scorer
from unexpected_core.weights.reading import load_into, read_weights


@torch.inference_mode()
def logits(scorer, heads, image: np.ndarray) -> dict[str, np.ndarray]:
    """Logit [H/2, W/2] of each head for RGB uint8 [H, W, 3], H and W multiples of 32."""
    x = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255
    segmented = scorer.segmenter(x)
    seen = appearance(x, segmented.logits)
    painted = scorer.generator(segmented.logits, seen)
    return {name: logit[0].numpy() for name, logit in heads(x, segmented, seen, painted).items()}


def judged(scorer, heads, folder: str) -> dict[str, float]:
    """AP in % of each head on the frames of an obstacle folder."""
    frames: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    for sample in open_dataset("obstacle_folder", folder):
        rows = scorer.working_height
        columns = round(sample.image.shape[1] * rows / sample.image.shape[0] / 32) * 32
        obstacle = resize_map(sample.obstacle, (rows // 2, columns // 2))
        for name, logit in logits(scorer, heads, resize_image(sample.image, (rows, columns))).items():
            frames.setdefault(name, []).append((logit.astype(np.float16), obstacle))
    return {name: 100 * measure_pixels(pairs).average_precision for name, pairs in frames.items()}


def main() -> None:
    """Print a row for each kind of head and folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", help="folder of the training, or cues.safetensors")
    parser.add_argument("folders", nargs="+", help="obstacle folders (images/ and obstacle/)")
    parser.add_argument("--detector", default="fast", help="the detector that the heads stand on")
    options = parser.parse_args()
    weights = read_weights(options.run)
    scorer = load_scorer(options.detector)
    if weights.card.stands_on != scorer.sha256:
        parser.error(f"the heads of {options.run} stand on another detector than {options.detector}")
    heads = build_network("fast_cues", **weights.card.options).eval()
    load_into(heads, weights)
    for folder in options.folders:
        found = judged(scorer, heads, folder)
        for kind in dict.fromkeys(name.rpartition("_")[0] for name in found):
            values = [value for name, value in found.items() if name.rpartition("_")[0] == kind]
            spread = f" +- {statistics.stdev(values):.1f}" if len(values) > 1 else ""
            print(f"{folder} {kind}: {statistics.mean(values):.1f}{spread}")


if __name__ == "__main__":
    main()
