"""Networks: RGB in [0, 1] in, logits or RGB out. One file per network; they normalise themselves.

To add one: write the file, add a line to NETWORKS. Nothing is imported before it is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from unexpected_core.config import Value, unknown_name

if TYPE_CHECKING:
    from torch import nn

NOTHING: Mapping[str, Any] = MappingProxyType({})


class NetworkEntry(NamedTuple):
    """builder: 'module:class'; kind: what it eats and gives, for the contract test; small: options of a narrow version.

    Kinds: 'segmenter' images -> logits or a SegmenterOutput; 'generator' train ids -> RGB; 'other' has its own tests.
    """

    builder: str
    kind: str = "other"
    small: Mapping[str, Any] = NOTHING


NETWORKS: dict[str, NetworkEntry] = {
    "fast_segmenter": NetworkEntry("unexpected_core.networks.fast_segmenter:FastSegmenter", "segmenter"),
    "fast_generator": NetworkEntry("unexpected_core.networks.fast_generator:FastGenerator", "generator"),
    "fast_comparer": NetworkEntry("unexpected_core.networks.fast_comparer:FastComparer"),
    "direct_head": NetworkEntry("unexpected_core.networks.fast_comparer:direct_head"),
    "fast_cues": NetworkEntry("unexpected_core.networks.fast_cues:CueHeads", small={"seeds": 1}),
    "fast_baselines": NetworkEntry("unexpected_core.networks.fast_baselines:FastBaselines", small={"members": 2}),
    "bayes_segnet": NetworkEntry("unexpected_core.networks.bayes_segnet:BayesSegNet", "segmenter", {"width": 4}),
    "pspnet": NetworkEntry(
        "unexpected_core.networks.pspnet:PspNet",
        "segmenter",
        {"blocks": (1, 1, 2, 1), "stage_width": 8, "pyramid_width": 16},
    ),
    "pix2pixhd_generator": NetworkEntry(
        "unexpected_core.networks.pix2pixhd:Pix2PixHdGenerator", small={"width": 4, "residual_blocks": 2}
    ),
    "pix2pixhd_discriminator": NetworkEntry(
        "unexpected_core.networks.pix2pixhd:Pix2PixHdDiscriminator", small={"width": 4}
    ),
    "discrepancy_full": NetworkEntry("unexpected_core.networks.discrepancy:DiscrepancyFull", small={"width": 8}),
    "discrepancy_generator_only": NetworkEntry(
        "unexpected_core.networks.discrepancy:DiscrepancyGeneratorOnly", small={"width": 8}
    ),
    "discrepancy_labels_only": NetworkEntry(
        "unexpected_core.networks.discrepancy:DiscrepancyLabelsOnly", small={"width": 8}
    ),
    "rbm": NetworkEntry("unexpected_core.networks.rbm:RoadAutoencoder"),
}


class UnknownNetwork(ValueError):
    """A network's name that is not in NETWORKS."""


def build_network(name: str, **options: Value) -> nn.Module:
    """A network by name with untrained weights. Raises UnknownNetwork."""
    if name not in NETWORKS:
        raise UnknownNetwork(unknown_name("network", name, NETWORKS))
    module, _, attribute = NETWORKS[name].builder.partition(":")
    return getattr(import_module(module), attribute)(**options)
