"""The report: one HTML file that needs no other. The only file that knows jinja2."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from jinja2 import Environment

from unexpected_core.compressed import encode_jpeg
from unexpected_core.evaluation.doctor.examine import Finding
from unexpected_core.evaluation.doctor.words import percent
from unexpected_core.evaluation.measure.result import MethodResult
from unexpected_core.evaluation.report import plots
from unexpected_core.evaluation.report.pictures import chosen_frames, picture
from unexpected_core.evaluation.report.tables import cells, columns, show, stamp, titled
from unexpected_core.evaluation.results import PairedDifference, Results
from unexpected_core.evaluation.source import Source
from unexpected_core.files import atomic_path, write_text
from unexpected_core.metrics.bootstrap import Interval
from unexpected_core.metrics.curves import Curve

QUALITY = 80
"""Of the pictures, 1 to 100."""
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
<h2>Numbers</h2><p>Values in %, with 95 % intervals.</p>
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
    results: Results,
    curves: Mapping[str, Curve],
    findings: Sequence[Finding],
    sources: Mapping[str, Source],
) -> None:
    """Results, thinned exact curve, findings of the doctor and scores by method -> one HTML file."""
    methods = results.methods
    content = {
        "dataset": results.dataset,
        "stamp": stamp(results),
        "findings": findings,
        "titles": [column.title for column in columns(results)],
        "rows": [(titled(name, result), cells(results, result)) for name, result in methods.items()],
        "comparisons": [_difference(line) for line in results.comparisons],
        "figures": _figures(methods, curves),
        "details": [(name, _details(result)) for name, result in methods.items()],
        "pictures": {name: _pictures(sources[name], result) for name, result in methods.items()},
    }
    write_text(path, Environment(autoescape=True).from_string(PAGE).render(content))


def write_roc(path: Path, results: Results, curves: Mapping[str, Curve]) -> None:
    """The report's ROC figure alone, as a PNG file. curves: thinned."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(plots.roc_png(curves, _areas(results.methods, "auroc")))


def _pictures(source: Source, result: MethodResult) -> list[tuple[str, list[str]]]:
    """Titles, and JPEG files in base 64."""
    return [
        (title, [base64.b64encode(encode_jpeg(picture(source, key, result), QUALITY)).decode() for key in keys])
        for title, keys in chosen_frames(result.per_frame).items()
    ]


def _areas(methods: Mapping[str, MethodResult], metric: str) -> dict[str, float]:
    return {name: getattr(result.pixel["exact"], metric).value for name, result in methods.items()}


def _difference(line: PairedDifference) -> list[str]:
    number = Interval(line.difference, line.low, line.high)
    return [
        f"{line.a} minus {line.b}",
        line.metric.replace("_", " "),
        show(number),
        "-" if math.isnan(line.p) else f"{line.p:.3f}",
    ]


def _figures(methods: Mapping[str, MethodResult], curves: Mapping[str, Curve]) -> list[str]:
    figures = [
        plots.roc(curves, _areas(methods, "auroc")),
        plots.precision_recall(curves, _areas(methods, "average_precision")),
        plots.risk(curves),
    ]
    tables = {name: result.reliability for name, result in methods.items() if result.reliability is not None}
    return figures + ([plots.reliability(tables)] if tables else [])


def _range(low: float, high: float) -> str:
    return f"{low:g} to {high:.4g}" if math.isfinite(high) else f"over {low:g}"


def _recall_line(line: Mapping[str, float]) -> list[str]:
    found = percent(line["found"]) if line["obstacles"] else "-"
    return [_range(line["from"], line["to"]), f"{line['obstacles']:.0f}", found]


def _details(result: MethodResult) -> list[tuple[str, list[str], list[list[str]]]]:
    """Tables of one method: (title, head, lines)."""
    parts = []
    for title, table, unit in (
        ("Obstacles found, by area", result.recall_by_area, "pixels of 1024x512"),
        ("Obstacles found, by place of the lower edge", result.recall_by_row, "of the height"),
        ("Obstacles found, by distance", result.recall_by_distance or (), "metres, on a flat road"),
    ):
        lines = [_recall_line(line) for line in table]
        parts += [(title, [unit, "obstacles", "found"], lines)] if lines else []
    return [*parts, ("Further numbers", ["", ""], _further(result))]


def _further(result: MethodResult) -> list[list[str]]:
    alarms = result.false_alarm_frames
    lines = [["frames without obstacles", str(alarms.normal_frames)]]
    if not math.isnan(alarms.realised_rate):
        lines.append(["of them with a false alarm", percent(alarms.realised_rate)])
    if alarms.promised_rate:
        lines.append(["promised at most", percent(alarms.promised_rate)])
    numbers = {
        "area under risk-coverage": result.risk_coverage_area,
        "calibration error": result.calibration_error,
        "segmentation mean IoU": result.mean_iou,
        "flicker of the score": result.flicker and result.flicker.score,
        "flicker of the mask": result.flicker and result.flicker.mask,
    }
    return lines + [[title, f"{value:.4f}"] for title, value in numbers.items() if value is not None]
