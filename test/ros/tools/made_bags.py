"""What the bags of the tests beside this file hold, and what is in one that came out."""

import cv2
import numpy as np
from rosbags.highlevel import AnyReader

from unexpected_ros.bags import message_types

HEIGHT, WIDTH, FRAMES = 45, 83, 4
NODE = "/unexpected/detector"


def picture(n):
    return np.random.default_rng(n).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)


def header(types, n):
    return types["std_msgs/msg/Header"](
        stamp=types["builtin_interfaces/msg/Time"](sec=100 + n, nanosec=7 * n), frame_id=f"camera{n}"
    )


def raw(types, n, padding=5):
    """bgr8 with padded rows."""
    rows = np.zeros((HEIGHT, WIDTH * 3 + padding), np.uint8)
    rows[:, : WIDTH * 3] = picture(n)[:, :, ::-1].reshape(HEIGHT, -1)
    return types["sensor_msgs/msg/Image"](
        header=header(types, n),
        height=HEIGHT,
        width=WIDTH,
        encoding="bgr8",
        is_bigendian=0,
        step=rows.shape[1],
        data=rows.reshape(-1),
    )


def compressed(types, n):
    data = cv2.imencode(".png", picture(n)[:, :, ::-1])[1].reshape(-1)
    return types["sensor_msgs/msg/CompressedImage"](header=header(types, n), format="png", data=data)


def camera_info(types):
    return types["sensor_msgs/msg/CameraInfo"](
        header=header(types, 0),
        height=HEIGHT,
        width=WIDTH,
        distortion_model="plumb_bob",
        d=np.zeros(5),
        k=np.array([50, 0, WIDTH / 2, 0, 50, HEIGHT / 2, 0, 0, 1.0]),
        r=np.eye(3).reshape(-1),
        p=np.zeros(12),
        binning_x=0,
        binning_y=0,
        roi=types["sensor_msgs/msg/RegionOfInterest"](0, 0, 0, 0, False),
    )


class SqliteBag:
    """A .db3 as other tools write it."""

    def __init__(self, writer):
        self.writer, self.types, self.connections = writer, message_types(), {}

    def write(self, topic, message, time):
        kind = message.__msgtype__
        if topic not in self.connections:
            self.connections[topic] = self.writer.add_connection(topic, kind, typestore=self.types)
        self.writer.write(self.connections[topic], time, self.types.serialize_cdr(message, kind))


def write_source(bag, image=raw, topic="/camera/image"):
    types = bag.types.types
    bag.write("/camera/camera_info", camera_info(types), 1)
    for n in range(FRAMES):
        bag.write(topic, image(types, n), 1000 + n)
        bag.write("/talk", types["std_msgs/msg/String"](data=f"word {n}"), 1000 + n)


def contents(path):
    """topic -> messages, read as any other tool would: with the definitions that are in the bag, and no others."""
    found = {}
    with AnyReader([path]) as reader:
        for connection, time, data in reader.messages():
            found.setdefault(connection.topic, []).append((time, data, reader.deserialize(data, connection.msgtype)))
    return found
