"""A detection at another size: pictures for people need not be as large as the camera's. No ROS."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from unexpected_core.images import resize_image, resize_map
from unexpected_core.structs import Detection, Region


def reduced(detection: Detection, size: tuple[int, int]) -> Detection:
    """Every map at size (height, width), the regions' boxes and centres scaled with them; their areas stay as found."""
    height, width = detection.score.shape
    down, right = size[0] / height, size[1] / width
    return replace(
        detection,
        score=resize_image(detection.score, size),
        mask=resize_map(detection.mask.view(np.uint8), size).view(bool),
        labels=resize_map(detection.labels, size),
        resynthesis=None if detection.resynthesis is None else resize_image(detection.resynthesis, size),
        regions=tuple(_scaled(region, down, right, size) for region in detection.regions),
    )


def _scaled(region: Region, down: float, right: float, size: tuple[int, int]) -> Region:
    top, left = int(region.y * down), int(region.x * right)
    bottom, end = round((region.y + region.height) * down), round((region.x + region.width) * right)
    return replace(
        region,
        x=min(left, size[1] - 1),
        y=min(top, size[0] - 1),
        width=max(1, end - left),
        height=max(1, bottom - top),
        centroid_x=region.centroid_x * right,
        centroid_y=region.centroid_y * down,
    )
