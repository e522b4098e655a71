"""Fast DDS in our own processes: shared memory that holds whole images, so that they arrive at once and only once."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import stat
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PROFILE = Path(__file__).with_suffix(".xml")
ENOUGH = 32 << 20
"""Bytes that must be free: four times what we take. A container has 64 MiB for all its processes."""
SHARED_MEMORY = "/dev/shm"
LOCK = re.compile(r"(fast(?:dds|rtps)_[0-9a-f]{16})_el").fullmatch
"""Name of the file beside a segment of Fast DDS that its owner holds locked (flock) for as long as it lives."""
ITS = ("FASTDDS", "FASTRTPS")
"""What the names of its variables and files begin with, from Kilted on and up to Jazzy."""
JAZZY = 7
"""The first number of Jazzy's rclpy. ROS_DISTRO need not be set where ROS comes in wheels."""
ALONE = ("OFF", "LOCALHOST")
"""Discovery ranges for which rmw_fastrtps makes transports itself, beside those of a profile."""


def make_room_for_images() -> bool:
    """Before rclpy.init: let Fast DDS read PROFILE, unless the user has settings of their own or memory is short.

    What killed processes hold of that memory is given back first. Fast DDS' own 512 KB are less than one mask at 1080p:
    pieces that find no room are sent again, at twice the cost and later. Other middlewares do not look.
    """
    clear_away()
    theirs = any(name.startswith(ITS) for name in os.environ)
    theirs = theirs or any(Path(f"DEFAULT_{name}_PROFILES.xml").exists() for name in ITS)
    if theirs or os.environ.get("ROS_AUTOMATIC_DISCOVERY_RANGE") in ALONE or not _is_room():
        return False
    os.environ[f"{ITS[_is_old()]}_DEFAULT_PROFILES_FILE"] = str(PROFILE)
    return True


def clear_away() -> None:
    """Remove the segments of processes that were killed: memory that nothing gives back before the machine restarts.

    Fast DDS removes only those that a living process has open; `fastdds shm clean` goes by the same lock.
    """
    as_it_is = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW  # everybody may put a pipe or a link there
    for lock in Path(SHARED_MEMORY).glob("fast*_el"):
        if named := LOCK(lock.name):
            # its owner lives, is another user, or is just leaving
            with suppress(OSError), os.fdopen(os.open(lock, as_it_is), "rb") as file:
                if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    lock.with_name(named[1]).unlink(missing_ok=True)
                    lock.unlink()


def _is_old() -> bool:
    """Whether this is Jazzy or older: its Fast DDS knows the old names only, and later ones warn of them."""
    try:
        return int(version("rclpy").partition(".")[0]) <= JAZZY
    except PackageNotFoundError:
        return False


def _is_room() -> bool:
    try:
        return shutil.disk_usage(SHARED_MEMORY).free >= ENOUGH
    except OSError:
        return False
