"""The comparer of the `fast` detector, and the direct head that it has to beat: the same network with fewer cues."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, pixel_unshuffle

from unexpected_core.labels import NUM_CLASSES, TRAIN_ID
from unexpected_core.networks.blocks import ConvNormReLU, double, join
from unexpected_core.networks.choices import SIZE, Compares, Size
from unexpected_core.networks.class_statistics import BLOCK, expected_values
from unexpected_core.networks.fast_generator import Appearance
from unexpected_core.networks.fast_segmenter import WIDTHS, SegmenterOutput

Cue = Literal["segmenter", "labels", "road", "resynthesis", "colours", "features"]
CUES: tuple[Cue, ...] = get_args(Cue)
"""What a comparer may look at; see FastComparer."""
DIRECT: tuple[Cue, ...] = ("segmenter", "labels", "road")
"""Cues of the direct head: all that is known without comparing."""
COMPARES: dict[Compares, tuple[Cue, ...]] = {
    "full": CUES,
    "generator_only": ("resynthesis",),
    "labels_only": ("segmenter", "labels"),
}
"""What the photo is held to in the paper's own ablation -> cues."""

EMBEDDING = 8
GROUND = (TRAIN_ID["road"], TRAIN_ID["sidewalk"], TRAIN_ID["terrain"])


def label_evidence(logits: Tensor) -> Tensor:
    """Logits [B, C, h, w] -> [B, C + 2, h, w]: class probabilities, normalised entropy, greatest logit / 10."""
    logits = logits.float()
    log_p = logits.log_softmax(1)
    p = log_p.exp()
    entropy = -(p * log_p).sum(1, keepdim=True) / math.log(logits.shape[1])
    return torch.cat([p, entropy, logits.amax(1, keepdim=True) / 10], 1)


class FastComparer(nn.Module):
    """Where photo, labels and resynthesis disagree: one logit per pixel, at 1/2 of the image's size.

    cues: 'segmenter', its features. 'labels', its class probabilities and how sure they are. 'road', the share of road,
    pavement and terrain around each pixel. 'resynthesis', the distance of the photo from the painting. 'colours', the
    distance from the expected colours, in deviations. 'features', the distance of an embedding from its mean over the
    same classes around (Vojir et al., DaCUP, WACV 2023).
    """

    def __init__(self, num_classes: int = NUM_CLASSES, size: Size = SIZE, cues: Collection[Cue] = CUES) -> None:
        super().__init__()
        w = WIDTHS[size]
        self.cues = frozenset(cues)
        quarter: dict[Cue, int] = {
            "segmenter": w.d4,
            "labels": num_classes + 2,
            "road": 2 * len(GROUND),
            "resynthesis": 12,
            "colours": 9,
            "features": 2 * EMBEDDING,
        }
        self.quarter = {cue: quarter[cue] for cue in CUES if cue in self.cues}
        seen2 = (w.c2 if "segmenter" in self.cues else 3) + (3 if "resynthesis" in self.cues else 0)
        if "features" in self.cues:
            self.embed = nn.Conv2d(w.d4, EMBEDDING, 1)
        self.enter = ConvNormReLU(sum(self.quarter.values()), w.compare)
        seen8 = w.compare + (w.d8 if "segmenter" in self.cues else 0)
        self.mix8 = nn.Sequential(ConvNormReLU(seen8, w.compare), ConvNormReLU(w.compare, w.compare, dilation=2))
        self.mix4 = ConvNormReLU(2 * w.compare, w.compare // 2)
        self.mix2 = ConvNormReLU(w.compare // 2 + seen2, 16)
        self.decide = nn.Conv2d(16, 1, 1)

    def forward(
        self, images: Tensor, segmented: SegmenterOutput, seen: Appearance | None = None, painted: Tensor | None = None
    ) -> Tensor:
        """Images [B, 3, H, W] in [0, 1], resynthesis `painted` [B, 3, H/2, W/2] in [0, 1] -> logit [B, H/2, W/2].

        seen and painted may be None where no cue needs them.
        """
        photo = avg_pool2d(images.float(), 2)
        kind = segmented.quarter.dtype
        quarter, half = [], [segmented.half if "segmenter" in self.cues else photo]
        if "segmenter" in self.cues:
            quarter.append(segmented.quarter)
        if "labels" in self.cues:
            quarter.append(label_evidence(segmented.logits))
        if "road" in self.cues:
            quarter.append(_ground_around(seen.shares, segmented.logits.shape[1]))
        if "resynthesis" in self.cues:
            difference = (photo - painted.float()).abs()
            quarter.append(pixel_unshuffle(difference, 2))
            half.append(difference)
        if "colours" in self.cues:
            reach = (seen.near, seen.wide, seen.whole)
            quarter += [
                ((seen.photo - expected).abs() / (seen.deviation + 0.05)).clamp(max=6) / 2 for expected in reach
            ]
        if "features" in self.cues:
            quarter.append(self._strangeness(segmented))
        entered = self.enter(join(*(_like(x, kind) for x in quarter)))
        eighth = [avg_pool2d(entered, 2)] + ([segmented.eighth] if "segmenter" in self.cues else [])
        mixed = self.mix4(join(double(self.mix8(join(*eighth))), entered))
        mixed = self.mix2(join(double(mixed), *(_like(x, kind) for x in half)))
        return self.decide(mixed)[:, 0]

    def _strangeness(self, segmented: SegmenterOutput) -> Tensor:
        embedding = self.embed(segmented.quarter).float().tanh()
        expected = expected_values(segmented.logits.float().softmax(1), embedding)
        return torch.cat([(embedding - around).abs() for around in (expected.wide, expected.whole)], 1)


def direct_head(size: Size = SIZE) -> FastComparer:
    """The honest rival: the same network, nothing compared."""
    return FastComparer(size=size, cues=DIRECT)


def _like(x: Tensor, kind: torch.dtype) -> Tensor:
    return x.to(kind).contiguous(memory_format=torch.channels_last)


def _ground_around(shares: Tensor, classes: int) -> Tensor:
    """Shares [B, 2 C, h / 8, w / 8] -> those of the ground's classes, [B, 2 G, h, w]."""
    places = [reach * classes + ground for reach in (0, 1) for ground in GROUND]
    # Slices, for a list as index is copied from the host, which a CUDA graph cannot hold.
    ground = torch.cat([shares[:, place : place + 1] for place in places], 1)
    return interpolate(ground, scale_factor=BLOCK, mode="bilinear", align_corners=False)
