"""Which code draws, ours and OpenCV's: frames of two versions may look different, and must not lie in one set."""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2

from unexpected_core import drawing
from unexpected_core.drawing.errors import DrawingError
from unexpected_core.files import statements


def fingerprint() -> str:
    """Fingerprint of the code that draws, so that frames of an older version are not taken for new ones.

    OpenCV's version counts: 4.10 and 5.0 give other pixels. Comments and docstrings do not.
    """
    room = Path(drawing.__file__).parent
    files = sorted(room.rglob("*.py"))
    if not files:
        raise DrawingError(f"no code that draws below {room}: frames of an older version would be taken for new ones")
    return hashlib.sha256("".join([*map(statements, files), cv2.__version__]).encode()).hexdigest()[:8]
