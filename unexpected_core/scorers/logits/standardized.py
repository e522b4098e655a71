"""Max logits standardised by their predicted class (Jung et al., ICCV 2021), and the statistics that they need."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, max_pool2d, pad

from unexpected_core.labels import NUM_CLASSES
from unexpected_core.scorers.logits.functions import max_logit


def class_statistics(logits: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Counts that the statistics of standardized_max_logit are made of; add them up over images.

    Logits [B, C, H, W] -> pixels predicted as each class, sum and sum of squares of their max logits; float64 [C].
    """
    top, predicted = logits.double().max(1)
    top, predicted = top.flatten(), predicted.flatten()
    classes = logits.shape[1]
    return (
        torch.bincount(predicted, minlength=classes).double(),
        torch.bincount(predicted, top, classes),
        torch.bincount(predicted, top.square(), classes),
    )


def mean_and_std(count: Tensor, total: Tensor, squares: Tensor) -> tuple[Tensor, Tensor]:
    """class_statistics summed over a data set -> mean and standard deviation of each class's max logit, float32 [C].

    A class that was never predicted gets those of all pixels together.
    """

    def moments(n: Tensor, s: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
        return s / n, (q / n - (s / n).square()).clamp(min=1e-12).sqrt()

    mean, std = moments(count, total, squares)
    all_mean, all_std = moments(count.sum(), total.sum(), squares.sum())
    seen = count > 1
    return torch.where(seen, mean, all_mean).float(), torch.where(seen, std, all_std).float()


def standardized_max_logit(
    logits: Tensor, mean: Tensor, std: Tensor, suppress: bool = True, smooth: bool = True
) -> Tensor:
    """Minus the max logit standardised by its predicted class, unbounded (Jung et al., ICCV 2021).

    logits [B, C, H, W] -> float [B, H, W]. mean, std: float [C], of the max logit of each predicted class on training
    images. suppress: boundaries between predicted classes take the mean of their surroundings; smooth: dilated Gaussian
    smoothing.
    """
    top, predicted = logits.float().max(1)
    score = -(top - mean[predicted]) / std[predicted]  # (B, H, W)
    if suppress:
        score = suppress_boundaries(score, predicted)
    return dilated_smoothing(score) if smooth else score


def boundary(labels: Tensor, radius: int) -> Tensor:
    """Labels [B, H, W] -> bool [B, H, W]: pixels within `radius` (city block) of another label."""
    edge = torch.zeros_like(labels, dtype=torch.bool)
    down, right = labels[:, 1:] != labels[:, :-1], labels[:, :, 1:] != labels[:, :, :-1]
    edge[:, 1:] |= down
    edge[:, :-1] |= down
    edge[:, :, 1:] |= right
    edge[:, :, :-1] |= right
    grown = edge.float()[:, None]
    for _ in range(radius - 1):
        grown = torch.maximum(max_pool2d(grown, (3, 1), 1, (1, 0)), max_pool2d(grown, (1, 3), 1, (0, 1)))
    return grown[:, 0] > 0


def suppress_boundaries(score: Tensor, labels: Tensor, width: int = 8) -> Tensor:
    """Replace the scores at label boundaries by the mean of the others in a 3x3 window, from wide bands to narrow.

    score float [B, H, W], labels integer [B, H, W]. Bands are width, width - 2, ... 2 pixels wide (Jung et al., ICCV
    2021); a window without others keeps its score.
    """
    window = torch.ones(1, 1, 3, 3, dtype=score.dtype, device=score.device)
    for band in range(width, 0, -2):
        edge = boundary(labels, band // 2)
        calm = (~edge).to(score.dtype)[:, None]
        values = conv2d(pad(score[:, None] * calm, (1, 1, 1, 1)), window)[:, 0]
        count = conv2d(pad(calm, (1, 1, 1, 1)), window)[:, 0]
        score = torch.where(edge & (count > 0), values / count.clamp(min=1), score)
    return score


def dilated_smoothing(score: Tensor, size: int = 7, sigma: float = 1.0, dilation: int = 6) -> Tensor:
    """Gaussian smoothing of float [B, H, W], taps `dilation` pixels apart; borders are mirrored (small maps:
    repeated)."""
    taps = torch.arange(size, dtype=score.dtype, device=score.device) - size // 2
    kernel = (-taps.square() / (2 * sigma**2)).exp()
    kernel = kernel / kernel.sum()
    reach = size // 2 * dilation
    mode = "reflect" if min(score.shape[-2:]) > reach else "replicate"
    x = pad(score[:, None], (reach,) * 4, mode=mode)
    x = conv2d(x, kernel.view(1, 1, size, 1), dilation=(dilation, 1))
    return conv2d(x, kernel.view(1, 1, 1, size), dilation=(1, dilation))[:, 0]


class StandardizedMaxLogit(nn.Module):
    """standardized_max_logit with its class statistics, as a function of logits; without them mean 0, std 1."""

    def __init__(self, statistics: tuple[Sequence[float], Sequence[float]] | None = None) -> None:
        super().__init__()
        mean, std = statistics or ([0.0] * NUM_CLASSES, [1.0] * NUM_CLASSES)
        self.register_buffer("mean", torch.tensor(mean))
        self.register_buffer("std", torch.tensor(std))

    def forward(self, logits: Tensor) -> Tensor:
        """Logits [B, C, H, W] -> score [B, H, W]."""
        return standardized_max_logit(logits, self.mean.float(), self.std.float())


class LogitCounter:
    """A function of logits that gathers their class statistics over a data set; its scores are max_logit's."""

    def __init__(self) -> None:
        self.sums: tuple[Tensor, ...] | None = None

    def __call__(self, logits: Tensor) -> Tensor:
        """Logits [B, C, H, W] -> score [B, H, W]."""
        found = class_statistics(logits)
        self.sums = found if self.sums is None else tuple(a + b for a, b in zip(self.sums, found, strict=True))
        return max_logit(logits)

    def statistics(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Mean and standard deviation of each class's max logit, as cards hold them. Needs at least one image."""
        mean, std = mean_and_std(*self.sums)
        return tuple(round(x, 4) for x in mean.tolist()), tuple(round(x, 4) for x in std.tolist())
