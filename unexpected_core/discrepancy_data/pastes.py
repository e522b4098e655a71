"""Pasted objects: things put into the photo while the labels stay unaware of them.

In this order: ground of another colour (pasting/recolour.py), flat marks (pasting/marks.py), known things with their
labels (pasting/known.py), the own bonnet: all of this is *expected*, and the photo that a generator is to paint. Then
the things that are not (pasting/things.py), where the ground plane says (pasting/place.py), in the light of the place
(pasting/light.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from unexpected_core.discrepancy_data.pasting.blend import mix, overlap
from unexpected_core.discrepancy_data.pasting.bonnet import lay_bonnet
from unexpected_core.discrepancy_data.pasting.cutouts import CutOuts
from unexpected_core.discrepancy_data.pasting.known import paste_known
from unexpected_core.discrepancy_data.pasting.light import as_sharp, contact_shadow, lit
from unexpected_core.discrepancy_data.pasting.marks import lay_crossing, lay_mark
from unexpected_core.discrepancy_data.pasting.place import Place, View, choose_place, horizon_share
from unexpected_core.discrepancy_data.pasting.recolour import recolour
from unexpected_core.discrepancy_data.pasting.settings import PasteSettings
from unexpected_core.discrepancy_data.pasting.sharpness import edge_blur
from unexpected_core.discrepancy_data.pasting.things import Lender, Thing, any_thing
from unexpected_core.labels import IGNORE

__all__ = ["Lender", "PasteSettings", "Pasted", "ignore_unexpected", "paste_objects"]
NOTHING = CutOuts([])
TRIES = 3
"""Frames in which a known thing is looked for, where the first ones have none that is whole."""


class Pasted(NamedTuple):
    """image uint8 [H, W, 3]; discrepancy uint8 [H, W], 1 on pasted objects, 0 elsewhere.

    photo uint8 [H, W, 3]: the same without the objects and their shadows, but with all that is expected;
    labels uint8 [H, W]: of the photo. covered bool [H, W]: where something expected was laid over what was there,
    though it may have the same label: nothing there is a discrepancy any more.
    """

    image: np.ndarray
    discrepancy: np.ndarray
    photo: np.ndarray
    labels: np.ndarray
    covered: np.ndarray


def paste_objects(
    image: np.ndarray,
    labels: np.ndarray,
    lenders: Sequence[Lender],
    rng: np.random.Generator,
    settings: PasteSettings,
    cut_outs: CutOuts = NOTHING,
    view: View | None = None,
) -> Pasted:
    """Put what is expected, then what is not, into a copy of an image.

    image: RGB uint8 [H, W, 3]; labels: train ids uint8 [H, W]; lenders: frames to cut from; cut_outs: things to paste
    (none: drawn shapes); view: which part of a frame the image is (None: all of it).
    """
    view = view or View(horizon_share(labels, settings.horizon) * len(labels), len(labels))
    blur = edge_blur(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))
    photo, before = recolour(image, labels, rng, settings.recolour, settings.recolour_gain), labels
    labels = labels.copy()
    _lay_marks(photo, labels, view, rng, settings)
    covered = labels != before
    if lenders and rng.random() < settings.known:
        for _ in range(rng.integers(1, settings.most_known + 1)):
            for _ in range(TRIES):
                lender = lenders[rng.integers(len(lenders))]
                laid = paste_known(photo, labels, lender, view, blur, rng, settings.known_scale, settings.horizon)
                covered |= laid
                if laid.any():
                    break
    if rng.random() < settings.bonnet:
        covered |= lay_bonnet(photo, labels, view, rng)
    image, discrepancy = photo.copy(), np.zeros(labels.shape, np.uint8)
    if rng.random() < settings.probability:
        for _ in range(rng.integers(1, settings.most + 1)):
            place = choose_place(labels, view, rng, settings)
            thing = any_thing(place.rows, cut_outs, lenders, rng, settings)
            _lay(thing, place, image, discrepancy, blur, rng, settings)
    return Pasted(image, discrepancy, photo, labels, covered)


def _lay_marks(
    photo: np.ndarray, labels: np.ndarray, view: View, rng: np.random.Generator, settings: PasteSettings
) -> None:
    if rng.random() < settings.crossings:
        lay_crossing(photo, labels, view, settings.camera_height, rng)
    if rng.random() < settings.distractors:
        for _ in range(rng.integers(1, 5)):
            lay_mark(photo, labels, view, settings.camera_height, rng)


def _lay(
    thing: Thing,
    place: Place,
    image: np.ndarray,
    discrepancy: np.ndarray,
    blur: tuple[float, float],
    rng: np.random.Generator,
    settings: PasteSettings,
) -> None:
    """Draw a thing where its place is, and its contact shadow. Changes image and discrepancy in place."""
    size = thing.alpha.shape
    top, left = place.foot[0] - size[0], place.foot[1] - size[1] // 2
    placed = overlap(top, left, size, discrepancy.shape)
    if placed is None:
        return
    thing = as_sharp(lit(thing, image[placed[0]], rng, rng.random() < settings.camouflage), blur, rng)
    if place.grounded and rng.random() < settings.shadows:
        contact_shadow(image, place.foot, size, rng)
    rim = (len(thing.alpha) - size[0]) // 2
    window, part = overlap(top - rim, left - rim, thing.alpha.shape, discrepancy.shape)
    mix(image, window, thing.alpha[part], thing.texture[part])
    discrepancy[window][thing.alpha[part] > 0.5 * min(1, thing.alpha.max())] = 1  # a blurred twig is a thing, too


def ignore_unexpected(labels: np.ndarray, discrepancy: np.ndarray) -> np.ndarray:
    """Labels uint8 [H, W] for a segmenter to learn from: 255 where something is unexpected (1), which has no class."""
    return np.where(discrepancy == 1, IGNORE, labels).astype(np.uint8)
