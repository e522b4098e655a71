"""Bags of what happens only once: kept whatever ends the writing."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from ctypes import CDLL, Structure, byref, c_uint64
from functools import partial
from pathlib import Path
from threading import Barrier

import pytest

from unexpected_core.media.bags import recording
from unexpected_core.media.bags.bag import open_bag
from unexpected_core.media.bags.growing import growing_bag
from unexpected_core.media.bags.message_types import standard_types
from unexpected_core.media.bags.recording import recorded_bag
from unexpected_core.media.bags.writing import create_bag
from unexpected_core.media.errors import BagError, IncompleteError


def write(bag, *words):
    make = bag.types.types["std_msgs/msg/String"]
    for n, word in enumerate(words):
        bag.write("/words", make(data=word), n)


def words(path):
    with open_bag(path) as bag:
        return [bag.read(m.channel, m.data).data for m in bag.messages()]


@pytest.mark.parametrize("name", ["out.mcap", "out"])
def test_it_appears_when_the_block_ends_well(tmp_path, name):
    with recorded_bag(tmp_path / name, standard_types()) as bag:
        write(bag, "a", "b")
    assert words(tmp_path / name) == ["a", "b"]
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_what_was_written_is_kept_beside_an_older_bag_and_beside_what_was_kept_before(tmp_path):
    path = tmp_path / "out.mcap"
    path.write_bytes(b"older")
    for word in ("first", "second"):
        with pytest.raises(OSError, match="no space"), recorded_bag(path, standard_types(), overwrite=True) as bag:
            write(bag, word)
            raise OSError("no space")
    assert words(tmp_path / "out.recording.mcap") == ["first"]
    assert words(tmp_path / "out.recording-2.mcap") == ["second"]
    assert path.read_bytes() == b"older"


@pytest.mark.parametrize("name", ["out.mcap", "out"])
def test_a_bag_that_is_there_is_replaced_only_where_that_is_wanted(tmp_path, name):
    """Nor is one that has come to be meanwhile, as that of a second recording of the name."""
    refused = pytest.raises(BagError, match=f"{name} has come to be meanwhile, and is left alone")
    with refused, recorded_bag(tmp_path / name, standard_types()) as later:
        write(later, "later")
        with recorded_bag(tmp_path / name, standard_types()) as bag:
            write(bag, "first")
    assert (words(tmp_path / name), words(tmp_path / "out.recording.mcap")) == (["first"], ["later"])
    refused = pytest.raises(BagError, match=f"{name} is there already; choose another name, or --overwrite replaces it")
    with refused, recorded_bag(tmp_path / name, standard_types()):
        pytest.fail("it began")
    with recorded_bag(tmp_path / name, standard_types(), overwrite=True) as bag:
        write(bag, "newer")
    assert words(tmp_path / name) == ["newer"]


def test_what_was_recorded_is_kept_where_there_is_no_room_for_the_metadata_of_its_folder(tmp_path, monkeypatch):
    """It was in a temporary folder by then, and went with that."""
    monkeypatch.setattr(Path, "write_text", lambda *_, **__: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(OSError, match="No space left"), recorded_bag(tmp_path / "out", standard_types()) as bag:
        write(bag, "a")
    assert words(tmp_path / "out.recording.mcap") == ["a"]


def test_a_command_that_makes_a_bag_of_the_name_leaves_a_recording_alone(tmp_path):
    path = tmp_path / "out.mcap"
    with pytest.raises(OSError, match="no space"), recorded_bag(path, standard_types()) as bag:
        write(bag, "a")
        with growing_bag(path, standard_types(), {"made": "from another"}) as growing:
            write(growing.writer, "of the command")
        write(bag, "b")
        raise OSError("no space")
    with growing_bag(path, standard_types(), {"made": "from another"}) as growing:
        write(growing.writer, "of the next")
    assert words(tmp_path / "out.recording.mcap") == ["a", "b"]


@pytest.mark.parametrize("flushed", [True, False])
def test_a_full_disk_costs_what_comes_after(tmp_path, flushed, files_no_longer_than):
    noise = random.Random(1).randbytes(60_000).hex()  # does not shrink to less than 50 kB
    recorded = recorded_bag(tmp_path / "out.mcap", standard_types())
    with files_no_longer_than(50_000), pytest.raises(OSError, match="File too large"), recorded as bag:
        write(bag, "a", "b")
        bag.flush()
        write(bag, noise)
        if flushed:
            bag.flush()  # else when it is closed
    assert [path.name for path in tmp_path.iterdir()] == ["out.recording.mcap"]
    with open_bag(tmp_path / "out.recording.mcap") as bag, pytest.raises(IncompleteError, match="2 messages, of an"):
        found = []
        found += (bag.read(m.channel, m.data).data for m in bag.messages())
    assert found == ["a", "b"]


def test_nothing_written_leaves_nothing(tmp_path):
    with pytest.raises(ValueError, match="nobody"), recorded_bag(tmp_path / "out.mcap", standard_types()):
        raise ValueError("nobody came")
    assert list(tmp_path.iterdir()) == []


class Pages(Structure):
    """Of a file, as cachestat (Linux 6.5 and later) counts them."""

    _fields_ = [(name, c_uint64) for name in ("kept", "dirty", "writing", "evicted", "recently")]


def is_on_disk(path):
    """Whether the system holds nothing of a file that a power cut would take."""
    pages, whole = Pages(), (c_uint64 * 2)(0, 0)
    with path.open("rb") as file:
        if CDLL(None).syscall(451, file.fileno(), whole, byref(pages), 0):
            pytest.skip("this system does not tell what of a file is on the disk")
    return not pages.dirty and not pages.writing


@pytest.mark.parametrize("name", ["out.mcap", "out"])
@pytest.mark.parametrize("kind", [recorded_bag, create_bag])
def test_a_power_cut_takes_nothing_of_a_bag_that_has_appeared(tmp_path, name, kind):
    with kind(tmp_path / name, standard_types()) as bag:
        write(bag, "a", "b")
    path = tmp_path / name
    assert all(is_on_disk(file) for file in (path.iterdir() if path.is_dir() else [path]))


def test_what_a_recording_was_given_before_it_was_flushed_is_soon_on_the_disk(tmp_path):
    with recorded_bag(tmp_path / "out.mcap", standard_types()) as bag:
        write(bag, random.Random(1).randbytes(600_000).hex())
        bag.flush()
        end = time.monotonic() + 20  # no longer than it would take by itself
        while not is_on_disk(bag.file):
            assert time.monotonic() < end
            time.sleep(0.01)
        assert bag.file.stat().st_size > 300_000


@pytest.fixture
def disk_that_fails(monkeypatch):
    def fail(handle):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("os.fdatasync", fail)


def test_a_disk_that_cannot_keep_what_it_is_given_is_told_of(tmp_path, disk_that_fails):
    recorded = recorded_bag(tmp_path / "out.mcap", standard_types())
    with pytest.raises(OSError, match="Input/output error"), recorded as bag:
        for _ in range(2000):
            write(bag, "a")
            bag.flush()
            time.sleep(0.01)
        pytest.fail("it was not told of while it went on")
    assert words(tmp_path / "out.recording.mcap")[0] == "a"


def test_a_disk_that_could_not_keep_the_last_is_told_of_at_the_end(tmp_path, disk_that_fails):
    recorded = recorded_bag(tmp_path / "out.mcap", standard_types())
    with pytest.raises(OSError, match="Input/output error"), recorded as bag:
        write(bag, "a")
        bag.flush()
    assert [path.name for path in tmp_path.iterdir()] == ["out.recording.mcap"]
    assert words(tmp_path / "out.recording.mcap") == ["a"]


def test_recordings_of_one_name_that_begin_at_the_same_moment_have_files_of_their_own(tmp_path, monkeypatch):
    chosen = Barrier(2)

    class Together(recording.Recording):
        def __init__(self, *of_one):
            chosen.wait(60)
            super().__init__(*of_one)

    def record(word):
        with pytest.raises(OSError, match="no space"), recorded_bag(tmp_path / "out.mcap", standard_types()) as bag:
            write(bag, word)
            raise OSError("no space")

    monkeypatch.setattr(recording, "Recording", Together)
    with ThreadPoolExecutor(2) as team:
        list(team.map(record, "ab"))
    assert sorted(word for file in tmp_path.iterdir() for word in words(file)) == ["a", "b"]


def test_a_folder_that_may_be_written_to_and_not_read_takes_bags(nobody):
    nobody.chmod(0o333)
    for name, making in {"a": create_bag, "b": recorded_bag, "c": partial(growing_bag, recipe={})}.items():
        with making(nobody / f"{name}.mcap", standard_types()) as bag:
            write(getattr(bag, "writer", bag), name)
        assert words(nobody / f"{name}.mcap") == [name]
