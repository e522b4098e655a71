"""Why no frame arrives: the node says the cause, once, and only where there is one."""

import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

pytestmark = pytest.mark.ros
rclpy = pytest.importorskip("rclpy")
from diagnostic_msgs.msg import DiagnosticArray  # noqa: E402
from sensor_msgs.msg import Image  # noqa: E402

from unexpected_ros.inputs import subscription  # noqa: E402
from unexpected_ros.inputs.connection import Complaint  # noqa: E402
from unexpected_ros.live.feed import WELL, Feed  # noqa: E402
from unexpected_ros.settings import NodeSettings  # noqa: E402

TOPIC = "/inside/image"


def test_a_new_cause_of_silence_is_said_in_the_log(driver, make_node, monkeypatch, capfd):
    monkeypatch.setattr(subscription, "PATIENCE", 1)
    make_node(input__reliability="reliable")
    said = []

    def lines(words):
        said.append(capfd.readouterr().err)
        return "".join(said).count(words)

    driver.until(lambda: driver.spin(0.1) or lines("nobody publishes /inside/image"), "the first cause")
    camera = driver.camera(Image, TOPIC, best_effort=True, connected=False)
    driver.until(lambda: driver.spin(0.1) or lines("asks for reliable delivery"), "the second")
    driver.spin(2.5)
    assert lines("nobody publishes /inside/image") == lines("asks for reliable delivery") == 1
    driver.destroy(camera)


@pytest.mark.slow
def test_time_in_which_nobody_could_listen_is_no_silence(driver, make_node, answers, street, to_message, capfd):
    node = make_node()
    camera = driver.camera(Image, TOPIC)
    driver.publish_until_answered(camera, to_message(street(48, 64)), answers)
    blocked = threading.Event()
    timer = node.create_timer(0.01, lambda: blocked.set() or time.sleep(6) or timer.cancel())  # as ~/reload_model does
    driver.until(blocked.is_set, "the pause")
    driver.until(lambda: camera.publish(to_message(street(48, 64))) or driver.spin(0.1) or timer.is_canceled(), "it")
    driver.spin(1.5)
    assert "no frame arrives" not in capfd.readouterr().err
    driver.destroy(camera)


def test_silence_is_explained(driver, make_node, monkeypatch):
    monkeypatch.setattr(subscription, "PATIENCE", 0)
    other = driver.camera(Image, "/front/image_raw", connected=False)
    node = make_node()
    driver.until(lambda: "/front/image_raw" in str(node.feeds[0].complaint), "the explanation")
    assert str(node.feeds[0].complaint).startswith(
        "nobody publishes /inside/image (sensor_msgs/msg/Image); similar topics: /front"
    )
    assert "/inside/detector/mask" not in str(node.feeds[0].complaint)
    driver.destroy(other)


def test_a_detector_whose_name_the_graph_does_not_know_ends_nothing(driver, make_node, monkeypatch):
    monkeypatch.setattr(subscription, "PATIENCE", 0)
    node = make_node()
    rclpy.create_node("detector", namespace="/inside").destroy_node()  # the graph takes the name from both

    def nameless():
        published = node.get_publishers_info_by_topic("/inside/detector/regions")
        return published and not published[0].node_namespace.startswith("/")

    driver.until(nameless, "the loss of the name", timeout=20)
    driver.spin(2.0)
    driver.until(
        lambda: "nobody publishes /inside/image" in str(node.feeds[0].complaint), "the explanation", timeout=20
    )


def test_frames_that_are_lost_on_their_way_are_counted_and_told_once(driver, start_node, tmp_path, to_message):
    """A camera whose middleware has 512 KB of shared memory for images of three megabytes."""
    told = driver.collect(DiagnosticArray, "/diagnostics", connected=False)
    node = start_node(tmp_path, "-r", "__ns:=/lossy", "-p", "model.path:=random", "-p", "input.max_rate_hz:=1")
    node.wait_for("listening to")
    camera = driver.camera(Image, "/lossy/image", best_effort=True)
    frame = to_message(np.zeros((1000, 1000, 3), np.uint8))

    def lost():
        for _ in range(10):
            camera.publish(frame)
        driver.spin(0.2)
        inputs = [s for message in told for s in message.status if s.name == "/lossy/detector: input"]
        counts = {v.key: int(v.value) for v in inputs[-1].values} if inputs else {}
        return counts.get("lost") and "are lost on their way" in inputs[-1].message and counts.get("received")

    driver.until(lost, "a loss")
    driver.destroy(camera, told)
    node.end()
    assert node.text().count("frames of /lossy/image are lost on their way; if they are large, start what") == 1


def test_outputs_of_another_detector_are_no_inputs(driver, make_node, start_node, tmp_path, monkeypatch):
    monkeypatch.setattr(subscription, "PATIENCE", 0)
    other = start_node(tmp_path, "-r", "__ns:=/other", "-p", "model.path:=random", "-r", "~/overlay:=/renamed")
    other.wait_for("listening to")
    driver.until(lambda: driver.node.count_publishers("/renamed"), "the outputs of the other")
    node = make_node()
    driver.until(lambda: node.feeds[0].complaint, "the explanation")
    assert str(node.feeds[0].complaint).endswith("no image topic is published at all; start the camera")
    other.end()


def test_a_middleware_that_does_not_count_losses_is_listened_to_all_the_same(
    driver, make_node, answers, street, to_message, without_loss_events
):
    make_node()
    camera = driver.camera(Image, "/inside/image")
    assert driver.publish_until_answered(camera, to_message(street()), answers).image_width == 130
    driver.destroy(camera)


def test_a_camera_that_is_slow_is_told_of_once_and_again_after_a_minute_without_a_complaint():
    said, silent = [], Complaint("no image on /image", "start the camera")
    logger = SimpleNamespace(warning=said.append)
    feed = Feed(SimpleNamespace(get_logger=lambda: logger, settings=NodeSettings()), "", print)
    feed.outputs, feed._camera_info = SimpleNamespace(wanted=lambda name: False), SimpleNamespace(check=str)
    for cycle in range(3):  # of eight seconds
        for second in range(8):
            feed.input = SimpleNamespace(check=lambda late=second >= 5: silent if late else None, loss=lambda: None)
            feed.check()
            assert bool(feed.complaint) == (second >= 5)
        assert said == [str(silent)], cycle
    feed.input = SimpleNamespace(check=lambda: Complaint("two sources", "stop one"), loss=lambda: None)
    feed.check()
    feed.check()
    assert len(said) == 2
    for complaint in (None,) * WELL + (feed.complaint,):
        feed.input = SimpleNamespace(check=lambda now=complaint: now, loss=lambda: None)
        feed.check()
    assert len(said) == 3
