"""A cheaper detector on the same networks, for when there is no time for the whole method."""

from __future__ import annotations

from unexpected_core.pipeline.detector import Detector


def has_direct_head(detector: Detector) -> bool:
    """Whether `simpler` can be had of it."""
    return getattr(detector.scorer, "direct", None) is not None and getattr(detector.scorer, "name", "") != "direct"


def simpler(detector: Detector) -> Detector:
    """The detector that asks the direct head instead of resynthesising; it shares the weights.

    Its scores are of another method: a threshold means something else to them. Raises ScorerError without such a head.
    """
    from unexpected_core.scorers.direct import DirectScorer

    scorer = DirectScorer(detector.scorer)
    scorer.model_id, scorer.working_height = f"{detector.model_id}/direct", detector.working_height
    model = detector.settings.model.model_copy(update={"warmup": False, "device": detector.device, "runtime": "eager"})
    return Detector(scorer, detector.settings.model_copy(update={"model": model}))
