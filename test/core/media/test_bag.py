"""Bags of every storage and shape: what is there is read."""

import shutil
import tempfile

import numpy as np
import pytest
import zstandard
from mcap.writer import CompressionType, IndexType

from unexpected_core.media.bags.bag import open_bag
from unexpected_core.media.bags.writing import create_bag
from unexpected_core.media.errors import BagError
from unexpected_core.media.footage import open_footage
from unexpected_core.media.kinds import kind_of

# the storage says what it holds, whatever metadata.yaml says


@pytest.mark.parametrize("storage", ["mcap", "sqlite3", "''"])
@pytest.mark.parametrize("count", [8, 2, 400_000_000])
def test_metadata_with_another_qos_count_or_storage_is_not_believed(tmp_path, bags, storage, count):
    with bags.mcap(tmp_path / "bag/bag_0.mcap") as file:
        file.channel("/cam/image", bags.IMAGE, qos=bags.VOLATILE)
        for n in range(bags.COUNT):
            file.write("/cam/image", bags.image(n), n)
    bags.metadata(tmp_path / "bag", ["bag_0.mcap"], count, storage, qos=bags.LATCHED)
    bags.check(tmp_path / "bag")
    assert open_footage(tmp_path / "bag").claimed == bags.COUNT


@pytest.mark.parametrize("text", [None, "", "{", "a: b", "rosbag2_bagfile_information: {relative_file_paths: []}"])
def test_a_folder_without_useful_metadata_is_read_by_its_files(tmp_path, bags, text):
    for part in (10, 9, 0):  # by number, not by letter
        bags.drive(tmp_path / f"bag/bag_{part}.mcap", 2, first=part * 2)
    if text is not None:
        (tmp_path / "bag/metadata.yaml").write_text(text)
    bags.check(tmp_path / "bag", [0, 1, 18, 19, 20, 21])


def test_a_folder_of_two_recordings_is_played_one_after_the_other(tmp_path, bags):
    bags.drive(tmp_path / "both/morning.mcap", 2)
    bags.drive(tmp_path / "both/evening.mcap", 3, first=2)
    bags.check(tmp_path / "both", [2, 3, 4, 0, 1])


def test_no_room_to_unfold_a_bag_is_told_with_the_place_and_the_cure(tmp_path, bags, monkeypatch, files_no_longer_than):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "small"))
    (tmp_path / "small").mkdir()
    packed = tmp_path / "bag.mcap.zstd"
    packed.write_bytes(zstandard.compress(bags.drive(tmp_path / "bag.mcap").read_bytes()))
    expected = (
        rf"cannot unfold {packed}: .*; set TMPDIR to a folder with more room: '{tmp_path}/small/bag\..*/bag\.mcap'"
    )
    with files_no_longer_than(1000), pytest.raises(OSError, match=expected):
        open_bag(packed).__enter__()
    assert not list((tmp_path / "small").iterdir())


def test_recordings_that_a_person_has_numbered_are_not_one_unless_metadata_says_so(tmp_path, bags):
    """A recorder numbers from 0 on; both were read as one bag, at the same times."""
    for name, first in (("drive_1", 0), ("drive_2", 0)):
        bags.drive(tmp_path / f"drives/{name}.mcap", 2, first=first)
    assert kind_of(tmp_path / "drives") == "folder"
    with pytest.raises(BagError, match=r"nor the files NAME_0, NAME_1, \.\.\. of one recording; give a file"):
        open_bag(tmp_path / "drives").__enter__()
    (tmp_path / "drives/drive_2.mcap").rename(tmp_path / "drives/drive_0.mcap")
    assert kind_of(tmp_path / "drives") == "bag"
    (tmp_path / "drives/drive_0.mcap").unlink()
    assert kind_of(tmp_path / "drives") == "bag", "there is but one"


def test_a_bag_beside_folders_is_no_bag_folder_that_would_hide_them(tmp_path, bags):
    bags.drive(tmp_path / "drives/monday.mcap", 2)
    bags.drive(tmp_path / "drives/tuesday/tuesday_0.mcap", 3, first=2)
    bags.check(tmp_path / "drives", [0, 1, 2, 3, 4])


@pytest.mark.parametrize("metadata", [True, False])
def test_a_folder_with_what_is_not_of_the_bag_is_not_replaced(tmp_path, metadata):
    def write():
        with create_bag(tmp_path / "old") as bag:
            bag.write("/words", bag.types.types["std_msgs/msg/String"](data="a"), 0)

    write()
    (tmp_path / "old/old.mcap-wal").touch()
    if not metadata:
        (tmp_path / "old/metadata.yaml").unlink()
    write()  # its own files alone are
    assert sorted(path.name for path in (tmp_path / "old").iterdir()) == ["metadata.yaml", "old.mcap"]
    for name in ("notes.txt", "day2/b.mcap", "other.mcap"):
        foreign = tmp_path / "old" / name
        foreign.parent.mkdir(exist_ok=True)
        foreign.write_bytes(b"not ours")
        with pytest.raises(BagError, match="is not replaced"):
            write()
        assert foreign.read_bytes() == b"not ours"
        foreign.unlink()
        if name == "day2/b.mcap":
            foreign.parent.rmdir()


def test_an_empty_topic_beside_a_full_one_forces_no_choice(tmp_path, bags):
    with bags.mcap(tmp_path / "a.mcap") as file:
        file.channel("/empty/image", bags.IMAGE)
        file.write("/cam/image", bags.image(0), 0)
    bags.check(tmp_path / "a.mcap", [0])
    with bags.mcap(tmp_path / "b.mcap") as file:
        file.channel("/empty/image", bags.IMAGE)
        file.write("/talk", bags.string("no"), 0)
    with pytest.raises(BagError, match=r"b\.mcap holds no images: only /empty/image without a message"):
        open_footage(tmp_path / "b.mcap")


# storages


@pytest.mark.parametrize("compression", CompressionType)
@pytest.mark.parametrize("chunk_size", [1, 1 << 20])
def test_every_compression_and_size_of_chunks(tmp_path, bags, compression, chunk_size):
    bags.check(bags.drive(tmp_path / "a.mcap", bags.COUNT, compression=compression, chunk_size=chunk_size))


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
    bags.check(bags.drive(tmp_path / "a.mcap", bags.COUNT, **options))


@pytest.mark.parametrize("mode", ["file", "message", "unknown"])
def test_what_rosbag2_compresses_itself(tmp_path, bags, mode):
    folder = tmp_path / "bag"
    squeeze = zstandard.ZstdCompressor().compress
    with bags.mcap(folder / "bag.mcap") as file:
        file.channel("/cam/image", bags.IMAGE)
        for n in range(bags.COUNT):
            data = bytes(bags.TYPES.serialize_cdr(bags.image(n), bags.IMAGE))
            file.raw("/cam/image", squeeze(data) if mode != "file" else data, n)
    name = "bag.mcap"
    if mode == "file":
        (folder / "bag.mcap.zstd").write_bytes(squeeze((folder / "bag.mcap").read_bytes()))
        (folder / "bag.mcap").unlink()
        name = "bag.mcap.zstd"
    if mode != "unknown":
        bags.metadata(folder, [name], form="zstd", mode=mode.upper())
    bags.check(folder)


def test_of_many_compressed_files_one_is_unfolded_at_a_time(tmp_path, bags, monkeypatch):
    folder, names = tmp_path / "bag", []
    for part in range(3):
        whole = bags.drive(tmp_path / f"bag_{part}.mcap", bags.COUNT)
        names.append(f"bag_{part}.mcap.zstd")
        folder.mkdir(exist_ok=True)
        (folder / names[-1]).write_bytes(zstandard.ZstdCompressor().compress(whole.read_bytes()))
    bags.metadata(folder, names, form="zstd", mode="FILE")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with open_bag(folder) as bag:
        assert not list(tmp_path.glob("bag.*")) and bag.count("/cam/image") == 3 * bags.COUNT
        for _ in range(2):
            there = [len(list(tmp_path.glob("bag.*"))) for _ in bag.messages("/cam/image")]
            assert there == [1] * (3 * bags.COUNT)
    assert not list(tmp_path.glob("bag.*"))


def test_a_recorder_that_was_killed_left_messages_in_the_write_ahead_log(tmp_path, bags):
    database = bags.sqlite(tmp_path / "live.db3")
    shutil.copytree(tmp_path, tmp_path / "killed")
    database.close()
    assert (tmp_path / "killed/live.db3-wal").stat().st_size > 0
    before = sorted((file.name, file.read_bytes()) for file in (tmp_path / "killed").iterdir())
    bags.check(tmp_path / "killed/live.db3")
    assert sorted((file.name, file.read_bytes()) for file in (tmp_path / "killed").iterdir()) == before
    bags.check(tmp_path / "live.db3")


# other worlds


def test_channels_of_other_worlds_do_not_hide_the_images(tmp_path, bags):
    with bags.mcap(tmp_path / "a.mcap") as file:
        file.channel("/status", "Status", "json", "jsonschema", '{"type": "object"}')
        file.channel("/radar", "radar.Scan", "protobuf", "protobuf", "\x0a\x03abc")
        file.channel("/plain", "", definition="", schema=False)
        file.channel("/none", "custom_msgs/msg/Thing", language="", definition="")
        file.channel("/odd", "custom_msgs/msg/Odd", definition="this is ! no definition")
        file.channel("/srv/_service_event", "test_msgs/srv/BasicTypes_Event", definition="service_msgs/Info info\n")
        for n in range(bags.COUNT):
            for topic in ("/status", "/radar", "/plain", "/none", "/odd", "/srv/_service_event"):
                file.raw(topic, b"{}", n)
            file.write("/cam/image", bags.image(n), n)
    bags.check(tmp_path / "a.mcap")
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
        for n in range(bags.COUNT):
            file.channels.pop("/cam/image", None)
            file.write("/cam/image", bags.string("not yet") if n < 2 else bags.image(n), n)
    bags.check(tmp_path / "a.mcap", range(2, bags.COUNT))


def test_copies_keep_both_definitions_of_a_type(tmp_path, bags):
    with bags.mcap(tmp_path / "a.mcap") as file:
        for n, definition in enumerate(("int32 before", "int32 before\nint32 more")):
            file.channels.pop("/own", None)
            file.channel("/own", "custom_msgs/msg/Own", definition=definition)
            file.raw("/own", b"\x00\x01\x00\x00" + bytes(4 * (n + 1)), n)
    with open_bag(tmp_path / "a.mcap") as bag, create_bag(tmp_path / "copy.mcap") as copy:
        for message in bag.messages():
            copy.copy(message)
    with open_bag(tmp_path / "copy.mcap") as copied:
        read = [copied.read(message.channel, message.data) for message in copied.messages()]
    assert [hasattr(message, "more") for message in read] == [False, True]


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


def test_a_bag_of_ros_1_is_converted_on_reading(tmp_path, bags):
    path = bags.ros1(tmp_path / "a.bag")
    bags.check(path)
    assert all(shot.camera_info for shot in open_footage(path).shots())
    with open_bag(path) as bag, create_bag(tmp_path / "copy.mcap") as copy:
        for message in bag.messages():
            copy.copy(message)
    bags.check(tmp_path / "copy.mcap")
    from rosbags.highlevel import AnyReader

    with AnyReader([tmp_path / "copy.mcap"]) as other:
        infos = [c for c in other.connections if c.msgtype == bags.INFO]
        assert [p.durability.name for p in infos[0].ext.offered_qos_profiles] == ["TRANSIENT_LOCAL"]
        for connection, _, data in other.messages(infos):
            info = other.deserialize(data, connection.msgtype)
            assert np.array_equal(info.k, np.arange(9)) and info.header.frame_id == "camera"


def test_an_mcap_file_of_ros_1_is_converted_too(tmp_path, bags):
    from rosbags.rosbag1 import Reader

    bags.ros1(tmp_path / "a.bag")
    with Reader(tmp_path / "a.bag") as reader, bags.mcap(tmp_path / "a.mcap", profile="ros1") as file:
        for connection in reader.connections:
            kind = connection.msgtype.replace("/msg/", "/")
            file.channel(connection.topic, kind, "ros1", "ros1msg", connection.msgdef.data)
        for n, (connection, _, data) in enumerate(reader.messages()):
            file.raw(connection.topic, data, n)
    bags.check(tmp_path / "a.mcap")


def test_one_recording_in_two_storages_is_not_a_split_bag(tmp_path, bags):
    bags.drive(tmp_path / "both/bag_0.mcap", 2)
    bags.sqlite(tmp_path / "both/bag_0.db3", 2).close()
    bags.check(tmp_path / "both", [0, 1, 0, 1])
    names = [shot.name.split("/")[0] for shot in open_footage(tmp_path / "both").shots()]
    assert sorted(set(names)) == ["bag_0.db3", "bag_0.mcap"]


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
def test_real_bags(shared_data, bags, name, count):
    images, complaint = bags.play(shared_data / "cases" / name)
    assert (len(images), complaint) == (count, "")
    assert all(isinstance(image, np.ndarray) for image in images)
