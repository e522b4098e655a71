"""The doctor: results.json in, findings out. Alarms end the command with 1; remarks do not."""

from __future__ import annotations

from typing import NamedTuple

from unexpected_core.evaluation.doctor.check_roi import other_roi
from unexpected_core.evaluation.doctor.checks import ALARMS, REMARKS
from unexpected_core.evaluation.results import Results


class Finding(NamedTuple):
    """kind: name of the check. method: whose numbers. alarm: False for a remark. text: what, why, and the cure."""

    kind: str
    method: str
    alarm: bool
    text: str


def examine(results: Results) -> list[Finding]:
    """Every check on every method -> findings, alarms first."""
    found = _different_pixels(results) + _other_roi(results)
    for name, result in results.methods.items():
        for checks, alarm in ((ALARMS, True), (REMARKS, False)):
            texts = {kind: check(result) for kind, check in checks.items()}
            found += [Finding(kind, name, alarm, text) for kind, text in texts.items() if text]
    return sorted(found, key=lambda finding: not finding.alarm)


def _different_pixels(results: Results) -> list[Finding]:
    """All methods of one table must have been judged on the same pixels."""
    exact = {name: result.pixel["exact"] for name, result in results.methods.items()}
    if len({(each.frames, each.positives, each.negatives) for each in exact.values()}) <= 1:
        return []
    text = "; ".join(
        f"{name}: {each.frames} frames, {each.positives} obstacle and {each.negatives} normal pixels"
        for name, each in exact.items()
    )
    return [Finding("ROI", ", ".join(exact), True, f"methods were judged on different pixels ({text})")]


def _other_roi(results: Results) -> list[Finding]:
    """Every method must have been judged on the ROI that the data set has."""
    texts = {name: other_roi(result, results.dataset.name) for name, result in results.methods.items()}
    return [Finding("ROI", name, True, text) for name, text in texts.items() if text]
