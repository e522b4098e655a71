"""How every program of this package begins and ends. Loads nothing itself, so that it is there before anything slow."""

from __future__ import annotations

import importlib
import logging
import os
import signal
import sys
from typing import NoReturn

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def start(module: str) -> NoReturn:
    """Import `module`, call its main() and leave with what that returns; a signal during the import is a quiet end.

    By the time main returns everything is given back. Taking the interpreter apart as well would, because of torch,
    cost nearly a second of processor time: on a busy machine more than the five seconds after which launch begins to
    insist.
    """
    before = {number: signal.signal(number, lambda *_: os._exit(0)) for number in SIGNALS}
    main = importlib.import_module(module).main
    for number, handler in before.items():
        signal.signal(number, handler)
    try:
        code = main()
    except KeyboardInterrupt:  # before main was ready for it
        code = 0
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    start(sys.argv.pop(1))
