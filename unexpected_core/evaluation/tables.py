"""The numbers of results.json as Markdown and LaTeX tables."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Results = Mapping[str, Any]


class Column(NamedTuple):
    """title: for people. path: where in a method's result. percent: shares are shown as percentages."""

    title: str
    path: tuple[str, ...]
    percent: bool = True


def columns(results: Results) -> list[Column]:
    """Pixel metrics of every mode measured, then components."""
    modes = list(next(iter(results["methods"].values()))["pixel"])
    found = []
    for mode in modes:
        mark = "" if mode == "exact" else f" ({mode})"
        found += [
            Column(f"{title}{mark}", ("pixel", mode, name))
            for title, name in (
                ("AP", "average_precision"),
                ("AUROC", "auroc"),
                ("FPR95", "fpr95"),
                ("best F1", "best_f1"),
            )
        ]
    found += [
        Column(title, ("components", name))
        for title, name in (("sIoU", "siou"), ("PPV", "ppv"), ("component F1", "f1"))
    ]
    found.append(Column("false regions / frame", ("components", "false_regions_per_frame"), False))
    if "smiyc" in modes:
        found += [
            Column(f"{title} (smiyc)", ("components_smiyc", name))
            for title, name in (("sIoU", "siou"), ("PPV", "ppv"), ("component F1", "f1"))
        ]
    return found


def value_at(result: Mapping[str, Any], path: Sequence[str]) -> Mapping[str, float] | None:
    """Follow a column's path; None where this method has no such number."""
    for name in path:
        result = result.get(name) if isinstance(result, Mapping) else None
    return result


def show(number: Mapping[str, float] | None, percent: bool = True) -> str:
    """'34.1 [30.2, 38.0]', or '-' where there is no number."""
    if number is None or math.isnan(number["value"]):
        return "-"
    scale, digits = (100, 1) if percent else (1, 2)
    value, low, high = (f"{scale * number[name]:.{digits}f}" for name in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"


def stamp(results: Results) -> str:
    """One line that says what the numbers are."""
    dataset, plan = results["dataset"], results["plan"]
    split = dataset.get("split") or ""
    split = f" {split}" if split not in dataset["name"] else ""
    return (
        f"{dataset['name']}{split}, {dataset['frames']} frames; metrics {', '.join(plan['modes'])} version "
        f"{results['metric_version']}; 95 % frame-bootstrap intervals ({plan['resamples']} resamples, seed "
        f"{plan['seed']}); commit {results['commit'] or 'unknown'}"
    )


def markdown(results: Results) -> str:
    """One table, values in %, with the stamp above."""
    chosen = columns(results)
    lines = [
        f"{stamp(results)}. Values in %, [95 % interval].",
        "",
        "| " + " | ".join(["method", *(column.title for column in chosen), "threshold", "weights"]) + " |",
        "|" + "---|" * (len(chosen) + 3),
    ]
    for name, result in results["methods"].items():
        threshold, weights = result["threshold"], result.get("weights_sha256") or "-"
        cells = [show(value_at(result, column.path), column.percent) for column in chosen]
        cells += [f"{threshold['value']:.4g} ({threshold['source'].replace('_', ' ')})", weights[:12]]
        lines.append("| " + " | ".join([name, *cells]) + " |")
    return "\n".join(lines) + "\n"


def latex(results: Results) -> str:
    """The same as a booktabs tabular; intervals as small numbers behind the value."""
    chosen = columns(results)
    head = " & ".join(["Method", *(_escape(column.title) for column in chosen)])
    lines = [
        f"% {stamp(results)}",
        r"\begin{tabular}{l" + "r" * len(chosen) + "}",
        r"\toprule",
        head + r" \\",
        r"\midrule",
    ]
    for name, result in results["methods"].items():
        cells = [_escape(name)]
        for column in chosen:
            value, _, interval = show(value_at(result, column.path), column.percent).partition(" ")
            cells.append(value + (rf" {{\scriptsize {interval}}}" if interval else ""))
        lines.append(" & ".join(cells) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"]) + "\n"


def _escape(text: str) -> str:
    for mark in "\\&%_#$":
        text = text.replace(mark, rf"\{mark}" if mark != "\\" else r"\textbackslash ")
    return text
