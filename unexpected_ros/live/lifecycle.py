"""What rclpy up to Jazzy lacks: a transition that is not possible is refused, and ends nothing."""

from __future__ import annotations

from lifecycle_msgs.srv import ChangeState
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.lifecycle import LifecycleNode

from unexpected_ros.start import plain


def refuse_the_impossible(node: LifecycleNode) -> None:
    """Let ~/change_state answer False where rclpy raises: out of a callback that would end the process."""
    change = node._service_change_state.callback

    def changed(request: ChangeState.Request, response: ChangeState.Response) -> ChangeState.Response:
        try:
            return change(request, response)
        except rclpy_implementation.RCLError as error:
            node.get_logger().error(f"refused: {plain(str(error))}")
            response.success = False
            return response

    node._service_change_state.callback = changed
