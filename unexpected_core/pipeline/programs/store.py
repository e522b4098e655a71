"""Programs in the user's cache: found, or made where asked for. They are code: only this user may write there."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import stat
from pathlib import Path

import torch

from unexpected_core.devices import processor_flags
from unexpected_core.files import HomeError, atomic_path, expand_home
from unexpected_core.log import LOGGER, first_line
from unexpected_core.pipeline.programs.compiling import check, compile_program, compiler
from unexpected_core.pipeline.programs.program import Program, side_step
from unexpected_core.pipeline.runner import RuntimeMissing
from unexpected_core.scorers.fingerprint import has_unknown_code, quick_fingerprint
from unexpected_core.scorers.served import Served

SUFFIX = ".pt2"
ROOT = 0
KEPT = 8
"""Programs that stay when a new one is written; the oldest go."""


def open_program(eager: Served, make: bool) -> Program | None:
    """A scorer's program; None where there is none yet. make: then compile it, which takes a minute or more.

    Raises RuntimeMissing saying why there can be none.
    """
    try:
        side_step(eager)
        folder = programs_folder()
        # Path.is_dir raises where a folder above is closed to this user; the name takes a look at all weights.
        if not make and not os.access(folder, os.R_OK):
            return None
        file = folder / program_name(eager)
    except RuntimeMissing:
        if make:
            raise
        return None
    if make:
        make_private(folder)
    if os.access(file, os.R_OK):
        try:
            return _load(file, eager)
        except Exception as error:  # files and libraries can be damaged in many ways
            if not make:
                raise RuntimeMissing(f"cannot use {file}: {first_line(error)}") from error
            LOGGER.warning("cannot use %s: %s; making it anew", file, first_line(error))
    return _make(file, eager) if make else None


def _load(file: Path, eager: Served) -> Program:
    check_trusted(file.parent, file)
    return Program(file, file.stem, eager)


def _make(file: Path, eager: Served) -> Program:
    """Compile, try, and keep. Raises RuntimeMissing."""
    if not compiler():
        raise RuntimeMissing(f"no compiler {os.environ.get('CXX', 'g++')}; install g++")
    LOGGER.info("compiling %s for this machine, once: a minute or more", eager.scorer.name)
    try:
        with atomic_path(file) as temporary:
            compile_program(eager, temporary, file.stem)
            program = Program(temporary, file.stem, eager)
            check(program, eager)
    except Exception as error:
        raise RuntimeMissing(f"compiling {eager.scorer.name} failed ({first_line(error)})") from error
    forget_oldest(file.parent)
    return program


def programs_folder() -> Path:
    """$XDG_CACHE_HOME/unexpected, without that variable ~/.cache/unexpected. Raises RuntimeMissing."""
    try:
        return expand_home(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "unexpected"
    except HomeError as error:
        raise RuntimeMissing(str(error)) from error


def program_name(eager: Served) -> str:
    """Of a scorer's file: for these weights, this code, this torch and this processor.

    Raises RuntimeMissing where nothing tells when the code changes.
    """
    if has_unknown_code(eager.scorer) and not eager.scorer.revision:
        raise RuntimeMissing(
            f"{eager.scorer.name} has code from elsewhere, whose changes are not seen; set its `revision`"
        )
    made_by = [str(eager.dtype), torch.__version__, platform.machine(), *sorted(processor_flags())]
    key = hashlib.sha256(json.dumps([quick_fingerprint(eager.scorer), *made_by]).encode()).hexdigest()
    return f"{key[:32]}{SUFFIX}"


def make_private(folder: Path) -> None:
    """Make a folder that only this user may look into. Raises RuntimeMissing where that cannot be, or is not so."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise RuntimeMissing(f"cannot keep compiled programs in {folder} ({error.strerror})") from error
    check_trusted(folder)


def check_trusted(*places: Path) -> None:
    """Raises RuntimeMissing where another user than this one and root may write to a file or folder."""
    for place in places:
        found = place.stat()
        if found.st_uid not in (ROOT, os.getuid()) or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise RuntimeMissing(f"others may write to {place}, and programs are code; delete it, or chmod go-w it")


def forget_oldest(folder: Path) -> None:
    """Leave the KEPT newest programs."""
    files = sorted(folder.glob(f"*{SUFFIX}"), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in files[KEPT:]:
        file.unlink(missing_ok=True)
