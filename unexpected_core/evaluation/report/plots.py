"""Figures of curves, as SVG text or PNG. The only file that knows matplotlib."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from unexpected_core.metrics.calibration import BINS, risk_coverage
from unexpected_core.metrics.curves import Curve

STYLE = {
    "svg.hashsalt": "unexpected",
    "svg.fonttype": "none",
    "font.size": 9,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def roc(curves: Mapping[str, Curve], areas: Mapping[str, float]) -> str:
    """True over false positive rate, as the paper's figure, with its corner of small rates beside it."""
    with rc_context(STYLE):
        return _svg(_roc(curves, areas))


def roc_png(curves: Mapping[str, Curve], areas: Mapping[str, float]) -> bytes:
    """The same figure as a PNG file."""
    with rc_context(STYLE):
        return _saved(_roc(curves, areas), "png", dpi=150)


def precision_recall(curves: Mapping[str, Curve], areas: Mapping[str, float]) -> str:
    """Precision over recall, as steps."""
    with rc_context(STYLE):
        figure = Figure(figsize=(5, 4))
        axes = figure.subplots()
        for name, curve in curves.items():
            axes.plot(
                np.append(0, curve.recall),
                np.append(1, curve.precision),
                drawstyle="steps-pre",
                label=f"{name} ({100 * areas[name]:.1f})",
            )
        axes.legend(title="AP %", frameon=False)
        axes.set_ylim(0, 1.02)
        _name(axes, "recall", "precision")
        return _svg(figure)


def risk(curves: Mapping[str, Curve]) -> str:
    """Share of obstacle pixels among those let pass, over the share let pass."""
    with rc_context(STYLE):
        figure = Figure(figsize=(5, 4))
        axes = figure.subplots()
        for name, curve in curves.items():
            axes.plot(*risk_coverage(curve), label=name)
        axes.legend(frameon=False)
        _name(axes, "coverage: pixels let pass", "risk: obstacle among them")
        return _svg(figure)


def reliability(tables: Mapping[str, np.ndarray]) -> str:
    """Share of obstacle pixels over the score; honest probabilities lie on the diagonal. tables: float [3, BINS] by
    name."""
    with rc_context(STYLE):
        figure = Figure(figsize=(5, 4))
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color="0.7", linewidth=0.8, linestyle=":")
        for name, table in tables.items():
            pixels, obstacles, scores = np.asarray(table).reshape(3, BINS)
            used = pixels > 0
            axes.plot(scores[used] / pixels[used], obstacles[used] / pixels[used], marker="o", markersize=3, label=name)
        axes.legend(frameon=False)
        _name(axes, "score", "share of obstacle pixels")
        return _svg(figure)


def _roc(curves: Mapping[str, Curve], areas: Mapping[str, float]) -> Figure:
    figure = Figure(figsize=(11, 4))
    whole, corner = figure.subplots(1, 2)
    for name, curve in curves.items():
        x, y = np.append(0, curve.false_positive_rate), np.append(0, curve.recall)
        whole.plot(x, y, label=f"{name} ({100 * areas[name]:.1f})")
        corner.plot(x, y)
    whole.plot([0, 1], [0, 1], color="0.7", linewidth=0.8, linestyle=":")
    corner.set_xscale("log")
    corner.set_xlim(1e-5, 1)
    beside = {"frameon": False, "loc": "center left", "bbox_to_anchor": (1.02, 0.5)}
    corner.legend(*whole.get_legend_handles_labels(), title="AUROC %", **beside)
    for axes in (whole, corner):
        _name(axes, "false positive rate", "true positive rate")
    return figure


def _name(axes: Axes, x: str, y: str) -> None:
    axes.set_xlabel(x)
    axes.set_ylabel(y)


def _svg(figure: Figure) -> str:
    text = _saved(figure, "svg", metadata={"Date": None, "Creator": None}).decode()
    return re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)


def _saved(figure: Figure, kind: str, **options: Any) -> bytes:
    figure.tight_layout()
    stream = io.BytesIO()
    figure.savefig(stream, format=kind, **options)
    return stream.getvalue()
