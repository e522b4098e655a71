"""Signs of a broken evaluation, each a function of one method's result that returns a sentence, or None.

Alarms end the command with 1, remarks do not. The signs were chosen so that a weak but honest method passes: what is
compared are scores and truths with the images themselves, not how good the numbers are.
"""

from __future__ import annotations

from collections.abc import Callable

from unexpected_core.evaluation.doctor.check_places import mispaired, misplaced, too_good, wrong_truth
from unexpected_core.evaluation.doctor.check_roi import label_coding, no_roi, roi
from unexpected_core.evaluation.doctor.check_values import brightness, coarse, damaged, noise, repeated, rescaled
from unexpected_core.evaluation.doctor.threshold import declared_tuning, tuned_on_test
from unexpected_core.evaluation.doctor.words import percent
from unexpected_core.evaluation.measure.result import MethodResult

Check = Callable[[MethodResult], str | None]


def frame_count(result: MethodResult) -> str | None:
    """Every frame of the data set must have been judged, and no score may be left over."""
    judged, expected, stored = result.frames, result.frames_expected, result.frames_stored
    if judged < expected:
        return f"{judged} of {expected} frames were judged; run evaluate again to complete the scores"
    if stored > expected and not result.limited:
        return f"{stored} scores for {expected} frames: the scores are of another split or data set"
    return None


def flipped(result: MethodResult) -> str | None:
    """Far worse than chance is better than chance with the sign turned round."""
    auroc = result.pixel["exact"].auroc
    if auroc.value < 0.4 and not auroc.high >= 0.5:  # NaN where one sequence was judged
        return f"AUROC is {percent(auroc.value)}: worse than chance; higher must mean more unexpected, negate the score"
    return None


def untrained(result: MethodResult) -> str | None:
    """Known, not guessed: the evaluation itself drew the weights."""
    return "the weights are random: the scores mean nothing; load trained ones" if result.random_weights else None


def near_chance(result: MethodResult) -> str | None:
    """An honest method may be no better than chance on a set; then its other numbers say nothing."""
    auroc = result.pixel["exact"].auroc
    if auroc.low <= 0.5 <= auroc.high and 0.4 < auroc.value < 0.6:
        return (
            f"AUROC {percent(auroc.value)} cannot be told from chance; if that is a surprise: were the weights loaded, "
            "and is the image in the range and colour order that they expect?"
        )
    return None


def size(result: MethodResult) -> str | None:
    """Scores of the ground truth's size, or all smaller by one factor."""
    evidence = result.evidence
    if 0 < evidence.enlarged_frames < result.frames:
        return (
            f"{evidence.enlarged_frames} of {result.frames} scores have another size than their ground truth "
            f"({', '.join(evidence.stored_sizes)}); write all at the image's size"
        )
    if evidence.enlarged_frames and evidence.scale < 0.2:
        return (
            f"scores are {evidence.scale:.2g} of the ground truth's width: too coarse to measure pixels; "
            "write them at the image's size"
        )
    if evidence.enlarged_frames and evidence.scale > 1:
        return "scores are larger than the ground truth; write them at the image's size"
    return None


def binary(result: MethodResult) -> str | None:
    """Masks are welcome, but curves through two values mean little."""
    if 1 < result.evidence.distinct <= 2:
        return "the scores are masks (two values): AP, AUROC and FPR95 say little; look at the component metrics"
    return None


def order_of_the_sort(result: MethodResult) -> str | None:
    """Numbers of mode `smiyc` that another run of the benchmark's own code may not give."""
    span = result.pixel["smiyc"].order_range if "smiyc" in result.pixel else None
    if span is None:
        return None
    (low, high), (low_f1, high_f1), cuts = span.average_precision, span.best_f1, span.best_f1_threshold
    text = (
        f"mode smiyc: {span.frames} frames share the highest score, so the benchmark's own AP is anything from "
        f"{percent(low)} to {percent(high)} and best F1 from {percent(low_f1)} to {percent(high_f1)}, as its sort "
        "leaves them; ours is that of a stable sort"
    )
    return text + (f"; its components are cut at {cuts[0]:.4g} or {cuts[1]:.4g}" if cuts[0] < cuts[1] else "")


ALARMS: dict[str, Check] = {
    "frame count": frame_count,
    "flipped scores": flipped,
    "random weights": untrained,
    "noise": noise,
    "too good": too_good,
    "damaged scores": damaged,
    "rescaled frames": rescaled,
    "coarse scores": coarse,
    "misplaced scores": misplaced,
    "mispaired scores": mispaired,
    "ground truth": wrong_truth,
    "brightness": brightness,
    "repeated scores": repeated,
    "label coding": label_coding,
    "ROI": roi,
    "size": size,
    "tuned on test": tuned_on_test,
}
REMARKS: dict[str, Check] = {
    "chance": near_chance,
    "binary": binary,
    "whole image": no_roi,
    "order of the sort": order_of_the_sort,
    "threshold": declared_tuning,
}
