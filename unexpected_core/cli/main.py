"""The command `unexpected`: a sub-command is a file of its name in this folder, imported only when it is called.

To add one, write ``cli/NAME.py`` with

    def add_arguments(parser: argparse.ArgumentParser) -> None: ...   # no torch up to here: --help must stay quick
    def run(arguments: argparse.Namespace) -> int: ...                # imports what is slow; returns the exit code

and add a line to COMMANDS. Errors defined in this package and those of the system about files are messages for people:
raise them, they are printed in one line and the command ends with 2. Anything else is a defect and keeps its traceback.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import distributions
from itertools import chain

from unexpected_core import __version__
from unexpected_core.files import HomeError, expand_home
from unexpected_core.log import to_terminal
from unexpected_core.memory import keep_freed

COMMANDS = {
    "detect": "find unexpected things in images, folders, videos and rosbags",
    "ego-mask": "find the own car in a drive: what is never unexpected",
    "data": "look at, convert and draw data sets; generate discrepancy data",
    "train": "train networks from a preset",
    "evaluate": "score and measure methods on a data set",
    "doctor": "look for numbers that cannot be true in evaluation results",
    "bench": "measure how fast detectors are on this machine",
    "export": "write a detector as one ONNX file, and check it",
    "weights": "list, inspect, verify, import and average weight files",
}
"""Sub-command -> what it does. The module is ``unexpected_core.cli.<name>``, - being _."""
TORCH = ("torch", "torchvision")
WITHOUT_TORCH = ("detect", "bench")
"""What an installation for exported files goes without, and the commands that it is for."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one sub-command; returns the exit code: 0 done, 1 done in part, 2 refused, 130 interrupted, 141 unread."""
    _open_closed_streams()
    try:
        words = [_at_home(word) for word in (sys.argv[1:] if arguments is None else arguments)]
    except HomeError as error:
        return _end(f"unexpected: {error}", 2)
    command = words[0] if words and words[0] in COMMANDS else None
    options = _read(command, words)
    to_terminal()
    keep_freed()
    try:
        code = options.run(options)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return _end("interrupted", 130)
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what Python flushes as it ends
        return 141
    except OSError as error:  # a folder that cannot be written, a full disk
        where = f"{error.filename}: " if error.filename else ""
        return _end(f"unexpected {command}: {where}{error.strerror or error}", 2)
    except ModuleNotFoundError as error:
        if not (cure := _cure(command, error.name or "")):
            raise
        return _end(f"unexpected {command}: {error.name} is not installed: {cure}", 2)
    except Exception as error:
        if not type(error).__module__.startswith("unexpected_core"):
            raise
        return _end(f"unexpected {command}: {error}", 2)


def _open_closed_streams() -> None:
    """What `>&-` and some starters of services close leads nowhere; else the next file opened would be printed into."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            try:
                os.fstat(number)
            except OSError:
                os.open(os.devnull, os.O_RDWR)  # the lowest number that is free, which is this one
            setattr(sys, name, open(os.devnull, "r+" if name == "stdin" else "w", encoding="utf-8"))  # noqa: SIM115, PTH123


def _at_home(word: str) -> str:
    """'--out=~/found' -> '--out=/home/me/found': shells leave that ~ to us, and a folder of this name is a trap."""
    option, equals, value = word.partition("=")
    return f"{option}={expand_home(value)}" if equals and option.startswith("--") and value.startswith("~") else word


def _cure(command: str | None, module: str) -> str:
    """What to do where a module is missing, '' for one that is no guest of ours."""
    if module.partition(".")[0] in TORCH:
        exported = "or name an exported file, which needs none of it (--detector FILE.onnx)"
        files = f", {exported}" if command in WITHOUT_TORCH else ""
        return f"pip install {' '.join(TORCH)}{files}"
    extra = _extra_that_brings(module)
    return f"pip install 'unexpected_ros[{extra}]'" if extra else ""


def _extra_that_brings(module: str) -> str:
    """The extra of this package that a module comes with, '' where there is none."""
    # what colcon has built comes first on the path of a workspace, and knows of no extras
    lines = chain.from_iterable(each.requires or [] for each in distributions(name="unexpected_ros"))
    wanted = module.partition(".")[0].replace("_", "-")
    found = (re.match(r"([\w-]+).*extra == ['\"]([\w-]+)", line) for line in lines)
    return next((each[2] for each in found if each and each[1].lower().replace("_", "-") == wanted), "")


def _end(message: str, code: int) -> int:
    print(message, file=sys.stderr)
    return code


def _read(command: str | None, words: list[str]) -> argparse.Namespace:
    """The arguments; names and options may stand in any order, but around -- and where a command has actions."""
    parser, called = _parser(command)
    if called is None or "--" in words:  # argparse forgets in between that names behind it may begin with -
        return parser.parse_args(words)
    try:
        return called.parse_intermixed_args(words[1:])
    except TypeError:  # before anything is parsed: argparse cannot do it where there are actions
        return called.parse_args(words[1:])


def _parser(command: str | None) -> tuple[argparse.ArgumentParser, argparse.ArgumentParser | None]:
    """The whole parser, and the called command's; only its module is imported and asked for its arguments."""
    parser = argparse.ArgumentParser(prog="unexpected", description="Detecting the unexpected via image resynthesis.")
    called = None
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        described = {"help": summary, "description": summary[0].upper() + summary[1:] + "."}
        sub = commands.add_parser(name, **described, formatter_class=argparse.RawDescriptionHelpFormatter)
        if name == command:
            module = import_module(f"unexpected_core.cli.{name.replace('-', '_')}")
            module.add_arguments(sub)
            sub.set_defaults(run=module.run)
            called = sub
    return parser, called


if __name__ == "__main__":
    sys.exit(main())
