"""Scores that were damaged, rescaled, made small, or are not scores of these images."""

from __future__ import annotations

from unexpected_core.evaluation.doctor.words import percent, some
from unexpected_core.evaluation.measure.result import MethodResult


def damaged(result: MethodResult) -> str | None:
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


def rescaled(result: MethodResult) -> str | None:
    """One scale for all frames: a score must mean the same in every image."""
    if not result.evidence.constants:
        return None
    return (
        f"every frame has the same {' and the same '.join(result.evidence.constants)}: scores were rescaled frame by "
        "frame, so that they cannot be compared between frames; use one scale for all"
    )


def coarse(result: MethodResult) -> str | None:
    """Scores that were made small and large again."""
    factor = result.evidence.coarse
    if factor < 6.8:
        return None
    return (
        f"the scores have the detail of maps {factor:.0f} times smaller, enlarged once: too coarse to measure pixels; "
        "store them at the size they were computed, or compute them at the image's"
    )


def brightness(result: MethodResult) -> str | None:
    """A score is not the photograph."""
    found = result.evidence.brightness
    if abs(found) > 0.97:
        return f"the scores are the brightness of the image (correlation {found:.3f}): was the wrong array stored?"
    return None


def repeated(result: MethodResult) -> str | None:
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


def noise(result: MethodResult) -> str | None:
    """Chance level, and the scores know nothing of their images: what honest methods near chance do not do."""
    auroc, own = result.pixel["exact"].auroc, result.evidence.score_fit.own
    if 0.35 < auroc.value < 0.65 and abs(own) < 0.018 and result.frames >= 5 and result.evidence.distinct > 64:
        return (
            f"AUROC {percent(auroc.value)} is hardly better than chance, and no edge of the scores lies where the "
            "images have edges: noise, or scores of other images"
        )
    return None
