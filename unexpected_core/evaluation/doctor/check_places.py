"""Scores and ground truth that do not lie on their images, or lie on each other too well."""

from __future__ import annotations

from unexpected_core.evaluation.doctor.words import percent, some
from unexpected_core.evaluation.measure.result import MethodResult


def misplaced(result: MethodResult) -> str | None:
    """Edges of scores must lie where their images have edges."""
    fit = result.evidence.score_fit
    if not fit.other:
        return None
    return (
        f"the scores fit their images better if they were {fit.other} (correlation of edges {fit.fit:.2f}, "
        f"{fit.own:.2f} as they are): undo that"
    )


def mispaired(result: MethodResult) -> str | None:
    """Every score must be that of its own image."""
    pairs = result.evidence.score_pairs
    if not pairs.strangers:
        return None
    step = f", mostly the one {abs(pairs.offset)} {'after' if pairs.offset > 0 else 'before'}" if pairs.offset else ""
    return (
        f"the scores of {len(pairs.strangers)} frames fit the image of another frame far better than their own{step} "
        f"({some(pairs.strangers)}); are the files named after the right frames?"
    )


def wrong_truth(result: MethodResult) -> str | None:
    """Ground truth must lie on its image."""
    evidence = result.evidence
    fit, pairs, offset = evidence.truth_fit, evidence.truth_pairs, evidence.truth.offset
    if fit.other:
        return f"the ground truth fits the images better if it was {fit.other}: undo that"
    if pairs.strangers:
        return (
            f"the ground truth of {len(pairs.strangers)} frames fits the image of another frame far better "
            f"({some(pairs.strangers)}); are masks and images named alike?"
        )
    if abs(offset) >= 3:
        done, where = ("dilated", "outside") if offset > 0 else ("eroded", "inside")
        return (
            f"contours of the obstacles lie {abs(offset)} pixels {where} the edges of the image: {done} ground truth?"
        )
    return None


def too_good(result: MethodResult) -> str | None:
    """Nobody finds every pixel, or knows where an annotator drew the line."""
    ap, truth = result.pixel["exact"].average_precision.value, result.evidence.truth
    if ap > 0.995:
        return f"AP is {percent(ap)}: was the ground truth written as scores?"
    if truth.jump > 6 and truth.sharp > 0.85:
        return (
            f"the scores jump exactly at the contours of the ground truth ({truth.jump:.0f} times as far as two pixels "
            "beside them): the ground truth went into the scores"
        )
    return None
