"""Bags with this package's messages in them, without ROS. Run as a program: a detector over every frame of a bag.

python -m unexpected_ros.bags IN OUT.mcap
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from unexpected_core.media.bags import recording, writing
from unexpected_core.media.bags.bag import open_bag
from unexpected_core.media.bags.message_types import Typestore
from unexpected_core.media.bags.message_types import message_types as _message_types
from unexpected_core.media.bags.writing import BagWriter
from unexpected_core.media.errors import BagError

__all__ = ["BagError", "BagWriter", "create_bag", "message_types", "open_bag", "recorded_bag"]


def message_types() -> Typestore:
    """All standard messages of ROS 2 and ours, read from the definitions beside this file or in the checkout."""
    here = Path(__file__).parent
    folder = here / "definitions" if (here / "definitions").is_dir() else here.parent / "msg"
    files = sorted(folder.glob("*.msg"))
    if not files:
        raise BagError(f"message definitions not found in {folder}; install the package again")
    return _message_types(("unexpected_ros", file) for file in files)


def create_bag(path: str | Path) -> AbstractContextManager[BagWriter]:
    """See media.bags.writing.create_bag; our messages can be written too."""
    return writing.create_bag(path, message_types())


def recorded_bag(path: str | Path, overwrite: bool = False) -> AbstractContextManager[BagWriter]:
    """See media.bags.recording.recorded_bag; our messages can be written too."""
    return recording.recorded_bag(path, message_types(), overwrite)


if __name__ == "__main__":
    from unexpected_ros.tools.bags_command import main

    raise SystemExit(main())
