"""A camera made of a file: publishes photographs, a video or a bag on `image` and `camera_info`; needs no `ros2 bag`.

ros2 run unexpected_ros replay PHOTOS_OR_VIDEO_OR_BAG --loop --ros-args -r image:=/camera/image

While it plays: services ~/pause (std_srvs/SetBool) and ~/step (std_srvs/Trigger), parameters `speed` and `position`
(setting it jumps), and in a terminal the keys space (pause), . (next frame), arrows (5 s back and on, faster, slower).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.utilities import remove_ros_args

from unexpected_core.media.footage import open_footage
from unexpected_core.media.shots import PHOTO_RATE, Footage
from unexpected_ros.fastdds import make_room_for_images
from unexpected_ros.tools.keys import keys
from unexpected_ros.tools.player import Player, ReplayError
from unexpected_ros.tools.playing import Playing
from unexpected_ros.tools.transport import MAX_SPEED, MIN_SPEED, Transport

MOST_NAMED = 10
JUMP_S, FASTER = 5.0, 1.25


def obey(key: str, transport: Transport, now: float) -> None:
    """What a key in the terminal does; others do nothing."""
    acts = {
        " ": lambda: transport.pause(not transport.paused, now),
        ".": lambda: transport.step(now),
        "left": lambda: transport.seek(transport.position(now) - JUMP_S, now),
        "right": lambda: transport.seek(transport.position(now) + JUMP_S, now),
        "up": lambda: transport.set_speed(transport.speed * FASTER, now),
        "down": lambda: transport.set_speed(transport.speed / FASTER, now),
    }
    acts.get(key, lambda: None)()


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line without its ROS arguments."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="replay", description=__doc__, formatter_class=raw)
    _add_arguments(parser)
    given = parser.parse_args(arguments)
    if given.clock and given.stamps == "now":
        parser.error("--clock runs in recorded time, and --stamps now does not; leave one of them out")
    given.stamps = given.stamps or ("recorded" if given.clock else "now")
    for fault in _faults(given):
        parser.error(fault)
    return given


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("input", help="folder of photographs, photograph, video, or bag (.mcap, .db3, .bag, folder)")
    add("--rate", type=float, help=f"Hz; without it photographs play at {PHOTO_RATE:g}, others in their own time")
    add("--speed", type=float, default=1.0, help="seconds of footage in a second (%(default)s)")
    add("--start", type=float, default=0.0, metavar="S", help="begin this many seconds in")
    add("--loop", action="store_true", help="begin anew at the end, until interrupted")
    add("--paused", action="store_true", help="begin paused")
    add("--stamps", choices=("now", "recorded"), help="of the headers; default: recorded with --clock, else now")
    add("--clock", action="store_true", help="publish /clock, for nodes with use_sim_time; it jumps back in a loop")
    add("--topic", help="image topic to play; needed for a bag with several")
    add("--bit-depth", type=int, choices=range(8, 17), default=0, help="bits used of 16-bit pictures")
    add("--frame-id", help="frame_id of the headers; default: the recorded one, or 'camera'")
    add("--wait-for", type=int, default=0, metavar="N", help="begin when N subscribers listen")
    add("--timeout", type=float, default=60.0, help="seconds to wait for them (%(default)s)")
    add("--journal", type=Path, metavar="FILE", help="write 'stamp in nanoseconds,name' of each frame")


def _faults(given: argparse.Namespace) -> Iterator[str]:
    if given.rate is not None and not 0 < given.rate <= 1000:
        yield f"--rate {given.rate:g}: expected Hz above 0 and at most 1000"
    if not MIN_SPEED <= given.speed <= MAX_SPEED:
        yield f"--speed {given.speed:g}: expected {MIN_SPEED:g} to {MAX_SPEED:g}"
    if not 0 <= given.start < float("inf"):
        yield f"--start {given.start:g}: expected seconds, 0 or more"
    if given.rate and given.stamps == "recorded":
        yield "--rate gives frames times of its own, and recorded stamps keep theirs; use --speed"


def main() -> int:
    """Play. 0 also when interrupted; 1 with the cause on stderr when something is missing, or nobody listens."""
    given = parse(remove_ros_args(sys.argv)[1:])
    try:
        footage = open_footage(given.input, given.topic, bit_depth=given.bit_depth)
    except (ValueError, OSError) as error:  # the latter where there is no room to unfold a bag
        print(f"error: {error}", file=sys.stderr)
        return 1
    make_room_for_images()
    rclpy.init()
    transport = Transport(time.monotonic(), given.speed, given.paused)
    try:
        player = Player(transport, given.frame_id, given.stamps == "recorded", given.clock)
        try:
            return _run(player, transport, footage, given)
        finally:
            player.destroy_node()
    except (ReplayError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, ExternalShutdownException):
        return 0
    except Exception:
        if rclpy.ok():
            raise
        return 0  # a frame was being sent while the signal took the publishers away
    finally:
        rclpy.try_shutdown()


def _run(player: Player, transport: Transport, footage: Footage, given: argparse.Namespace) -> int:
    player.wait_for_subscribers(given.wait_for, given.timeout)
    with ExitStack() as stack:
        pressed = stack.enter_context(keys())
        journal = stack.enter_context(given.journal.open("w", encoding="utf-8")) if given.journal else None
        playing = Playing(player, footage, given.rate, lambda: obey(pressed(), transport, time.monotonic()), journal)
        playing.play(given.start, given.loop)
    claimed = "" if footage.claimed is None or given.loop else f" of {footage.claimed}"
    print(f"played {playing.sent}{claimed} frames of {footage.path}")
    if not (playing.sent or playing.problems):
        raise ReplayError(
            f"--start {given.start:g}: {footage.path} ends at {playing.end:.1f} s, nothing of it was played"
        )
    for problem in list(playing.problems)[:MOST_NAMED]:
        print(f"error: {problem}", file=sys.stderr)
    if playing.problems:
        print(f"error: {len(playing.problems)} problems in all; see above", file=sys.stderr)
    return 1 if playing.problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
