"""The comparer of the `fast` detector, and the direct head that it has to beat."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, cosine_similarity

from unexpected_core.labels import NUM_CLASSES
from unexpected_core.networks.blocks import ConvNormReLU, double, join
from unexpected_core.networks.choices import Compares
from unexpected_core.networks.fast_segmenter import SegmenterOutput


def label_evidence(logits: Tensor) -> Tensor:
    """Logits [B, C, h, w] -> [B, C + 2, h, w]: class probabilities, normalised entropy, greatest logit / 10."""
    logits = logits.float()
    log_p = logits.log_softmax(1)
    p = log_p.exp()
    entropy = -(p * log_p).sum(1, keepdim=True) / torch.log(torch.tensor(float(logits.shape[1])))
    return torch.cat([p, entropy, logits.amax(1, keepdim=True) / 10], 1)


class FastComparer(nn.Module):
    """Where photo, labels and resynthesis disagree: one logit per pixel, at 1/2 of the image's size.

    Photo and resynthesis are seen by the same small encoder (`look`); their absolute difference and their cosine
    similarity at 1/4 and 1/8 join the segmenter's own features and its label evidence.

    compares: what the photo is held to, as in the paper. 'labels_only' paints nothing: segmenter's features and label
    evidence alone. 'generator_only' knows no labels and nothing of the segmenter: for its features it has those of
    `look`.
    """

    def __init__(
        self,
        num_classes: int = NUM_CLASSES,
        c2: int = 24,
        d4: int = 48,
        d8: int = 80,
        look: int = 24,
        compares: Compares = "full",
    ):
        super().__init__()
        self.uses_labels, self.uses_resynthesis = compares != "generator_only", compares != "labels_only"
        seen8, seen4, seen2 = (d8, d4, c2) if self.uses_labels else (2 * look, look, 3)
        if self.uses_labels:
            seen4 += num_classes + 2
        if self.uses_resynthesis:
            self.look4 = nn.Sequential(ConvNormReLU(3, look, stride=2), ConvNormReLU(look, look))
            self.look8 = nn.Sequential(ConvNormReLU(look, 2 * look, stride=2), ConvNormReLU(2 * look, 2 * look))
            seen8, seen4, seen2 = seen8 + 2 * look + 1, seen4 + look + 1, seen2 + 3
        self.mix8 = nn.Sequential(ConvNormReLU(seen8, 48), ConvNormReLU(48, 48, dilation=2))
        self.mix4 = nn.Sequential(ConvNormReLU(48 + seen4, 48), ConvNormReLU(48, 24))
        self.mix2 = ConvNormReLU(24 + seen2, 24)
        self.decide = nn.Conv2d(24, 1, 1)

    def forward(self, images: Tensor, segmented: SegmenterOutput, resynthesis: Tensor | None) -> Tensor:
        """Images [B, 3, H, W] in [0, 1], resynthesis [B, 3, H/2, W/2] in [0, 1] -> logit [B, H/2, W/2]."""
        eighth, quarter, half = [], [], []
        if self.uses_labels:
            eighth, quarter, half = [segmented.eighth], [segmented.quarter], [segmented.half]
        if self.uses_resynthesis:
            photo = avg_pool2d(images, 2)
            both4 = self.look4(torch.cat([photo, resynthesis.to(photo.dtype)]))
            both8 = self.look8(both4)
            if not self.uses_labels:
                eighth, quarter, half = [both8.chunk(2)[0]], [both4.chunk(2)[0]], [photo]
            eighth.append(_disagreement(both8))
            quarter.append(_disagreement(both4))
            half.append((photo - resynthesis).abs())
        if self.uses_labels:
            quarter.append(label_evidence(segmented.logits).to(segmented.quarter.dtype))
        mixed = self.mix8(join(*eighth))
        mixed = self.mix4(join(double(mixed), *quarter))
        mixed = self.mix2(join(double(mixed), *half))
        return self.decide(mixed)[:, 0]


def _disagreement(both: Tensor) -> Tensor:
    """Features of photos and resyntheses stacked [2B, C, h, w] -> [B, C + 1, h, w]."""
    photo, resynthesis = both.chunk(2)
    return join((photo - resynthesis).abs(), cosine_similarity(photo, resynthesis, 1)[:, None])


class DirectHead(nn.Module):
    """The honest opponent: the same features, no resynthesis."""

    def __init__(self, c2: int = 24, d4: int = 48):
        super().__init__()
        self.mix4 = ConvNormReLU(d4, 24)
        self.mix2 = ConvNormReLU(24 + c2, 24)
        self.decide = nn.Conv2d(24, 1, 1)

    def forward(self, segmented: SegmenterOutput) -> Tensor:
        """-> logit [B, H/2, W/2]."""
        mixed = double(self.mix4(segmented.quarter))
        return self.decide(self.mix2(join(mixed, segmented.half)))[:, 0]
