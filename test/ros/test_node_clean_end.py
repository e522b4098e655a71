"""However the node is ended or fails to start, the exit code tells and no traceback is shown."""

import signal

import pytest

pytestmark = pytest.mark.ros
pytest.importorskip("rclpy")


def test_terminate_while_active(start_node, tmp_path):
    node = start_node(tmp_path, "-r", "__ns:=/ending", "-p", "model.path:=random")
    node.wait_for("listening to")
    assert node.end(signal.SIGTERM) == 0
    assert "Traceback" not in node.text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_end_while_the_model_loads(start_node, tmp_path, number):
    node = start_node(tmp_path, "-r", "__ns:=/ending", "-p", "model.path:=random")
    node.wait_for("loading")
    assert node.end(number) == 0
    assert "Traceback" not in node.text()


def test_a_start_that_fails_ends_with_1_and_one_line(start_node, tmp_path):
    node = start_node(tmp_path, "-r", "__ns:=/ending", "-p", "detect.threshold:=7.0")
    assert node.process.wait(timeout=120) == 1
    assert node.text().strip() == "detector: setting 'detect.threshold' = 7.0: Input should be less than or equal to 1"
