"""What the node knows of its own health, and how /diagnostics says it."""

from __future__ import annotations

import math
import threading
from collections import Counter, deque

import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus, KeyValue

OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR
WINDOW = 50
"""Processed frames that the times are taken over."""


class Health:
    """Counts, times and troubles; two threads write, the diagnostics timer reads.

    Counts: received, processed, stale (older than max_age_ms), busy (replaced by a newer one), paced (max_rate_hz),
    spared (every second one under load), error, 'bad: <cause>' for messages that could not be converted, and lost
    (sent, but not received).
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._reported: Counter[str] = Counter()
        self._times: deque[dict[str, float]] = deque(maxlen=WINDOW)
        self._trouble = ""

    def count(self, name: str, number: int = 1) -> None:
        """So many more of `name`."""
        with self._lock:
            self._counts[name] += number

    def failed(self, message: str) -> None:
        """One frame lost to a trouble that lasts until a frame succeeds."""
        with self._lock:
            self._counts["error"] += 1
            self._trouble = message

    def succeeded(self, times: dict[str, float]) -> None:
        """One frame published; times in milliseconds by stage."""
        with self._lock:
            self._times.append(times)
            self._trouble = ""

    def counts(self) -> dict[str, int]:
        """A copy of the counts; names not seen yet give 0."""
        with self._lock:
            return Counter(self._counts)

    def input_status(self, name: str, hardware_id: str, complaint: str) -> DiagnosticStatus:
        """How frames arrive: counts by cause, and `complaint`, where there is one."""
        with self._lock:
            counts, before = Counter(self._counts), self._reported
            self._reported = counts
        new = counts - before
        trouble = complaint or _lost(new)
        return DiagnosticStatus(
            level=WARN if trouble else OK,
            name=name,
            message=trouble or f"{new['received']} frames in the last second",
            hardware_id=hardware_id,
            values=_values({name: str(counts[name]) for name in sorted(counts)}),
        )

    def detector_status(
        self, name: str, hardware_id: str, state: str, facts: dict[str, str], doubt: str = ""
    ) -> DiagnosticStatus:
        """How frames are worked on: state, model and device (facts), times over the last frames in milliseconds.

        doubt: what is not as it should be though no frame was lost, else ''.
        """
        with self._lock:
            times, trouble = list(self._times), self._trouble
        values = {"state": state, **facts}
        for stage in times[-1] if times else ():
            samples = [t[stage] for t in times if not math.isnan(t.get(stage, math.nan))]
            if samples:
                values[f"{stage} ms"] = f"median {np.median(samples):.1f}, p95 {np.percentile(samples, 95):.1f}"
        return DiagnosticStatus(
            level=ERROR if trouble else WARN if doubt else OK,
            name=name,
            message=trouble or doubt or state,
            hardware_id=hardware_id,
            values=_values(values),
        )


def _lost(new: Counter[str]) -> str:
    """Why frames of the last second are of no use; '' where they are."""
    bad = [cause for cause in new if cause.startswith("bad")]
    if bad:
        return f"unusable frames ({', '.join(bad)}); the log says why"
    if new["stale"] and not new["processed"]:
        return (
            "every frame is older than input.max_age_ms; raise it, or make the clocks agree "
            "(bags need use_sim_time:=true and a published clock)"
        )
    return ""


def _values(pairs: dict[str, str]) -> list[KeyValue]:
    return [KeyValue(key=key, value=value) for key, value in pairs.items()]
