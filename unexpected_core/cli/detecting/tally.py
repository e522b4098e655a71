"""What became of each input: frames read, claimed and failed, as a table for people and summary.json for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from unexpected_core.files import write_text
from unexpected_core.log import LOGGER

SUMS = ("read", "done", "detected", "failed", "regions", "seconds")
COLUMNS = ("input", "read", "claimed", "failed", "regions", "ms/frame")


@dataclass
class Tally:
    """One input.

    ended: it was gone through to its end. claimed: frames that it says it holds, None where it does not say.
    read: frames that it gave. done: those with results. detected: those of them that no earlier run has done.
    failed: frames, or the input itself, that could not be used. seconds: spent on those detected.
    problems: what is missing or broken, and why, one line each.
    """

    input: str
    ended: bool = field(default=False, kw_only=True)
    claimed: int | None = None
    read: int = 0
    done: int = 0
    detected: int = 0
    failed: int = 0
    regions: int = 0
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether all that was asked for was done."""
        return self.ended and not self.problems and not self.failed

    @property
    def ms_per_frame(self) -> float | None:
        """Of this run; None where it detected in none."""
        return self.seconds * 1e3 / self.detected if self.detected else None

    def facts(self) -> dict:
        """The line of summary.json."""
        return {
            "input": self.input,
            "frames_read": self.read,
            "frames_claimed": self.claimed,
            "frames_failed": self.failed,
            "regions": self.regions,
            "ms_per_frame": None if self.ms_per_frame is None else round(self.ms_per_frame, 3),
            "complete": self.complete,
            "problems": self.problems,
        }


def exit_code(tallies: Sequence[Tally]) -> int:
    """0 all done, 1 done in part, 2 nothing."""
    if all(tally.complete for tally in tallies):
        return 0
    return 1 if any(tally.done for tally in tallies) else 2


def write_summary(path: Path, tallies: Sequence[Tally], about: dict) -> None:
    """Write summary.json: what all inputs share, and one entry for each."""
    write_text(path, json.dumps({**about, "inputs": [tally.facts() for tally in tallies]}, indent=2) + "\n")


def did_the_same(path: Path, about: dict) -> bool:
    """Whether an earlier run with this summary.json had these settings; warns where it had others."""
    try:
        earlier = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    if isinstance(earlier, dict) and {name: earlier.get(name) for name in about} == about:
        return True
    LOGGER.warning("%s is of other settings; everything is done again, results of other frames stay there", path)
    return False


def table(tallies: Sequence[Tally]) -> str:
    """One line per input, and a last one for all where there are several; '?' where nothing was claimed."""
    rows = [COLUMNS, *map(_row, tallies)]
    if len(tallies) > 1:
        rows.append(_row(_sum(tallies)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows)


def _row(tally: Tally) -> tuple[str, ...]:
    pace = "-" if tally.ms_per_frame is None else f"{tally.ms_per_frame:.0f}"
    claimed = "?" if tally.claimed is None else str(tally.claimed)
    return tally.input, str(tally.read), claimed, str(tally.failed), str(tally.regions), pace


def _sum(tallies: Sequence[Tally]) -> Tally:
    claims = [tally.claimed for tally in tallies]
    return Tally(
        "all",
        None if None in claims else sum(claims),
        **{name: sum(getattr(tally, name) for tally in tallies) for name in SUMS},
    )
