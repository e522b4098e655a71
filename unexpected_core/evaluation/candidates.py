"""The methods that are judged together: whose scores, called where, and what is known of them."""

from __future__ import annotations

from dataclasses import dataclass

from unexpected_core.evaluation.source import Source
from unexpected_core.evaluation.threshold import Threshold


@dataclass(frozen=True)
class Identity:
    """What is known of a method. random_weights: untrained. limited: only the set's first frames were asked for.

    scale: factor on the working size the detector was made for; None = that size.
    """

    model_id: str | None = None
    weights_sha256: str | None = None
    random_weights: bool = False
    limited: bool = False
    scale: float | None = None


@dataclass(frozen=True)
class Candidate:
    """A method to judge. threshold: its own; None = the best F1 of the very frames judged."""

    source: Source
    threshold: Threshold | None = None
    identity: Identity = Identity()
