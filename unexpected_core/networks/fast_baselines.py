"""The paper's baselines of the `fast` detector, on its own frozen segmenter and generator."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout2d

from unexpected_core.labels import NUM_CLASSES
from unexpected_core.networks.blocks import ConvNormReLU
from unexpected_core.networks.fast_comparer import COMPARES, FastComparer
from unexpected_core.networks.fast_generator import Appearance
from unexpected_core.networks.fast_segmenter import WIDTHS, SegmenterOutput
from unexpected_core.networks.rbm import Reconstruction, RoadAutoencoder, cut_patches

_JOINED = WIDTHS["fast"].d8 + WIDTHS["fast"].c4
DROPPED = 0.5
"""Share of channels that dropout sets to 0."""


class LabelHead(nn.Module):
    """The last decoder of FastSegmenter once more: `joined` [B, d8 + c4, h, w] -> logits [B, C, h, w]."""

    def __init__(self, joined: int = _JOINED) -> None:
        super().__init__()
        d4 = WIDTHS["fast"].d4
        self.decode4 = ConvNormReLU(joined, d4)
        self.classify = nn.Conv2d(d4, NUM_CLASSES, 1)

    def forward(self, joined: Tensor) -> Tensor:
        """See the class."""
        return self.classify(self.decode4(joined))


class DropoutHead(LabelHead):
    """A label head whose input is thinned by dropout of whole channels (Gal and Ghahramani, ICML 2016)."""

    def forward(self, joined: Tensor, mask: Tensor | None = None) -> Tensor:
        """Features float [B, C, h, w] -> logits. mask: of `draw_masks`; without, channels fall out anew in training."""
        thinned = dropout2d(joined, DROPPED, self.training) if mask is None else joined * mask.to(joined)
        return super().forward(thinned)

    def draw_masks(self, samples: int, seed: int) -> Tensor:
        """float [samples, channels, 1, 1]: 0 where a channel falls out, 2 where it stays."""
        generator = torch.Generator().manual_seed(seed)
        stays = torch.rand(samples, self.decode4[0].in_channels, 1, 1, generator=generator) >= DROPPED
        return stays.float() / (1 - DROPPED)


class Opinions(NamedTuple):
    """What each baseline says of a batch.

    full, generator_only, labels_only: logits [B, H/2, W/2]. ensemble: logits [B, K, C, H/4, W/4] of the members.
    dropout: logits [B, C, H/4, W/4]. rbm: every patch of the images, redrawn.
    """

    full: Tensor
    generator_only: Tensor
    labels_only: Tensor
    ensemble: Tensor
    dropout: Tensor
    rbm: Reconstruction


class FastBaselines(nn.Module):
    """All baselines, for training them together; they share no weight.

    full, generator_only, labels_only: comparers (FastComparer). ensemble: `members` label heads on one encoder, a deep
    sub-ensemble (Valdenegro-Toro, 2019). dropout: one more label head. rbm: the road autoencoder.
    """

    def __init__(self, members: int = 4) -> None:
        super().__init__()
        self.full = FastComparer(cues=COMPARES["full"])
        self.generator_only = FastComparer(cues=COMPARES["generator_only"])
        self.labels_only = FastComparer(cues=COMPARES["labels_only"])
        self.ensemble = nn.ModuleList(LabelHead() for _ in range(members))
        self.dropout = DropoutHead()
        self.rbm = RoadAutoencoder()

    def forward(self, images: Tensor, segmented: SegmenterOutput, seen: Appearance, resynthesis: Tensor) -> Opinions:
        """See FastComparer.forward for the arguments."""
        compared = (
            comparer(images, segmented, seen, resynthesis)
            for comparer in (self.full, self.generator_only, self.labels_only)
        )
        ensemble = torch.stack([head(segmented.joined) for head in self.ensemble], 1)
        redrawn = self.rbm.reconstruct(cut_patches(images * 255))
        return Opinions(*compared, ensemble, self.dropout(segmented.joined), redrawn)
