"""Why no frame arrives, or where things stand is not known: what is wrong with which topic, and the cure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from unexpected_core.log import shown
from unexpected_ros.scene.geometry import Camera
from unexpected_ros.scene.ground import Mounting, is_placed

NAMELESS = "_NODE_NAME_UNKNOWN_"
"""What rmw calls the node of a publisher while the message that names it is under way: they travel apart."""
IMAGE, COMPRESSED = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"


class Publisher(NamedTuple):
    """Who publishes a topic, and how."""

    node: str
    type: str
    best_effort: bool


class Complaint(NamedTuple):
    """What is wrong, the same as long as it is, and what to do about it."""

    cause: str
    cure: str

    def __str__(self) -> str:
        return f"{self.cause}; {self.cure}"


def explain(
    topic: str,
    compressed: bool,
    best_effort: bool,
    publishers: Sequence[Publisher],
    topics: Iterable[tuple[str, str]],
    image: str = "image",
) -> Complaint:
    """What keeps frames from a subscription to `topic`.

    compressed, best_effort: of the subscription. topics: (name, type) of everything that may be an input. image: name
    to remap, such as front/image.
    """
    wanted, other = (COMPRESSED, IMAGE) if compressed else (IMAGE, COMPRESSED)
    if not publishers:
        return Complaint(f"nobody publishes {topic} ({wanted})", _similar(topic, wanted, other, topics, image))
    names = ", ".join(f"{p.node} ({'best effort' if p.best_effort else 'reliable'})" for p in publishers)
    fitting = [p for p in publishers if p.type == wanted]
    if not fitting:
        found = ", ".join(sorted({p.type for p in publishers}))
        cure = (
            f"start with input.transport:={'raw' if compressed else 'compressed'}"
            if found == other
            else "remap the input to a topic of that type"
        )
        return Complaint(f"{topic} is published by {names} as {found}, but {wanted} is expected", cure)
    if not best_effort and all(p.best_effort for p in fitting):
        return Complaint(
            f"{topic} is published by {names}, but this subscription asks for reliable delivery, which they do not "
            "offer",
            "start with input.reliability:=auto or best_effort",
        )
    return Complaint(
        f"{topic} is published by {names} and the QoS matches, but no frame arrives",
        "see that the camera sends, and if it sends large images best effort, start it with "
        "config/fastdds_large_images.xml (docs/ros.md, Large images)",
    )


def explain_mixture(topic: str, wanted: str, publishers: Sequence[Publisher]) -> Complaint | None:
    """Of several nodes that publish the topic with the type `wanted`; None for one. A node may be there twice, as it is
    for a while when it was killed and started again.
    """
    nodes = sorted({p.node for p in publishers if p.type == wanted and not p.node.endswith(NAMELESS)})
    if len(nodes) < 2:
        return None
    cause = f"{topic} is published by {' and '.join(nodes)}: their frames are taken for one camera's"
    return Complaint(cause, "end one of them, or give each a topic of its own (parameter cameras)")


def explain_loss(topic: str) -> Complaint:
    """Of frames of a topic that were sent and did not come."""
    return Complaint(
        f"frames of {topic} are lost on their way",
        "if they are large, start what publishes them with config/fastdds_large_images.xml (docs/ros.md, Large images)",
    )


def explain_mismatch(
    camera: Camera, size: tuple[int, int], topic: str, camera_info: str, frames: tuple[str, str]
) -> Complaint | None:
    """Why the calibration is not that of images of `size` (height, width); None where it may be.

    topic: of the calibration; camera_info: name to remap, '' where none can be, as in a bag. frames: that of the
    calibration, and that of the images.
    """
    of_info, of_images = frames
    if of_info and of_images and of_info.lstrip("/") != of_images.lstrip("/"):
        cause = (
            f"{topic} bears the frame_id '{shown(of_info)}', images '{shown(of_images)}': it may be another camera's"
        )
        remap = f"remap it (-r {camera_info}:=TOPIC), or " if camera_info else ""
        return Complaint(cause, f"bearing and distance go by it; {remap}give both one frame_id")
    if camera.is_calibrated and not camera.fits(size):
        *_, width, height = camera.shown(size)
        cause = f"{topic} is of images of {width}x{height} pixels of the sensor, but they have {size[1]}x{size[0]}"
        cure = "bearing and distance are not known; calibrate at the size that is sent, or tell of the part in its roi"
        return Complaint(cause, cure)
    return None


def explain_place(
    camera: Camera | None,
    mounting: Mounting | None,
    size: tuple[int, int],
    topic: str,
    camera_info: str,
    frames: tuple[str, str],
) -> Complaint | None:
    """What is missing to tell where on the ground things stand; None where nothing is.

    size: (height, width) of images. topic: of the calibration; camera_info: name to remap. frames: that of the images,
    and that of the car.
    """
    image, car = map(shown, frames)
    unknown = "where obstacles stand (~/obstacle_points, distance) is not known: "
    if is_placed(camera, mounting, size):
        return None
    if camera is None:
        cure = f"publish the camera's sensor_msgs/CameraInfo there, or remap it: -r {camera_info}:=TOPIC"
        return Complaint(f"{unknown}nothing came on {topic}", cure)
    if not camera.is_calibrated:
        return Complaint(f"{unknown}{topic} holds {camera.flaw or 'no calibration'}", "calibrate the camera")
    if mounting and mounting.position[2] > 0:
        cause = f"{unknown}by /tf_static, camera.height and camera.pitch no pixel of {image} looks at the ground"
        return Complaint(cause, "images want the frame_id of an optical frame (z ahead, x right), not of its housing")
    if mounting:
        z = mounting.position[2]
        cause = f"{unknown}/tf_static puts {image} at z = {z:.2f} m of {car}, not above the ground"
        return Complaint(cause, "set camera.base_frame to the frame of the car that lies on the ground")
    other = f"publish /tf_static from {car} (on the ground) to {image}"
    cure = f"set camera.height, or {'give images a frame_id of their own' if image == car else other}"
    return Complaint(f"{unknown}where the camera sits in {car} is not known", cure)


def _similar(topic: str, wanted: str, other: str, topics: Iterable[tuple[str, str]], image: str) -> str:
    """The image topics there are, the most similar names first."""
    topics = list(topics)
    names = [name for name, type_name in topics if type_name == wanted]
    if not names:
        others = sorted(name for name, type_name in topics if type_name == other)
        return (
            f"no topic of this type is published, but these of the other transport are: {', '.join(others[:5])}; "
            "see input.transport"
            if others
            else "no image topic is published at all; start the camera"
        )
    nearest = sorted(names, key=lambda name: -difflib.SequenceMatcher(None, name, topic).ratio())[:5]
    return (
        f"similar topics: {', '.join(nearest)}; remap one, for example "
        f"-r {image}:={nearest[0].removesuffix('/compressed')}"
    )
