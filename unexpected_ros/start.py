"""How every program of this package begins and ends. Loads nothing itself, so that it is there before anything slow."""

from __future__ import annotations

import importlib
import logging
import os
import re
import signal
import sys
from typing import NoReturn

SIGNALS = (signal.SIGINT, signal.SIGTERM)
OF_RCL = "rclpy._rclpy_pybind11"
"""Where the exceptions of ROS itself are defined: arguments it cannot read, keys it cannot find."""


def start(module: str) -> NoReturn:
    """Import `module`, call its main() and leave with what that returns; a signal during the import is a quiet end.

    By the time main returns everything is given back. Taking the interpreter apart as well would, because of torch,
    cost nearly a second of processor time: on a busy machine more than the five seconds after which launch begins to
    insist. What ROS itself refuses is told in one line.
    """
    before = {number: signal.signal(number, lambda *_: os._exit(0)) for number in SIGNALS}
    main = importlib.import_module(module).main
    for number, handler in before.items():
        signal.signal(number, handler)
    try:
        code = main()
    except KeyboardInterrupt:  # before main was ready for it
        code = 0
    except Exception as error:
        if type(error).__module__ != OF_RCL:
            raise
        print(f"error: {plain(str(error))}", file=sys.stderr)
        code = 1
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def plain(text: str) -> str:
    """What rcl says, without where in its sources it says so.

    >>> plain("failed to initialize rcl: Couldn't parse remap rule: '-r image:=1'. Error: error not set, at ./a.c:3")
    "Couldn't parse remap rule: '-r image:=1'"
    """
    text = re.sub(r", at \S+:\d+", "", " ".join(text.split()))
    text = text.removeprefix("failed to initialize rcl: ").removesuffix(". Error: error not set")
    return f"no such ROS arguments: {text}" if text.startswith("[") else text


if __name__ == "__main__":
    start(sys.argv.pop(1))
