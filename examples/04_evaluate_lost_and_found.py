"""Judge a detector on Lost and Found as SegmentMeIfYouCan does.

    python examples/04_evaluate_lost_and_found.py ROOT [fast]

The same as `unexpected evaluate fast lost_and_found_no_known --root ROOT --mode exact,smiyc --out results`.
"""

import sys
from pathlib import Path

from unexpected_core import load_detector
from unexpected_core.datasets import open_dataset
from unexpected_core.evaluation.judge import Candidate, judge
from unexpected_core.evaluation.measure import Plan
from unexpected_core.evaluation.run import Answer, write_scores
from unexpected_core.evaluation.source import open_source
from unexpected_core.log import to_terminal

to_terminal()
dataset = open_dataset("lost_and_found_no_known", sys.argv[1])  # 1043 frames, ROI = road
detector = load_detector(sys.argv[2] if len(sys.argv) > 2 else "fast")
out = Path("results")
scores, labels = out / "detector" / "scores", out / "detector" / "labels"


def answer(image):
    detection = detector.detect(image, resynthesis=False)
    return Answer(detection.score, detection.labels)


about = {"method": "detector", "model_id": detector.model_id, "dataset": dataset.name, "format": "float32"}
write_scores(answer, dataset, scores, labels, about)  # goes on where it was stopped

candidate = Candidate(open_source(dataset, scores, labels), {"model_id": detector.model_id})
facts = {"name": dataset.name, "split": "test", "frames": len(dataset)}
findings = judge({"detector": candidate}, Plan(modes=("exact", "smiyc")), facts, out)
print((out / "table.md").read_text())
for finding in findings:
    print("ALARM" if finding.alarm else "remark", finding.text)
