"""The numbers of results.json as Markdown and LaTeX tables."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from unexpected_core.evaluation.measure.result import MethodResult
from unexpected_core.evaluation.results import Results
from unexpected_core.metrics.bootstrap import Interval

PIXEL = {"AP": "average_precision", "AUROC": "auroc", "FPR95": "fpr95", "best F1": "best_f1"}
COMPONENTS = {"sIoU": "siou", "PPV": "ppv", "component F1": "f1"}
"""Title -> field of PixelResult, of ComponentResult."""


class Column(NamedTuple):
    """title: for people. value: of a method, None where it has none. percent: shares are shown as percentages."""

    title: str
    value: Callable[[MethodResult], Interval | None]
    percent: bool = True


def columns(results: Results) -> list[Column]:
    """Pixel metrics of every mode measured, then components."""
    found = [_pixel(title, name, mode) for mode in results.plan.modes for title, name in PIXEL.items()]
    found += [_component(title, name) for title, name in COMPONENTS.items()]
    found.append(Column("false regions / frame", lambda result: result.components.false_regions_per_frame, False))
    if "smiyc" in results.plan.modes:
        found += [_smiyc(title, name) for title, name in COMPONENTS.items()]
    return found


def _pixel(title: str, name: str, mode: str) -> Column:
    mark = "" if mode == "exact" else f" ({mode})"
    return Column(f"{title}{mark}", lambda result: getattr(result.pixel[mode], name))


def _component(title: str, name: str) -> Column:
    return Column(title, lambda result: getattr(result.components, name))


def _smiyc(title: str, name: str) -> Column:
    return Column(f"{title} (smiyc)", lambda result: getattr(result.components_smiyc, name, None))


def cells(results: Results, result: MethodResult) -> list[str]:
    """One method's line: every column, its threshold, and the beginning of its weights' hash."""
    values = [show(column.value(result), column.percent) for column in columns(results)]
    threshold = result.threshold
    chosen = f"{threshold.value:.4g} ({threshold.source.replace('_', ' ')})"
    return [*values, "-" if math.isnan(threshold.value) else chosen, (result.weights_sha256 or "-")[:12]]


def titled(name: str, result: MethodResult) -> str:
    """A method's name, with its scale where that is not the detector's own."""
    return name if result.scale is None else f"{name} (scale {result.scale:g})"


def show(number: Interval | None, percent: bool = True) -> str:
    """'34.1 [30.2, 38.0]', without what is in brackets where it is not known, or '-' where there is no number."""
    if number is None or math.isnan(number.value):
        return "-"
    scale, digits = (100, 1) if percent else (1, 2)
    value, low, high = (f"{scale * bound:.{digits}f}" for bound in (number.value, number.low, number.high))
    return value if math.isnan(number.low) else f"{value} [{low}, {high}]"


def stamp(results: Results) -> str:
    """One line that says what the numbers are."""
    dataset, plan = results.dataset, results.plan
    split = f" {dataset.split}" if dataset.split and dataset.split not in dataset.name else ""
    options = "".join(f", {name} {value}" for name, value in (dataset.options or {}).items())
    return (
        f"{dataset.name}{split}{options}, {_frames(results)} frames; metrics {', '.join(sorted(plan.modes))} version "
        f"{results.metric_version}; {_intervals(results)}; commit {results.commit or 'unknown'}"
    )


def _frames(results: Results) -> str:
    """How many frames were judged: '9', or '6 of 9' where scores of some are missing, '6 to 9 of 9' by method."""
    expected = results.dataset.frames
    judged = [result.frames for result in results.methods.values()] or [expected]
    least, most = min(judged), max(judged)
    if least == most:
        return f"{expected}" if least == expected else f"{least} of {expected}"
    return f"{least} to {most} of {expected}"


def _intervals(results: Results) -> str:
    """What the intervals stand on: frames, unless those are known to be of sequences."""
    plan, methods = results.plan, results.methods.values()
    drawn = max((result.sequences or result.frames for result in methods), default=0)
    if drawn == 1:
        return "no intervals: one sequence does not tell how others differ from it"
    kind = "frame" if drawn == max((result.frames for result in methods), default=0) else f"{drawn}-sequence"
    return f"95 % {kind}-bootstrap intervals ({plan.resamples} resamples, seed {plan.seed})"


def markdown(results: Results) -> str:
    """One table, values in %, with the stamp above."""
    chosen = columns(results)
    lines = [
        f"{stamp(results)}. Values in %, [95 % interval].",
        "",
        "| " + " | ".join(["method", *(column.title for column in chosen), "threshold", "weights"]) + " |",
        "|" + "---|" * (len(chosen) + 3),
    ]
    lines += [
        "| " + " | ".join([titled(name, result), *cells(results, result)]) + " |"
        for name, result in results.methods.items()
    ]
    return "\n".join(lines) + "\n"


def latex(results: Results) -> str:
    """The same as a booktabs tabular; intervals as small numbers behind the value."""
    chosen = columns(results)
    head = [r"\begin{tabular}{l" + "r" * len(chosen) + "}", r"\toprule"]
    titles = ["Method", *(_escape(column.title) for column in chosen)]
    rows = [
        [
            _escape(titled(name, result)),
            *(_small_interval(show(column.value(result), column.percent)) for column in chosen),
        ]
        for name, result in results.methods.items()
    ]
    titles, *rows = (" & ".join(row) + r" \\" for row in (titles, *rows))
    lines = [f"% {stamp(results)}", *head, titles, r"\midrule", *rows, r"\bottomrule", r"\end{tabular}"]
    return "\n".join(lines) + "\n"


def _small_interval(text: str) -> str:
    value, _, interval = text.partition(" ")
    return value + (rf" {{\scriptsize {interval}}}" if interval else "")


def _escape(text: str) -> str:
    for mark in "\\&%_#$":
        text = text.replace(mark, rf"\{mark}" if mark != "\\" else r"\textbackslash ")
    return text
