"""Scores made elsewhere are judged only where names, and hashes if there are any, prove whose and of what they are."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from pathlib import Path

from unexpected_core.datasets.base import Dataset
from unexpected_core.evaluation.errors import PredictionError
from unexpected_core.evaluation.ledger import Ledger, image_hash
from unexpected_core.evaluation.score import First
from unexpected_core.evaluation.source import Source, open_source
from unexpected_core.evaluation.store import SUFFIXES, benchmark_name, label_of
from unexpected_core.files import sha256


def foreign_source(dataset: Dataset, root: Path, method: str) -> Source:
    """Somebody's scores of one method: in a folder that bears its name, one for every frame, or for some of them.

    Raises PredictionError where the method's name is on no folder, where names of scores and frames do not match, and
    where hashes beside the scores (see ledger) say that they are of another image, or changed.
    """
    whole = dataset.dataset if isinstance(dataset, First) else dataset
    folder = foreign_folder(root, method, whole)
    source = open_source(dataset, folder)
    known = set(whole.keys)
    missing = [key for key in dataset.keys if key not in source.scores]
    others = source if whole is dataset else open_source(whole, folder)
    if others.surplus and folder.name == benchmark_name(dataset.name) != dataset.name:
        others = Source(whole, others.scores)  # that benchmark keeps the scores of all its splits in one folder
    if missing and others.surplus:
        raise PredictionError(
            f"{folder}: names do not match: no score for frame '{missing[0]}' ({len(missing)} of {len(dataset)}), but "
            f"{others.surplus} of no frame of '{dataset.name}' ({len(known)} frames); are they of this data set?"
        )
    _check_ledger(source, folder, method)
    return Source(dataset, source.scores, surplus=others.surplus)


def foreign_folder(root: Path, method: str, dataset: Dataset) -> Path:
    """Where scores lie: root/anomaly_p/METHOD/SET, root/METHOD/SET/scores, root/METHOD/SET, root/METHOD.

    Or root itself, if METHOD is its name. Raises PredictionError, also where the first and another of them hold scores
    of its frames.
    """
    benchmark = root / "anomaly_p" / method / benchmark_name(dataset.name)
    others = [root / method / dataset.name / "scores", root / method / dataset.name, root / method]
    if benchmark.is_dir() and (twice := [folder for folder in others if _holds_scores(folder, dataset)]):
        raise PredictionError(
            f"scores of '{method}' lie in {benchmark} and in {twice[0]}, maybe of two versions: move one of them away"
        )
    candidates = [benchmark, *others]
    for folder in [*candidates, *([root] if root.resolve().name == method else [])]:
        if folder.is_dir():
            return folder
    there = sorted(path.name for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
    raise PredictionError(
        f"no folder of scores: looked for {', '.join(str(path) for path in candidates)}; {root} has "
        f"{', '.join(there[:12]) or 'no folders'}: a folder must bear its method's name"
    )


def _holds_scores(folder: Path, dataset: Dataset) -> bool:
    """By their keys: predicted labels, and scores of other sets, may lie below it as well."""
    return any((folder / f"{key}{suffix}").is_file() for key in dataset.keys for suffix in SUFFIXES)


def _check_ledger(source: Source, folder: Path, method: str) -> None:
    ledger = Ledger(folder)
    for key in source.keys:
        made = ledger.frames.get(key)
        if made is None:
            continue
        owner = ledger.makers.get(made.maker, {}).get("method", method)
        if (label := label_of(owner)) != method:
            raise PredictionError(
                f"{folder}: the score of '{key}' was made by '{owner}', not '{method}'; call its folder '{label}'"
            )
        if made.score != sha256(source.scores[key]):
            raise PredictionError(f"{source.scores[key]} is not the file that was written for '{key}': get it again")
        if made.image != image_hash(source.dataset[key].image):
            raise PredictionError(
                f"{source.scores[key]} was made for another image than the '{key}' of '{source.dataset.name}'; "
                "score the images of this data set"
            )


def check_distinct(sources: Mapping[str, Source]) -> None:
    """Raises PredictionError where two methods have the same files."""
    hashes = {name: [sha256(source.scores[key]) for key in source.keys] for name, source in sources.items()}
    for a, b in combinations(hashes, 2):
        if hashes[a] == hashes[b]:
            raise PredictionError(
                f"methods '{a}' and '{b}' have the same scores ({next(iter(sources[a].scores.values())).parent}, "
                f"{next(iter(sources[b].scores.values())).parent}): give each method its own files"
            )
