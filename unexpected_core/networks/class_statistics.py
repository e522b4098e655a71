"""What each class looks like in this photo: near a pixel, in a wider part, in the whole; and what labels make expected.

A thing that is small against its surroundings hardly moves the statistics of the class it is taken for, so that what is
expected in its place is the road around it, in this photo's own light.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, pad

BLOCK = 8
"""Side of the cells that statistics are taken over, in pixels of the maps (1/4 of the image: 32 of its pixels)."""
RARE = 0.02
"""Share of a window below which a class is described by the next wider window."""
NEAR, WIDE = 3, 9
"""Sides of the windows in cells: about 96 and 288 pixels of the image."""


class Expected(NamedTuple):
    """Expected values of K maps at each pixel, [B, K, h, w] each, from the class means of three windows.

    shares: part of each window that each class takes, near and wide, [B, C, h / 8, w / 8] each.
    """

    near: Tensor
    wide: Tensor
    whole: Tensor
    shares: tuple[Tensor, Tensor]


def expected_values(probabilities: Tensor, values: Tensor) -> Expected:
    """Means of `values` over the pixels of each class, mixed by the probabilities of each pixel.

    probabilities [B, C, h, w] sum to 1 over C; values [B, K, h, w]; h and w multiples of 8. In float32 whatever the
    networks compute in: half precision cannot tell a variance from the square of a mean.
    """
    with torch.autocast(probabilities.device.type, enabled=False):
        p, v = _to_cells(probabilities.float()), _to_cells(values.float())  # (B, h', w', 64, C), (B, h', w', 64, K)
        count = p.mean(-2)  # (B, h', w', C)
        total = p.transpose(-1, -2) @ v / p.shape[-2]  # (B, h', w', C, K)
        (near_n, near_t), (wide_n, wide_t) = (
            (_box(count, side), _box(total.flatten(-2), side).view_as(total)) for side in (NEAR, WIDE)
        )
        whole_n, whole_t = count.mean((1, 2), keepdim=True), total.mean((1, 2), keepdim=True)
        # A class that the photo lacks altogether is described by the whole photo.
        everything = whole_t.sum(-2, keepdim=True)
        whole = _fall_back(whole_n, whole_t, everything)
        wide = _fall_back(wide_n, wide_t, whole)
        near = _fall_back(near_n, near_t, wide)
        means = torch.cat([near, wide, whole.expand_as(wide)], -1)  # (B, h', w', C, 3K)
        mixed = _mix(p, means, probabilities.shape[-2:])
    shares = tuple(n.permute(0, 3, 1, 2) for n in (near_n, wide_n))
    return Expected(*mixed.chunk(3, 1), shares)


def _fall_back(count: Tensor, total: Tensor, wider: Tensor) -> Tensor:
    return (total + RARE * wider) / (count[..., None] + RARE)


def _to_cells(x: Tensor) -> Tensor:
    """[B, C, h, w] -> [B, h / 8, w / 8, 64, C]."""
    b, c, h, w = x.shape
    x = x.permute(0, 2, 3, 1).reshape(b, h // BLOCK, BLOCK, w // BLOCK, BLOCK, c)
    return x.transpose(2, 3).flatten(3, 4)


def _from_cells(x: Tensor, size: tuple[int, int]) -> Tensor:
    """[B, h / 8, w / 8, 64, C] -> [B, C, h, w]."""
    b, rows, columns, _, c = x.shape
    x = x.reshape(b, rows, columns, BLOCK, BLOCK, c).transpose(2, 3)
    return x.reshape(b, *size, c).permute(0, 3, 1, 2)


def _box(x: Tensor, side: int) -> Tensor:
    """Mean over side x side cells, of those inside the map: [B, h', w', N] -> the same shape."""
    x = avg_pool2d(x.permute(0, 3, 1, 2), side, stride=1, padding=side // 2, count_include_pad=False)
    return x.permute(0, 2, 3, 1)


def _mix(p: Tensor, means: Tensor, size: tuple[int, int]) -> Tensor:
    """Class means mixed by p at every pixel, bilinear between cells: [B, h', w', C, K] -> [B, K, h, w].

    Each cell has the means of its four corners at hand; a pixel weighs them by its place in the cell. So the means are
    never enlarged class by class, which would cost more than all that is done with them.
    """
    b, rows, columns, c, k = means.shape
    corners = pad(means.flatten(-2).permute(0, 3, 1, 2), (1, 1, 1, 1), mode="replicate")
    corners = avg_pool2d(corners, 2, stride=1).permute(0, 2, 3, 1).reshape(b, rows + 1, columns + 1, c, k)
    four = torch.stack([corners[:, y : y + rows, x : x + columns] for y in (0, 1) for x in (0, 1)], -2)  # (.., C, 4, K)
    place = (torch.arange(BLOCK, device=p.device, dtype=p.dtype) + 0.5) / BLOCK
    y, x = (torch.stack([1 - place, place]) for _ in range(2))  # weights of the first and the second corner
    weights = (y[:, None, :, None] * x[None, :, None, :]).reshape(4, BLOCK * BLOCK).T  # (64, 4)
    mixed = (p @ four.flatten(-2)).unflatten(-1, (4, k))  # (B, h', w', 64, 4, K)
    return _from_cells((mixed * weights[..., None]).sum(-2), size)
