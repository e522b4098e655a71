"""A bag over several runs: what each leaves behind, whatever interrupts it."""

import errno
import fcntl
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from unexpected_core.media.bags import growing
from unexpected_core.media.bags.bag import open_bag
from unexpected_core.media.bags.growing import growing_bag, partial_path
from unexpected_core.media.bags.message_types import standard_types
from unexpected_core.media.errors import BagError

RECIPE = {"source": "a.mcap", "model": "one"}


class Stop(Exception):
    pass


def words(path):
    with open_bag(path) as bag:
        return [bag.read(m.channel, m.data).data for m in bag.messages()]


def run(path, bags, numbers, stop=None, recipe=RECIPE):
    """Take over what is there, write words up to `stop`; returns what was taken over."""
    taken = []
    with growing_bag(path, standard_types(), recipe) as growing:
        for message in growing.earlier():
            growing.writer.copy(message)
            taken.append(message)
            if stop == "while taking over":
                raise Stop
        for n in numbers:
            if n == stop:
                raise Stop
            growing.writer.write("/talk", bags.string(f"word {n}"), n)
    return len(taken)


@pytest.mark.parametrize("name", ["out.mcap", "out"])
def test_what_was_written_is_gone_on_with(tmp_path, bags, name):
    path = tmp_path / name
    with pytest.raises(Stop):
        run(path, bags, range(9), stop=4)
    assert words(partial_path(path)) == [f"word {n}" for n in range(4)] and not path.exists()
    (tmp_path / ".out.partial.mcap.lock").touch()  # as a kill leaves it
    with pytest.raises(Stop):
        run(path, bags, [], stop="while taking over")
    assert words(partial_path(path)) == [f"word {n}" for n in range(4)]  # nothing was lost on the way
    assert run(path, bags, range(4, 9)) == 4
    assert words(path) == [f"word {n}" for n in range(9)]
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_another_recipe_begins_anew_and_leaves_nothing_of_the_old_one(tmp_path, bags, caplog):
    path = tmp_path / "out.mcap"
    with pytest.raises(Stop):
        run(path, bags, range(9), stop=4)
    partial_path(path).replace(tmp_path / ".out.partial.mcap")  # as a kill while taking over leaves it
    with pytest.raises(Stop):
        run(path, bags, range(20, 29), stop=22, recipe=RECIPE | {"model": "two"})
    assert "is of another command and is replaced" in caplog.text
    assert words(partial_path(path)) == ["word 20", "word 21"]
    assert run(path, bags, range(22, 24), recipe=RECIPE | {"model": "two"}) == 2
    assert words(path) == [f"word {n}" for n in range(20, 24)]


def test_a_run_that_wrote_nothing_leaves_nothing_and_an_older_bag_stays(tmp_path, bags):
    path = tmp_path / "out.mcap"
    run(path, bags, range(3))
    with pytest.raises(Stop):
        run(path, bags, range(3), stop=0)
    assert words(path) == ["word 0", "word 1", "word 2"]
    assert [file.name for file in tmp_path.iterdir()] == ["out.mcap"]


def test_a_partial_bag_that_is_none_is_replaced(tmp_path, bags, caplog):
    path = tmp_path / "out.mcap"
    partial_path(path).write_bytes(b"no bag")
    assert run(path, bags, range(3)) == 0
    assert "out.partial.mcap cannot be read and is replaced" in caplog.text
    assert words(path) == ["word 0", "word 1", "word 2"]


def test_a_second_run_at_the_same_time_is_refused_and_spoils_nothing(tmp_path, bags):
    path = tmp_path / "out.mcap"
    with growing_bag(path, standard_types(), RECIPE) as growing:
        growing.writer.write("/talk", bags.string("word 0"), 0)
        growing.writer.flush()
        with pytest.raises(BagError, match="is being written by another run; wait for it"):
            run(path, bags, range(9))
        growing.writer.write("/talk", bags.string("word 1"), 1)
    assert words(path) == ["word 0", "word 1"]
    assert run(path, bags, range(2)) == 0  # and it is free again


def test_of_two_runs_that_begin_at_the_same_moment_one_is_refused(tmp_path, bags, monkeypatch):
    path, looked, written, over = tmp_path / "out.mcap", Event(), Event(), Event()
    usable = growing._usable

    def slowly(*of_one):
        if not looked.is_set():  # the first run has looked whether another is at it
            looked.set()
            written.wait(1)
        return usable(*of_one)

    def begin(word):
        try:
            with growing_bag(path, standard_types(), RECIPE) as bag:
                bag.writer.write("/talk", bags.string(word), 0)
                bag.writer.flush()
                written.set()
                assert over.wait(30)
        except BagError as error:
            over.set()
            return str(error)
        return word

    monkeypatch.setattr(growing, "_usable", slowly)
    with ThreadPoolExecutor(2) as team:
        first = team.submit(begin, "first")
        assert looked.wait(60)
        came = {first: "first", team.submit(begin, "second"): "second"}
        (done,) = [word for run, word in came.items() if run.result(120) == word]
        (refused,) = [run.result() for run, word in came.items() if word != done]
    assert "is being written by another run" in refused and words(path) == [done]


def test_a_lock_that_fails_is_told_and_a_file_system_without_locks_is_written_to(tmp_path, bags, monkeypatch):
    def flock(*_):
        raise OSError(error, "told")

    monkeypatch.setattr(fcntl, "flock", flock)
    error = errno.EIO
    with pytest.raises(OSError, match="told"):
        run(tmp_path / "out.mcap", bags, range(2))
    error = errno.ENOSYS
    run(tmp_path / "out.mcap", bags, range(2))
    assert words(tmp_path / "out.mcap") == ["word 0", "word 1"]
