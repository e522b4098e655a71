"""What rosbag2 wants to know of a bag, in its own words (metadata version 9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml
from rosbags.rosbag2.metadata import dump_qos_v9, parse_qos

if TYPE_CHECKING:
    from unexpected_core.media.bags.channels import Channel
    from unexpected_core.media.bags.writing import BagWriter

VERSION = 9


def profiles(offered: str | list[dict] | None) -> str:
    """QoS profiles of any version of rosbag2 (YAML or its lists) -> YAML of this version; '' for none."""
    try:
        found = dump_qos_v9(parse_qos(offered or []))
    except Exception:  # of a damaged or foreign note
        return ""
    return yaml.safe_dump(found) if found else ""


def about(writer: BagWriter) -> str:
    """The text that goes into the file itself."""
    return yaml.safe_dump(_information(writer, writer.file.name))


def folder_metadata(writer: BagWriter, name: str) -> str:
    """The text of metadata.yaml of a folder that holds this one file."""
    return yaml.safe_dump({"rosbag2_bagfile_information": _information(writer, name)})


def _topic(channel: Channel, count: int) -> dict[str, Any]:
    about = {
        "name": channel.topic,
        "type": channel.type,
        "serialization_format": channel.encoding,
        "offered_qos_profiles": yaml.safe_load(channel.metadata.get("offered_qos_profiles") or "[]"),
        "type_description_hash": channel.metadata.get("topic_type_hash", ""),
    }
    return {"topic_metadata": about, "message_count": count}


def _information(writer: BagWriter, name: str) -> dict[str, Any]:
    span = {
        "starting_time": {"nanoseconds_since_epoch": writer.start},
        "duration": {"nanoseconds": writer.end - writer.start},
        "message_count": sum(writer.counts),
    }
    topics = [_topic(*each) for each in zip(writer.channels, writer.counts, strict=True)]
    return {
        "version": VERSION,
        "storage_identifier": "mcap",
        **span,
        "topics_with_message_count": topics,
        "relative_file_paths": [name],
        "files": [{"path": name, **span}],
        "compression_format": "",
        "compression_mode": "",
        "custom_data": None,
        "ros_distro": "kilted",
    }
