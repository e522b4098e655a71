"""Batch norms folded into the convolutions before them: the same output, a pass over memory less for each."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from torch import nn
from torch.nn.utils import fuse_conv_bn_eval


def fold_batch_norms(network: nn.Module) -> int:
    """Fold what follows a convolution in a Sequential, or is named after one, in place; returns how many.

    The network must be in eval mode; it can neither be trained nor load other weights afterwards. Modules that are
    applied several times stay shared. A norm whose convolution also stands elsewhere, before another one, is left.
    """
    pairs = list(_pairs(network))
    partners: dict[nn.Module, set[nn.Module]] = {}
    for _, (_, conv), (_, norm) in pairs:
        partners.setdefault(conv, set()).add(norm)
        partners.setdefault(norm, set()).add(conv)
    folded: dict[nn.Module, nn.Module] = {}
    for parent, (conv_name, conv), (norm_name, norm) in pairs:
        if len(partners[conv]) > 1 or len(partners[norm]) > 1 or norm.training:
            continue
        if conv not in folded:
            folded[conv] = fuse_conv_bn_eval(conv, norm, transpose=isinstance(conv, nn.ConvTranspose2d))
        parent._modules[conv_name], parent._modules[norm_name] = folded[conv], nn.Identity()
    return len(folded)


Named = tuple[str, nn.Module]


def _pairs(network: nn.Module) -> Iterator[tuple[nn.Module, Named, Named]]:
    """Parent, convolution and batch norm of each place where one follows the other.

    In modules of other kinds than Sequential the names tell: conv and norm are ours, conv2 and bn2 torchvision's.
    """
    for parent in network.modules():
        children = parent._modules
        if isinstance(parent, nn.Sequential):
            couples = pairwise(children.items())
        else:
            norms = {name: "norm" if name == "conv" else f"bn{name[4:]}" for name in children}
            couples = (((name, child), (norms[name], children.get(norms[name]))) for name, child in children.items())
        for first, second in couples:
            if isinstance(first[1], nn.Conv2d | nn.ConvTranspose2d) and isinstance(second[1], nn.BatchNorm2d):
                yield parent, first, second
