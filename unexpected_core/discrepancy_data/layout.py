"""Names of a discrepancy set's files, as the authors' published archive has them (plus ``image/`` for pastes)."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Literal

LABELS, COLOURS, ERRORS = "_fakeTrainIds.png", "_fakeTrainIds_colorimg.png", "_errors.png"
ORIGINAL, ORIGINAL_COLOURS = "_predTrainIds.png", "_predTrainIds_colorimg.png"
ResynthesisSuffix = Literal[".jpg", ".webp", ".png"]


def label_file(split: str, key: str, ending: str) -> str:
    """``labels/<split>/<key><ending>``."""
    return str(PurePosixPath("labels", split, key + ending))


def resynthesis_file(split: str, key: str, suffix: str) -> str:
    """``gen_image/<split>/<key>_gen.jpg``."""
    return str(PurePosixPath("gen_image", split, f"{key}_gen{suffix}"))


def image_file(split: str, key: str) -> str:
    """``image/<split>/<key>_image.webp``: the photo, only where objects were pasted into it."""
    return str(PurePosixPath("image", split, f"{key}_image.webp"))
