"""Networks that begin with ImageNet weights: which of torchvision's tensors go where."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from torch import Tensor, nn
from torchvision import models

from unexpected_core.networks.vgg_features import pyramid_state
from unexpected_core.training.errors import TrainingError

SEGNET_BLOCKS = (0, 7, 14, 27, 40, 53)
"""First layers of the five parts of vgg19_bn's features that become enc1..enc5."""


def imagenet_state(architecture: str) -> Mapping[str, Tensor]:
    """torchvision's first ImageNet weights of an architecture, from its cache or its server. Raises TrainingError."""
    weights = models.get_model_weights(architecture).IMAGENET1K_V1
    try:
        return weights.get_state_dict(progress=False, check_hash=True)
    except (OSError, RuntimeError) as error:
        raise TrainingError(
            f"cannot get the ImageNet weights of {architecture} ({error}): put {weights.url.rpartition('/')[2]} into "
            "$TORCH_HOME/hub/checkpoints, or begin without them: --set task.start=random"
        ) from error


def start_segnet(network: nn.Module) -> None:
    """Encoder of BayesSegNet <- vgg19_bn."""
    layers = {}
    for key, value in imagenet_state("vgg19_bn").items():
        if key.startswith("features."):
            _, layer, name = key.split(".")
            layers[int(layer), name] = value
    for block, (first, end) in enumerate(pairwise(SEGNET_BLOCKS), 1):
        part = {f"{layer - first}.{name}": value for (layer, name), value in layers.items() if first <= layer < end}
        getattr(network, f"enc{block}").load_state_dict(part)


def start_pspnet(network: nn.Module) -> None:
    """Backbone of PSPNet <- resnet101."""
    state = imagenet_state("resnet101")
    stem = {"conv1": "layer0.0", "bn1": "layer0.1"}
    renamed = {
        ".".join([stem.get(head, head), rest]): value
        for key, value in state.items()
        for head, _, rest in [key.partition(".")]
        if head != "fc"
    }
    left_out = network.load_state_dict(renamed, strict=False)
    own = [key for key in left_out.missing_keys if not key.startswith(("ppm.", "final.", "aux_logits."))]
    assert not own and not left_out.unexpected_keys, (own, left_out.unexpected_keys)


def start_discrepancy(network: nn.Module) -> None:
    """Frozen pyramid of a discrepancy network <- vgg16."""
    network.vgg_extractor.load_state_dict(pyramid_state(imagenet_state("vgg16")))
