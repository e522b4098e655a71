"""A detector over every frame of a bag, without ROS: the live node's output topics, written beside the inputs."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from unexpected_core.log import LOGGER, progress
from unexpected_core.media.bags.bag import Bag
from unexpected_core.media.bags.growing import growing_bag, partial_path
from unexpected_ros.bags import BagError, message_types, open_bag
from unexpected_ros.inputs.mounts import STATIC, TRANSFORMS, Mounts
from unexpected_ros.logs import CauseLog
from unexpected_ros.settings import NodeSettings
from unexpected_ros.tools.frame_by_frame import FrameByFrame
from unexpected_ros.tools.resuming import Interrupted, recipe, take_over

if TYPE_CHECKING:
    from unexpected_core.pipeline.detector import Detector

NODE = "/unexpected/detector"


def node_name(text: str) -> str:
    """The full name of a node, without a slash at its end. Raises BagError for what ROS does not take for one."""
    name = text.rstrip("/")
    if not re.fullmatch(r"(/[A-Za-z_]\w*)+", name, re.ASCII) or "__" in name:
        raise BagError(f"node '{text}': expected a full name such as {NODE}, of letters, digits and single _")
    return name


def mounts_in(bag: Bag, warn: CauseLog) -> Mounts:
    """Where a bag says that cameras sit: all of its /tf_static, which holds for all of its frames."""
    mounts = Mounts(warn)
    for message in bag.look_ahead(STATIC) if STATIC in bag.topics(TRANSFORMS) else ():
        with suppress(BagError):  # a damaged one
            mounts.hear(bag.read(message.channel, message.data))
    return mounts


def process_bag(
    source: str | Path,
    target: str | Path,
    detector: Detector,
    topic: str | None = None,
    node: str = NODE,
    settings: NodeSettings | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> FrameByFrame:
    """Copy source to target and add the outputs for every image of a topic (None: the only one). Raises BagError.

    node: full name under which the outputs appear. settings: of the node, such as its camera's; what the detector
    has settings for is taken from the detector.
    stop: asked before each frame; when it says so, Interrupted is raised, and the same call goes on from there.
    target exists when all that is whole of source was read; see FrameByFrame.problems.
    """
    before, after = Path(source).resolve(), Path(target).resolve()
    if before.is_relative_to(after) or after.is_relative_to(before):  # a folder is replaced with all that is in it
        raise BagError(f"{target} is also the input, or one lies in the other; expected another place for the output")
    if before == partial_path(after):
        raise BagError(
            f"{source} is where an unfinished {target} lies, and would be replaced by it; rename one of them"
        )
    node = node_name(node)
    warn = CauseLog(LOGGER.warning, period_s=math.inf)
    with open_bag(source) as bag:
        taken = [name for name in bag.topics() if name.startswith(f"{node}/")]
        if taken:
            raise BagError(f"{source} has outputs already ({', '.join(taken)}); choose another name with --node")
        image_topic = bag.image_topic(topic)
        total = bag.count(image_topic)
        with growing_bag(target, message_types(), recipe(before, image_topic, node, detector, settings)) as growing:
            run = FrameByFrame(detector, node, growing.writer, image_topic, settings, mounts_in(bag, warn), warn)
            done = take_over(growing.earlier(), run, bag)
            for frame in progress(run.frames(bag, done), "frames", total and total - run.received):
                if stop():
                    raise Interrupted(run.received, total, partial_path(Path(target)))
                run.process(frame, bag)
    return run
