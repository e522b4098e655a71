"""`unexpected doctor RESULTS`: look for numbers that cannot be true."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See cli.main."""
    parser.epilog = "Exit code: 0 nothing suspicious, 1 alarms, 2 the results cannot be read."
    results = "results.json, or the --out folder of 'unexpected evaluate'"
    parser.add_argument("results", nargs="+", type=Path, metavar="RESULTS", help=results)


def run(arguments: argparse.Namespace) -> int:
    """Examine every results file; 1 if there is an alarm."""
    from unexpected_core.evaluation.doctor.examine import examine
    from unexpected_core.evaluation.results import read_results

    alarms = 0
    for path in arguments.results:
        findings = examine(read_results(path))
        alarms += report_findings(findings, str(path))
    return 1 if alarms else 0


def report_findings(findings: list, title: str) -> int:
    """Print findings; returns the number of alarms."""
    alarms = sum(finding.alarm for finding in findings)
    print(f"{title}: {alarms} alarms, {len(findings) - alarms} remarks")
    for finding in findings:
        print(f"  {'ALARM' if finding.alarm else 'remark'} {finding.kind} ({finding.method}): {finding.text}")
    return alarms
