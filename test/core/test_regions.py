"""From a score map to regions: written out, and against a slow plain version."""

from dataclasses import astuple

import cv2
import numpy as np
import pytest

from unexpected_core.labels import IGNORE, TRAIN_ID
from unexpected_core.regions import RegionSettings, find_regions, no_labels

ROAD, CAR = TRAIN_ID["road"], TRAIN_ID["car"]


def regions_of(score, labels=None, **options):
    score = np.asarray(score, np.float32)
    labels = no_labels(score.shape) if labels is None else labels
    return find_regions(score, labels, RegionSettings(**{"threshold": 0.5, "hysteresis": 0.1, "min_area": 1} | options))


def test_one_region_written_out():
    score = np.zeros((6, 9))
    score[1:3, 4:7] = [[0.6, 0.45, 0.6], [0.9, 0.6, 0.45]]
    labels = np.full((6, 9), ROAD, np.uint8)
    labels[1, 4:7] = CAR
    labels[2, 4:5] = CAR
    labels[3, 6] = IGNORE
    mask, (region,) = regions_of(score, labels)
    assert (region.x, region.y, region.width, region.height, region.area) == (4, 1, 3, 2, 6)
    assert (region.centroid_x, region.centroid_y) == (5.0, 1.5)
    assert region.score == pytest.approx((3 * 0.6 + 2 * 0.45 + 0.9) / 6)
    assert region.max_score == pytest.approx(0.9)
    assert region.label == CAR
    assert {type(value) for value in astuple(region)} == {int, float}, "plain numbers, for messages and JSON"
    assert region.road_fraction == pytest.approx(2 / 3)  # below row 2: road, road, ignore
    assert mask.dtype == bool and np.argwhere(mask).tolist() == [[y, x] for y in (1, 2) for x in (4, 5, 6)]


def test_hysteresis_grows_regions_but_starts_none():
    score = [[0.6, 0.45, 0.45, 0.0, 0.45, 0.45]]
    mask, regions = regions_of(score)
    assert mask.tolist() == [[True, True, True, False, False, False]]
    assert [region.area for region in regions] == [3]
    mask, regions = regions_of(score, hysteresis=0.0)
    assert [region.area for region in regions] == [1]


def test_a_threshold_below_the_hysteresis_does_not_flood_the_image():
    mask, _ = regions_of([[0.0, 0.03, 0.05, 0.2, 0.05, 0.03]], threshold=0.08)
    assert mask.tolist() == [[False, False, True, True, True, False]]


def test_diagonal_pixels_are_one_region():
    _, regions = regions_of(np.eye(5))
    assert [region.area for region in regions] == [5]


def test_min_area_scales_with_the_image():
    small = np.zeros((512, 1024))
    small[10:16, 10:20] = 1  # 60 pixels
    small[100:106, 100:109] = 1  # 54 pixels
    assert [region.area for region in regions_of(small, min_area=60)[1]] == [60]
    large = np.kron(small, np.ones((2, 2)))
    assert [region.area for region in regions_of(large, min_area=60)[1]] == [240]


def test_best_score_first_and_no_more_than_asked():
    score = np.zeros((5, 20))
    score[2, 1:3], score[2, 6:9], score[2, 15] = 0.6, 0.9, 0.7
    mask, regions = regions_of(score)
    assert [round(region.score, 3) for region in regions] == [0.9, 0.7, 0.6]
    mask, regions = regions_of(score, max_regions=2)
    assert [region.x for region in regions] == [6, 15]
    assert mask.sum() == 4 == sum(region.area for region in regions)
    mask, regions = regions_of(score, max_regions=0)
    assert regions == () and not mask.any()


def test_road_only_keeps_what_stands_on_the_road():
    labels = np.full((20, 30), TRAIN_ID["building"], np.uint8)
    labels[10:] = ROAD
    score = np.zeros((20, 30))
    score[5:10, 3:6] = 1  # on a building, its feet on the road
    score[2:5, 20:25] = 1  # on the building
    score[13:15, 20:25] = 1  # lies on the road
    _, regions = regions_of(score, labels, road_only=True)
    assert sorted((region.x, region.y) for region in regions) == [(3, 5), (20, 13)]
    assert {region.road_fraction for region in regions} == {1.0}


def test_a_region_at_the_bottom_of_the_image_stands_on_its_own_labels():
    labels = np.full((10, 10), ROAD, np.uint8)
    score = np.zeros((10, 10))
    score[8:, 2:5] = 1
    assert regions_of(score, labels)[1][0].road_fraction == 1.0


def test_a_thing_that_covers_the_ground_to_the_last_row_stands_on_what_is_beside_it():
    labels = np.full((10, 12), ROAD, np.uint8)
    labels[6:, 2:5] = CAR
    score = np.zeros((10, 12))
    score[6:, 2:5] = 1
    assert regions_of(score, labels, road_only=True)[1][0].road_fraction == 1.0
    labels[:, 5:] = CAR
    assert regions_of(score, labels)[1][0].road_fraction == 0.5  # road to the left of it
    labels[:, :2] = CAR
    assert regions_of(score, labels)[1][0].road_fraction == 0.0
    score[4:6, 2:5] = 1
    score[6:, 4] = 0  # a part of its foot is seen, and stands on a car
    labels[6, 4] = ROAD
    assert regions_of(score, labels)[1][0].road_fraction == 1.0
    score[:] = labels[:] = 1
    assert regions_of(score, labels)[1][0].road_fraction == 1.0, "nothing tells"


def test_the_own_car_is_not_what_a_thing_behind_the_bonnet_stands_on():
    labels, unseen, score = np.full((10, 12), ROAD, np.uint8), np.zeros((10, 12), bool), np.zeros((10, 12))
    unseen[7:] = score[4:7, 2:5] = 1
    labels[7:] = labels[4:7, 2:5] = CAR
    settings = RegionSettings(min_area=1, road_only=True)
    assert not find_regions(score, labels, settings)[1]
    assert find_regions(score, labels, settings, unseen)[1][0].road_fraction == 1.0
    unseen[:, :2] = unseen[:, 5:] = True
    assert find_regions(score, labels, settings, unseen)[1][0].road_fraction == 1.0, "nothing tells"
    labels[:], unseen[6:, 5:] = CAR, False
    assert not find_regions(score, labels, settings, unseen)[1]


def test_nan_and_flat_scores_make_no_regions():
    assert regions_of(np.full((7, 5), np.nan))[1] == ()
    assert regions_of(np.zeros((7, 5)))[1] == ()
    assert regions_of(np.full((1, 1), 1.0))[1][0].area == 1


def plain_regions(score, labels, threshold, hysteresis, least):
    """Area, mean, greatest, label, centroid, box and share on the road of every region, by walking pixel by pixel."""
    found = []
    todo = {(y, x) for y, x in np.argwhere(score > np.float32(threshold - hysteresis)).tolist()}
    height = score.shape[0]
    while todo:
        stack = [todo.pop()]
        component = []
        while stack:
            y, x = stack.pop()
            component.append((y, x))
            near = {(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)} & todo
            todo -= near
            stack.extend(near)
        ys, xs = map(np.array, zip(*component, strict=True))
        if len(ys) < least or not score[ys, xs].max() > threshold:
            continue
        inside = set(component)
        border = [(y, x) for y, x in component if (y + 1, x) not in inside]
        below = [(y + max(1, height // 100), x) for y, x in border]
        ground = [labels[min(y, height - 1), x] for y, x in below]
        ground = [g for g, (y, _) in zip(ground, below, strict=True) if y < height or g == ROAD]
        beside = [(y, x) for y, _ in border for x in (xs.min() - 1, xs.max() + 1) if 0 <= x < labels.shape[1]]
        ground = ground or [labels[y, x] for y, x in beside]
        box = (xs.min(), ys.min(), np.ptp(xs) + 1, np.ptp(ys) + 1)
        means = (score[ys, xs].mean(dtype=np.float64), score[ys, xs].max(), ys.mean(), xs.mean())
        label = np.bincount(labels[ys, xs]).argmax()
        found.append(tuple(map(float, (len(ys), *means, label, *box, np.mean([g == ROAD for g in ground])))))
    return sorted(found)


@pytest.mark.parametrize("size", [(37, 53), (64, 96), (41, 200)])
@pytest.mark.parametrize("share", [0.03, 0.2, 1.0])
def test_against_a_slow_plain_version(size, share):
    random = np.random.default_rng(3)
    labels = random.choice(np.array([ROAD, CAR, IGNORE], np.uint8), size)
    score = random.random(size).astype(np.float32) ** 2
    score[
        cv2.resize((random.random((5, 8)) > share).astype(np.uint8), size[::-1], interpolation=cv2.INTER_NEAREST) > 0
    ] = 0
    min_area = round(5 * (1024 * 512) / score.size)
    mask, regions = regions_of(score, labels, threshold=0.6, hysteresis=0.2, min_area=min_area, max_regions=256)
    expected = plain_regions(score, labels, 0.6, 0.2, 5)
    ours = sorted(
        tuple(map(float, (r.area, r.score, r.max_score, r.centroid_y, r.centroid_x, r.label)))
        + tuple(map(float, (r.x, r.y, r.width, r.height, r.road_fraction)))
        for r in regions
    )
    assert len(expected) == len(regions) > 0
    assert mask.sum() == sum(area for area, *_ in expected)
    for mine, theirs in zip(ours, expected, strict=True):
        assert mine == pytest.approx(theirs, abs=1e-6)


@pytest.mark.parametrize("order", ["rows last", "every second", "of colours", "mirrored"])
def test_maps_that_lie_in_memory_in_any_order(order):
    """As GPUs and views of larger arrays give them."""
    score = cv2.resize(np.random.default_rng(5).random((9, 14)).astype(np.float32), (112, 72))
    labels = np.where(score > 0.5, np.uint8(CAR), np.uint8(ROAD))
    views = {
        "rows last": lambda x: x.T.copy().T,
        "every second": lambda x: np.repeat(x, 2, axis=1)[:, ::2],
        "of colours": lambda x: np.stack([x, x, x], -1)[..., 1],
        "mirrored": lambda x: x[::-1, ::-1].copy()[::-1, ::-1],
    }
    seen = views[order](score)
    assert not seen.flags.c_contiguous and np.array_equal(seen, score)
    mask, regions = regions_of(seen, views[order](labels), threshold=0.6)
    expected, same = regions_of(score, labels, threshold=0.6)
    assert np.array_equal(mask, expected) and regions == same and len(regions) > 1


def test_an_area_inside_another_is_one_of_its_own():
    """The box of the outer one holds the inner one too, and corners of what is beside it."""
    score = np.zeros((120, 160), np.float32)
    score[10:90, 10:12] = score[10:90, 88:90] = score[10:12, 10:90] = score[88:90, 10:90] = 0.9
    score[48:52, 48:52] = 0.8
    score[60:110, 100] = score[109, 40:100] = 0.7
    mask, regions = regions_of(score)
    assert [(r.x, r.y, r.width, r.height, r.area) for r in regions] == [
        (10, 10, 80, 80, 4 * 2 * 78),
        (48, 48, 4, 4, 16),
        (40, 60, 61, 50, 110),
    ]
    assert np.array_equal(mask, score > 0)


def test_a_large_map_of_noise_is_found_as_the_slow_plain_version_finds_it():
    """More areas than boxes are looked at for; runs to the last pixel."""
    random = np.random.default_rng(11)
    score = cv2.resize(random.random((30, 40), dtype=np.float32), (160, 120))
    score[-2:, -5:] = 0.95
    labels = random.choice(np.array([ROAD, CAR, IGNORE], np.uint8), score.shape)
    least = round(12 * (1024 * 512) / score.size)
    mask, regions = regions_of(score, labels, threshold=0.7, hysteresis=0.1, min_area=least, max_regions=256)
    expected = plain_regions(score, labels, 0.7, 0.1, 12)
    assert len(regions) == len(expected) > 30 and mask[-1, -1]
    areas = sorted((r.area, round(r.score, 4), r.x, r.y, r.width, r.height, round(r.road_fraction, 6)) for r in regions)
    assert areas == sorted((e[0], round(e[1], 4), *e[6:10], round(e[10], 6)) for e in expected)


def test_many_small_areas_are_found_as_few_are():
    score = np.zeros((160, 240), np.float32)
    score[4::16, 4::16] = 0.9
    score[4::16, 5::16] = 0.45
    mask, regions = regions_of(score, max_regions=256)
    assert len(regions) == score[4::16, 4::16].size > 100
    assert {(r.area, r.width, r.height) for r in regions} == {(2, 2, 1)}
    assert np.array_equal(mask, score > 0)


def test_a_score_at_the_threshold_is_not_above_it():
    """Neither starts it a region, nor belongs a pixel at the lower limit to one."""
    assert regions_of([[0.5, 0.5, 0.0]])[1] == ()
    above = np.nextafter(np.float32(0.5), np.float32(1))
    mask, (region,) = regions_of([[above, 0.5, np.float32(0.4), 0.0]])
    assert mask.tolist() == [[True, True, False, False]] and region.area == 2
    mask, (region,) = regions_of([[above, 0.0, 0.5, 0.0]])  # nor a neighbour that only reaches it
    assert mask.tolist() == [[True, False, False, False]]
