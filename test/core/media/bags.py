"""Makers of bags for the tests beside this file, and what comes out when they are played."""

import sqlite3
from contextlib import contextmanager

import numpy as np
from mcap.writer import CompressionType, Writer
from rosbags import rosbag1
from rosbags.typesys import Stores, get_typestore

from unexpected_core.images import ImageError
from unexpected_core.media.errors import MediaError
from unexpected_core.media.footage import open_footage

TYPES = get_typestore(Stores.ROS2_KILTED)
IMAGE, INFO, STRING = "sensor_msgs/msg/Image", "sensor_msgs/msg/CameraInfo", "std_msgs/msg/String"
START = 100_000_000_000
COUNT = 8
SIZE = (24, 32)
VOLATILE = """\
- history: 3
  depth: 0
  reliability: 1
  durability: 2
  deadline: {sec: 0, nsec: 0}
  lifespan: {sec: 0, nsec: 0}
  liveliness: 1
  liveliness_lease_duration: {sec: 0, nsec: 0}
  avoid_ros_namespace_conventions: false
"""
LATCHED = VOLATILE.replace("durability: 2", "durability: 1")


def picture(number):
    """RGB uint8 [24, 32, 3] that compresses badly, so that cuts hit pictures."""
    return np.random.default_rng(number).integers(0, 256, (*SIZE, 3), np.uint8)


def header(number, types=TYPES.types):
    time = types["builtin_interfaces/msg/Time"](sec=100 + number, nanosec=0)
    return types["std_msgs/msg/Header"](stamp=time, frame_id="camera")


def image(number):
    height, width = SIZE
    pixels = picture(number).reshape(-1)
    return TYPES.types[IMAGE](header(number), height, width, "rgb8", 0, 3 * width, pixels)


def string(text):
    return TYPES.types[STRING](data=text)


def time_of(number):
    return START + number * 100_000_000


class Mcap:
    """An MCAP file of any shape."""

    def __init__(self, stream, compression=CompressionType.ZSTD, chunk_size=1 << 12, profile="ros2", **options):
        self.writer = Writer(stream, compression=compression, chunk_size=chunk_size, **options)
        self.writer.start(profile=profile)
        self.channels = {}

    def channel(self, topic, kind, encoding="cdr", language="ros2msg", definition=None, qos=None, schema=True):
        if definition is None:
            definition = TYPES.generate_msgdef(kind, ros_version=2)[0]
        number = self.writer.register_schema(kind, language, definition.encode()) if schema else 0
        notes = {} if qos is None else {"offered_qos_profiles": qos}
        self.channels[topic] = self.writer.register_channel(topic, encoding, number, notes)

    def write(self, topic, message, number):
        if topic not in self.channels:
            self.channel(topic, message.__msgtype__)
        self.raw(topic, bytes(TYPES.serialize_cdr(message, message.__msgtype__)), number)

    def raw(self, topic, data, number):
        self.writer.add_message(self.channels[topic], time_of(number), data, time_of(number) - 1000)


@contextmanager
def mcap(path, **options):
    """Write an MCAP file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        file = Mcap(stream, **options)
        yield file
        file.writer.finish()


def drive(path, count=COUNT, topic="/cam/image", first=0, **options):
    """An MCAP file of `count` images and as many strings; returns the path."""
    with mcap(path, **options) as file:
        for n in range(first, first + count):
            file.write(topic, image(n), n)
            file.write("/talk", string(f"word {n}"), n)
    return path


METADATA = """\
rosbag2_bagfile_information:
  version: 5
  storage_identifier: {storage}
  duration: {{nanoseconds: 700000000}}
  starting_time: {{nanoseconds_since_epoch: 100000000000}}
  message_count: {count}
  topics_with_message_count:
    - topic_metadata:
        name: /cam/image
        type: sensor_msgs/msg/Image
        serialization_format: cdr
        offered_qos_profiles: "{qos}"
      message_count: {count}
  compression_format: "{format}"
  compression_mode: "{mode}"
  relative_file_paths: [{files}]
"""


def metadata(folder, files, count=COUNT, storage="mcap", qos="", form="", mode=""):
    """Write metadata.yaml beside the files."""
    text = METADATA.format(
        storage=storage, count=count, qos=qos.replace("\n", "\\n"), files=", ".join(files), format=form, mode=mode
    )
    (folder / "metadata.yaml").write_text(text)
    return folder


def sqlite(path, count=COUNT, pages=4096):
    """A .db3 as rosbag2 writes it; returns the open database."""
    path.parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(path)
    database.execute(f"PRAGMA page_size={pages}")
    database.execute("PRAGMA journal_mode=WAL")
    database.executescript(
        "CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT, type TEXT, serialization_format TEXT, "
        "offered_qos_profiles TEXT);"
        "CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER, timestamp INTEGER, data BLOB);"
        "CREATE INDEX timestamp_idx ON messages (timestamp ASC);"
        f"INSERT INTO topics VALUES (1, '/cam/image', '{IMAGE}', 'cdr', '');"
        f"INSERT INTO topics VALUES (2, '/talk', '{STRING}', 'cdr', '');"
    )
    for n in range(count):
        for topic, message in ((1, image(n)), (2, string(f"word {n}"))):
            data = bytes(TYPES.serialize_cdr(message, message.__msgtype__))
            row = (topic, time_of(n), data)
            database.execute("INSERT INTO messages (topic_id, timestamp, data) VALUES (?, ?, ?)", row)
    database.commit()
    return database


def ros1(path, compression=None):
    """A bag of ROS 1 with images and their calibration; returns the path."""
    store = get_typestore(Stores.ROS1_NOETIC)
    types = store.types
    writer = rosbag1.Writer(path)
    if compression:
        writer.set_compression(rosbag1.Writer.CompressionFormat[compression])
    with writer:
        images = writer.add_connection("/cam/image", IMAGE, typestore=store)
        infos = writer.add_connection("/cam/camera_info", INFO, typestore=store, latching=1)
        for n in range(COUNT):
            time = types["builtin_interfaces/msg/Time"](sec=100 + n, nanosec=5)
            header = types["std_msgs/msg/Header"](seq=n, stamp=time, frame_id="camera")
            roi = types["sensor_msgs/msg/RegionOfInterest"](0, 0, 0, 0, False)
            k, r, p = np.arange(9.0), np.eye(3).ravel(), np.zeros(12)
            info = types[INFO](header, *SIZE, "plumb_bob", np.zeros(5), k, r, p, 0, 0, roi)
            writer.write(infos, time_of(n), store.serialize_ros1(info, INFO))
            pixels = picture(n).reshape(-1)
            image = types[IMAGE](header, *SIZE, "rgb8", 0, 3 * SIZE[1], pixels)
            writer.write(images, time_of(n), store.serialize_ros1(image, IMAGE))
    return path


def play(path, topic=None):
    """(images, the complaint at the end or '')."""
    images, complaint = [], ""
    try:
        for shot in open_footage(path, topic).shots():
            try:
                images.append(shot.read())
            except ImageError as error:
                images.append(error)
    except MediaError as error:
        complaint = str(error)
    return images, complaint


def check(path, numbers=range(COUNT), topic=None):
    """All these pictures come, and nothing is said."""
    images, complaint = play(path, topic)
    assert complaint == "", complaint  # pytest explains the assertions of test files only
    assert len(images) == len(numbers), f"{len(images)} pictures for {len(numbers)}"
    for found, n in zip(images, numbers, strict=True):
        assert np.array_equal(found, picture(n)), f"not picture {n}"
