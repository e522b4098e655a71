"""Message definitions: the standard ones, those of other packages, those that a bag carries."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from rosbags.typesys import Stores, get_types_from_idl, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from unexpected_core.media.errors import BagError

IMAGE, COMPRESSED, CAMERA_INFO = (f"sensor_msgs/msg/{name}" for name in ("Image", "CompressedImage", "CameraInfo"))
_IDL_LINE = "=" * 80 + "\n"


def message_types(definitions: Iterable[tuple[str, Path]] = ()) -> Typestore:
    """All standard messages of ROS 2, and those of the given (package, file .msg). Makes a new store."""
    store = get_typestore(Stores.ROS2_KILTED)
    types: dict[str, Any] = {}
    for package, path in definitions:
        types.update(get_types_from_msg(path.read_text(encoding="utf-8"), f"{package}/msg/{path.stem}"))
    store.register(types)
    return store


@cache
def standard_types() -> Typestore:
    """All standard messages of ROS 2, to read only."""
    return message_types()


@cache
def store_of(kind: str, encoding: str, text: str) -> Typestore:
    """Types of one message as a bag defines it, by the standard where it does not. Raises BagError."""
    if not text:
        if kind in standard_types().fielddefs:
            return standard_types()
        raise BagError(f"the bag does not define {kind}, and it is no standard message; record it with its definition")
    store = get_typestore(Stores.EMPTY)
    try:
        store.register(get_types_from_msg(text, kind) if encoding == "ros2msg" else _from_idl(text))
    except Exception as error:  # the parser raises many kinds
        if kind in standard_types().fielddefs:
            return standard_types()
        raise BagError(f"the bag's definition of {kind} cannot be read ({error!r})") from error
    return store


def _from_idl(text: str) -> dict[str, Any]:
    parts = [part.split("\n", 1)[1] for part in text.split(_IDL_LINE)[1:]] if text.startswith(_IDL_LINE) else [text]
    return {name: fields for part in parts for name, fields in get_types_from_idl(part).items()}
