"""How many seeded faults does the doctor see, and is it quiet on clean runs? On folders of real frames.

    python bench/doctor_faults.py --data anomaly --sets lost_and_found road_obstacle21

--data: a folder of `obstacle_folder`s. The scores of honest methods are computed below --scores, and kept there.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from spoiling import CLEAN, FAULTS, Case, spoilt

from unexpected_core.datasets import Dataset, open_dataset
from unexpected_core.evaluation.candidates import Candidate
from unexpected_core.evaluation.doctor.examine import examine
from unexpected_core.evaluation.errors import PredictionError
from unexpected_core.evaluation.measure.method import measure
from unexpected_core.evaluation.results import DatasetFacts, compose
from unexpected_core.evaluation.settings import EvaluationSettings
from unexpected_core.evaluation.source import open_source
from unexpected_core.metrics.keys import MetricError
from unexpected_core.structs import Sample

METHODS = ("fast", "softmax", "max_logit", "random", "direct")
SETTINGS = EvaluationSettings(resamples=100, workers=1)


class Frames(Dataset):
    def __init__(self, case: Case):
        super().__init__(case.name, case.keys)
        self.case = case

    def load(self, index):
        return Sample(self.keys[index], self.case.images[index], obstacle=self.case.obstacles[index])


def diagnose(case: Case) -> set[str]:
    """Kinds of alarms, or 'refused'."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        extra = {f"extra_{i}": case.scores[0] * (0.9 - 0.1 * i) for i in range(case.surplus)}
        for key, score in {**dict(zip(case.keys, case.scores, strict=False)), **extra}.items():
            np.save(folder / f"{key}.npy", score)
        dataset = Frames(case)
        try:
            measured = measure(Candidate(open_source(dataset, folder), case.threshold), SETTINGS)
        except (PredictionError, MetricError):
            return {"refused"}
        results = compose({"method": measured}, DatasetFacts(dataset.name, len(dataset)), SETTINGS)
        return {finding.kind for finding in examine(results) if finding.alarm}


def load(data: Path, name: str, method: str, scores: Path) -> Case:
    dataset = open_dataset("obstacle_folder", data / name)
    folder = scores / name / method / name / "scores"
    # what is there is taken where it is of these weights, this code and these images
    command = ["evaluate", ",".join(METHODS), f"obstacle_folder={data / name}", "--out", str(scores / name)]
    done = subprocess.run([sys.executable, "-m", "unexpected_core.cli.main", *command], stdout=subprocess.DEVNULL)
    if done.returncode == 2:
        raise SystemExit(f"the scores of {name} could not be made")
    samples = [dataset[key] for key in dataset.keys]
    return Case(
        name,
        list(dataset.keys),
        [sample.image for sample in samples],
        [sample.obstacle for sample in samples],
        [np.load(folder / f"{key}.npy") for key in dataset.keys],
    )


def run_faults(cases: list[Case], seed: int, faults=FAULTS) -> dict[tuple[str, str], set[str]]:
    """(fault, set) -> kinds of alarms, none where it was missed."""
    return {
        (fault.__name__, case.name): diagnose(spoilt(case, fault, seed + i))
        for i, fault in enumerate(faults)
        for case in cases
    }


def clean_change(i: int, cases: list[Case]) -> Callable:
    """What is done in run i: each time that the cases are gone through, another change to each."""
    return CLEAN[(i + i // len(cases)) % len(CLEAN)]


def run_clean(cases: list[Case], count: int, seed: int) -> dict[int, set[str]]:
    """Number of a run -> kinds of alarms, for runs with any."""
    found = {}
    for i in range(count):
        kinds = diagnose(spoilt(cases[i % len(cases)], clean_change(i, cases), seed + i))
        if kinds:
            found[i] = kinds
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", default=["lost_and_found", "road_obstacle21"])
    parser.add_argument("--methods", nargs="*", default=["fast"], help="whose scores to spoil (none: clean runs only)")
    parser.add_argument("--clean-sets", nargs="*")
    parser.add_argument("--clean", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scores", type=Path, default=Path("doctor_scores"))
    arguments = parser.parse_args()
    print(datetime.now().strftime("%Y-%m-%d"), "seed", arguments.seed)
    for method in arguments.methods:
        cases = [load(arguments.data, name, method, arguments.scores) for name in arguments.sets]
        found = run_faults(cases, arguments.seed)
        for (fault, name), kinds in found.items():
            print(f"  {fault:30} {name:18} {', '.join(sorted(kinds)) or 'MISSED'}")
        print(f"{method}: caught {sum(map(bool, found.values()))} of {len(found)}")
    sets = arguments.sets if arguments.clean_sets is None else arguments.clean_sets
    cases = [load(arguments.data, name, method, arguments.scores) for name in sets for method in METHODS]
    alarms = run_clean(cases, arguments.clean if cases else 0, arguments.seed)
    for i, kinds in alarms.items():
        case, change = cases[i % len(cases)], clean_change(i, cases).__name__
        print(f"  FALSE ALARM run {i}: {case.name}, method {METHODS[i % len(METHODS)]}, {change}: {sorted(kinds)}")
    print(f"clean runs: {len(alarms)} of {arguments.clean} with an alarm")


if __name__ == "__main__":
    main()
