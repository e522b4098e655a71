"""Bags of every storage and state: what is whole is read, what is missing is named."""

import shutil
import sqlite3
import tempfile

import numpy as np
import pytest
import zstandard
from mcap.writer import CompressionType, IndexType

from unexpected_core.images import ImageError
from unexpected_core.media.bags.bag import open_bag
from unexpected_core.media.bags.writing import create_bag
from unexpected_core.media.errors import BagError, IncompleteError, MediaError
from unexpected_core.media.footage import open_footage

COUNT = 8


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


def check(bags, path, numbers=range(COUNT), topic=None):
    """All these pictures come, and nothing is said."""
    images, complaint = play(path, topic)
    assert complaint == ""
    assert len(images) == len(numbers)
    for found, n in zip(images, numbers, strict=True):
        assert np.array_equal(found, bags.picture(n))


# the storage says what it holds, whatever metadata.yaml says


@pytest.mark.parametrize("storage", ["mcap", "sqlite3", "''"])
@pytest.mark.parametrize("count", [COUNT, 2, 400_000_000])
def test_metadata_with_another_qos_count_or_storage_is_not_believed(tmp_path, bags, storage, count):
    with bags.mcap(tmp_path / "bag/bag_0.mcap") as file:
        file.channel("/cam/image", bags.IMAGE, qos=bags.VOLATILE)
        for n in range(COUNT):
            file.write("/cam/image", bags.image(n), n)
    bags.metadata(tmp_path / "bag", ["bag_0.mcap"], count, storage, qos=bags.LATCHED)
    check(bags, tmp_path / "bag")
    assert open_footage(tmp_path / "bag").claimed == COUNT


@pytest.mark.parametrize("text", [None, "", "{", "a: b", "rosbag2_bagfile_information: {relative_file_paths: []}"])
def test_a_folder_without_useful_metadata_is_read_by_its_files(tmp_path, bags, text):
    for part in (10, 9, 0):  # by number, not by letter
        bags.drive(tmp_path / f"bag/bag_{part}.mcap", 2, first=part * 2)
    if text is not None:
        (tmp_path / "bag/metadata.yaml").write_text(text)
    check(bags, tmp_path / "bag", [0, 1, 18, 19, 20, 21])


def test_a_folder_of_two_recordings_is_played_one_after_the_other(tmp_path, bags):
    bags.drive(tmp_path / "both/morning.mcap", 2)
    bags.drive(tmp_path / "both/evening.mcap", 3, first=2)
    check(bags, tmp_path / "both", [2, 3, 4, 0, 1])


def test_an_empty_topic_beside_a_full_one_forces_no_choice(tmp_path, bags):
    with bags.mcap(tmp_path / "a.mcap") as file:
        file.channel("/empty/image", bags.IMAGE)
        file.write("/cam/image", bags.image(0), 0)
    check(bags, tmp_path / "a.mcap", [0])
    with bags.mcap(tmp_path / "b.mcap") as file:
        file.channel("/empty/image", bags.IMAGE)
        file.write("/talk", bags.string("no"), 0)
    with pytest.raises(BagError, match=r"b\.mcap holds no images: only /empty/image without a message"):
        open_footage(tmp_path / "b.mcap")


# storages


@pytest.mark.parametrize("compression", CompressionType)
@pytest.mark.parametrize("chunk_size", [1, 1 << 20])
def test_every_compression_and_size_of_chunks(tmp_path, bags, compression, chunk_size):
    check(bags, bags.drive(tmp_path / "a.mcap", COUNT, compression=compression, chunk_size=chunk_size))


@pytest.mark.parametrize(
    "options",
    [
        {"use_chunking": False},
        {"use_chunking": False, "use_statistics": False},
        {"use_statistics": False},
        {"index_types": IndexType.NONE},
        {"index_types": IndexType.NONE, "use_statistics": False, "repeat_channels": False, "repeat_schemas": False},
        {"repeat_channels": False},
        {"enable_crcs": False, "use_summary_offsets": False},
        {"profile": ""},
    ],
    ids=str,
)
def test_a_missing_or_partial_summary_is_no_obstacle(tmp_path, bags, options):
    check(bags, bags.drive(tmp_path / "a.mcap", COUNT, **options))


@pytest.mark.parametrize("mode", ["file", "message", "unknown"])
def test_what_rosbag2_compresses_itself(tmp_path, bags, mode):
    folder = tmp_path / "bag"
    squeeze = zstandard.ZstdCompressor().compress
    with bags.mcap(folder / "bag.mcap") as file:
        file.channel("/cam/image", bags.IMAGE)
        for n in range(COUNT):
            data = bytes(bags.TYPES.serialize_cdr(bags.image(n), bags.IMAGE))
            file.raw("/cam/image", squeeze(data) if mode != "file" else data, n)
    name = "bag.mcap"
    if mode == "file":
        (folder / "bag.mcap.zstd").write_bytes(squeeze((folder / "bag.mcap").read_bytes()))
        (folder / "bag.mcap").unlink()
        name = "bag.mcap.zstd"
    if mode != "unknown":
        bags.metadata(folder, [name], form="zstd", mode=mode.upper())
    check(bags, folder)


def test_of_many_compressed_files_one_is_unfolded_at_a_time(tmp_path, bags, monkeypatch):
    folder, names = tmp_path / "bag", []
    for part in range(3):
        whole = bags.drive(tmp_path / f"bag_{part}.mcap", COUNT)
        names.append(f"bag_{part}.mcap.zstd")
        folder.mkdir(exist_ok=True)
        (folder / names[-1]).write_bytes(zstandard.ZstdCompressor().compress(whole.read_bytes()))
    bags.metadata(folder, names, form="zstd", mode="FILE")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with open_bag(folder) as bag:
        assert not list(tmp_path.glob("bag.*")) and bag.count("/cam/image") == 3 * COUNT
        for _ in range(2):
            there = [len(list(tmp_path.glob("bag.*"))) for _ in bag.messages("/cam/image")]
            assert there == [1] * (3 * COUNT)
    assert not list(tmp_path.glob("bag.*"))


def sqlite_bag(path, bags, count=COUNT, pages=4096):
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
        f"INSERT INTO topics VALUES (1, '/cam/image', '{bags.IMAGE}', 'cdr', '');"
        f"INSERT INTO topics VALUES (2, '/talk', '{bags.STRING}', 'cdr', '');"
    )
    for n in range(count):
        for topic, message in ((1, bags.image(n)), (2, bags.string(f"word {n}"))):
            data = bytes(bags.TYPES.serialize_cdr(message, message.__msgtype__))
            row = (topic, bags.time_of(n), data)
            database.execute("INSERT INTO messages (topic_id, timestamp, data) VALUES (?, ?, ?)", row)
    database.commit()
    return database


def test_a_recorder_that_was_killed_left_messages_in_the_write_ahead_log(tmp_path, bags):
    database = sqlite_bag(tmp_path / "live.db3", bags)
    shutil.copytree(tmp_path, tmp_path / "killed")
    database.close()
    assert (tmp_path / "killed/live.db3-wal").stat().st_size > 0
    before = sorted((file.name, file.read_bytes()) for file in (tmp_path / "killed").iterdir())
    check(bags, tmp_path / "killed/live.db3")
    assert sorted((file.name, file.read_bytes()) for file in (tmp_path / "killed").iterdir()) == before
    check(bags, tmp_path / "live.db3")


def test_a_cut_or_damaged_database_gives_what_is_whole(tmp_path, bags):
    sqlite_bag(tmp_path / "whole.db3", bags, pages=512).close()
    data, saved = (tmp_path / "whole.db3").read_bytes(), 0
    for place in np.linspace(0.2, 0.98, 12):
        (tmp_path / "cut.db3").write_bytes(data[: int(len(data) * place)])
        images, complaint = play(tmp_path / "cut.db3")
        assert complaint and "cut.db3" in complaint and len(images) < COUNT
        assert all(np.array_equal(image, bags.picture(n)) for n, image in enumerate(images))
        saved = max(saved, len(images))
    assert saved >= COUNT / 2
    for at in range(2048, len(data) - 512, 3001):
        hit = bytearray(data)
        hit[at : at + 512] = bytes(512)
        (tmp_path / "hit.db3").write_bytes(hit)
        images, complaint = play(tmp_path / "hit.db3")
        wrong = sum(not np.array_equal(image, bags.picture(n)) for n, image in enumerate(images))
        assert complaint or len(images) == COUNT
        assert complaint or wrong <= 1  # SQLite has no checksums: pixels may change, but nothing is lost in silence


def test_a_split_bag_with_a_part_missing_or_cut_says_so(tmp_path, bags):
    names = [f"bag_{part}.mcap" for part in range(3)]
    for part, name in enumerate(names):
        bags.drive(tmp_path / "bag" / name, 2, first=2 * part)
    bags.metadata(tmp_path / "bag", names, 6)
    check(bags, tmp_path / "bag", range(6))
    (tmp_path / "bag/bag_1.mcap").unlink()
    images, complaint = play(tmp_path / "bag")
    assert len(images) == 4
    assert "4 of 6 messages could be read (the file bag_1.mcap is not there" in complaint
    (tmp_path / "bag/bag_1.mcap").write_bytes(b"")
    images, complaint = play(tmp_path / "bag")
    assert len(images) == 4 and "bag_1.mcap as a rosbag2: it is empty" in complaint


# damage


@pytest.mark.parametrize("compression", CompressionType)
def test_a_cut_mcap_gives_what_is_whole_and_says_so(tmp_path, bags, compression):
    data = bags.drive(tmp_path / "whole.mcap", COUNT, compression=compression, chunk_size=1 << 13).read_bytes()
    counts = []
    for place in np.linspace(0.02, 0.9995, 25):
        (tmp_path / "cut.mcap").write_bytes(data[: int(len(data) * place)])
        images, complaint = play(tmp_path / "cut.mcap")
        assert all(np.array_equal(image, bags.picture(n)) for n, image in enumerate(images))
        counts.append(len(images))
        if counts[-1] < COUNT:  # a cut behind the data loses the index only
            assert "cut.mcap" in complaint and "\n" not in complaint and "mcap recover" in complaint
    assert counts == sorted(counts) and counts[-1] == COUNT and len(set(counts)) > 2


def test_a_chunk_that_does_not_match_its_checksum_costs_its_messages_only(tmp_path, bags):
    path = bags.drive(tmp_path / "a.mcap", COUNT, compression=CompressionType.NONE, chunk_size=1)
    data = bytearray(path.read_bytes())
    at = data.index(bytes(bags.picture(3).reshape(-1)[:40]))
    data[at] ^= 1
    path.write_bytes(data)
    images, complaint = play(path)
    assert [next(n for n in range(COUNT) if np.array_equal(i, bags.picture(n))) for i in images] == [
        0,
        1,
        2,
        4,
        5,
        6,
        7,
    ]
    assert "7 of 8 messages could be read" in complaint and "its checksum does not match" in complaint


def test_flipped_bits_never_lose_anything_in_silence(tmp_path, bags):
    data = bags.drive(tmp_path / "a.mcap", COUNT).read_bytes()
    random = np.random.default_rng(7)
    for _ in range(60):
        hit = bytearray(data)
        for at in random.integers(8, len(data), 3):
            hit[at] ^= 1 << int(random.integers(8))
        (tmp_path / "hit.mcap").write_bytes(hit)
        images, complaint = play(tmp_path / "hit.mcap")
        right = [n for n, image in enumerate(images) if np.array_equal(image, bags.picture(n))]
        assert complaint or len(right) == COUNT


def test_an_index_that_was_changed_is_not_believed(tmp_path, bags):
    path = bags.drive(tmp_path / "a.mcap", COUNT)
    data = bytearray(path.read_bytes())
    at = data.rindex(b"/cam/image")  # in the index at the end
    data[at : at + 10] = b"/cam/other"
    path.write_bytes(data)
    check(bags, path)
    assert open_footage(path).topic == "/cam/image"


def test_damage_elsewhere_is_told_when_the_whole_bag_is_copied(tmp_path, bags):
    whole = bags.drive(tmp_path / "a.mcap", COUNT, compression=CompressionType.NONE, chunk_size=1).read_bytes()
    (tmp_path / "cut.mcap").write_bytes(whole[: len(whole) // 2])
    with open_bag(tmp_path / "cut.mcap") as bag, pytest.raises(IncompleteError, match="messages, of an unknown number"):
        list(bag.messages())


# other worlds


def test_channels_of_other_worlds_do_not_hide_the_images(tmp_path, bags):
    with bags.mcap(tmp_path / "a.mcap") as file:
        file.channel("/status", "Status", "json", "jsonschema", '{"type": "object"}')
        file.channel("/radar", "radar.Scan", "protobuf", "protobuf", "\x0a\x03abc")
        file.channel("/plain", "", definition="", schema=False)
        file.channel("/none", "custom_msgs/msg/Thing", language="", definition="")
        file.channel("/odd", "custom_msgs/msg/Odd", definition="this is ! no definition")
        file.channel("/srv/_service_event", "test_msgs/srv/BasicTypes_Event", definition="service_msgs/Info info\n")
        for n in range(COUNT):
            for topic in ("/status", "/radar", "/plain", "/none", "/odd", "/srv/_service_event"):
                file.raw(topic, b"{}", n)
            file.write("/cam/image", bags.image(n), n)
    check(bags, tmp_path / "a.mcap")
    with open_bag(tmp_path / "a.mcap") as bag, create_bag(tmp_path / "copy.mcap") as copy:
        for message in bag.messages():
            copy.copy(message)
    with open_bag(tmp_path / "a.mcap") as before, open_bag(tmp_path / "copy.mcap") as after:
        assert after.topics() == before.topics()
        assert [(m.channel.topic, *m[1:]) for m in after.messages()] == [
            (m.channel.topic, *m[1:]) for m in before.messages()
        ]
        kept = {c.topic: (c.type, c.encoding, c.schema_encoding, c.schema) for c in before.channels}
        assert {c.topic: (c.type, c.encoding, c.schema_encoding, c.schema) for c in after.channels} == kept


def test_a_topic_that_carried_two_types_gives_its_images(tmp_path, bags):
    with bags.mcap(tmp_path / "a.mcap") as file:
        for n in range(COUNT):
            file.channels.pop("/cam/image", None)
            file.write("/cam/image", bags.string("not yet") if n < 2 else bags.image(n), n)
    check(bags, tmp_path / "a.mcap", range(2, COUNT))


def test_a_message_that_cannot_be_unfolded_is_counted(tmp_path, bags):
    squeeze = zstandard.ZstdCompressor().compress
    with bags.mcap(tmp_path / "a.mcap") as file:
        file.channel("/cam/image", bags.IMAGE)
        for n in range(COUNT):
            data = squeeze(bytes(bags.TYPES.serialize_cdr(bags.image(n), bags.IMAGE)))
            file.raw("/cam/image", data if n != 3 else data[:4] + b"\xff" * 40, n)
    images, complaint = play(tmp_path / "a.mcap")
    assert len(images) == COUNT - 1 and "7 of 8 messages could be read (a message of /cam/image is damaged" in complaint


def test_copies_keep_the_quality_of_service(tmp_path, bags):
    with bags.mcap(tmp_path / "a.mcap") as file:
        file.channel("/tf_static", bags.STRING, qos=bags.LATCHED)
        file.channel("/talk", bags.STRING, qos=bags.VOLATILE)
        file.channel("/odd", bags.STRING, qos="{ no YAML")
        for topic in ("/tf_static", "/talk", "/odd"):
            file.write(topic, bags.string("word"), 0)
    with open_bag(tmp_path / "a.mcap") as bag, create_bag(tmp_path / "copy") as copy:
        for message in bag.messages():
            copy.copy(message)
    from rosbags.rosbag2 import Reader

    with Reader(tmp_path / "copy") as other:  # as another tool reads it
        found = {c.topic: [p.durability.name for p in c.ext.offered_qos_profiles] for c in other.connections}
        assert found == {"/tf_static": ["TRANSIENT_LOCAL"], "/talk": ["VOLATILE"], "/odd": []}
        assert len(list(other.messages())) == 3


def ros1_bag(path, bags, compression=None):
    from rosbags.rosbag1 import Writer
    from rosbags.typesys import Stores, get_typestore

    store = get_typestore(Stores.ROS1_NOETIC)
    types = store.types
    writer = Writer(path)
    if compression:
        writer.set_compression(Writer.CompressionFormat[compression])
    with writer:
        images = writer.add_connection("/cam/image", bags.IMAGE, typestore=store)
        infos = writer.add_connection("/cam/camera_info", bags.INFO, typestore=store, latching=1)
        for n in range(COUNT):
            time = types["builtin_interfaces/msg/Time"](sec=100 + n, nanosec=5)
            header = types["std_msgs/msg/Header"](seq=n, stamp=time, frame_id="camera")
            roi = types["sensor_msgs/msg/RegionOfInterest"](0, 0, 0, 0, False)
            k, r, p = np.arange(9.0), np.eye(3).ravel(), np.zeros(12)
            info = types[bags.INFO](header, *bags.SIZE, "plumb_bob", np.zeros(5), k, r, p, 0, 0, roi)
            writer.write(infos, bags.time_of(n), store.serialize_ros1(info, bags.INFO))
            pixels = bags.picture(n).reshape(-1)
            image = types[bags.IMAGE](header, *bags.SIZE, "rgb8", 0, 3 * bags.SIZE[1], pixels)
            writer.write(images, bags.time_of(n), store.serialize_ros1(image, bags.IMAGE))
    return path


def test_a_bag_of_ros_1_is_converted_on_reading(tmp_path, bags):
    path = ros1_bag(tmp_path / "a.bag", bags)
    check(bags, path)
    assert all(shot.camera_info for shot in list(open_footage(path).shots())[1:])
    with open_bag(path) as bag, create_bag(tmp_path / "copy.mcap") as copy:
        for message in bag.messages():
            copy.copy(message)
    check(bags, tmp_path / "copy.mcap")
    from rosbags.highlevel import AnyReader

    with AnyReader([tmp_path / "copy.mcap"]) as other:
        infos = [c for c in other.connections if c.msgtype == bags.INFO]
        assert [p.durability.name for p in infos[0].ext.offered_qos_profiles] == ["TRANSIENT_LOCAL"]
        for connection, _, data in other.messages(infos):
            info = other.deserialize(data, connection.msgtype)
            assert np.array_equal(info.k, np.arange(9)) and info.header.frame_id == "camera"


def test_an_mcap_file_of_ros_1_is_converted_too(tmp_path, bags):
    from rosbags.rosbag1 import Reader

    ros1_bag(tmp_path / "a.bag", bags)
    with Reader(tmp_path / "a.bag") as reader, bags.mcap(tmp_path / "a.mcap", profile="ros1") as file:
        for connection in reader.connections:
            kind = connection.msgtype.replace("/msg/", "/")
            file.channel(connection.topic, kind, "ros1", "ros1msg", connection.msgdef.data)
        for n, (connection, _, data) in enumerate(reader.messages()):
            file.raw(connection.topic, data, n)
    check(bags, tmp_path / "a.mcap")


def test_one_recording_in_two_storages_is_not_a_split_bag(tmp_path, bags):
    bags.drive(tmp_path / "both/bag_0.mcap", 2)
    sqlite_bag(tmp_path / "both/bag_0.db3", bags, 2).close()
    check(bags, tmp_path / "both", [0, 1, 0, 1])
    names = [shot.name.split("/")[0] for shot in open_footage(tmp_path / "both").shots()]
    assert sorted(set(names)) == ["bag_0.db3", "bag_0.mcap"]


@pytest.mark.parametrize("compression", [None, "BZ2", "LZ4"])
def test_a_cut_bag_of_ros_1_gives_what_is_whole_and_says_so(tmp_path, bags, compression):
    data = ros1_bag(tmp_path / "a.bag", bags, compression).read_bytes()
    check(bags, tmp_path / "a.bag")
    counts = []
    for place in np.linspace(0.05, 0.995, 12):
        (tmp_path / "cut.bag").write_bytes(data[: int(len(data) * place)])
        images, complaint = play(tmp_path / "cut.bag")
        assert "cut.bag" in complaint and "rosbag reindex" in complaint and "\n" not in complaint
        assert all(np.array_equal(image, bags.picture(n)) for n, image in enumerate(images))
        counts.append(len(images))
    assert counts == sorted(counts) and counts[-1] == COUNT


def test_what_is_no_bag_is_named(tmp_path):
    for name, content, message in (
        ("a.mcap", b"", "it is empty"),
        ("b.mcap", b"no bag at all", "neither MCAP nor SQLite"),
        ("c.db3", b"SQLite format 3\0" + bytes(3000), r"cannot read .*c\.db3 as a rosbag2: "),
        ("d.bag", b"#ROSBAG V2.0\n" + bytes(30), "as a bag of ROS 1"),
        ("e.mcap.zstd", b"\x28\xb5\x2f\xfd" + bytes(9), r"cannot read .*e\.mcap\.zstd"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(BagError, match=message) as raised:
            open_footage(tmp_path / name)
        assert "\n" not in str(raised.value)
    with pytest.raises(BagError, match="does not exist; expected a rosbag2"):
        open_bag(tmp_path / "nothing").__enter__()


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("qos_edited", 4),
        ("nometa_mcap", 4),
        ("reindexed", 4),
        ("with_json.mcap", 4),
        ("with_service_event.mcap", 4),
        ("custom_db3", 2),
        ("ros1.bag", 3),
        ("tf_static", 1),
    ],
)
def test_real_bags(shared_data, name, count):
    images, complaint = play(shared_data / "cases" / name)
    assert (len(images), complaint) == (count, "")
    assert all(isinstance(image, np.ndarray) for image in images)


def test_a_real_cut_bag(shared_data):
    images, complaint = play(shared_data / "cases/cut.mcap")
    assert len(images) == 2 and "cut.mcap is damaged" in complaint
