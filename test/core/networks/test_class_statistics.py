"""Class statistics against a slow plain version and known answers; what the generator and the comparer make of them."""

import pytest
import torch

from unexpected_core.networks.class_statistics import BLOCK, NEAR, RARE, WIDE, expected_values
from unexpected_core.networks.fast_comparer import COMPARES, CUES, FastComparer, direct_head
from unexpected_core.networks.fast_generator import FastGenerator, appearance
from unexpected_core.networks.fast_segmenter import FastSegmenter

ROAD, SKY = 0, 10


def certain(labels: torch.Tensor) -> torch.Tensor:
    """Certain probabilities [1, 19, h, w] of labels [h, w]."""
    return torch.nn.functional.one_hot(labels, 19).permute(2, 0, 1)[None].float()


def means_at_cells(p: torch.Tensor, v: torch.Tensor) -> list[torch.Tensor]:
    """The class means of each cell, near, wide and whole, one cell and class after the other: [h', w', C, K] each."""
    (_, classes, h, w), k = p.shape, v.shape[1]
    rows, columns = h // BLOCK, w // BLOCK
    count, total = torch.zeros(rows, columns, classes), torch.zeros(rows, columns, classes, k)
    for y in range(rows):
        for x in range(columns):
            place = (slice(y * BLOCK, (y + 1) * BLOCK), slice(x * BLOCK, (x + 1) * BLOCK))
            inside, values = p[0][:, *place].flatten(1), v[0][:, *place].flatten(1)
            count[y, x], total[y, x] = inside.mean(1), inside @ values.T / BLOCK**2
    everything = total.mean((0, 1)).sum(0)
    whole = (total.mean((0, 1)) + RARE * everything) / (count.mean((0, 1))[:, None] + RARE)
    found, wider = [], whole.expand(rows, columns, classes, k)
    for side in (WIDE, NEAR):
        reach, means = side // 2, torch.zeros_like(total)
        for y in range(rows):
            for x in range(columns):
                box = (slice(max(0, y - reach), y + reach + 1), slice(max(0, x - reach), x + reach + 1))
                n, t = count[box].mean((0, 1)), total[box].mean((0, 1))
                means[y, x] = (t + RARE * wider[y, x]) / (n[:, None] + RARE)
        found.insert(0, means)
        wider = means
    return [*found, whole.expand(rows, columns, classes, k)]


def test_expected_values_are_the_class_means_mixed_between_cells():
    torch.manual_seed(0)
    p, v = torch.rand(1, 4, 40, 56).softmax(1), torch.rand(1, 2, 40, 56)
    found = expected_values(p, v)
    for name, means in zip(("near", "wide", "whole"), means_at_cells(p, v), strict=True):
        padded = torch.nn.functional.pad(means.flatten(2).permute(2, 0, 1)[None], (1, 1, 1, 1), mode="replicate")
        corners = torch.nn.functional.avg_pool2d(padded, 2, 1)  # between four cells each
        y, x = 19, 29  # in the cell of row 2 and column 3, 3.5 and 5.5 pixels from its upper and its left side
        down, right = 3.5 / BLOCK, 5.5 / BLOCK
        weights = torch.tensor([[(1 - down) * (1 - right), (1 - down) * right], [down * (1 - right), down * right]])
        mean = (corners[0][:, 2:4, 3:5] * weights).sum((1, 2)).view(4, 2)
        torch.testing.assert_close(getattr(found, name)[0, :, y, x], p[0, :, y, x] @ mean, rtol=1e-4, atol=1e-5)


def test_a_thing_smaller_than_its_surroundings_cannot_paint_itself():
    """A red box on a grey road that is taken for road: what is expected in its place is nearly grey."""
    labels, image = torch.full((64, 128), ROAD), torch.full((1, 3, 256, 512), 0.4)
    image[:, :, 120:136, 240:260] = torch.tensor([0.9, 0.1, 0.1]).view(3, 1, 1)
    seen = appearance(image, 50 * certain(labels) - 25)
    at = slice(30, 34), slice(60, 65)
    assert (seen.photo[0, 0][at] > 0.85).all()
    assert (seen.near[0, 0][at] < 0.45).all() and (seen.wide[0, 0][at] < 0.42).all()


def test_each_class_has_its_own_colour():
    labels = torch.full((64, 64), ROAD)
    labels[:32] = SKY
    image = torch.full((1, 3, 256, 256), 0.3)
    image[:, :, :128] = 0.9
    seen = appearance(image, 50 * certain(labels) - 25)
    assert (seen.wide[0, 0, :30] - 0.9).abs().max() < 0.06 and (seen.wide[0, 0, 34:] - 0.3).abs().max() < 0.06
    assert seen.deviation.max() < 0.2
    classes = 19
    assert seen.shares[0, ROAD, -1].min() > 0.99 and seen.shares[0, classes + SKY, 0].min() > 0.5


@torch.no_grad()
def test_the_generator_begins_with_the_expected_colours():
    image, logits = torch.rand(1, 3, 64, 96), torch.randn(1, 19, 16, 24)
    seen = appearance(image, logits)
    painted = FastGenerator(size="nano").eval()(logits, seen)
    expected = torch.nn.functional.interpolate(seen.near, scale_factor=2, mode="bilinear", align_corners=False)
    assert (painted - expected).abs().max() < 0.01


@pytest.fixture(scope="module")
def scene():
    """A segmenter, an image and another, what it says of them, and two paintings."""
    torch.manual_seed(0)
    segmenter, images = FastSegmenter(size="nano").eval(), torch.rand(2, 1, 3, 64, 96)
    with torch.no_grad():
        segmented = [segmenter(image) for image in images]
        seen = [appearance(image, s.logits) for image, s in zip(images, segmented, strict=True)]
    return images, segmented, seen, torch.rand(1, 3, 32, 48)


@torch.no_grad()
def test_comparers_see_only_what_they_compare(scene):
    (image, _), (segmented, elsewhere), (seen, _), painted = scene
    blind = {"labels": "generator_only", "painting": "labels_only"}
    for name, cues in COMPARES.items():
        comparer = FastComparer(size="nano", cues=cues).eval()
        logit = comparer(image, segmented, seen, painted)
        assert torch.equal(logit, comparer(image, elsewhere, seen, painted)) == (name == blind["labels"])
        assert torch.equal(logit, comparer(image, segmented, seen, 1 - painted)) == (name == blind["painting"])
    assert torch.equal(logit, comparer(image, segmented))  # labels alone need neither colours nor painting


@torch.no_grad()
def test_every_cue_counts_and_the_direct_head_compares_nothing(scene):
    (image, _), (segmented, elsewhere), (seen, other), painted = scene
    torch.manual_seed(0)
    full, direct = FastComparer(size="nano").eval(), direct_head("nano").eval()
    logit = full(image, segmented, seen, painted)
    changes = {
        "segmenter": (segmented._replace(half=elsewhere.half), seen, painted),
        "labels": (segmented._replace(logits=elsewhere.logits), seen, painted),
        "road": (segmented, seen._replace(shares=other.shares), painted),
        "resynthesis": (segmented, seen, 1 - painted),
        "colours": (segmented, seen._replace(wide=other.wide + 0.1), painted),
        "features": (segmented._replace(quarter=elsewhere.quarter), seen, painted),
    }
    assert set(changes) == set(CUES)
    assert not any(torch.equal(full(image, *given), logit) for given in changes.values())
    alone = direct(image, segmented, seen)
    assert torch.equal(direct(image, *changes["resynthesis"]), alone)
    assert torch.equal(direct(image, *changes["colours"]), alone)
    assert not torch.equal(direct(image, *changes["road"]), alone)
