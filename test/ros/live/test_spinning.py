"""One callback that raises ends no other."""

import threading

import pytest

pytestmark = pytest.mark.ros
rclpy = pytest.importorskip("rclpy")
from rclpy.executors import SingleThreadedExecutor  # noqa: E402

from unexpected_ros.live.spinning import Serving, keep_spinning  # noqa: E402


def test_what_a_callback_raises_costs_that_callback_and_is_said_once(driver):
    node, executor = rclpy.create_node("stumbling"), SingleThreadedExecutor()
    executor.add_node(node)
    calls, lines, enough = [], [], threading.Event()

    def stumble():
        calls.append(1)
        if len(calls) == 5:
            enough.set()
        raise ValueError("on a stone")

    node.create_timer(0.01, stumble)
    spinning = threading.Thread(target=keep_spinning, args=(executor.spin, lines.append), daemon=True)
    spinning.start()
    assert enough.wait(20)
    executor.shutdown()
    spinning.join(20)
    assert not spinning.is_alive()
    node.destroy_node()
    assert lines == ["nothing came of a request or an event: ValueError: on a stone"]


def test_served_piece_by_piece_only_what_is_fatal_reaches_the_caller(driver):
    node, raised = rclpy.create_node("halting"), []

    def stumble():
        raised.append(KeyError if len(raised) < 3 else OSError)
        raise raised[-1]("no space left")

    node.create_timer(0.01, stumble)
    serving = Serving(node, fatal=(OSError,))
    with pytest.raises(OSError, match="no space left"):
        for _ in range(500):
            serving.once(0.02)
    node.destroy_node()
    assert raised == [KeyError, KeyError, KeyError, OSError]
