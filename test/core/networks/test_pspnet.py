"""The pyramid pooling of PSPNet in the form that can be exported."""

import pytest
import torch
from torch import nn

from unexpected_core.networks.pspnet import BINS, _CellMeans


@pytest.mark.parametrize("size", [(8, 16), (13, 21), (6, 7), (3, 5)])
def test_cells_are_averaged_as_torch_pools_them(size):
    """Cells that do not divide the map overlap by a row or a column."""
    features = torch.randn(2, 5, *size)
    for cells in BINS:
        torch.testing.assert_close(_CellMeans(cells).by_matrices(features), nn.AdaptiveAvgPool2d(cells)(features))
