"""What the page is told of a frame: messages -> pictures, and a header of JSON values beside them."""

from __future__ import annotations

import math
from typing import Any

from unexpected_core.labels import CITYSCAPES
from unexpected_ros.inputs.incoming import region_from
from unexpected_ros.view.assembly import ANCHOR, PHOTO, Whole
from unexpected_ros.view.hub import pack
from unexpected_ros.view.pictures import draw, to_jpeg

STAGES = ("age", "convert", "infer", "publish")
NO_PHOTO = "the camera's image did not reach this window (large images: docs/ros.md), or came too long ago"
LABELS = {label.train_id: label.name for label in CITYSCAPES}


def frame(camera: str, whole: Whole, number: int) -> bytes:
    """One frame as `hub.pack` makes it; the page counts frames by `number`."""
    parts = dict(whole.parts)
    found, stats = parts.pop(ANCHOR), parts.pop("stats", None)
    size = (found.image_height, found.image_width)
    pictures = draw(parts, [region_from(region) for region in found.regions], size)
    facts = {
        "camera": camera,
        "number": number,
        "stamp_ns": whole.stamp,
        "size": list(size),
        "threshold": found.threshold,
        "regions": [row(region) for region in found.regions],
        "times": times(stats) if stats else {},
        "missing": {} if PHOTO in parts else dict.fromkeys((PHOTO, "overlay"), NO_PHOTO),
    }
    return pack(facts, {name: to_jpeg(picture) for name, picture in pictures.items()})


def row(message: Any) -> dict[str, Any]:
    """AnomalyRegion -> a row of the page's table; bearing in degrees, null where unknown."""
    box = message.roi
    return {
        "id": message.id,
        "box": [box.x_offset, box.y_offset, box.width, box.height],
        "score": message.score,
        "label": LABELS.get(message.label, "–"),
        "road": message.road_fraction,
        "age": message.age,
        "bearing": _number(math.degrees(message.bearing)),
        "distance": _number(message.distance),
    }


def times(stats: Any) -> dict[str, float]:
    """FrameStats -> milliseconds by stage, without those that are not known (a camera that sets no stamps)."""
    known = ((stage, _number(getattr(stats, f"{stage}_ms"))) for stage in STAGES)
    return {stage: value for stage, value in known if value is not None}


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
