"""Messages of ROS 1 made into those of ROS 2."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import yaml
from rosbags.convert.converter import LATCH, STATIC_MSGTYPE_RENAMES, is_same_wireformat, migrate_bytes
from rosbags.rosbag2.metadata import dump_qos_v9
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.msg import normalize_msgtype
from rosbags.typesys.store import Typestore

from unexpected_core.media.bags.channels import Channel
from unexpected_core.media.bags.message_types import standard_types
from unexpected_core.media.errors import BagError

_HEADER = "std_msgs/msg/Header"


def to_ros2(channel: Channel) -> tuple[Channel, Callable[[bytes], bytes]]:
    """A channel of ROS 1 messages -> the same in ROS 2, and what makes their bytes CDR. Raises BagError.

    A type that ROS 2 knows becomes ROS 2's own, others keep their definition. A latched topic offers transient_local.
    """
    before = normalize_msgtype(channel.type)  # MCAP files keep ROS 1's own spelling, sensor_msgs/Image
    kind = STATIC_MSGTYPE_RENAMES.get(before, before)
    try:
        source = get_typestore(Stores.EMPTY)
        header = standard_types().fielddefs[_HEADER]
        source.register({**get_types_from_msg(channel.schema.decode(), before), _HEADER: header})
        target = standard_types() if kind in standard_types().fielddefs else source
        convert = _converter(source, target, before, kind)
        schema = target.generate_msgdef(kind, ros_version=2)[0].encode()
        digest = target.hash_rihs01(kind)
    except Exception as error:  # the parser raises many kinds
        raise BagError(
            f"{channel.topic}: the definition of {channel.type} (ROS 1) cannot be read ({error!r})"
        ) from error
    profiles = yaml.safe_dump(dump_qos_v9(LATCH)) if channel.metadata.get("latching") == "1" else ""
    notes = {"offered_qos_profiles": profiles, "topic_type_hash": digest}
    return Channel(channel.topic, kind, "cdr", "ros2msg", schema, notes), convert


def _converter(source: Typestore, target: Typestore, before: str, after: str) -> Callable[[bytes], bytes]:
    if is_same_wireformat(source, target, before, after):
        return lambda data: bytes(target.ros1_to_cdr(data, after))
    cache: dict[str, Any] = {}
    return lambda data: bytes(migrate_bytes(source, target, before, after, cache, data, src_is2=False, dst_is2=True))
