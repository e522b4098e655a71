"""From stored scores of several methods to the folder of results: results.json, tables, curves, report, diagnosis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from unexpected_core.evaluation.doctor import Finding, examine
from unexpected_core.evaluation.measure import Plan, Threshold, measure
from unexpected_core.evaluation.report import write_report, write_roc
from unexpected_core.evaluation.results import compose, read_results, write_results
from unexpected_core.evaluation.source import Source
from unexpected_core.evaluation.tables import latex, markdown
from unexpected_core.files import atomic_path, write_text


class Candidate(NamedTuple):
    """A method to judge. about: model_id, weights_sha256 and the like, for the result. threshold: its own, or None."""

    source: Source
    about: Mapping[str, Any]
    threshold: Threshold | None = None


def judge(candidates: Mapping[str, Candidate], plan: Plan, dataset: Mapping[str, Any], out: Path) -> list[Finding]:
    """Measure all methods, write everything to `out`, and let the doctor look at it; returns its findings."""
    measured = {}
    for name, candidate in candidates.items():
        measured[name] = measure(candidate.source, replace(plan, threshold=candidate.threshold))
        measured[name].result |= candidate.about
    facts = {
        "modes": sorted({"exact", *plan.modes}),
        "resamples": plan.resamples,
        "seed": plan.seed,
        "clips": plan.clips,
        "frame_rate": plan.frame_rate,
    }
    write_results(out / "results.json", compose(measured, dataset, facts))
    with atomic_path(out / "curves.npz") as temporary:
        np.savez(
            temporary,
            **{
                f"{name}/{mode}/{part}": getattr(thin, part)
                for name, each in measured.items()
                for mode, curve in each.curves.items()
                for thin in [curve.thinned()]
                for part in ("thresholds", "true_positives", "false_positives")
            },
        )
    results = read_results(out)
    write_text(out / "table.md", markdown(results))
    write_text(out / "table.tex", latex(results))
    findings = examine(results)
    curves = {name: each.curves["exact"] for name, each in measured.items()}
    sources = {name: candidate.source for name, candidate in candidates.items()}
    write_roc(out / "roc.png", results, curves)
    write_report(out / "report.html", results, curves, findings, sources)
    return findings
