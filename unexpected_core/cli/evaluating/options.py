"""What of an evaluation cannot work, or would change nothing: refused before anything is scored."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from unexpected_core.cli.errors import UsageError
from unexpected_core.cli.evaluating.networks import kind_of
from unexpected_core.pipeline.settings import PUBLISHED
from unexpected_core.scorers import SCORERS

if TYPE_CHECKING:
    from unexpected_core.evaluation.settings import EvaluationSettings

SCORING = ("detector", "device", "scale", "store")
"""Options of scores that are made now, beside those of the paper's methods."""


def check_used(arguments: argparse.Namespace, settings: EvaluationSettings, names: Sequence[str]) -> None:
    """Every option given has something to act on. Raises UsageError naming one that has not."""
    scoring, published = _given(arguments, SCORING), _given(arguments, PUBLISHED)
    if not settings.from_normal_driving:
        lonely = [name for name in ("normal_data", "normal_split", "false_alarms") if name in settings.model_fields_set]
        _refuse(lonely, "no frames of normal driving are given by --normal-root")
    if arguments.from_scores:
        choosing = ("weights", "random_weights") if arguments.methods == "paper" else ()  # which comparison
        unused = [option for option in (*scoring, *published) if option not in choosing]
        _refuse(unused, "stored scores are judged as they are")
        return
    kinds = {kind_of(name) for name in names}
    if kinds == {"own"}:
        _refuse(_given(arguments, ("random_weights",)), "each method here has weights of its own")
    if "published" not in kinds:
        _refuse([option for option in published if option != "random_weights"], "no method of the paper is judged")
    if "on detector" not in kinds:
        _refuse(_given(arguments, ("detector",)), "no method here stands on another's networks")


def _given(arguments: argparse.Namespace, options: Sequence[str]) -> list[str]:
    return [name for name in options if getattr(arguments, name) not in (None, False)]


def _refuse(options: Sequence[str], reason: str) -> None:
    if options:
        raise UsageError(f"--{options[0].replace('_', '-')} would change nothing: {reason}; leave it out")


def check_thresholds(names: Sequence[str], settings: EvaluationSettings, from_scores: bool) -> None:
    """Every method has a threshold of its own, if that is asked for. Raises UsageError."""
    if settings.threshold != "weights":
        return
    if from_scores:
        raise UsageError("--threshold: expected a number, or 'weights' where a detector runs, found 'weights'")
    without = [name for name in names if not _on_a_card(name)]
    if without:
        raise UsageError(
            f"--threshold weights: no card has a threshold of {', '.join(without)}; give a number, or let frames of "
            "normal driving choose it (--normal-root)"
        )


def _on_a_card(name: str) -> bool:
    """Whether a card's threshold is that of this method: a detector, by its own name or as the scorer it is."""
    return name == "resynthesis" or (name != "random" and (name not in SCORERS or name == "fast"))
