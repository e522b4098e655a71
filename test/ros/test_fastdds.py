"""Shared memory for whole images: our processes take it, unless their user knows better."""

import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections import namedtuple
from pathlib import Path

import pytest

from unexpected_ros import fastdds

VARIABLE = "FASTDDS_DEFAULT_PROFILES_FILE"
LOOK = """
import rclpy, re, sys
from pathlib import Path
from unexpected_ros.fastdds import make_room_for_images
make_room_for_images()
rclpy.init()
node = rclpy.create_node("looked_at")
found = set(re.findall(r"/dev/shm/(fast(?:dds|rtps)_[0-9a-f]{16})\\b", Path("/proc/self/maps").read_text()))
print(*(Path("/dev/shm", name).stat().st_size for name in found))
node.destroy_node()
rclpy.shutdown()
"""


@pytest.fixture
def room(monkeypatch, tmp_path):
    """An environment that says nothing of Fast DDS, an empty folder; room(free) sets what is free."""
    said = (*fastdds.ITS, "ROS_AUTOMATIC_DISCOVERY_RANGE")
    monkeypatch.setattr(os, "environ", {name: v for name, v in os.environ.items() if not name.startswith(said)})
    monkeypatch.chdir(tmp_path)

    def free(number):
        monkeypatch.setattr(fastdds.shutil, "disk_usage", lambda _: namedtuple("Usage", "free")(number))

    free(1 << 30)
    return free


@pytest.mark.parametrize(("rclpy", "variable"), [("9.1.2", VARIABLE), ("7.1.5", "FASTRTPS" + VARIABLE[7:])])
def test_fast_dds_is_told_of_a_file_that_is_there(room, monkeypatch, rclpy, variable):
    monkeypatch.setattr(fastdds, "version", {"rclpy": rclpy}.get)
    assert fastdds.make_room_for_images()
    assert {name: v for name, v in os.environ.items() if name.startswith(fastdds.ITS)} == {
        variable: str(fastdds.PROFILE)
    }
    sizes = [int(e.text) for e in ElementTree.parse(fastdds.PROFILE).iter() if e.tag.endswith("segment_size")]
    assert len(sizes) == 1 and 4 * sizes[0] <= fastdds.ENOUGH


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FASTDDS_BUILTIN_TRANSPORTS", "UDPv4"),
        ("FASTRTPS_DEFAULT_PROFILES_FILE", "theirs.xml"),
        ("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST"),
    ],
)
def test_settings_of_the_user_stay(room, name, value):
    os.environ[name] = value
    before = dict(os.environ)
    assert not fastdds.make_room_for_images() and os.environ == before


def test_so_does_a_file_that_fast_dds_finds_by_itself(room):
    Path("DEFAULT_FASTDDS_PROFILES.xml").touch()
    assert not fastdds.make_room_for_images() and not any(name.startswith(fastdds.ITS) for name in os.environ)


def test_where_memory_is_short_nothing_is_taken(room, monkeypatch):
    room(fastdds.ENOUGH - 1)
    assert not fastdds.make_room_for_images()
    monkeypatch.undo()
    monkeypatch.setattr(fastdds, "SHARED_MEMORY", "/no/such/place")
    assert not fastdds.make_room_for_images()


@pytest.mark.ros
@pytest.mark.parametrize(("reach", "sizes"), [("SUBNET", [8]), ("LOCALHOST", [0])])
def test_what_a_process_then_holds(tmp_path, reach, sizes):
    if not fastdds._is_room():
        pytest.skip("needs 32 MiB of /dev/shm")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(fastdds.ITS)}
    environment["ROS_AUTOMATIC_DISCOVERY_RANGE"] = reach
    done = subprocess.run(
        [sys.executable, "-c", LOOK], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert [int(size) >> 20 for size in done.stdout.split()] == sizes, done.stderr
