"""Shared memory for whole images: our processes take it, unless their user knows better."""

import fcntl
import os
import signal
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections import namedtuple
from pathlib import Path
from threading import Thread

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
print(*(Path("/dev/shm", name).stat().st_size for name in found), flush=True)
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


@pytest.mark.parametrize("profile", [None, "theirs.xml"])
def test_what_was_left_by_the_killed_is_cleared_away_and_nothing_else(room, monkeypatch, tmp_path, profile):
    if profile:
        os.environ[VARIABLE] = profile
    monkeypatch.setattr(fastdds, "SHARED_MEMORY", str(tmp_path))
    dead, alive, older = "fastdds_0123456789abcdef", "fastdds_fedcba9876543210", "fastrtps_0123456789abcdef"
    others = {"fastdds_port7411", "fastdds_port7411_el", "fastdds_0000000000000000", "notes_el", "fast_el"}
    for name in {dead, f"{dead}_el", alive, f"{alive}_el", older, f"{older}_el"} | others:
        (tmp_path / name).touch()
    with (tmp_path / f"{alive}_el").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert fastdds.make_room_for_images() == (profile is None)
    assert {path.name for path in tmp_path.iterdir()} == {alive, f"{alive}_el"} | others


def test_what_is_no_file_is_neither_waited_for_nor_removed(room, monkeypatch, tmp_path):
    """Everybody may write there; a pipe that is opened to be read waits for one who writes."""
    monkeypatch.setattr(fastdds, "SHARED_MEMORY", str(tmp_path))
    (tmp_path / "notes").touch()
    os.mkfifo(tmp_path / "fastdds_0123456789abcdef_el")
    (tmp_path / "fastdds_fedcba9876543210_el").symlink_to("notes")
    before = set(tmp_path.iterdir())
    clearing = Thread(target=fastdds.clear_away, daemon=True)
    clearing.start()
    clearing.join(5)
    assert not clearing.is_alive() and set(tmp_path.iterdir()) == before


@pytest.mark.ros
def test_so_is_what_nobody_else_had_opened(tmp_path, lonely_domain):
    if not fastdds._is_room():
        pytest.skip("needs 32 MiB of /dev/shm")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(fastdds.ITS)}
    environment |= {"ROS_DOMAIN_ID": lonely_domain, "ROS_AUTOMATIC_DISCOVERY_RANGE": "SUBNET"}
    names = LOOK.replace("stat().st_size", "name")
    killed = names.replace("node.destroy_node()", "import os; os.kill(os.getpid(), 9)")
    first, second = (
        subprocess.run(
            [sys.executable, "-c", script], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120
        )
        for script in (killed, names)
    )
    assert (first.returncode, second.returncode) == (-signal.SIGKILL, 0), second.stderr
    assert len(first.stdout.split()) == len(second.stdout.split()) == 1
    assert not Path("/dev/shm", first.stdout.strip()).exists()


@pytest.mark.ros
@pytest.mark.parametrize(("reach", "sizes"), [("SUBNET", [8]), ("LOCALHOST", [0])])
def test_what_a_process_then_holds(tmp_path, lonely_domain, reach, sizes):
    if not fastdds._is_room():
        pytest.skip("needs 32 MiB of /dev/shm")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(fastdds.ITS)}
    # who else is there is mapped, too
    environment |= {"ROS_DOMAIN_ID": lonely_domain, "ROS_AUTOMATIC_DISCOVERY_RANGE": reach}
    done = subprocess.run(
        [sys.executable, "-c", LOOK], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert [int(size) >> 20 for size in done.stdout.split()] == sizes, done.stderr
