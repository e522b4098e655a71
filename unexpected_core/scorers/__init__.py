"""Scorers: one nn.Module per method, images in, Scores out.

To add one: write the file, add a line to SCORERS. Nothing is imported before it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from unexpected_core.config import Value, build, unknown_name

if TYPE_CHECKING:
    from unexpected_core.scorers.base import Scorer
    from unexpected_core.scorers.published import Published

NOTHING: Mapping[str, Any] = MappingProxyType({})


class ScorerEntry(NamedTuple):
    """How a scorer is built.

    builder: 'module:callable'. With networks of its own it is called with their options; where `base` names another
    entry, the method stands on that scorer's networks and the builder is called with it: builder(base_scorer).
    networks: of a method of the paper, by name in NETWORKS; the builder is called with where they come from
    (scorers.published), and opens a segmenter of its choice where it needs one.
    baseline: its networks come from a file of baselines beside that of `base` (scorers.baselines).
    small: options of a narrow version, for tests.
    """

    builder: str
    base: str | None = None
    small: Mapping[str, Any] = NOTHING
    networks: tuple[str, ...] = ()
    baseline: bool = False

    @property
    def published(self) -> bool:
        """Whether it is a method of the paper."""
        return bool(self.networks)

    def load(self) -> Callable[..., Scorer]:
        """Import the builder."""
        module, _, attribute = self.builder.partition(":")
        return getattr(import_module(module), attribute)


_NARROW = MappingProxyType({"random_weights": True, "small": True})
SCORERS: dict[str, ScorerEntry] = {
    "fast": ScorerEntry("unexpected_core.scorers.fast:FastScorer"),
    "random": ScorerEntry("unexpected_core.scorers.random:RandomScorer"),
    "resynthesis": ScorerEntry("unexpected_core.scorers.resynthesis:resynthesis", base="fast"),
    "image_difference": ScorerEntry("unexpected_core.scorers.resynthesis:ImageDifference", base="fast"),
    "direct": ScorerEntry("unexpected_core.scorers.direct:DirectScorer", base="fast"),
    "softmax": ScorerEntry("unexpected_core.scorers.logits.scorer:softmax_scorer", base="fast"),
    "entropy": ScorerEntry("unexpected_core.scorers.logits.scorer:entropy_scorer", base="fast"),
    "max_logit": ScorerEntry("unexpected_core.scorers.logits.scorer:max_logit_scorer", base="fast"),
    "energy": ScorerEntry("unexpected_core.scorers.logits.scorer:energy_scorer", base="fast"),
    "standardized_max_logit": ScorerEntry(
        "unexpected_core.scorers.logits.scorer:standardized_max_logit_scorer", base="fast"
    ),
    **{
        f"fast_{name}": ScorerEntry(f"unexpected_core.scorers.baselines:{name}", base="fast", baseline=True)
        for name in ("retrained", "generator_only", "labels_only", "ensemble", "dropout", "rbm")
    },
    **{
        name: ScorerEntry(f"unexpected_core.scorers.{module}:{name}", small=_NARROW, networks=tuple(networks))
        for module, name, *networks in (
            ("iccv2019", "iccv2019", "pix2pixhd_generator", "discrepancy_full"),
            ("iccv2019", "iccv2019_generator_only", "pix2pixhd_generator", "discrepancy_generator_only"),
            ("iccv2019", "iccv2019_labels_only", "discrepancy_labels_only"),
            ("rbm", "rbm", "rbm"),
            ("dropout", "dropout", "bayes_segnet"),
            ("ensemble", "ensemble", "pspnet"),
        )
    },
}


class UnknownScorer(ValueError):
    """A scorer's name that is not in SCORERS."""


def as_published(options: Mapping[str, Any]) -> Published:
    """PublishedSettings by name -> the networks they mean. Raises SettingsError."""
    from unexpected_core.scorers.published import Published

    return build(Published, options)


def build_scorer(name: str, base: Scorer | None = None, **options: Value) -> Scorer:
    """A scorer by name with untrained weights, or a method on the networks of `base`.

    Raises UnknownScorer, also for a method that would not use the base but has networks of its own.
    """
    if name not in SCORERS:
        raise UnknownScorer(unknown_name("scorer", name, SCORERS))
    entry = SCORERS[name]
    if entry.base is None and base is not None:
        raise UnknownScorer(
            f"'{name}' has networks of its own and cannot run on those of '{base.name}'; name it as the detector itself"
        )
    if entry.published:
        return entry.load()(as_published(options))
    if entry.base is None:
        scorer = entry.load()(**options)
        scorer.random_weights = any(True for _ in scorer.parameters())
        return scorer
    return _on(build_scorer(entry.base, **options) if base is None else base, name, entry)


def _on(base: Scorer, name: str, entry: ScorerEntry) -> Scorer:
    """A method on the networks of `base`, known by both names; the base itself where that is the method."""
    scorer = entry.load()(base)
    if scorer is not base:
        scorer.name, scorer.working_height, scorer.random_weights = name, base.working_height, base.random_weights
        ids = base.model_id, scorer.model_id, name
        scorer.model_id = "/".join(filter(None, ids)) if base.model_id else ""
    return scorer


def load_scorer(name_or_path: str | Path = "fast", method: str = "", **published: Value) -> Scorer:
    """A trained scorer in eval mode: weights by shipped name, file or folder ('random' needs none).

    Or a method of the paper ('iccv2019', ...), put together as `published` says: see scorers.published.Published.
    method: the name of another method to run on its networks ('softmax', 'direct', ...); empty = its own.
    Raises WeightsError, UnknownScorer, ScorerError.
    """
    name = str(name_or_path)
    if name in SCORERS and SCORERS[name].published:
        scorer = build_scorer(name, **published)
    elif idle := _idle(published):
        methods = ", ".join(known for known, entry in SCORERS.items() if entry.published)
        raise UnknownScorer(f"{idle} serves {methods}; '{name}' is opened by its own file or folder: leave it out")
    elif name == "random" or published.get("random_weights"):
        scorer = build_scorer("random")
    else:
        scorer = _trained(name_or_path)
    if method and method != scorer.name:
        scorer = build_scorer(method, base=scorer)
    return scorer.eval()


def _idle(published: Mapping[str, Value]) -> str:
    """What only the paper's methods heed, and somebody has set; '' where there is nothing."""
    from unexpected_core.scorers.settings import PublishedSettings

    words = {"weights": "a folder of experiments"}
    for name, field in PublishedSettings.model_fields.items():
        if name != "random_weights" and published.get(name, field.default) != field.default:
            return words.get(name, f"the setting '{name}'")
    return ""


def _trained(path: str | Path) -> Scorer:
    from unexpected_core.weights.cards import WeightsError
    from unexpected_core.weights.catalog import find_weights
    from unexpected_core.weights.reading import load_into, read_weights

    file = find_weights(path, or_random=True)
    weights = read_weights(file)
    card = weights.card
    entry = SCORERS.get(card.architecture)
    if entry is None or entry.base or entry.published:
        raise WeightsError(f"{path} holds '{card.architecture}', which is no detector: name the one it belongs to")
    try:
        scorer = build_scorer(card.architecture, **card.options)
    except TypeError as error:
        raise WeightsError(
            f"the card of {path} asks for options that this version's '{card.architecture}' does not have: {error}"
        ) from error
    load_into(scorer, weights)
    scorer.name, scorer.model_id = card.architecture, card.model_id
    scorer.weights, scorer.sha256, scorer.random_weights = file, card.sha256, False
    for name in ("working_height", "threshold", "calibration", "logit_statistics", "max_logit_weight"):
        if getattr(card, name) is not None:
            setattr(scorer, name, getattr(card, name))
    return scorer
