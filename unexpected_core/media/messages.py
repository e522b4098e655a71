"""Camera messages, of ROS or of a bag, as images."""

from __future__ import annotations

from typing import Any

import numpy as np

from unexpected_core.compressed import decode_compressed
from unexpected_core.encodings import MAX_PIXELS, EncodingError, to_rgb


def image_of(message: Any, max_pixels: int = MAX_PIXELS, bit_depth: int = 0) -> np.ndarray:
    """sensor_msgs/Image or CompressedImage, of ROS or of a bag -> RGB uint8 [H, W, 3], a view where it can be.

    bit_depth: bits used of 16, 0 = as the encoding says. Raises EncodingError.
    """
    m = message
    if hasattr(m, "format"):  # CompressedImage
        return decode_compressed(m.data, max_pixels, m.format, bit_depth)
    if not hasattr(m, "encoding"):
        raise EncodingError("encoding", f"{getattr(m, '__msgtype__', type(m).__name__)} is no image message")
    return to_rgb(m.encoding, m.height, m.width, m.step, m.data, m.is_bigendian, max_pixels, bit_depth)
