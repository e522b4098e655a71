"""The report: one HTML file that needs no other. The only file that knows jinja2."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment

from unexpected_core.evaluation import plots
from unexpected_core.evaluation.doctor import Finding
from unexpected_core.evaluation.pictures import chosen_frames, jpeg, picture
from unexpected_core.evaluation.source import Source
from unexpected_core.evaluation.tables import columns, show, stamp, value_at
from unexpected_core.files import atomic_path, write_text
from unexpected_core.metrics.curves import Curve

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ dataset.name }}: {{ rows | map(attribute=0) | join(', ') }}</title>
<style>
body { font: 15px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 1100px; padding: 0 1em; color: #222 }
table { border-collapse: collapse; margin: 1em 0; font-variant-numeric: tabular-nums; display: block; overflow-x: auto }
th, td { padding: .3em .6em; border-bottom: 1px solid #ddd; text-align: right; white-space: nowrap }
th:first-child, td:first-child { text-align: left }
.alarm { background: #fdd; padding: .5em 1em; border-left: 4px solid #c00 }
.remark { background: #ffd; padding: .5em 1em; border-left: 4px solid #cc0 }
img, svg { max-width: 100%; height: auto } .stamp { color: #666; font-size: 90% }
</style></head><body>
<h1>{{ dataset.name }}</h1>
<p class="stamp">{{ stamp }}</p>
{% for finding in findings %}<p class="{{ 'alarm' if finding.alarm else 'remark' }}">
<b>{{ finding.kind }}</b> ({{ finding.method }}): {{ finding.text }}</p>{% endfor %}
<h2>Numbers</h2><p>Values in %, with 95 % intervals over frames.</p>
<table><tr><th>method</th>{% for title in titles %}<th>{{ title }}</th>{% endfor %}
<th>threshold</th><th>weights</th></tr>
{% for name, cells in rows %}<tr><td>{{ name }}</td>{% for cell in cells %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</table>
{% if comparisons %}<h2>Differences between methods</h2>
<table><tr><th>methods</th><th>metric</th><th>difference</th><th>p</th></tr>
{% for line in comparisons %}<tr>{% for cell in line %}<td>{{ cell }}</td>{% endfor %}</tr>{% endfor %}
</table>{% endif %}
<h2>Curves</h2>{% for figure in figures %}<div>{{ figure | safe }}</div>{% endfor %}
{% for name, parts in details %}<h2>{{ name }}</h2>
{% for title, head, lines in parts %}<h3>{{ title }}</h3>
<table><tr>{% for cell in head %}<th>{{ cell }}</th>{% endfor %}</tr>
{% for line in lines %}<tr>{% for cell in line %}<td>{{ cell }}</td>{% endfor %}</tr>{% endfor %}</table>{% endfor %}
{% for title, images in pictures[name] %}<h3>{{ title }}</h3>
{% for image in images %}<img alt="" src="data:image/jpeg;base64,{{ image }}">{% endfor %}{% endfor %}
{% endfor %}</body></html>
"""


def write_report(
    path: Path,
    results: Mapping[str, Any],
    curves: Mapping[str, Curve],
    findings: Sequence[Finding],
    sources: Mapping[str, Source],
) -> None:
    """results.json's contents, exact curve, findings of the doctor and scores by method -> one HTML file."""
    methods = results["methods"]
    pictures = {
        name: [
            (title, [base64.b64encode(jpeg(picture(sources[name], key, result))).decode() for key in keys])
            for title, keys in chosen_frames(result["per_frame"]).items()
        ]
        if name in sources
        else []
        for name, result in methods.items()
    }
    page = (
        Environment(autoescape=True)
        .from_string(PAGE)
        .render(
            dataset=results["dataset"],
            stamp=stamp(results),
            findings=findings,
            titles=[column.title for column in columns(results)],
            rows=[(name, _cells(results, result)) for name, result in methods.items()],
            comparisons=[_difference(line) for line in results["comparisons"]],
            figures=_figures(methods, {name: curve.thinned() for name, curve in curves.items()}),
            details=[(name, _details(result)) for name, result in methods.items()],
            pictures=pictures,
        )
    )
    write_text(path, page)


def write_roc(path: Path, results: Mapping[str, Any], curves: Mapping[str, Curve]) -> None:
    """The report's ROC figure alone, as a PNG file."""
    thinned = {name: curve.thinned() for name, curve in curves.items()}
    with atomic_path(path) as temporary:
        temporary.write_bytes(plots.roc_png(thinned, _areas(results["methods"], "auroc")))


def _areas(methods: Mapping[str, Any], metric: str) -> dict[str, float]:
    return {name: result["pixel"]["exact"][metric]["value"] for name, result in methods.items()}


def _cells(results: Mapping[str, Any], result: Mapping[str, Any]) -> list[str]:
    cells = [show(value_at(result, column.path), column.percent) for column in columns(results)]
    threshold = result["threshold"]
    return [
        *cells,
        f"{threshold['value']:.4g} ({threshold['source'].replace('_', ' ')})",
        (result.get("weights_sha256") or "-")[:12],
    ]


def _difference(line: Mapping[str, Any]) -> list[str]:
    numbers = {"value": line["difference"], "low": line["low"], "high": line["high"]}
    return [f"{line['a']} minus {line['b']}", line["metric"].replace("_", " "), show(numbers), f"{line['p']:.3f}"]


def _figures(methods: Mapping[str, Any], curves: Mapping[str, Curve]) -> list[str]:
    figures = [
        plots.roc(curves, _areas(methods, "auroc")),
        plots.precision_recall(curves, _areas(methods, "average_precision")),
        plots.risk(curves),
    ]
    tables = {name: result["reliability"] for name, result in methods.items() if "reliability" in result}
    return figures + ([plots.reliability(tables)] if tables else [])


def _range(low: float, high: float) -> str:
    return f"{low:g} to {high:.4g}" if math.isfinite(high) else f"over {low:g}"


def _details(result: Mapping[str, Any]) -> list[tuple[str, list[str], list[list[str]]]]:
    """Tables of one method: (title, head, lines)."""
    parts = []
    for title, name, unit in (
        ("Obstacles found, by area", "recall_by_area", "pixels of 1024x512"),
        ("Obstacles found, by place of the lower edge", "recall_by_row", "of the height"),
        ("Obstacles found, by distance", "recall_by_distance", "metres, on a flat road"),
    ):
        if name not in result:
            continue
        lines = [
            [
                _range(line["from"], line["to"]),
                str(line["obstacles"]),
                f"{100 * line['found']:.1f} %" if line["obstacles"] else "-",
            ]
            for line in result[name]
        ]
        parts.append((title, [unit, "obstacles", "found"], lines))
    alarms = result["false_alarm_frames"]
    lines = [["frames without obstacles", str(alarms["normal_frames"])]]
    if alarms["normal_frames"]:
        lines.append(["of them with a false alarm", f"{100 * alarms['realised_rate']:.1f} %"])
    if alarms["promised_rate"]:
        lines.append(["promised at most", f"{100 * alarms['promised_rate']:.1f} %"])
    lines += [
        [title, f"{result[name]:.4f}"]
        for title, name in (
            ("area under risk-coverage", "risk_coverage_area"),
            ("calibration error", "calibration_error"),
            ("segmentation mean IoU", "mean_iou"),
        )
        if name in result
    ]
    if "flicker" in result:
        lines += [
            ["flicker of the score", f"{result['flicker']['score']:.4f}"],
            ["flicker of the mask", f"{result['flicker']['mask']:.4f}"],
        ]
    return [*parts, ("Further numbers", ["", ""], lines)]
