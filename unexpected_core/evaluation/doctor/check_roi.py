"""Ground truth that counts the wrong pixels."""

from __future__ import annotations

from unexpected_core.evaluation.doctor.words import percent
from unexpected_core.evaluation.measure.result import MethodResult


def label_coding(result: MethodResult) -> str | None:
    """0 normal, 1 obstacle, 255 outside; obstacles are the smaller part, and move."""
    evidence = result.evidence
    if 1 not in evidence.ids:
        return (
            "the ground truth has no obstacle pixel (id 1); is it coded 255 or as class ids? Of frames that have no "
            "obstacles false alarms can be counted: give --threshold"
        )
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


def other_roi(result: MethodResult, dataset: str) -> str | None:
    """The share of the image that is judged must be what the data set of this name has."""
    share, name = result.evidence.roi_share, "".join(letter for letter in dataset.lower() if letter.isalpha())
    low, high = next((span for start, span in ROI_SHARE.items() if name.startswith(start)), (0.0, 1.0))
    if low <= share <= high:
        return None
    return (
        f"the ROI is {percent(share)} of the image, of this data set it is {percent(low)} to {percent(high)}; "
        "road ROI and whole image must not be compared"
    )


def roi(result: MethodResult) -> str | None:
    """The ROI judged must be the ROI that the scores were made for."""
    evidence, frames = result.evidence, result.frames
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


def no_roi(result: MethodResult) -> str | None:
    """Right for some sets; on others sky and houses are counted."""
    evidence = result.evidence
    if evidence.whole_frames == result.frames and evidence.obstacle_share < 0.02:
        return (
            f"no frame has pixels outside the ROI, and obstacles are {percent(evidence.obstacle_share)}: sky, houses "
            "and the own car are judged too; is the ROI (255) lost?"
        )
    return None
