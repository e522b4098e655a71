"""Inputs under remapping rules of which one names what another leads to: a subscription follows the first only."""

import pytest

rclpy = pytest.importorskip("rclpy")
pytestmark = pytest.mark.ros

from rclpy.lifecycle import LifecycleNode  # noqa: E402
from rclpy.qos import QoSDurabilityPolicy, QoSProfile, QoSReliabilityPolicy  # noqa: E402
from sensor_msgs.msg import CameraInfo, Image  # noqa: E402

from unexpected_ros.inputs.calibration import CalibrationSubscription  # noqa: E402
from unexpected_ros.inputs.subscription import ImageSubscription  # noqa: E402
from unexpected_ros.settings import InputSettings  # noqa: E402

RULES = "image:=/chain/a", "/chain/a:=/chain/b", "camera_info:=/chain/c", "/chain/c:=/chain/d"


def test_what_is_offered_is_asked_of_the_topic_that_is_listened_to(driver):
    node = LifecycleNode("chained", cli_args=["--ros-args", *(word for rule in RULES for word in ("-r", rule))])
    images, infos = [], []
    weak = QoSProfile(depth=2, reliability=QoSReliabilityPolicy.BEST_EFFORT)
    kept = QoSProfile(depth=1, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
    camera = driver.node.create_publisher(Image, "/chain/a", weak)
    calibration = driver.node.create_publisher(CameraInfo, "/chain/c", kept)
    calibration.publish(CameraInfo())
    driver.executor.add_node(node)
    image = ImageSubscription(node, InputSettings(), images.append, lambda lost: None)
    info = CalibrationSubscription(node, "camera_info", infos.append)

    def come():
        image.check()
        info.check()
        camera.publish(Image())
        return images and infos

    try:
        assert (image.topic, info.topic) == ("/chain/a", "/chain/c")
        driver.until(come, "an image and what was published once", timeout=20)
    finally:
        driver.executor.remove_node(node)
        image.close()
        info.close()
        node.destroy_node()
        driver.destroy(camera, calibration)
