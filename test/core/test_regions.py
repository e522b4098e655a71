import numpy as np
import pytest

from unexpected_core.labels import IGNORE, TRAIN_ID
from unexpected_core.regions import find_regions, no_labels

ROAD, CAR = TRAIN_ID["road"], TRAIN_ID["car"]


def regions_of(score, labels=None, **options):
    score = np.asarray(score, np.float32)
    labels = no_labels(score.shape) if labels is None else labels
    return find_regions(score, labels, **{"threshold": 0.5, "hysteresis": 0.1, "min_area": 1} | options)


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


def test_nan_and_flat_scores_make_no_regions():
    assert regions_of(np.full((7, 5), np.nan))[1] == ()
    assert regions_of(np.zeros((7, 5)))[1] == ()
    assert regions_of(np.full((1, 1), 1.0))[1][0].area == 1


def test_against_a_slow_plain_version():
    random = np.random.default_rng(3)
    score = random.random((37, 53)).astype(np.float32) ** 2
    labels = random.choice(np.array([ROAD, CAR, IGNORE], np.uint8), score.shape)
    mask, regions = regions_of(score, labels, threshold=0.6, hysteresis=0.2, min_area=3000, max_regions=256)
    expected = {}
    todo = {(y, x) for y, x in np.argwhere(score > np.float32(0.6 - 0.2)).tolist()}
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
        if len(ys) >= round(3000 * score.size / (1024 * 512)) and score[ys, xs].max() > 0.6:
            expected[min(component)] = (
                len(ys),
                float(score[ys, xs].mean()),
                float(score[ys, xs].max()),
                int(np.bincount(labels[ys, xs]).argmax()),
            )
    assert len(expected) == len(regions) > 3
    assert mask.sum() == sum(area for area, *_ in expected.values())
    ours = sorted((r.area, r.score, r.max_score, r.label) for r in regions)
    for mine, theirs in zip(ours, sorted(expected.values()), strict=True):
        assert mine == pytest.approx(theirs)
