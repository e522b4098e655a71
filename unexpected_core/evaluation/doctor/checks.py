"""Signs of a broken evaluation, each a function of one method's result that returns a sentence, or None.

Alarms end the command with 1, remarks do not. The signs were chosen so that a weak but honest method passes: what is
compared are scores and truths with the images themselves, not how good the numbers are.
"""

from __future__ import annotations

from collections.abc import Callable

from unexpected_core.evaluation.doctor.threshold import declared_tuning, tuned_on_test
from unexpected_core.evaluation.measure.result import MethodResult
from unexpected_core.evaluation.results import DatasetFacts

Check = Callable[[MethodResult, DatasetFacts], str | None]


def percent(share: float) -> str:
    """0.123 -> '12.3 %'."""
    return f"{100 * share:.1f} %"


def some(keys: tuple[str, ...]) -> str:
    """The first names of many."""
    return ", ".join(keys[:4]) + (f" and {len(keys) - 4} more" if len(keys) > 4 else "")


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
        return f"AUROC is {percent(auroc.value)}: worse than chance; higher must mean more unexpected, negate the score"
    return None


def untrained(result: MethodResult, dataset: DatasetFacts) -> str | None:
    """Known, not guessed: the evaluation itself drew the weights."""
    return "the weights are random: the scores mean nothing; load trained ones" if result.random_weights else None


def noise(result: MethodResult, dataset: DatasetFacts) -> str | None:
    """Chance level, and the scores know nothing of their images: what honest methods near chance do not do."""
    auroc, own = result.pixel["exact"].auroc, result.evidence.score_fit.own
    if 0.35 < auroc.value < 0.65 and abs(own) < 0.018 and result.frames >= 5 and result.evidence.distinct > 64:
        return (
            f"AUROC {percent(auroc.value)} is hardly better than chance, and no edge of the scores lies where the "
            "images have edges: noise, or scores of other images"
        )
    return None


def near_chance(result: MethodResult, dataset: DatasetFacts) -> str | None:
    """An honest method may be no better than chance on a set; then its other numbers say nothing."""
    auroc = result.pixel["exact"].auroc
    if auroc.low <= 0.5 <= auroc.high and 0.4 < auroc.value < 0.6:
        return (
            f"AUROC {percent(auroc.value)} cannot be told from chance; if that is a surprise: were the weights loaded, "
            "and is the image in the range and colour order that they expect?"
        )
    return None


def too_good(result: MethodResult, dataset: DatasetFacts) -> str | None:
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


def damaged(result: MethodResult, dataset: DatasetFacts) -> str | None:
    """Scores need room at both ends; few levels, or tiny ones, may be meant."""
    evidence = result.evidence
    halved = evidence.types == ("float16",)
    if evidence.distinct <= 1:
        return f"all scores of a frame are one number ({evidence.low:g}); the method answers nothing"
    if evidence.near_one > 0.5 and halved and evidence.distinct > 2:
        return (
            f"{percent(evidence.near_one)} of the scores lie within 0.01 of 1 and are float16, which has 30 "
            "values there; store float32, or score with a logit instead of 1 - p"
        )
    if evidence.share_at_high > 0.2 + evidence.obstacle_share and evidence.distinct > 64:
        return (
            f"{percent(evidence.share_at_high)} of the pixels share the highest score {evidence.high:g}: "
            f"saturated; score before the squashing function{', or store float32' if halved else ''}"
        )
    if evidence.bits:
        return f"all scores are steps of a {evidence.bits}-bit code: stored as an 8-bit image? Store 16 bits or float32"
    return None


def rescaled(result: MethodResult, dataset: DatasetFacts) -> str | None:
    """One scale for all frames: a score must mean the same in every image."""
    if not result.evidence.constants:
        return None
    return (
        f"every frame has the same {' and the same '.join(result.evidence.constants)}: scores were rescaled frame by "
        "frame, so that they cannot be compared between frames; use one scale for all"
    )


def coarse(result: MethodResult, dataset: DatasetFacts) -> str | None:
    """Scores that were made small and large again."""
    factor = result.evidence.coarse
    if factor < 6.8:
        return None
    return (
        f"the scores have the detail of maps {factor:.0f} times smaller, enlarged once: too coarse to measure pixels; "
        "store them at the size they were computed, or compute them at the image's"
    )


def misplaced(result: MethodResult, dataset: DatasetFacts) -> str | None:
    """Edges of scores must lie where their images have edges."""
    fit = result.evidence.score_fit
    if not fit.other:
        return None
    return (
        f"the scores fit their images better if they were {fit.other} (correlation of edges {fit.fit:.2f}, "
        f"{fit.own:.2f} as they are): undo that"
    )


def mispaired(result: MethodResult, dataset: DatasetFacts) -> str | None:
    """Every score must be that of its own image."""
    pairs = result.evidence.score_pairs
    if not pairs.strangers:
        return None
    step = f", mostly the one {abs(pairs.offset)} {'after' if pairs.offset > 0 else 'before'}" if pairs.offset else ""
    return (
        f"the scores of {len(pairs.strangers)} frames fit the image of another frame far better than their own{step} "
        f"({some(pairs.strangers)}); are the files named after the right frames?"
    )


def wrong_truth(result: MethodResult, dataset: DatasetFacts) -> str | None:
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


def brightness(result: MethodResult, dataset: DatasetFacts) -> str | None:
    """A score is not the photograph."""
    found = result.evidence.brightness
    if abs(found) > 0.97:
        return f"the scores are the brightness of the image (correlation {found:.3f}): was the wrong array stored?"
    return None


def repeated(result: MethodResult, dataset: DatasetFacts) -> str | None:
    """Different images must not get the same scores."""
    evidence = result.evidence
    if evidence.same_scores:
        return (
            f"{len(evidence.same_scores)} frames have exactly the scores of another ({some(evidence.same_scores)}); "
            "was one result written for several, or a buffer not copied?"
        )
    if evidence.one_map > 0.995 and evidence.distinct > 2:
        return (
            f"all frames have nearly the same scores (correlation {evidence.one_map:.4f}) though their images differ: "
            "the method does not look at the image"
        )
    if evidence.same_images:
        return f"{len(evidence.same_images)} frames are the same image ({some(evidence.same_images)}): they count twice"
    return None


def label_coding(result: MethodResult, dataset: DatasetFacts) -> str | None:
    """0 normal, 1 obstacle, 255 outside; obstacles are the smaller part, and move."""
    evidence = result.evidence
    if 1 not in evidence.ids:
        return "the ground truth has no obstacle pixel (id 1); is it coded 255 or as class ids?"
    if evidence.obstacle_share > 0.5:
        return f"{percent(evidence.obstacle_share)} of the ROI is obstacle; are 0 and 1 exchanged, or 255 and 0?"
    if evidence.fixed_obstacle > 0.02:
        return (
            f"{percent(evidence.fixed_obstacle)} of the image is obstacle in nearly every frame, at one place: are "
            "pixels outside the ROI (255) counted as obstacles?"
        )
    return None


ROI_SHARE = {
    "obstacletrack": (0.05, 0.7),
    "roadobstacle": (0.05, 0.7),
    "anomalytrack": (0.7, 1.0),
    "lostandfound": (0.05, 0.99),
    "fishyscapes": (0.6, 0.99),
    "fsstatic": (0.6, 0.99),
    "fslostandfound": (0.6, 0.99),
    "roadanomaly": (0.9, 1.0),
}
"""Beginning of a data set's name, letters only -> share of the image that is judged, road or nearly everything."""


def roi(result: MethodResult, dataset: DatasetFacts) -> str | None:
    """The ROI judged must be the ROI that the scores were made for, and that the data set has."""
    evidence, frames = result.evidence, result.frames
    name = "".join(letter for letter in dataset.name.lower() if letter.isalpha())
    low, high = next((share for start, share in ROI_SHARE.items() if name.startswith(start)), (0.0, 1.0))
    if not low <= evidence.roi_share <= high:
        return (
            f"the ROI is {percent(evidence.roi_share)} of the image, of this data set it is "
            f"{percent(low)} to {percent(high)}; road ROI and whole image must not be compared"
        )
    if evidence.blanked > 0.15 and evidence.distinct > 64:
        return (
            f"{percent(evidence.blanked)} of the ROI are areas of exactly the lowest score {evidence.low:g}: "
            "were the scores blanked with another ROI?"
        )
    whole = evidence.whole_frames
    others = (evidence.roi_share * frames - whole) / max(frames - whole, 1)  # a bonnet alone hides less than a fifth
    if 0 < whole < frames / 2 and others < 0.8:
        return f"{whole} frames have no ROI while the others do; are their masks missing?"
    return None


def no_roi(result: MethodResult, dataset: DatasetFacts) -> str | None:
    """Right for some sets; on others sky and houses are counted."""
    evidence = result.evidence
    if evidence.whole_frames == result.frames and evidence.obstacle_share < 0.02:
        return (
            f"no frame has pixels outside the ROI, and obstacles are {percent(evidence.obstacle_share)}: sky, houses "
            "and the own car are judged too; is the ROI (255) lost?"
        )
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


def binary(result: MethodResult, dataset: DatasetFacts) -> str | None:
    """Masks are welcome, but curves through two values mean little."""
    if 1 < result.evidence.distinct <= 2:
        return "the scores are masks (two values): AP, AUROC and FPR95 say little; look at the component metrics"
    return None


def order_of_the_sort(result: MethodResult, dataset: DatasetFacts) -> str | None:
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
