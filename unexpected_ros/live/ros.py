"""ROS as our nodes speak to it: message classes by name, whole numbers where it insists on decimal ones."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Container
from typing import Any

import numpy as np
from rclpy.parameter import Parameter
from rclpy.serialization import serialize_message
from sensor_msgs.msg import CompressedImage, Image, PointCloud2, PointField, RegionOfInterest
from std_msgs.msg import Header

from unexpected_ros.msg import AnomalyArray, AnomalyRegion, FrameStats
from unexpected_ros.settings import word_of

CLASSES: dict[str, type] = {
    f"{kind.__module__.partition('.')[0]}/msg/{kind.__name__}": kind
    for kind in (
        *(Header, Image, CompressedImage, PointCloud2, PointField, RegionOfInterest),
        *(AnomalyArray, AnomalyRegion, FrameStats),
    )
}
"""Name, such as sensor_msgs/msg/Image -> class: those that the package sends."""
END_WITH_DATA = ("sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage")
try:
    import vision_msgs.msg as vision
except ImportError:  # not among the wheels; where it is installed, its types are sent too
    pass
else:
    NAMES = ("Point2D", "Pose2D", "BoundingBox2D", "ObjectHypothesis", "ObjectHypothesisWithPose", "Detection2D")
    for name in (*NAMES, "Detection2DArray", "VisionClass", "LabelInfo"):
        CLASSES[f"vision_msgs/msg/{name}"] = getattr(vision, name)


def ros_message(kind: str, /, **fields: Any) -> Any:
    """A message of ROS by name; numpy arrays uint8 [n] become the array.array that it holds bytes in."""
    return CLASSES[kind](**{key: _bytes(v) if isinstance(v, np.ndarray) else v for key, v in fields.items()})


def ready_to_send(kind: str, /, **fields: Any) -> Any:
    """Like ros_message; those that end with their bytes come serialised: these are copied once, not thrice."""
    if kind not in END_WITH_DATA:
        return ros_message(kind, **fields)
    data = fields.pop("data")
    head = serialize_message(ros_message(kind, **fields))  # its last four bytes say that there are no data
    return b"".join((head[:-4], len(data).to_bytes(4, sys.byteorder), data))


def _bytes(values: np.ndarray) -> array:
    data = array("B")
    data.frombytes(memoryview(values))  # one copy; a message given anything else would take it element by element
    return data


def as_meant(decimal: Container[str], words: Container[str] = ()) -> Callable[[list[Parameter]], list[Parameter]]:
    """A pre-set callback: `ros2 param set ... 1` means 1.0 for the decimal ones, `yes` 'yes' where that is a word.

    ROS alone refuses the one, and takes the other for true. One callback: rclpy gives each the list as it was sent.
    """

    def converted(p: Parameter) -> Parameter:
        if p.name in decimal and p.type_ == Parameter.Type.INTEGER:
            return Parameter(p.name, value=float(p.value))
        if p.name in words:
            return Parameter(p.name, value=word_of(p.value))
        return p

    return lambda parameters: [converted(parameter) for parameter in parameters]
