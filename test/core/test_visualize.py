"""Pictures for people: heat, overlays, contact sheets, stamps."""

import numpy as np
import pytest

from unexpected_core.images import resize_map
from unexpected_core.regions import RegionSettings, find_regions, no_labels
from unexpected_core.structs import Detection
from unexpected_core.visualize import HEAT, OUTLINE, grid, heat_map, overlay, stamp


def detection(score: np.ndarray) -> Detection:
    mask, regions = find_regions(score, no_labels(score.shape), RegionSettings(min_area=1))
    return Detection(score, mask, no_labels(score.shape), None, regions)


def test_heat_runs_from_dark_to_bright_and_keeps_nan_dark():
    heat = heat_map(np.array([[0.0, 0.5, 1.0, 7.0, -1.0, np.nan]]))[0]
    assert heat.dtype == np.uint8
    assert np.array_equal(heat, HEAT[[0, 127, 255, 255, 0, 0]])
    assert HEAT[0].sum() < 30 and HEAT[255].sum() > 500
    assert np.array_equal(heat_map(np.array([[-4.0, 0.0]]), -4, 0)[0], HEAT[[0, 255]])


def test_overlay_changes_the_image_only_at_regions_and_outlines_them():
    image = np.full((90, 120, 3), 100, np.uint8)
    score = np.zeros((90, 120), np.float32)
    score[40:60, 50:80] = 0.8
    picture = overlay(image, detection(score), alpha=0.5)
    assert (image == 100).all()
    assert tuple(picture[40, 50]) == OUTLINE
    inside = HEAT[204].astype(int)
    assert np.abs(picture[50, 65] - (100 + inside) / 2).max() <= 1
    assert (picture[62:] == 100).all() and (picture[:, 85:] == 100).all()
    assert (picture[25:38, 50:80] != 100).any()  # the caption above it


def test_overlay_of_a_smaller_image_marks_the_same_place():
    score = np.zeros((90, 120), np.float32)
    score[40:60, 50:80] = 0.8
    picture = overlay(np.full((30, 40, 3), 100, np.uint8), detection(score))
    assert tuple(picture[14, 17]) == OUTLINE and tuple(picture[19, 26]) == OUTLINE
    assert (picture[21:] == 100).all() and (picture[13:, 28:] == 100).all()  # below the caption


@pytest.mark.parametrize("size", [(1, 1), (7, 111), (13, 37), (180, 241)])
def test_overlay_of_images_of_any_size_marks_what_is_in_the_mask(size):
    score = np.zeros((90, 120), np.float32)
    score[89, 119] = score[0, 0] = score[40:60, 50:81] = 0.8
    picture = overlay(np.full((*size, 3), 100, np.uint8), detection(score), alpha=1.0)
    mask = resize_map((score > 0.5).astype(np.uint8), size) > 0
    assert (picture[mask] != 100).any(axis=1).all()


def test_overlay_of_nothing_is_the_image():
    image = np.random.default_rng(0).integers(0, 256, (33, 47, 3), np.uint8)
    assert np.array_equal(overlay(image, detection(np.zeros((33, 47), np.float32))), image)


def test_contact_sheet_places_pictures_row_by_row():
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255)]
    pictures = [np.full((20, 40, 3), colour, np.uint8) for colour in colours]
    sheet = grid(pictures, columns=2, width=40, gap=2)
    assert sheet.shape == (42, 82, 3)
    assert [tuple(sheet[y, x]) for y, x in ((10, 10), (10, 60), (30, 10))] == colours
    assert tuple(sheet[30, 60]) == (32, 32, 32)
    assert grid(pictures, ["a", "b", "c"], columns=9, width=40).shape == (20, 128, 3)
    assert (pictures[0] == colours[0]).all()  # captions go onto copies
    with pytest.raises(ValueError, match="at least one picture"):
        grid([])


def test_stamp_is_seen_on_small_and_large_pictures():
    for size in ((40, 50), (700, 1300)):
        picture = np.zeros((*size, 3), np.uint8)
        stamp(picture, "NO MEANING")
        assert (picture[:10, :, 0] >= 200).mean() > 0.5
