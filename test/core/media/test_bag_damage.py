"""Cut and damaged bags: what is whole is read, what is missing is named."""

import numpy as np
import pytest
import zstandard
from mcap.writer import CompressionType

from unexpected_core.media.bags.bag import open_bag
from unexpected_core.media.errors import BagError, IncompleteError
from unexpected_core.media.footage import open_footage


@pytest.mark.parametrize("compression", CompressionType)
def test_a_cut_mcap_gives_what_is_whole_and_says_so(tmp_path, bags, compression):
    data = bags.drive(tmp_path / "whole.mcap", bags.COUNT, compression=compression, chunk_size=1 << 13).read_bytes()
    counts = []
    for place in np.linspace(0.02, 0.9995, 25):
        (tmp_path / "cut.mcap").write_bytes(data[: int(len(data) * place)])
        images, complaint = bags.play(tmp_path / "cut.mcap")
        assert all(np.array_equal(image, bags.picture(n)) for n, image in enumerate(images))
        counts.append(len(images))
        if counts[-1] < bags.COUNT:  # a cut behind the data loses the index only
            assert "cut.mcap" in complaint and "\n" not in complaint and "mcap recover" in complaint
    assert counts == sorted(counts) and counts[-1] == bags.COUNT and len(set(counts)) > 2


def test_a_chunk_that_does_not_match_its_checksum_costs_its_messages_only(tmp_path, bags):
    path = bags.drive(tmp_path / "a.mcap", bags.COUNT, compression=CompressionType.NONE, chunk_size=1)
    data = bytearray(path.read_bytes())
    at = data.index(bytes(bags.picture(3).reshape(-1)[:40]))
    data[at] ^= 1
    path.write_bytes(data)
    images, complaint = bags.play(path)
    assert all(np.array_equal(i, bags.picture(n)) for i, n in zip(images, (0, 1, 2, 4, 5, 6, 7), strict=True))
    assert "7 of 8 messages could be read" in complaint and "its checksum does not match" in complaint


def test_flipped_bits_never_lose_anything_in_silence(tmp_path, bags):
    data = bags.drive(tmp_path / "a.mcap", bags.COUNT).read_bytes()
    random = np.random.default_rng(7)
    for _ in range(60):
        hit = bytearray(data)
        for at in random.integers(8, len(data), 3):
            hit[at] ^= 1 << int(random.integers(8))
        (tmp_path / "hit.mcap").write_bytes(hit)
        images, complaint = bags.play(tmp_path / "hit.mcap")
        right = [n for n, image in enumerate(images) if np.array_equal(image, bags.picture(n))]
        assert complaint or len(right) == bags.COUNT


def test_an_index_that_was_changed_is_not_believed(tmp_path, bags):
    path = bags.drive(tmp_path / "a.mcap", bags.COUNT)
    data = bytearray(path.read_bytes())
    at = data.rindex(b"/cam/image")  # in the index at the end
    data[at : at + 10] = b"/cam/other"
    path.write_bytes(data)
    bags.check(path)
    assert open_footage(path).topic == "/cam/image"


def test_damage_elsewhere_is_told_when_the_whole_bag_is_copied(tmp_path, bags):
    whole = bags.drive(tmp_path / "a.mcap", bags.COUNT, compression=CompressionType.NONE, chunk_size=1).read_bytes()
    (tmp_path / "cut.mcap").write_bytes(whole[: len(whole) // 2])
    with open_bag(tmp_path / "cut.mcap") as bag, pytest.raises(IncompleteError, match="messages, of an unknown number"):
        list(bag.messages())


def test_a_message_that_cannot_be_unfolded_is_counted(tmp_path, bags):
    squeeze = zstandard.ZstdCompressor().compress
    with bags.mcap(tmp_path / "a.mcap") as file:
        file.channel("/cam/image", bags.IMAGE)
        for n in range(bags.COUNT):
            data = squeeze(bytes(bags.TYPES.serialize_cdr(bags.image(n), bags.IMAGE)))
            file.raw("/cam/image", data if n != 3 else data[:4] + b"\xff" * 40, n)
    images, complaint = bags.play(tmp_path / "a.mcap")
    assert (
        len(images) == bags.COUNT - 1
        and "7 of 8 messages could be read (a message of /cam/image is damaged" in complaint
    )


def test_a_cut_or_damaged_database_gives_what_is_whole(tmp_path, bags):
    bags.sqlite(tmp_path / "whole.db3", pages=512).close()
    data, saved = (tmp_path / "whole.db3").read_bytes(), 0
    for place in np.linspace(0.2, 0.98, 12):
        (tmp_path / "cut.db3").write_bytes(data[: int(len(data) * place)])
        images, complaint = bags.play(tmp_path / "cut.db3")
        assert complaint and "cut.db3" in complaint and len(images) < bags.COUNT
        assert all(np.array_equal(image, bags.picture(n)) for n, image in enumerate(images))
        saved = max(saved, len(images))
    assert saved >= bags.COUNT / 2
    for at in range(2048, len(data) - 512, 3001):
        hit = bytearray(data)
        hit[at : at + 512] = bytes(512)
        (tmp_path / "hit.db3").write_bytes(hit)
        images, complaint = bags.play(tmp_path / "hit.db3")
        wrong = sum(not np.array_equal(image, bags.picture(n)) for n, image in enumerate(images))
        assert complaint or len(images) == bags.COUNT
        assert complaint or wrong <= 1  # SQLite has no checksums: pixels may change, but nothing is lost in silence


def test_a_split_bag_with_a_part_missing_or_cut_says_so(tmp_path, bags):
    names = [f"bag_{part}.mcap" for part in range(3)]
    for part, name in enumerate(names):
        bags.drive(tmp_path / "bag" / name, 2, first=2 * part)
    bags.metadata(tmp_path / "bag", names, 6)
    bags.check(tmp_path / "bag", range(6))
    (tmp_path / "bag/bag_1.mcap").unlink()
    images, complaint = bags.play(tmp_path / "bag")
    assert len(images) == 4
    assert "4 of 6 messages could be read (the file bag_1.mcap is not there" in complaint
    (tmp_path / "bag/bag_1.mcap").write_bytes(b"")
    images, complaint = bags.play(tmp_path / "bag")
    assert len(images) == 4 and "bag_1.mcap as a rosbag2: it is empty" in complaint


@pytest.mark.parametrize("compression", [None, "BZ2", "LZ4"])
def test_a_cut_bag_of_ros_1_gives_what_is_whole_and_says_so(tmp_path, bags, compression):
    data = bags.ros1(tmp_path / "a.bag", compression).read_bytes()
    bags.check(tmp_path / "a.bag")
    counts = []
    for place in np.linspace(0.05, 0.995, 12):
        (tmp_path / "cut.bag").write_bytes(data[: int(len(data) * place)])
        images, complaint = bags.play(tmp_path / "cut.bag")
        assert "cut.bag" in complaint and "rosbag reindex" in complaint and "\n" not in complaint
        assert all(np.array_equal(image, bags.picture(n)) for n, image in enumerate(images))
        counts.append(len(images))
    assert counts == sorted(counts) and counts[-1] == bags.COUNT


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


def test_a_real_cut_bag(shared_data, bags):
    images, complaint = bags.play(shared_data / "cases/cut.mcap")
    assert len(images) == 2 and "cut.mcap is damaged" in complaint
