"""Writes topics into an mcap file, message bytes untouched, with their definitions (ours too) in the file.

ros2 run unexpected_ros recorder OUT.mcap /camera/image /unexpected/detector/mask /unexpected/detector/regions
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import rclpy
from rclpy.signals import SignalHandlerOptions
from rclpy.utilities import remove_ros_args

from unexpected_ros.bags import BagError, recorded_bag
from unexpected_ros.live.spinning import Serving
from unexpected_ros.tools.recorder_node import Recorder


class Stop:
    """SIGINT, SIGTERM, SIGHUP (a terminal is closed): the first asks for an end, the second for one at once."""

    def __init__(self) -> None:
        self.requests = 0
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._request)
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # else started with nohup
            signal.signal(signal.SIGHUP, self._request)

    def _request(self, *_: object) -> None:
        self.requests += 1


def record(recorder: Recorder, stop: Stop, quiet: float) -> None:
    """Record until a stop is asked for and nothing has come for `quiet` seconds."""
    asked, serving = None, Serving(recorder, fatal=(BagError, OSError))
    while stop.requests < 2:
        if stop.requests and asked is None:
            asked = time.monotonic()
        if asked is not None and time.monotonic() - max(asked, recorder.last) >= quiet:
            return
        serving.once(0.1)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line without its ROS arguments."""
    parser = argparse.ArgumentParser(prog="recorder", description=__doc__.partition("\n")[0])
    parser.add_argument("output", type=Path, metavar="OUT", help="file .mcap, or a bag folder; appears at the end")
    parser.add_argument("topics", nargs="+", help="names; the first is connected last")
    older = "replace an older OUT, by a recording of all topics only"
    parser.add_argument("--overwrite", action="store_true", help=older)
    quiet = "after SIGINT, go on until nothing has come for this many seconds; a second SIGINT ends it (%(default)s)"
    parser.add_argument("--quiet", type=float, default=0.0, help=quiet)
    return parser.parse_args(arguments)


def main() -> int:
    """Record until interrupted: 0 with the counts on stdout, 1 with the cause on stderr."""
    given, stop = parse(remove_ros_args(sys.argv)[1:]), Stop()
    code, file, recorder = 0, None, None
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    try:
        with recorded_bag(given.output, given.overwrite) as bag:
            file, recorder = bag.file, Recorder(given.topics, bag)
            record(recorder, stop, given.quiet)
            if not any(recorder.counts.values()):
                raise BagError(f"nothing was recorded: {recorder.missing()}")
            if recorder.waiting:
                raise BagError(f"{given.output} is not complete: {recorder.missing()}")
    except (BagError, OSError) as error:
        kept = f"; {file} holds what was recorded" if file and file.exists() else ""
        print(f"error: {error}{kept}", file=sys.stderr)
        code = 1
    finally:
        rclpy.try_shutdown()
    for topic, count in recorder.counts.items() if recorder else ():
        lost = f" ({recorder.lost[topic]} or more were lost on their way)" if topic in recorder.lost else ""
        print(f"{count:6d} {topic}{lost}")
    return code


if __name__ == "__main__":
    raise SystemExit(main())
