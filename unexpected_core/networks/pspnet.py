"""PSPNet on a dilated ResNet-101 (Zhao et al., CVPR 2017), as experiment 0121 of the paper trained it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models.resnet import Bottleneck, ResNet

from unexpected_core.labels import NUM_CLASSES
from unexpected_core.networks.normalise import ImageNetNormalise

BINS = (1, 2, 3, 6)
BATCH_NORM_MOMENTUM = 0.95


class PspNet(nn.Module):
    """RGB [B, 3, H, W] in [0, 1] -> logits [B, num_classes, H, W]; while training a pair (logits, auxiliary logits).

    blocks: residual blocks per stage; stage_width: inner channels of the first stage; pyramid_width: channels per
    pyramid bin and of the head. The defaults are the published size.
    """

    def __init__(
        self,
        num_classes: int = NUM_CLASSES,
        blocks: Sequence[int] = (3, 4, 23, 3),
        stage_width: int = 64,
        pyramid_width: int = 512,
    ) -> None:
        super().__init__()
        resnet = ResNet(Bottleneck, list(blocks), width_per_group=stage_width)
        self.num_classes = num_classes
        self.normalise = ImageNetNormalise()
        self.layer0 = nn.Sequential(resnet.conv1, resnet.bn1, resnet.relu, resnet.maxpool)
        self.layer1 = resnet.layer1
        self.layer2 = resnet.layer2
        self.layer3 = _dilate(resnet.layer3, 2)
        self.layer4 = _dilate(resnet.layer4, 4)
        self.ppm = _PyramidPooling(2048, pyramid_width)
        self.final = nn.Sequential(
            nn.Conv2d(2048 + len(BINS) * pyramid_width, pyramid_width, 3, padding=1, bias=False),
            nn.BatchNorm2d(pyramid_width, momentum=BATCH_NORM_MOMENTUM),
            nn.ReLU(inplace=True),
            nn.Dropout(0.1),
            nn.Conv2d(pyramid_width, num_classes, 1),
        )
        self.aux_logits = nn.Conv2d(1024, num_classes, 1)
        for module in [*self.ppm.modules(), *self.final, self.aux_logits]:
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)

    def forward(self, images: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """See the class."""
        return self.forward_normalised(self.normalise(images))

    def forward_normalised(self, images: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """The same from ImageNet-normalised images, float [B, 3, H, W]."""
        size = images.shape[-2:]
        stage3 = self.layer3(self.layer2(self.layer1(self.layer0(images))))  # [B, 1024, H/8, W/8]
        logits = _resize(self.final(self.ppm(self.layer4(stage3))), size)
        return (logits, _resize(self.aux_logits(stage3), size)) if self.training else logits


class _CellMeans(nn.AdaptiveAvgPool2d):
    """Float [B, C, H, W] -> [B, C, cells, cells]; an exporter gets products with matrices that follow from the size:
    torch's own pooling is exported for the size of the example alone."""

    def forward(self, features: Tensor) -> Tensor:
        """See the class."""
        return self.by_matrices(features) if torch.compiler.is_exporting() else super().forward(features)

    def by_matrices(self, features: Tensor) -> Tensor:
        """The same, up to rounding."""
        height, width = features.shape[-2:]
        return self._shares(height, features) @ features @ self._shares(width, features).T

    def _shares(self, size: int, features: Tensor) -> Tensor:
        """What each of `size` rows or columns gives to each cell: [cells, size], rows sum to 1."""
        cells = self.output_size
        cell = torch.arange(cells, device=features.device)[:, None]
        place = torch.arange(size, device=features.device)
        first, behind = cell * size // cells, (cell * size + size + cells - 1) // cells
        inside = (place >= first) & (place < behind)
        return (inside / (behind - first)).to(features.dtype)


class _PyramidPooling(nn.Module):
    """Appends the map's averages over 1x1, 2x2, 3x3 and 6x6 cells to it."""

    def __init__(self, source: int, target: int) -> None:
        super().__init__()
        self.features = nn.ModuleList(
            nn.Sequential(
                _CellMeans(cells),
                nn.Conv2d(source, target, 1, bias=False),
                nn.BatchNorm2d(target, momentum=BATCH_NORM_MOMENTUM),
                nn.ReLU(inplace=True),
            )
            for cells in BINS
        )

    def forward(self, features: Tensor) -> Tensor:
        return torch.cat([features, *(_resize(pool(features), features.shape[-2:]) for pool in self.features)], 1)


def _dilate(stage: nn.Sequential, dilation: int) -> nn.Sequential:
    """Keep the resolution of the stage before: every 3x3 convolution dilated, every stride 1.

    torchvision's own ``replace_stride_with_dilation`` leaves the first block at the dilation before; the published
    weights were trained with all blocks alike.
    """
    for block in stage:
        block.conv2.stride, block.conv2.dilation, block.conv2.padding = (1, 1), (dilation,) * 2, (dilation,) * 2
    stage[0].downsample[0].stride = (1, 1)
    return stage


def _resize(features: Tensor, size: tuple[int, int]) -> Tensor:
    return functional.interpolate(features, size, mode="bilinear", align_corners=False)
