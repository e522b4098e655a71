"""The main job from end to end: replay, detector node and recorder as processes of their own that talk over DDS.

Run by `make demo`. Leaves out/demo/index.html, out/demo/demo.mcap and the logs of the processes in out/demo/log.
"""

from __future__ import annotations

import argparse
import os
import selectors
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from children import die_with_parent
from drive import make_drive
from page import OUTPUTS, show, summarize, write_page
from rich.console import Console
from rich.progress import Progress

from unexpected_ros.domains import DomainError, take_domain

ROOT = Path(__file__).resolve().parent.parent
EXECUTABLES = ROOT / "install" / "unexpected_ros" / "lib" / "unexpected_ros"
PROFILE = ROOT / "config" / "fastdds_large_images.xml"
NAMESPACE, IMAGE, NODE = "/unexpected", "/unexpected/image", "/unexpected/detector"
DRIVE_RATE = 4.0  # Hz: what two CPU cores can do beside replay and recorder
QUIET_S = 3.0
PATIENCE_S = 30.0


class DemoError(RuntimeError):
    """A process of the demo ended before its time; the message says which, and where its log is."""


class Crew:
    """The processes of the demo. Each has a group of its own, so that Ctrl-C reaches them through us, in order."""

    def __init__(self, logs: Path) -> None:
        self.logs, self.members = logs, {}
        logs.mkdir(parents=True, exist_ok=True)

    def start(self, name: str, *arguments: str, lines: bool = False) -> subprocess.Popen:
        """Start an executable of the package. lines: its stdout is read here, else it goes to its log."""
        with (self.logs / f"{name}.txt").open("w") as log:
            self.members[name] = subprocess.Popen(
                [EXECUTABLES / name, *arguments, "--ros-args", "-r", f"__ns:={NAMESPACE}"],
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if lines else log,
                stderr=log,
                text=True,
                preexec_fn=die_with_parent,
            )
        return self.members[name]

    def check(self, *names: str) -> None:
        """Raises DemoError when one of them has ended already."""
        for name in names:
            if self.members[name].poll() is not None:
                raise self.failed(name)

    def failed(self, name: str) -> DemoError:
        """What to tell of a process that went wrong: the end of its log."""
        log = self.logs / f"{name}.txt"
        tail = "\n".join(log.read_text().splitlines()[-8:])
        return DemoError(f"the {name} ended with code {self.members[name].returncode}; the end of {log}:\n{tail}")

    def stop(self, name: str, patience: float = PATIENCE_S) -> int:
        """Ask to end (SIGINT), insist after `patience` seconds (SIGKILL to its group); the exit code."""
        process = self.members[name]
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(patience)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
        return process.wait()

    def stop_all(self) -> None:
        """End all at once, then wait for each."""
        for process in self.members.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for name in self.members:
            self.stop(name)


def follow(crew: Crew, replay: subprocess.Popen) -> None:
    """Show how far the replay is, until it ends. Raises DemoError when another ends before, or it has sent nothing."""
    sent = 0
    with Progress(transient=True) as progress, selectors.DefaultSelector() as selector:
        bar = progress.add_task("starting the detector", total=None)
        selector.register(replay.stdout, selectors.EVENT_READ)
        while True:
            crew.check("detector", "recorder")
            if not selector.select(timeout=0.5):
                continue
            line = replay.stdout.readline()
            if not line:
                break
            if line.startswith("sent "):
                done, total = line.removeprefix("sent ").strip().split("/")
                sent = int(done)
                progress.update(bar, description="playing", completed=sent, total=None if total == "?" else int(total))
    if replay.wait() != 0 and not sent:
        raise crew.failed("replay")


def run(crew: Crew, playing: list[str], model: str, folder: Path) -> DemoError | None:
    """Play through the node (playing: arguments of replay); writes demo.mcap and sent.csv into folder.

    Returns what is to be told of footage that could be played in part. Raises DemoError.
    """
    crew.start("detector", "--ros-args", "-p", f"model.path:={model}")
    crew.start(
        "recorder",
        str(folder / "demo.mcap"),
        IMAGE,
        *(f"{NODE}/{name}" for name in OUTPUTS),
        "/diagnostics",
        "--overwrite",
        "--quiet",
        str(QUIET_S),
    )
    # the detector and the recorder: the latter comes last, when it is connected to every output
    replay = crew.start(
        "replay",
        *playing,
        "--wait-for",
        "2",
        "--timeout",
        "180",
        "--journal",
        str(folder / "sent.csv"),
        lines=True,
    )
    follow(crew, replay)
    if crew.stop("recorder", patience=60) != 0:
        raise crew.failed("recorder")
    return crew.failed("replay") if replay.returncode else None


def open_window(crew: Crew) -> None:
    """Start the page that shows what the detector sees, and say where it is. Raises DemoError."""
    address = crew.start("view", "--detector", NODE, lines=True).stdout.readline()
    if not address:
        crew.stop("view")
        raise crew.failed("view")
    print(address, end="", flush=True)


def go_on(crew: Crew, options: list[str]) -> None:
    """Play again and again for those who look on; ends with Ctrl-C. Raises DemoError."""
    crew.start("replay", *options, "--loop")
    print("\nthe drive plays on; look at the page, or end with Ctrl-C", flush=True)
    with suppress(KeyboardInterrupt):
        while True:
            crew.check("detector", "replay", "view")
            time.sleep(0.5)


def isolate() -> None:
    """Talk to nobody but our own processes, on this machine; large images go through shared memory."""
    take_domain()
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    print("to look on: ROS_DOMAIN_ID=" + os.environ["ROS_DOMAIN_ID"], flush=True)
    library = "FASTRTPS" if os.environ.get("ROS_DISTRO") == "jazzy" else "FASTDDS"
    os.environ.setdefault(f"{library}_DEFAULT_PROFILES_FILE", str(PROFILE))


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--input", type=Path, help="folder of photographs, video or rosbag2; default: a drawn drive")
    parser.add_argument(
        "--rate",
        type=float,
        help=f"Hz; default: {DRIVE_RATE:g} for the drawn drive, 10 for photographs, videos and bags in their own time",
    )
    parser.add_argument("--topic", help="image topic of a bag that has several")
    parser.add_argument("--model", default="fast", help="detector: name, weight file or folder (%(default)s)")
    parser.add_argument("--view", action="store_true", help="show it live on a page, and play on until Ctrl-C")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "demo", help="folder of the results")
    return parser.parse_args()


def perform(given: argparse.Namespace, crew: Crew) -> None:
    """The demo from its drive to its page. Raises DemoError, at the end for footage that could be played in part."""
    shutil.rmtree(given.out / "frames", ignore_errors=True)
    drive = None if given.input else make_drive(given.out / "drive")
    rate = given.rate or (DRIVE_RATE if drive else None)
    options = {"--rate": rate, "--topic": given.topic}
    playing = [str(drive or given.input), *(f"{name}={value}" for name, value in options.items() if value)]
    if given.view:
        open_window(crew)
    damage = run(crew, playing, given.model, given.out)
    if not given.view and crew.stop("detector") != 0:
        raise crew.failed("detector")
    summary = summarize(given.out, IMAGE, NODE, drive.parent if drive else None)
    write_page(summary, given.out)
    show(summary, Console())
    print(f"\nopen {given.out / 'index.html'}\n     {given.out / 'demo.mcap'}: all topics, as recorded")
    if damage:
        raise damage
    if given.view:
        go_on(crew, playing)


def main() -> int:
    """0 when all went well, 1 with the cause on stderr, 130 when interrupted."""
    given = parse()
    for number in (signal.SIGINT, signal.SIGTERM):  # said aloud: a script in the background inherits a deaf SIGINT
        signal.signal(number, signal.default_int_handler)
    crew = Crew(given.out / "log")
    try:
        isolate()
        perform(given, crew)
    except (DemoError, DomainError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the end is short; let it be whole
        crew.stop_all()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
