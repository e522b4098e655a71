"""A thing in the light of its place: as bright, as blurred, and now and then of the same colour as what is around."""

from __future__ import annotations

import cv2
import numpy as np

from unexpected_core.discrepancy_data.pasting.blend import dim, overlap, soften
from unexpected_core.discrepancy_data.pasting.sharpness import edge_blur
from unexpected_core.discrepancy_data.pasting.things import Thing

UPRIGHT = 0.4, 1.1
"""Light on a thing that stands, as a share of that on the ground: it sees half of the sky. Known things have 0.77 of
the road's brightness around them in the median (docs/experiments.md)."""


def lit(thing: Thing, around: np.ndarray, rng: np.random.Generator, camouflage: bool, shaded: bool = True) -> Thing:
    """The thing with the light of `around`, RGB uint8 [h, w, 3].

    The camera's exposure ties a thing to its surroundings; shaded: as what stands there, with less light than the
    ground, and its top lighter than its foot; camouflage: nearly the colour around.
    """
    texture = thing.texture
    own = _mean(texture, thing.alpha)
    here = np.maximum(around.reshape(-1, 3).mean(0, dtype=np.float32), 1)
    gain = np.clip(here.mean() / max(own.mean(), 1), 0.4, 2.5) ** rng.uniform(0.2, 0.8)
    if shaded and not camouflage:
        gain *= np.exp(rng.uniform(*np.log(UPRIGHT)))
    cast = np.clip(here / here.mean(), 0.7, 1.4) ** rng.uniform(0, 0.6)
    if shaded and rng.random() < 0.6:
        ends = rng.uniform(0.9, 1.3), rng.uniform(0.5, 1.0)
        texture = texture * np.linspace(*ends, len(texture), dtype=np.float32)[:, None, None]
    texture = texture * (gain * cast).astype(np.float32)
    if camouflage:
        own = _mean(texture, thing.alpha)
        flat = np.float32(rng.uniform(0.4, 1))
        texture = own + flat * (texture - own) + np.float32(rng.uniform(0.6, 0.95)) * (here - own)
    return thing._replace(texture=np.clip(texture, 0, 255).astype(np.float32))


def _mean(texture: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Mean colour of what shows, float32 [3]."""
    return (np.tensordot(alpha, texture, 2) / max(float(alpha.sum()), 1e-3)).astype(np.float32)


def as_sharp(thing: Thing, frame: tuple[float, float], rng: np.random.Generator) -> Thing:
    """No sharper than the frame, whose blur (see edge_blur) is given; nor is the outline.

    The thing has a rim now, of as many pixels on all sides, for its outline to fade in.
    """
    extra = _missing(frame, edge_blur(cv2.cvtColor(thing.texture.astype(np.uint8), cv2.COLOR_RGB2GRAY)))
    texture = thing.texture
    if max(extra) > 0.3:
        texture = cv2.GaussianBlur(texture, (0, 0), max(extra[1], 0.1), sigmaY=max(extra[0], 0.1))
    factor = rng.uniform(0.7, 1.2)
    soft = min(factor * frame[0], 2.5), min(factor * frame[1], 2.5)
    rim = int(np.ceil(3 * max(soft)))
    alpha = cv2.copyMakeBorder(thing.alpha, rim, rim, rim, rim, cv2.BORDER_CONSTANT)
    own = edge_blur(np.uint8(255 * alpha), every=1, unknown=0.0)  # what was enlarged is soft already
    alpha = soften(alpha, _missing(soft, own))
    return Thing(cv2.copyMakeBorder(texture, rim, rim, rim, rim, cv2.BORDER_REPLICATE), alpha)


def _missing(frame: tuple[float, float], own: tuple[float, float]) -> tuple[float, float]:
    """Sigma that is to be added to the own for that of the frame, each (vertical, horizontal); 0 where it is more."""
    down, across = (max(f**2 - s**2, 0.0) ** 0.5 for f, s in zip(frame, own, strict=True))
    return down, across


def contact_shadow(image: np.ndarray, foot: tuple[int, int], size: tuple[int, int], rng: np.random.Generator) -> None:
    """Darken a flat soft ellipse under the foot (row, column) of a thing of this size (height, width) in pixels.

    Changes image RGB uint8 [H, W, 3] in place."""
    rows, columns = size
    a, b = max(2, round(0.55 * columns)), max(1, round(rows * rng.uniform(0.05, 0.18)))
    blur = max(0.6, 0.25 * b)
    edge = int(3 * blur) + 1
    shade = np.zeros((2 * (b + edge) + 1, 2 * (a + edge) + 1), np.float32)
    cv2.ellipse(shade, (a + edge, b + edge), (a, b), 0, 0, 360, 1.0, -1)
    shift = int(rng.uniform(-0.35, 0.35) * columns)
    placed = overlap(foot[0] - b - edge, foot[1] + shift - a - edge, shade.shape, image.shape[:2])
    if placed:
        window, part = placed
        dim(image, window, soften(shade, blur)[part], float(rng.uniform(0.35, 0.8)))
