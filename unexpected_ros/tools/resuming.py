"""Going on with a bag that an earlier run was stopped in. No ROS."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unexpected_core.media.bags.bag import Bag
from unexpected_core.media.bags.channels import Message
from unexpected_core.structs import Region
from unexpected_ros.live.incoming import stamp_ns

if TYPE_CHECKING:
    from unexpected_core.pipeline.detector import Detector
    from unexpected_ros.live.settings import NodeSettings
    from unexpected_ros.tools.offline import FrameByFrame


class Interrupted(Exception):
    """A run that was asked to stop; the message says how far it came and how to go on."""

    def __init__(self, done: int, total: int | None, partial: Path) -> None:
        of_all = "" if total is None else f" of {total}"
        super().__init__(f" after {done}{of_all} frames: {partial} holds them, and the same command goes on from there")


def recipe(
    source: Path, image_topic: str, node: str, detector: Detector, settings: NodeSettings | None
) -> dict[str, str]:
    """All that the outputs depend on; a partial bag of another recipe must not be gone on with."""
    files = sorted(source.iterdir()) if source.is_dir() else [source]
    return {
        "source": str(source),
        "files": json.dumps([[file.name, file.stat().st_size, file.stat().st_mtime_ns] for file in files]),
        "image_topic": image_topic,
        "node": node,
        "model": detector.model_id,
        "detect": detector.settings.model_dump_json(),
        "settings": settings.model_dump_json() if settings else "",
    }


def take_over(earlier: Iterator[Message], run: FrameByFrame, bag: Bag) -> int:
    """Write again what an earlier run wrote, up to its last frame, which may lack outputs; restore counts and tracks.

    Returns how many messages of the source are among them.
    """
    copied, waiting = 0, []
    for message in earlier:
        if message.channel.topic == run.image_topic:
            copied += sum(_again(kept, run, bag) for kept in waiting)
            waiting = []
        waiting.append(message)
    run.failures.update({"before the interruption": lost} if (lost := run.received - run.processed) else {})
    return copied


def _again(message: Message, run: FrameByFrame, bag: Bag) -> bool:
    """Write a message; returns whether it is one of the source."""
    run.writer.copy(message)
    topic = message.channel.topic
    if topic == f"{run.node}/regions":
        found = bag.read(message.channel, message.data)
        run.tracker.update(stamp_ns(found.header), [_region(region) for region in found.regions])
        run.processed += 1
    run.received += topic == run.image_topic
    return not topic.startswith(f"{run.node}/")


def _region(r: Any) -> Region:
    """unexpected_ros/AnomalyRegion -> Region."""
    box = (r.roi.x_offset, r.roi.y_offset, r.roi.width, r.roi.height)
    return Region(*box, r.centroid_x, r.centroid_y, r.area, r.score, r.max_score, r.road_fraction, r.label)


@contextmanager
def stop_requests() -> Iterator[Callable[[], bool]]:
    """SIGINT and SIGTERM ask for an end between two frames, once more for one at once. Gives: has it been asked for?"""
    asked = []

    def ask(*_: object) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(True)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
