"""What a pasted thing looks like: textures, shapes, light, sharpness, and the classes that change colour."""

import cv2
import numpy as np
import pytest

from unexpected_core.discrepancy_data.pasting.blend import mix
from unexpected_core.discrepancy_data.pasting.cutouts import trim
from unexpected_core.discrepancy_data.pasting.light import as_sharp, lit
from unexpected_core.discrepancy_data.pasting.recolour import recolour
from unexpected_core.discrepancy_data.pasting.shapes import silhouette
from unexpected_core.discrepancy_data.pasting.sharpness import edge_blur
from unexpected_core.discrepancy_data.pasting.textures import borrowed_texture, drawn_texture
from unexpected_core.discrepancy_data.pasting.things import Thing, photographed

ROAD, VEGETATION, CAR = 0, 8, 13


def mosaic(cell=16, seed=0):
    """Squares of random grey, uint8 [256, 320]."""
    return np.kron(np.random.default_rng(seed).integers(0, 255, (256 // cell, 320 // cell)), np.ones((cell, cell)))


@pytest.mark.parametrize("sigma", [0.7, 1.0, 1.6, 2.5])
def test_edge_blur_finds_the_sigma_of_a_gaussian(sigma):
    blurred = cv2.GaussianBlur(mosaic().astype(np.uint8), (0, 0), sigma)
    assert edge_blur(blurred) == pytest.approx((sigma, sigma), rel=0.15)


def test_edge_blur_tells_rows_from_columns_and_needs_edges():
    down, across = edge_blur(cv2.GaussianBlur(mosaic().astype(np.uint8), (0, 0), 2.0, sigmaY=0.6))
    assert down < 0.8 < 1.6 < across
    assert edge_blur(np.full((40, 50), 90, np.uint8)) == (0.75, 0.75)


def test_edge_blur_needs_twenty_differences_of_more_than_twelve_levels():
    def step(height, rows):
        grey = np.full((rows, 40), 90, np.uint8)
        grey[:, 20:] += np.uint8(height)
        return edge_blur(grey)[1]

    assert step(12, 400) == 0.75 and step(13, 400) < 0.1
    assert step(100, 4 * 9) == 0.75 and step(100, 4 * 10) < 0.1  # every fourth row, two pairs of pixels in each
    assert edge_blur(np.tile(np.uint8([0, 200, 0]), (400, 1)))[1] == 0.75, "three pixels are no line"
    assert edge_blur(np.tile(np.uint8([0, 0, 200, 200]), (400, 1)))[1] < 0.1


def test_a_sharp_thing_becomes_as_blurred_as_the_frame():
    thing = Thing(np.repeat(mosaic()[..., None], 3, 2).astype(np.float32), np.ones((256, 320), np.float32))
    thing = as_sharp(thing, (1.5, 2.0), np.random.default_rng(0))
    assert edge_blur(cv2.cvtColor(thing.texture.astype(np.uint8), cv2.COLOR_RGB2GRAY)) == pytest.approx(
        (1.5, 2.0), rel=0.2
    )


@pytest.mark.parametrize("blur", [0.6, 1.0, 2.5])
def test_a_cut_out_has_no_rim_of_another_colour(blur):
    """What lies beyond its outline was black, and was mixed in where outline and texture are softened."""
    shows = cv2.circle(np.zeros((80, 80), np.uint8), (40, 40), 39, 255, -1, cv2.LINE_AA)
    disc = np.dstack([np.full((80, 80, 3), 128, np.uint8), shows])
    for seed in range(10):
        rng = np.random.default_rng(seed)
        thing = as_sharp(photographed(trim(disc), 40, rng), (blur, blur), rng)
        ground = np.full((*thing.alpha.shape, 3), 128, np.uint8)
        mix(ground, np.s_[:, :], thing.alpha, thing.texture)
        assert np.abs(ground.astype(int) - 128).max() <= 2


def test_a_thing_is_darker_in_the_dark_and_camouflage_takes_its_colour():
    thing = Thing(np.full((8, 9, 3), (200, 60, 40), np.float32), np.ones((8, 9), np.float32))
    dark, green = np.full((8, 9, 3), 20, np.uint8), np.full((8, 9, 3), (30, 120, 30), np.uint8)
    for seed in range(10):
        rng = np.random.default_rng(seed)
        assert lit(thing, dark, rng, camouflage=False, shaded=False).texture.mean() < thing.texture.mean() - 5
        hidden = lit(thing, green, rng, camouflage=True, shaded=False).texture.mean((0, 1))
        assert np.abs(hidden - green[0, 0]).max() < 0.5 * np.abs(thing.texture[0, 0] - green[0, 0]).max()


def test_no_pixel_of_a_known_thing_is_borrowed():
    labels = np.full((60, 80), ROAD, np.uint8)
    labels[20:40, 30:60] = CAR
    image = np.full((60, 80, 3), 90, np.uint8)
    image[labels == CAR] = (255, 0, 0)
    found = [borrowed_texture(image, labels, 12, 12, np.random.default_rng(seed)) for seed in range(60)]
    found = [texture for texture in found if texture is not None]
    assert len(found) > 20 and all((texture == 90).all() for texture in found)
    assert borrowed_texture(image, np.full_like(labels, CAR), 12, 12, np.random.default_rng(0)) is None


@pytest.mark.parametrize("seed", range(12))
def test_drawn_shapes_and_textures_have_the_size_that_was_asked_for(seed):
    rng = np.random.default_rng(seed)
    alpha, texture = silhouette(21, 34, rng), drawn_texture(21, 34, rng)
    assert alpha.shape == (21, 34) and texture.shape == (21, 34, 3) and texture.dtype == np.float32
    solid = alpha > 0.3
    assert solid.any(1).sum() >= 19 and solid.any(0).sum() >= 31


def test_a_class_changes_colour_as_a_whole_and_what_has_no_label_follows():
    labels = np.full((60, 80), CAR, np.uint8)
    labels[:30], labels[10, :] = VEGETATION, 255
    image = np.full((60, 80, 3), 100, np.uint8)
    changed = recolour(image, labels, np.random.default_rng(2), 1.0, (0.6, 1.4))
    assert (image == 100).all() and (changed[36:] == 100).all()
    plants = changed[:24]
    assert np.ptp(plants.astype(int), axis=(0, 1)).max() <= 1 and (plants[0, 0] != 100).any()
    assert (recolour(image, labels, np.random.default_rng(2), 0.0, (0.6, 1.4)) == 100).all()
