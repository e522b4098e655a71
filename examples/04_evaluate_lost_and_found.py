"""Judge a detector on Lost and Found as SegmentMeIfYouCan does.

    python examples/04_evaluate_lost_and_found.py ROOT [fast]

The same numbers as `unexpected evaluate fast lost_and_found_no_known --root ROOT --mode exact,smiyc --out results`.
"""

import sys
from pathlib import Path

from unexpected_core import load_detector
from unexpected_core.datasets import open_dataset
from unexpected_core.evaluation.candidates import Candidate, Identity
from unexpected_core.evaluation.judge import judge
from unexpected_core.evaluation.results import DatasetFacts
from unexpected_core.evaluation.score import Answer, Method, write_scores
from unexpected_core.evaluation.settings import EvaluationSettings
from unexpected_core.log import to_terminal
from unexpected_core.scorers.fingerprint import fingerprint


def main(root: str, name: str = "fast") -> None:
    to_terminal()
    dataset = open_dataset("lost_and_found_no_known", root)  # 1043 frames, ROI = road
    detector = load_detector(name, runtime="eager", precision="float32")  # as `evaluate`: the same on every machine
    settings, out = EvaluationSettings(mode=("exact", "smiyc")), Path("results")

    # What made a score is written beside it: run this again with other weights, and they are computed again.
    method = Method("detector", lambda image: Answer(*detector.score(image)), fingerprint(detector.scorer))
    source = write_scores(method, dataset, out / "scores", out / "labels", settings.store)  # goes on where it stopped

    candidates = {"detector": Candidate(source, identity=Identity(detector.model_id))}
    findings = judge(candidates, settings, DatasetFacts(dataset.name, len(dataset), "test"), out)
    print((out / "table.md").read_text())
    for finding in findings:
        print("ALARM" if finding.alarm else "remark", finding.text)


if __name__ == "__main__":  # the processes that measure import this file again
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(*sys.argv[1:])
