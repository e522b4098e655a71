"""Whose networks the methods of `unexpected evaluate` stand on, and the detector that each of them is then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unexpected_core.cli.errors import UsageError
from unexpected_core.files import expand_home, sha256
from unexpected_core.scorers import SCORERS

if TYPE_CHECKING:
    from unexpected_core.evaluation.candidates import Identity
    from unexpected_core.pipeline.detector import Detector

RANDOM = "random"


@dataclass(frozen=True)
class Networks:
    """Whose networks the methods stand on. detector: of all methods that have none of their own.

    published: how the paper's methods are put together; settings: of the detectors, such as device and scale.
    """

    detector: str
    published: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def random(self) -> bool:
        """Whether they are untrained."""
        return bool(self.published.get("random_weights")) or self.detector == RANDOM

    def baselines(self) -> Path:
        """Weight file of the detector's baselines. Raises WeightsError."""
        from unexpected_core.weights.catalog import find_baselines, find_weights

        return find_baselines(find_weights(self.detector))

    def open(self, name: str) -> Detector:
        """A scorer's name on the networks of the detector, a method of the paper, or a detector of its own."""
        from unexpected_core.pipeline.detector import load_detector

        # plainly, so that numbers do not depend on what this machine finds fast
        plain = {} if is_exported(name) else {"runtime": "eager", "precision": "float32"}
        settings = {**plain, **self.settings}
        if kind_of(name) == "published":
            return load_detector(name, **self.published, **settings)
        if kind_of(name) == "own":
            return load_detector(name, **settings)
        path = RANDOM if self.random else self.detector
        if SCORERS[name].base:
            return load_detector(path, scorer=name, **settings)
        detector = load_detector(path, **settings)
        if detector.scorer.name not in (name, RANDOM):
            raise UsageError(f"--detector {path} is a '{detector.scorer.name}', not a '{name}': give its own name")
        return detector

    def identity(self, name: str, detector: Detector, limited: bool) -> Identity:
        """What is known of a method, with the SHA-256 of the weight file where it stands on one."""
        from unexpected_core.evaluation.candidates import Identity
        from unexpected_core.weights.catalog import find_weights

        kind = kind_of(name)
        untrained = name == RANDOM or (self.random and kind != "own")
        scale = None if detector.scale == 1 else detector.scale
        if untrained or kind == "published":
            return Identity(detector.model_id, None, untrained, limited, scale)
        if is_exported(name):
            return Identity(detector.model_id, sha256(expand_home(name)), detector.random_weights, limited, scale)
        baseline = name in SCORERS and SCORERS[name].baseline
        path = self.baselines() if baseline else find_weights(name if kind == "own" else self.detector)
        return Identity(detector.model_id, sha256(path), False, limited, scale)


def kind_of(name: str) -> str:
    """'published': a method of the paper; 'own': weights of its own; 'on detector': a method on others' networks."""
    entry = SCORERS.get(name)
    if entry is None or name == RANDOM:
        return "own"
    return "published" if entry.published else "on detector"


def is_exported(name: str) -> bool:
    """Whether the name is of a file that `unexpected export` wrote."""
    from unexpected_core.weights.exported import SUFFIX

    return name.endswith(SUFFIX)
