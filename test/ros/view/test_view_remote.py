"""The window's hold on a detector's parameters, against a node that tells nobody of their changes."""

import asyncio
import threading

import pytest

pytestmark = pytest.mark.ros
rclpy = pytest.importorskip("rclpy")
pytest.importorskip("aiohttp")
from rcl_interfaces.msg import FloatingPointRange, ParameterDescriptor  # noqa: E402
from rclpy.executors import SingleThreadedExecutor  # noqa: E402

from unexpected_ros.view.remote import DetectorRemote  # noqa: E402
from unexpected_ros.view.server import RemoteError  # noqa: E402

THRESHOLD = "detect.threshold"


async def meet(remote, told):
    remote.meet("/quiet")
    async with asyncio.timeout(60):
        while not told[-1]:
            await asyncio.sleep(0.05)


@pytest.fixture
def window(driver):
    """Node of a window; beside it spins /quiet, whose parameter events go elsewhere."""
    quiet = rclpy.create_node("quiet", cli_args=["--ros-args", "-r", "/parameter_events:=/elsewhere"])
    bounds = [FloatingPointRange(from_value=0.0, to_value=1.0)]
    quiet.declare_parameter(THRESHOLD, 0.5, ParameterDescriptor(floating_point_range=bounds))
    node, executor = rclpy.create_node("window"), SingleThreadedExecutor()
    executor.add_node(quiet)
    executor.add_node(node)
    spinning = threading.Thread(target=executor.spin)
    spinning.start()
    yield node
    executor.shutdown()
    spinning.join()
    quiet.destroy_node()
    node.destroy_node()


def test_what_was_set_is_shown_before_the_page_hears_that_it_was(window):
    told = []

    async def run():
        remote = DetectorRemote(window, told.append)
        await meet(remote, told)
        assert told[-1][0]["name"] == THRESHOLD and told[-1][0]["value"] == 0.5
        await remote.set({THRESHOLD: 0.25})  # an old value that is shown now would be clicked on by mistake

    asyncio.run(run())
    assert told[-1][0]["value"] == 0.25


@pytest.mark.parametrize("value", [10**400, -1e300, 1e999, float("nan")])
def test_a_number_that_no_message_holds_is_refused_with_the_range(window, value):
    told = []

    async def run():
        remote = DetectorRemote(window, told.append)
        await meet(remote, told)
        with pytest.raises(RemoteError, match=r"^detect.threshold = .*: expected 0 to 1$"):
            await remote.set({THRESHOLD: value})

    asyncio.run(run())
