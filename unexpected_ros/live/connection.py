"""Why no frame arrives: one sentence that names the topic, who publishes, what does not match, and the cure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

IMAGE, COMPRESSED = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"


class Publisher(NamedTuple):
    """Who publishes a topic, and how."""

    node: str
    type: str
    best_effort: bool


def explain(
    topic: str, compressed: bool, best_effort: bool, publishers: Sequence[Publisher], topics: Iterable[tuple[str, str]]
) -> str:
    """What keeps frames from a subscription to `topic`, and what to do about it.

    compressed, best_effort: of the subscription. topics: (name, type) of everything that may be an input.
    """
    wanted, other = (COMPRESSED, IMAGE) if compressed else (IMAGE, COMPRESSED)
    if not publishers:
        return f"nobody publishes {topic} ({wanted}); {_similar(topic, wanted, other, topics)}"
    names = ", ".join(f"{p.node} ({'best effort' if p.best_effort else 'reliable'})" for p in publishers)
    fitting = [p for p in publishers if p.type == wanted]
    if not fitting:
        found = ", ".join(sorted({p.type for p in publishers}))
        cure = (
            f"start with input.transport:={'raw' if compressed else 'compressed'}"
            if found == other
            else "remap the input to a topic of that type"
        )
        return f"{topic} is published by {names} as {found}, but {wanted} is expected; {cure}"
    if not best_effort and all(p.best_effort for p in fitting):
        return (
            f"{topic} is published by {names}, but this subscription asks for reliable delivery, which they do "
            "not offer; start with input.reliability:=auto or best_effort"
        )
    return (
        f"{topic} is published by {names} and the QoS matches, but no frame arrives; see that the camera sends, "
        "and if it sends large images best effort, start it with config/fastdds_large_images.xml "
        "(docs/ros.md, Large images)"
    )


def _similar(topic: str, wanted: str, other: str, topics: Iterable[tuple[str, str]]) -> str:
    """The image topics there are, the most similar names first."""
    topics = list(topics)
    names = [name for name, type_name in topics if type_name == wanted]
    if not names:
        others = sorted(name for name, type_name in topics if type_name == other)
        return (
            f"no topic of this type is published, but these of the other transport are: {', '.join(others[:5])}; "
            "see input.transport"
            if others
            else "no image topic is published at all; start the camera"
        )
    nearest = sorted(names, key=lambda name: -difflib.SequenceMatcher(None, name, topic).ratio())[:5]
    return (
        f"similar topics: {', '.join(nearest)}; remap one, for example "
        f"-r image:={nearest[0].removesuffix('/compressed')}"
    )
