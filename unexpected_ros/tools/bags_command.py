"""The command `python -m unexpected_ros.bags`: one bag, or every bag below a folder."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from unexpected_core.config import override
from unexpected_core.log import to_terminal
from unexpected_core.media.bags.growing import partial_path
from unexpected_core.media.kinds import kind_of
from unexpected_core.memory import keep_freed
from unexpected_core.stopping import stop_requests
from unexpected_ros.bags import BagError
from unexpected_ros.settings import NodeSettings
from unexpected_ros.tools.chosen import check_named, chosen_detector
from unexpected_ros.tools.fleet import (
    REPORT,
    FleetError,
    bags_below,
    by_processes,
    by_ray,
    refuse_doubles,
    refuse_results_of_others,
    run_fleet,
)
from unexpected_ros.tools.frame_by_frame import FrameByFrame
from unexpected_ros.tools.job import DONE, Job
from unexpected_ros.tools.offline import NODE, node_name, process_bag
from unexpected_ros.tools.resuming import Interrupted


def _many(given: argparse.Namespace) -> int:
    """Every bag below a folder; 0 when all frames of all of them were processed. Raises FleetError, BagError."""
    bags, out = bags_below(given.input), given.output.resolve()
    if not bags:
        raise BagError(f"{given.input} holds no bags")
    if out.is_relative_to(given.input.resolve()):
        raise BagError(f"{given.output} lies in the input; expected another place for the output")
    if not 1 <= given.workers <= 1024:
        raise FleetError(f"--workers {given.workers}: expected 1 to 1024")
    node = node_name(given.node)
    override(NodeSettings(), given.set)  # what is wrong is said before anything is begun
    jobs = []
    for bag in bags:
        target = out / bag.relative_to(given.input).with_suffix("")
        how = (given.model, given.device, tuple(given.set), given.topic, node)
        jobs.append(Job(str(bag.resolve()), f"{target}{bag.suffix.replace('.', '_')}.mcap", *how))
    refuse_doubles(jobs)
    refuse_results_of_others(given.input, out)
    spread = (lambda left: by_ray(left, given.ray)) if given.ray else (lambda left: by_processes(left, given.workers))
    report = run_fleet(jobs, given.input, out, spread)
    frames = f"{report['processed']} of {report['received']} frames"
    print(f"{report[DONE]} of {report['bags']} bags, {frames} -> {out / REPORT}")
    for came in report["of_each"]:
        for problem in came["problems"]:
            print(f"error: {came['source']}: {problem}", file=sys.stderr)
    return 0 if report[DONE] == report["bags"] else 1


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    model = NodeSettings().model
    about = "a detector over every frame of a bag, without ROS"
    parser = argparse.ArgumentParser(prog="python -m unexpected_ros.bags", description=about)
    add = parser.add_argument
    add("input", type=Path, metavar="IN", help="bag: a file .mcap, .db3 or .bag (ROS 1), or a folder")
    add("output", type=Path, metavar="OUT", help="file .mcap, or a bag folder")
    add("--topic", help="image topic to process; needed where the bag has several")
    add("--node", default=NODE, help="name of the node that the outputs appear under (%(default)s)")
    add("--model", default=model.path, help="detector: name, weight file or folder (%(default)s)")
    add("--device", default=model.device, help="auto, cpu, cuda or cuda:N (%(default)s)")
    parameter = "a parameter of the node, such as input.bit_depth=12, camera.rectified=yes or camera.height=1.4"
    add("--set", action="append", default=[], metavar="NAME=VALUE", help=parameter)
    add("--workers", type=int, default=1, metavar="N", help="of a folder of bags: processes here")
    add("--ray", metavar="ADDRESS", help="of a folder of bags: by a Ray cluster; local starts one here")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """`python -m unexpected_ros.bags`: 0 when every frame was processed, 1 otherwise, with the cause on stderr."""
    given = parse(arguments)
    to_terminal()
    keep_freed()
    try:
        named = check_named(given.set)
        if given.input.is_dir() and kind_of(given.input) == "folder":
            return _many(given)
        if given.ray or given.workers != 1:
            one = "a folder of one recording is one bag" if given.input.is_dir() else "it is no folder"
            option = "--ray" if given.ray else "--workers"
            raise FleetError(f"{option} is for folders of several bags, and not for {given.input}: {one}; leave it out")
        settings = override(NodeSettings(), given.set)
        detector = chosen_detector(given.model, given.device, settings, named)
        with stop_requests() as stop:
            done = process_bag(given.input, given.output, detector, given.topic, given.node, settings, stop)
    except (ValueError, OSError) as error:
        partial = partial_path(given.output)
        left = isinstance(error, OSError) and partial.is_file()  # such as on a full disk
        more = f"; {partial} holds what was done, and the same command goes on from there" if left else ""
        print(f"error: {error}{more}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, Interrupted) as error:
        print(f"interrupted{error}", file=sys.stderr)
        return 130
    return _tell(given.output, done)


def _tell(output: Path, done: FrameByFrame) -> int:
    print(f"{output}: {done.processed} of {done.received} frames processed")
    for cause, count in done.failures.items():
        print(f"error: {count} frames could not be used ({cause})", file=sys.stderr)
    for problem in done.problems:
        print(f"error: {problem}", file=sys.stderr)
    return 1 if done.failures or done.problems else 0
