"""What an earlier `unexpected detect` left in the folder that this one is to write into."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from unexpected_core.log import LOGGER


def tell_of_others(out: Path, inputs: Sequence[str]) -> None:
    """Warn where results of other inputs lie in the folder, some of which are about to be replaced."""
    ours = [Path(name) for name in inputs]
    others = [name for name in _inputs(out) if not any(Path(name).is_relative_to(path) for path in ours)]
    if others:
        LOGGER.warning(
            "%s holds results of other inputs, such as %s: files of the same name are replaced, such as regions.jsonl. "
            "To keep them, give all inputs at once, another --out, or --resume",
            *(out, others[0]),
        )


def _inputs(out: Path) -> list[str]:
    """What summary.json and regions.jsonl name, as far as they are there and ours."""
    found = []
    for file, entries in (("summary.json", "inputs"), ("regions.jsonl", "")):
        try:
            text = (out / file).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        for line in [text] if entries else text.splitlines():
            try:
                known = json.loads(line)
                found += [str(entry["input"]) for entry in (known[entries] if entries else [known])]
            except (ValueError, LookupError, TypeError):
                continue
    return found
