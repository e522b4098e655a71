"""Going on with a bag that an earlier run was stopped in. No ROS."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from unexpected_core.labels import IGNORE
from unexpected_core.log import LOGGER
from unexpected_core.media.bags.bag import Bag
from unexpected_core.media.bags.channels import Message
from unexpected_core.pipeline.ego_mask import ego_mask
from unexpected_core.pipeline.named_files import named_files
from unexpected_core.pipeline.roi import ROAD, given_area
from unexpected_core.regions import find_regions
from unexpected_core.structs import Region
from unexpected_ros.inputs.incoming import region_from, stamp_ns
from unexpected_ros.scene.limits import are_set

if TYPE_CHECKING:
    from unexpected_core.pipeline.detector import Detector
    from unexpected_core.pipeline.settings import DetectSettings
    from unexpected_ros.settings import NodeSettings
    from unexpected_ros.tools.frame_by_frame import FrameByFrame


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
        "named": json.dumps(named_files(detector.settings.model, detector.settings.detect)),
        "settings": settings.model_dump_json() if settings else "",
    }


def take_over(earlier: Iterator[Message], run: FrameByFrame, bag: Bag) -> int:
    """Write again what an earlier run wrote, up to its last frame, which may lack outputs; restore counts and tracks.

    Returns how many messages of the source are among them.
    """
    copied, frame = 0, []
    for message in earlier:
        if message.channel.topic == run.image_topic:
            copied += _again(frame, run, bag)
            frame = []
        frame.append(message)
    if run.processed and run.settings.output.score_encoding == "mono8" and _hides_regions(run.settings):
        LOGGER.warning("scores of 8 bits do not tell which regions were not reported: the tracks of those begin anew")
    run.failures.update({"before the interruption": lost} if (lost := run.received - run.processed) else {})
    return copied


def _again(messages: list[Message], run: FrameByFrame, bag: Bag) -> int:
    """Write the messages from a frame to the next one; returns how many are of the source."""
    made: dict[str, Message] = {}
    for message in messages:
        run.writer.copy(message)
        topic = message.channel.topic
        run.received += topic == run.image_topic
        if topic.startswith(f"{run.node}/"):
            made[topic.removeprefix(f"{run.node}/")] = message
    if "regions" in made:
        run.processed += 1
        run.tracker.update(*_seen(lambda name: bag.read(made[name].channel, made[name].data), run.settings))
    return len(messages) - len(made)


def _seen(output: Callable[[str], Any], settings: NodeSettings) -> tuple[int, Sequence[Region]]:
    """Stamp and regions of a frame by its outputs: all that were found in the score, reported or not."""
    found, score, labels = output("regions"), output("score"), output("labels")
    if score.encoding == "mono8":  # rounded: regions were found in another score
        return stamp_ns(found.header), [region_from(region) for region in found.regions]
    size = score.height, score.width
    score, labels = score.data.view(np.float32).reshape(size), labels.data.reshape(size)
    return stamp_ns(found.header), find_regions(score, labels, settings.detect, _unseen(labels, settings.detect))[1]


def _unseen(labels: np.ndarray, settings: DetectSettings) -> np.ndarray:
    """As in the detection, bool [H, W]: outside the part that was looked at labels are 255."""
    unseen = labels == IGNORE
    if settings.roi not in ("", ROAD):
        unseen |= ~given_area(settings.roi, labels.shape)
    return unseen | ego_mask(settings.ego_mask, labels.shape) if settings.ego_mask else unseen


def _hides_regions(settings: NodeSettings) -> bool:
    """Whether the tracker knows more regions than are reported."""
    return settings.detect.min_persistence > 1 or are_set(settings.ground)
