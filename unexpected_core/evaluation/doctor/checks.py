"""Signs of a broken evaluation, each a function of one method's result that returns a sentence, or None."""

from __future__ import annotations

from collections.abc import Callable

from unexpected_core.evaluation.measure.result import MethodResult
from unexpected_core.evaluation.results import DatasetFacts

ROI_SHARE = {
    "ObstacleTrack": (0.05, 0.7),
    "AnomalyTrack": (0.7, 1.0),
    "fishyscapes": (0.6, 1.0),
    "road_anomaly": (0.9, 1.0),
}
"""Beginning of a data set's name -> share of the image that is judged, road or nearly everything."""
Check = Callable[[MethodResult, DatasetFacts], str | None]


def frame_count(result: MethodResult, dataset: DatasetFacts) -> str | None:
    """Every frame of the data set must have been judged, and no score may be left over."""
    judged, expected, stored = result.frames, result.frames_expected, result.frames_stored
    if judged < expected:
        return f"{judged} of {expected} frames were judged; run evaluate again to complete the scores"
    if stored > expected and not result.limited:
        return f"{stored} scores for {expected} frames: the scores are of another split or data set"
    return None


def flipped(result: MethodResult, dataset: DatasetFacts) -> str | None:
    """Far worse than chance is better than chance with the sign turned round."""
    auroc = result.pixel["exact"].auroc
    if auroc.value < 0.4 and auroc.high < 0.5:
        return (
            f"AUROC is {_percent(auroc.value)}: worse than chance; higher must mean more unexpected, negate the score"
        )
    return None


def untrained(result: MethodResult, dataset: DatasetFacts) -> str | None:
    """Known, not guessed: the evaluation itself drew the weights."""
    return "the weights are random: the scores mean nothing; load trained ones" if result.random_weights else None


def like_random(result: MethodResult, dataset: DatasetFacts) -> str | None:
    """An honest method may be no better than chance on a set; then its other numbers say nothing."""
    exact = result.pixel["exact"]
    chance = exact.positives / max(exact.positives + exact.negatives, 1)
    ap, auroc = exact.average_precision.value, exact.auroc
    if auroc.low <= 0.5 <= auroc.high and 0.4 < auroc.value < 0.6:
        return (
            f"AUROC {_percent(auroc.value)} cannot be told from chance; "
            "were the weights loaded (missing or renamed keys), and is the image in the expected range and order?"
        )
    if 0.85 * chance < ap < 1.15 * chance and exact.fpr95.value > 0.9:
        return (
            f"AP {_percent(ap)} is the share of obstacle pixels ({_percent(chance)}) and FPR95 is "
            f"{_percent(exact.fpr95.value)}: no better than guessing; were the weights loaded?"
        )
    return None


def damaged(result: MethodResult, dataset: DatasetFacts) -> str | None:
    """Scores need many values, and room at both ends."""
    evidence = result.evidence
    if evidence.distinct <= 1:
        return f"all scores of a frame are one number ({evidence.low:g}); the method answers nothing"
    if evidence.distinct <= 2:
        return None  # a mask: see binary
    if evidence.near_one > 0.5 and evidence.types == ("float16",):
        return (
            f"{_percent(evidence.near_one)} of the scores lie within 0.01 of 1 and are float16, which has 30 "
            "values there; store float32, or score with a logit instead of 1 - p"
        )
    if evidence.share_at_high > 0.2 + evidence.obstacle_share:
        return (
            f"{_percent(evidence.share_at_high)} of the pixels share the highest score {evidence.high:g}: "
            "saturated; score before the squashing function, or store float32"
        )
    if evidence.distinct < 64 and evidence.distinct_share < 0.01:
        return (
            f"only {evidence.distinct:.0f} different scores per frame: damaged by float16 or 8-bit storage, "
            "or saturated; store float32"
        )
    return None


def binary(result: MethodResult, dataset: DatasetFacts) -> str | None:
    """Masks are welcome, but curves through two values mean little."""
    if 1 < result.evidence.distinct <= 2:
        return "the scores are masks (two values): AP, AUROC and FPR95 say little; look at the component metrics"
    return None


def repeated(result: MethodResult, dataset: DatasetFacts) -> str | None:
    """Different images must not get the same scores."""
    if result.evidence.same_as_neighbour > 0.5 and result.evidence.distinct > 2:
        return (
            f"{_percent(result.evidence.same_as_neighbour)} of the frames have the scores of the one before; "
            "was one result written for all, or a buffer not copied?"
        )
    return None


def label_coding(result: MethodResult, dataset: DatasetFacts) -> str | None:
    """0 normal, 1 obstacle, 255 outside; obstacles are the smaller part."""
    evidence = result.evidence
    if 1 not in evidence.ids:
        return "the ground truth has no obstacle pixel (id 1); is it coded 255 or as class ids?"
    if evidence.obstacle_share > 0.5:
        return f"{_percent(evidence.obstacle_share)} of the ROI is obstacle; are 0 and 1 exchanged, or 255 and 0?"
    return None


def roi(result: MethodResult, dataset: DatasetFacts) -> str | None:
    """The ROI judged must be the ROI that the scores were made for, and that the data set has."""
    evidence = result.evidence
    expected = next((share for name, share in ROI_SHARE.items() if dataset.name.startswith(name)), None)
    if expected and not expected[0] <= evidence.roi_share <= expected[1]:
        return (
            f"the ROI is {_percent(evidence.roi_share)} of the image, of this data set it is "
            f"{_percent(expected[0])} to {_percent(expected[1])}; road ROI and whole image must not be compared"
        )
    blank = evidence.gap_above_low > 0.02 or evidence.obstacle_at_low > 0.3
    if evidence.share_at_low > 0.25 and evidence.distinct > 64 and blank:
        return (
            f"{_percent(evidence.share_at_low)} of the ROI has exactly the lowest score {evidence.low:g}: "
            "were the scores blanked with another ROI?"
        )
    whole, frames = evidence.whole_frames, result.frames
    others = (evidence.roi_share * frames - whole) / max(frames - whole, 1)  # a bonnet alone hides less than a fifth
    if 0 < whole < frames / 2 and others < 0.8:
        return f"{whole} frames have no ROI while the others do; are their masks missing?"
    return None


def size(result: MethodResult, dataset: DatasetFacts) -> str | None:
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


def tuned_on_test(result: MethodResult, dataset: DatasetFacts) -> str | None:
    """A threshold that is said to come from elsewhere but is the best one of these very frames."""
    threshold, best = result.threshold, result.pixel["exact"].best_f1_threshold
    spread = result.evidence.high - result.evidence.low
    if threshold.source != "best_f1_on_test" and spread > 0 and abs(threshold.value - best) < 1e-6 * spread:
        if result.evidence.distinct <= 2:
            return None
        return (
            f"threshold {threshold.value:g} is said to be '{threshold.source}' but is the best-F1 threshold "
            "of these test frames; choose it on other frames (--normal-root)"
        )
    return None


def declared_tuning(result: MethodResult, dataset: DatasetFacts) -> str | None:
    """The benchmark's own habit, worth a word."""
    if result.threshold.source == "best_f1_on_test":
        return (
            "component numbers use the best-F1 threshold of these very frames, as SegmentMeIfYouCan prescribes; "
            "for use on a robot choose it with --normal-root"
        )
    return None


def order_of_the_sort(result: MethodResult, dataset: DatasetFacts) -> str | None:
    """Numbers of mode `smiyc` that another run of the benchmark's own code may not give."""
    span = result.pixel["smiyc"].order_range if "smiyc" in result.pixel else None
    if span is None:
        return None
    (low, high), (low_f1, high_f1), cuts = span.average_precision, span.best_f1, span.best_f1_threshold
    text = (
        f"mode smiyc: {span.frames} frames share the highest score, so the benchmark's own AP is anything from "
        f"{_percent(low)} to {_percent(high)} and best F1 from {_percent(low_f1)} to {_percent(high_f1)}, as its sort "
        "leaves them; ours is that of a stable sort"
    )
    return text + (f"; its components are cut at {cuts[0]:.4g} or {cuts[1]:.4g}" if cuts[0] < cuts[1] else "")


ALARMS: dict[str, Check] = {
    "frame count": frame_count,
    "flipped scores": flipped,
    "random weights": untrained,
    "damaged scores": damaged,
    "repeated scores": repeated,
    "label coding": label_coding,
    "ROI": roi,
    "size": size,
    "tuned on test": tuned_on_test,
}
REMARKS: dict[str, Check] = {
    "order of the sort": order_of_the_sort,
    "chance": like_random,
    "binary": binary,
    "threshold": declared_tuning,
}


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
