"""Numbers that cannot be true: signs of a broken evaluation, looked for in results.json.

Each check is a function of one method's result that returns a sentence, or None. Alarms end the command with 1;
remarks do not. The signs were chosen so that a weak but honest method passes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Result = Mapping[str, Any]
ROI_SHARE = {
    "ObstacleTrack": (0.05, 0.7),
    "AnomalyTrack": (0.7, 1.0),
    "fishyscapes": (0.6, 1.0),
    "road_anomaly": (0.9, 1.0),
}
"""Beginning of a data set's name -> share of the image that is judged, road or nearly everything."""


class Finding(NamedTuple):
    """kind: name of the check. method: whose numbers. alarm: False for a remark. text: what, why, and the cure."""

    kind: str
    method: str
    alarm: bool
    text: str


def frame_count(result: Result) -> str | None:
    """Every frame of the data set must have been judged, and no score may be left over."""
    judged, expected, stored = result["frames"], result["frames_expected"], result["frames_stored"]
    if judged < expected:
        return f"{judged} of {expected} frames were judged; run evaluate again to complete the scores"
    if stored > expected and not result.get("limited"):
        return f"{stored} scores for {expected} frames: the scores are of another split or data set"
    return None


def flipped(result: Result) -> str | None:
    """Far worse than chance is better than chance with the sign turned round."""
    auroc = result["pixel"]["exact"]["auroc"]
    if auroc["value"] < 0.4 and auroc["high"] < 0.5:
        return (
            f"AUROC is {_percent(auroc['value'])}: worse than chance; higher must mean more unexpected, "
            "negate the score"
        )
    return None


def like_random(result: Result) -> str | None:
    """A trained method tells obstacles from road at least a little."""
    exact = result["pixel"]["exact"]
    if "random" in str(result.get("model_id", "")):
        return "the weights are random; load trained ones"
    chance = exact["positives"] / max(exact["positives"] + exact["negatives"], 1)
    ap, auroc = exact["average_precision"]["value"], exact["auroc"]
    if auroc["low"] <= 0.5 <= auroc["high"] and 0.4 < auroc["value"] < 0.6:
        return (
            f"AUROC {_percent(auroc['value'])} cannot be told from chance; "
            "were the weights loaded (missing or renamed keys), and is the image in the expected range and order?"
        )
    if 0.85 * chance < ap < 1.15 * chance and exact["fpr95"]["value"] > 0.9:
        return (
            f"AP {_percent(ap)} is the share of obstacle pixels ({_percent(chance)}) and FPR95 is "
            f"{_percent(exact['fpr95']['value'])}: no better than guessing; were the weights loaded?"
        )
    return None


def damaged(result: Result) -> str | None:
    """Scores need many values, and room at both ends."""
    evidence = result["evidence"]
    if evidence["distinct"] <= 1:
        return f"all scores of a frame are one number ({evidence['low']:g}); the method answers nothing"
    if evidence["distinct"] <= 2:
        return None  # a mask: see binary
    if evidence["near_one"] > 0.5 and evidence["types"] == ["float16"]:
        return (
            f"{_percent(evidence['near_one'])} of the scores lie within 0.01 of 1 and are float16, which has 30 "
            "values there; store float32, or score with a logit instead of 1 - p"
        )
    if evidence["share_at_high"] > 0.2 + evidence["obstacle_share"]:
        return (
            f"{_percent(evidence['share_at_high'])} of the pixels share the highest score {evidence['high']:g}: "
            "saturated; score before the squashing function, or store float32"
        )
    if evidence["distinct"] < 64 and evidence["distinct_share"] < 0.01:
        return (
            f"only {evidence['distinct']:.0f} different scores per frame: damaged by float16 or 8-bit storage, "
            "or saturated; store float32"
        )
    return None


def binary(result: Result) -> str | None:
    """Masks are welcome, but curves through two values mean little."""
    if 1 < result["evidence"]["distinct"] <= 2:
        return "the scores are masks (two values): AP, AUROC and FPR95 say little; look at the component metrics"
    return None


def repeated(result: Result) -> str | None:
    """Different images must not get the same scores."""
    if result["evidence"]["same_as_neighbour"] > 0.5 and result["evidence"]["distinct"] > 2:
        return (
            f"{_percent(result['evidence']['same_as_neighbour'])} of the frames have the scores of the one before; "
            "was one result written for all, or a buffer not copied?"
        )
    return None


def label_coding(result: Result) -> str | None:
    """0 normal, 1 obstacle, 255 outside; obstacles are the smaller part."""
    evidence = result["evidence"]
    if 1 not in evidence["ids"]:
        return "the ground truth has no obstacle pixel (id 1); is it coded 255 or as class ids?"
    if evidence["obstacle_share"] > 0.5:
        return f"{_percent(evidence['obstacle_share'])} of the ROI is obstacle; are 0 and 1 exchanged, or 255 and 0?"
    return None


def roi(result: Result) -> str | None:
    """The ROI judged must be the ROI that the scores were made for, and that the data set has."""
    evidence = result["evidence"]
    expected = next((share for name, share in ROI_SHARE.items() if result["dataset"].startswith(name)), None)
    if expected and not expected[0] <= evidence["roi_share"] <= expected[1]:
        return (
            f"the ROI is {_percent(evidence['roi_share'])} of the image, of this data set it is "
            f"{_percent(expected[0])} to {_percent(expected[1])}; road ROI and whole image must not be compared"
        )
    blank = evidence["gap_above_low"] > 0.02 or evidence["obstacle_at_low"] > 0.3
    if evidence["share_at_low"] > 0.25 and evidence["distinct"] > 64 and blank:
        return (
            f"{_percent(evidence['share_at_low'])} of the ROI has exactly the lowest score {evidence['low']:g}: "
            "were the scores blanked with another ROI?"
        )
    whole, frames = evidence["whole_frames"], result["frames"]
    others = (evidence["roi_share"] * frames - whole) / max(frames - whole, 1)  # a bonnet alone hides less than a fifth
    if 0 < whole < frames / 2 and others < 0.8:
        return f"{whole} frames have no ROI while the others do; are their masks missing?"
    return None


def size(result: Result) -> str | None:
    """Scores of the ground truth's size, or all smaller by one factor."""
    evidence = result["evidence"]
    if 0 < evidence["enlarged_frames"] < result["frames"]:
        return (
            f"{evidence['enlarged_frames']} of {result['frames']} scores have another size than their ground truth "
            f"({', '.join(evidence['stored_sizes'])}); write all at the image's size"
        )
    if evidence["enlarged_frames"] and evidence["scale"] < 0.2:
        return (
            f"scores are {evidence['scale']:.2g} of the ground truth's width: too coarse to measure pixels; "
            "write them at the image's size"
        )
    if evidence["enlarged_frames"] and evidence["scale"] > 1:
        return "scores are larger than the ground truth; write them at the image's size"
    return None


def tuned_on_test(result: Result) -> str | None:
    """A threshold that is said to come from elsewhere but is the best one of these very frames."""
    threshold, best = result["threshold"], result["pixel"]["exact"]["best_f1_threshold"]
    spread = result["evidence"]["high"] - result["evidence"]["low"]
    if threshold["source"] != "best_f1_on_test" and spread > 0 and abs(threshold["value"] - best) < 1e-6 * spread:
        if result["evidence"]["distinct"] <= 2:
            return None
        return (
            f"threshold {threshold['value']:g} is said to be '{threshold['source']}' but is the best-F1 threshold "
            "of these test frames; choose it on other frames (--normal-root)"
        )
    return None


def declared_tuning(result: Result) -> str | None:
    """The benchmark's own habit, worth a word."""
    if result["threshold"]["source"] == "best_f1_on_test":
        return (
            "component numbers use the best-F1 threshold of these very frames, as SegmentMeIfYouCan prescribes; "
            "for use on a robot choose it with --normal-root"
        )
    return None


ALARMS: dict[str, Callable[[Result], str | None]] = {
    "frame count": frame_count,
    "flipped scores": flipped,
    "random-like": like_random,
    "damaged scores": damaged,
    "repeated scores": repeated,
    "label coding": label_coding,
    "ROI": roi,
    "size": size,
    "tuned on test": tuned_on_test,
}
REMARKS: dict[str, Callable[[Result], str | None]] = {"binary": binary, "threshold": declared_tuning}


def examine(results: Mapping[str, Any]) -> list[Finding]:
    """The contents of results.json -> findings, alarms first."""
    found = []
    for name, numbers in results["methods"].items():
        result = {"dataset": results["dataset"]["name"], **numbers}
        for checks, alarm in ((ALARMS, True), (REMARKS, False)):
            found += [Finding(kind, name, alarm, text) for kind, check in checks.items() if (text := check(result))]
    found += _different_pixels(results["methods"])
    return sorted(found, key=lambda finding: not finding.alarm)


def _different_pixels(methods: Mapping[str, Result]) -> list[Finding]:
    """All methods of one table must have been judged on the same pixels."""
    judged = {
        name: (result["frames"], result["pixel"]["exact"]["positives"], result["pixel"]["exact"]["negatives"])
        for name, result in methods.items()
    }
    if len(set(judged.values())) <= 1:
        return []
    text = "; ".join(
        f"{name}: {frames} frames, {p} obstacle and {n} normal pixels" for name, (frames, p, n) in judged.items()
    )
    return [Finding("ROI", ", ".join(judged), True, f"methods were judged on different pixels ({text})")]


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
