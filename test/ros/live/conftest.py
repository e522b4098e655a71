"""The node in the process of the test, and its answers."""

import threading

import pytest


@pytest.fixture
def make_node(driver):
    """DetectorNode with parameters, active, spun in a thread of its own."""
    from rclpy.executors import SingleThreadedExecutor

    from unexpected_ros.live.node import DetectorNode

    running = []

    def make(start=True, remapped="", **parameters):
        arguments = ["--ros-args", "-r", "__ns:=/inside", "-p", "model.path:=random"]
        arguments += ["-r", remapped] if remapped else []
        for name, value in parameters.items():
            arguments += ["-p", f"{name.replace('__', '.')}:={value}"]
        node = DetectorNode(cli_args=arguments)
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        running.append((node, executor))
        if start:
            assert node.start()
        thread = threading.Thread(target=executor.spin, daemon=True)
        thread.start()
        return node

    yield make
    for node, executor in running:
        executor.shutdown()
        node.destroy_node()


@pytest.fixture
def statuses():
    """A node -> what its diagnostics say of its first camera's input, and of the detector."""

    def of(node):
        health = node.feeds[0].health
        return health.input_status("input", "", ""), health.detector_status("detector", "", "active", {})

    return of


@pytest.fixture
def answers(driver):
    from unexpected_ros.msg import AnomalyArray

    inbox = driver.collect(AnomalyArray, "/inside/detector/regions", connected=False)
    yield inbox
    driver.destroy(inbox)
