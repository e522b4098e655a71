"""What of the picture is the own car: bonnet, star, rectification border. Nothing there is unexpected."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from unexpected_core.files import file_state
from unexpected_core.images import ImageError, resize_map
from unexpected_core.log import LOGGER
from unexpected_core.pipeline.roi import given_area, parse_polygon, read_mask

MOST = 0.5
"""Share of the picture that no own car takes."""
CHECKED = (2, 2)
"""Size at which a mask is only looked at for errors."""


def ego_mask(text: str, size: tuple[int, int]) -> np.ndarray:
    """Polygons or the path of a picture (see `check_ego_mask`) -> bool [H, W] of an image of `size` (height, width).

    It is remembered as long as the file is the same. Raises ValueError.
    """
    return _mask(text, size, file_state(text))


@lru_cache(maxsize=32)
def _mask(text: str, size: tuple[int, int], state: tuple[int, int] | None) -> np.ndarray:
    polygons = [part.strip() for part in text.split(";") if part.strip()]
    if polygons and all(parse_polygon(part) is not None for part in polygons):
        mask = np.any([given_area(part, size) for part in polygons], axis=0)
    else:
        mask = _read(text, size)
    if mask.mean() > MOST and size != CHECKED:
        LOGGER.warning(
            "the ego mask %s takes %.0f %% of the picture: it is to be black where the street is",
            text,
            100 * mask.mean(),
        )
    mask.setflags(write=False)  # it is shared
    return mask


def check_ego_mask(text: str) -> str:
    """Return the text if a mask can be made of it: '' (none), a picture that is not black where the own car is, of any
    size and colour, or polygons 'x,y x,y x,y; ...' in shares of width and height. Raises ValueError.
    """
    if text:
        ego_mask(text, CHECKED)
    return text


def _read(path: str, size: tuple[int, int]) -> np.ndarray:
    try:
        picture = read_mask(path)
    except (ImageError, OSError) as error:
        raise ValueError(
            f"cannot read the ego mask: {error}; expected a picture, or polygons of three corners or more in shares of "
            "the image ('0,0.9 1,0.9 1,1 0,1')"
        ) from error
    return resize_map(picture.view(np.uint8), size).view(bool)
