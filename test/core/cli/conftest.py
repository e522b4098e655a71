"""What the tests of `unexpected detect` share: the command, inputs made for it, and its results."""

import json

import cv2
import numpy as np
import pytest
from rosbags.rosbag2 import Writer
from rosbags.typesys import Stores, get_typestore

from unexpected_core.cli.main import main
from unexpected_core.images import resize_image


def _detect(*words):
    """What `unexpected detect WORDS` returns, with an untrained detector."""
    return main(["detect", *map(str, words), "--random-weights", "--device", "cpu"])


def _picture(height=60, width=90, seed=0):
    return resize_image(np.random.default_rng(seed).integers(0, 256, (5, 7, 3), np.uint8), (height, width))


def _lines(folder):
    return [json.loads(line) for line in (folder / "regions.jsonl").read_text().splitlines()]


def _summary(folder):
    return json.loads((folder / "summary.json").read_text())


def _make_video(path, count=5):
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10, (90, 60))
    for seed in range(count):
        writer.write(_picture(seed=seed))
    writer.release()
    return path


def _write_bag(path, images, raw=(), encoding="rgb8"):
    """raw: bytes written as further messages."""
    types = get_typestore(Stores.ROS2_JAZZY)
    Image, Header = types.types["sensor_msgs/msg/Image"], types.types["std_msgs/msg/Header"]
    Time = types.types["builtin_interfaces/msg/Time"]
    with Writer(path, version=9) as writer:
        connection = writer.add_connection("/camera/image", Image.__msgtype__, typestore=types)
        for i, image in enumerate(images):
            height, width = image.shape[:2]
            message = Image(
                Header(Time(i, 0), "camera"),
                height,
                width,
                encoding,
                0,
                image[0].size if height else 3 * width,
                image.ravel(),
            )
            writer.write(connection, i * 10**9, types.serialize_cdr(message, Image.__msgtype__))
        for i, data in enumerate(raw, len(images)):
            writer.write(connection, i * 10**9, data)


@pytest.fixture
def detect():
    return _detect


@pytest.fixture
def picture():
    return _picture


@pytest.fixture
def lines():
    return _lines


@pytest.fixture
def summary():
    return _summary


@pytest.fixture
def make_video():
    return _make_video


@pytest.fixture
def write_bag():
    return _write_bag
