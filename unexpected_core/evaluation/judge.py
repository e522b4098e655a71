"""From stored scores of several methods to the folder of results: results.json, tables, curves, report, diagnosis."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from unexpected_core.evaluation.candidates import Candidate
from unexpected_core.evaluation.doctor.examine import Finding, examine
from unexpected_core.evaluation.measure.method import Measured, measure
from unexpected_core.evaluation.report.page import write_report, write_roc
from unexpected_core.evaluation.report.tables import latex, markdown
from unexpected_core.evaluation.results import DatasetFacts, compose, write_results
from unexpected_core.evaluation.settings import EvaluationSettings
from unexpected_core.files import atomic_path, write_text


def judge(
    candidates: Mapping[str, Candidate], settings: EvaluationSettings, dataset: DatasetFacts, out: Path
) -> list[Finding]:
    """Measure all methods, write everything to `out`, and let the doctor look at it; returns its findings."""
    measured = {name: measure(candidate, settings) for name, candidate in candidates.items()}
    results = compose(measured, dataset, settings)
    write_results(out / "results.json", results)
    _write_curves(out / "curves.npz", measured)
    write_text(out / "table.md", markdown(results))
    write_text(out / "table.tex", latex(results))
    findings = examine(results)
    curves = {name: each.curves["exact"].thinned() for name, each in measured.items()}
    write_roc(out / "roc.png", results, curves)
    sources = {name: candidate.source for name, candidate in candidates.items()}
    write_report(out / "report.html", results, curves, findings, sources)
    return findings


def _write_curves(path: Path, measured: Mapping[str, Measured]) -> None:
    arrays = {
        f"{name}/{mode}/{part}": getattr(thin, part)
        for name, each in measured.items()
        for mode, curve in each.curves.items()
        for thin in [curve.thinned()]
        for part in ("thresholds", "true_positives", "false_positives")
    }
    with atomic_path(path) as temporary:
        np.savez(temporary, **arrays)
