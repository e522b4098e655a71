"""Heads of the `fast` detector that differ in their cues, to learn what each cue is worth."""

from __future__ import annotations

from torch import Tensor, nn

from unexpected_core.networks.choices import SEEDS
from unexpected_core.networks.fast_comparer import CUES, DIRECT, Cue, FastComparer
from unexpected_core.networks.fast_generator import Appearance
from unexpected_core.networks.fast_segmenter import SegmenterOutput

VARIANTS: dict[str, tuple[Cue, ...]] = {
    "full": CUES,
    "direct": DIRECT,
    **{f"without_{left}": tuple(cue for cue in CUES if cue != left) for left in CUES if left != "segmenter"},
}
"""Name -> cues of the head."""


class CueHeads(nn.Module):
    """Heads named 'variant_seed', `seeds` of each variant; they share no weight."""

    def __init__(self, seeds: int = SEEDS) -> None:
        super().__init__()
        self.heads = nn.ModuleDict(
            {f"{name}_{seed}": FastComparer(cues=cues) for seed in range(seeds) for name, cues in VARIANTS.items()}
        )

    def forward(
        self, images: Tensor, segmented: SegmenterOutput, seen: Appearance, painted: Tensor
    ) -> dict[str, Tensor]:
        """Arguments as for FastComparer -> logit [B, H/2, W/2] of each head."""
        return {name: head(images, segmented, seen, painted) for name, head in self.heads.items()}
