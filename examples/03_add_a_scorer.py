"""Add a scorer and judge it: python examples/03_add_a_scorer.py obstacle_folder --root FRAMES --out results"""

import sys

from unexpected_core.cli.main import main
from unexpected_core.scorers import SCORERS, ScorerEntry
from unexpected_core.scorers.logits.scorer import LogitsScorer, segmenter_of


def margin(logits):  # [B, C, H, W] -> [B, H, W] in [0, 1], higher = more unexpected
    first, second = logits.float().softmax(1).topk(2, dim=1).values.unbind(1)
    return 1 - (first - second)


def margin_scorer(base):
    return LogitsScorer(segmenter_of(base), margin)


SCORERS["margin"] = ScorerEntry(f"{__name__}:margin_scorer", base="fast")
if __name__ == "__main__":
    sys.exit(main(["evaluate", "margin,softmax", *sys.argv[1:]]))
