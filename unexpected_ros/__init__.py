"""Camera messages to images, detections to messages: the ROS 2 half.

The built messages (``unexpected_ros.msg``) live in the install folder; extend_path joins them to a source checkout.
"""

from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)
