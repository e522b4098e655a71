"""What the window reads off the ROS graph while that is still growing."""

from types import SimpleNamespace

import pytest

pytestmark = pytest.mark.ros
pytest.importorskip("rclpy")
from unexpected_ros.view.graph import KIND, NAMELESS, find_streams  # noqa: E402


class Graph:
    """One detector as rclpy's Node tells of it. `name`: of its node."""

    def __init__(self, name):
        space = "_NODE_NAMESPACE_UNKNOWN_" if name == NAMELESS else "/unexpected"
        self.publisher = SimpleNamespace(node_name=name, node_namespace=space, endpoint_gid=[1] * 16)

    def get_topic_names_and_types(self):
        return [("/unexpected/detector/regions", [KIND]), ("/other/regions", ["std_msgs/msg/String"])]

    def get_publishers_info_by_topic(self, topic):
        return [self.publisher]

    def get_subscriber_names_and_types_by_node(self, name, namespace):
        return [("/image", ["sensor_msgs/msg/Image"])]


def test_a_publisher_whose_node_is_not_known_yet_is_no_detector_yet():
    assert find_streams(Graph(NAMELESS), {}) == []
    (stream,) = find_streams(Graph("detector"), {})
    assert (stream.node, stream.camera, stream.photo) == ("/unexpected/detector", "", "/image")
