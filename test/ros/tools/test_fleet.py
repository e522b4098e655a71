"""Many bags by two workers, one of which is killed midway; a broken bag; the same command again."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from unexpected_core.images import write_image
from unexpected_core.media.drive import write_bag
from unexpected_ros.bags import create_bag, open_bag
from unexpected_ros.tools.bags_command import main
from unexpected_ros.tools.fleet import bags_below
from unexpected_ros.tools.job import Job, is_done, perform

FRAMES, BAGS = 60, 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Four drives, one of them deeper, and a file that is no bag for all its name."""
    folder = tmp_path_factory.mktemp("bags")
    for n in range(BAGS):
        rng = np.random.default_rng(n)
        frames = ((rng.integers(0, 256, (120, 200, 3), np.uint8), None) for _ in range(FRAMES))
        write_bag(folder / ("deep/er" * (n == 3)) / f"drive{n}.mcap", frames, 10.0)
    (folder / "broken.mcap").write_bytes(b"\x89MCAP0\r\n and then nothing that makes sense")
    (folder / "notes.txt").write_text("no bag")
    return folder


def start(folder, out, *options, **how):
    command = [sys.executable, "-m", "unexpected_ros.bags", str(folder), str(out), "--model", "random", *options]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, **pipes, env=os.environ | {"OMP_NUM_THREADS": "1"}, **how)


def wait_for(out, pattern, process):
    """The first file of that kind below the output, once there is one."""
    end = time.monotonic() + 120
    while time.monotonic() < end and process.poll() is None:
        for path in out.rglob(pattern):
            return path
        time.sleep(0.02)
    raise AssertionError(f"no {pattern} was seen: {process.communicate()}")


def kill_one(out, process):
    """Kill a worker that is in the middle of a bag."""
    bag = wait_for(out, "*.partial.mcap", process)
    os.kill(next(holders(bag)), signal.SIGKILL)


def holders(path):
    """Processes that have a file open."""
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):  # it was closed meanwhile, or is another user's
            if link.readlink() == path:
                yield int(link.parts[2])


@pytest.mark.slow
@pytest.mark.parametrize("how", [("--workers", "2"), ("--ray", "local")])
def test_every_bag_is_done_once_though_a_worker_is_killed(folder, tmp_path, how):
    if how[0] == "--ray":
        pytest.importorskip("ray", reason="Ray is not installed (extra fleet)")
    out = tmp_path / "out"
    process = start(folder, out, *how)
    kill_one(out, process)
    told, complaints = process.communicate(timeout=280)
    assert process.returncode == 1, complaints
    assert f"{BAGS} of {BAGS + 1} bags, {BAGS * FRAMES} of {BAGS * FRAMES} frames" in told, (told, complaints)
    assert "broken.mcap" in complaints
    report = json.loads((out / "report.json").read_text())
    assert (report["done"], report["broken"], report["died"], report["before"]) == (BAGS, 1, 0, 0)
    assert len({came["pid"] for came in report["of_each"]}) >= 2
    results = sorted(path.relative_to(out).as_posix() for path in out.rglob("*.mcap"))
    assert results == ["deep/er.mcap", *(f"drive{n}_mcap.mcap" for n in range(3))]
    for result in results:
        with open_bag(out / result) as bag:
            assert bag.count("/unexpected/detector/regions") == bag.count("/camera/image_raw") == FRAMES

    again = start(folder, out, *how)
    told, _ = again.communicate(timeout=200)
    assert json.loads((out / "report.json").read_text())["before"] == BAGS
    assert f"{BAGS} of {BAGS + 1} bags" in told


@pytest.mark.slow
def test_an_interrupt_ends_the_bags_at_work_between_two_frames_and_the_same_command_goes_on(folder, tmp_path):
    out = tmp_path / "out"
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # not where the tests run in a script's background
    process = start(folder, out, "--workers", "2", start_new_session=True, preexec_fn=heard)
    wait_for(out, "*.partial.mcap", process)
    os.killpg(process.pid, signal.SIGINT)
    told, complaints = process.communicate(timeout=60)
    assert process.returncode == 130, complaints
    assert re.search(rf"interrupted after \d of {BAGS + 1} bags; the same command goes on from there", complaints)
    assert "Traceback" not in complaints
    notes = {path.name: json.loads(path.read_text()) for path in out.rglob("*.mcap.json")}
    stopped = [came["problems"][0] for came in notes.values() if came["state"] == "interrupted"]
    assert 1 <= len(stopped) <= 2 and len(notes) <= 3, notes
    assert all(re.match(rf"interrupted after \d+ of {FRAMES} frames: .*partial\.mcap holds them", s) for s in stopped)
    assert json.loads((out / "report.json").read_text())["bags"] == BAGS + 1

    told, complaints = start(folder, out, "--workers", "2").communicate(timeout=280)
    assert f"{BAGS} of {BAGS + 1} bags, {BAGS * FRAMES} of {BAGS * FRAMES} frames" in told, complaints


def test_bags_are_found_below_a_folder(folder):
    names = [path.relative_to(folder).as_posix() for path in bags_below(folder)]
    assert names == ["broken.mcap", "deep/er", "drive0.mcap", "drive1.mcap", "drive2.mcap"]


def test_a_bag_that_links_lead_to_is_done_once_under_its_own_name(tmp_path, capsys, caplog):
    """With a link to the latest it was "1 of 2 bags" for ever, and a folder that held itself gave one bag 41 times."""
    folder = tmp_path / "in"
    write_bag(folder / "sub" / "b.mcap", [(np.zeros((20, 30, 3), np.uint8), None)], 10.0)
    (folder / "sub" / "more").mkdir()  # else sub is a bag itself
    (folder / "a_latest.mcap").symlink_to("sub/b.mcap")
    (folder / "sub" / "up").symlink_to("..")
    with caplog.at_level("INFO"):
        assert bags_below(folder) == [folder / "sub" / "b.mcap"]
    assert f"{folder}/a_latest.mcap leads to {folder}/sub/b.mcap, which is done once" in caplog.text
    (folder / "gone.mcap").symlink_to("nowhere.mcap")
    assert bags_below(folder) == [folder / "gone.mcap", folder / "sub" / "b.mcap"]
    (folder / "gone.mcap").unlink()
    assert main([str(folder), str(tmp_path / "out"), "--model", "random"]) == 0
    assert "1 of 1 bags, 1 of 1 frames" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--workers", "0"], "expected 1 to 1024"),
        (["--set", "detect.treshold=0.5"], "did you mean 'detect.threshold'"),
        (["--set", "model.path=fast"], "said by --model and --device"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_begun(folder, tmp_path, options, words):
    told = start(folder, tmp_path / "out", *options).communicate(timeout=100)
    assert words in told[1] and not (tmp_path / "out").exists()
    told = start(folder, folder / "out").communicate(timeout=100)
    assert "lies in the input" in told[1]


@pytest.mark.parametrize("option", [("--workers", "2"), ("--ray", "local")])
def test_several_processes_for_one_bag_are_refused(tmp_path, capsys, option):
    """They changed nothing; of a folder in which one bag lay that day OUT became a bag, without a report."""
    write_bag(tmp_path / "in" / "a.mcap", [(np.zeros((20, 30, 3), np.uint8), None)], 10.0)
    for given, why in (("in", "a folder of one recording is one bag"), ("in/a.mcap", "it is no folder")):
        assert main([str(tmp_path / given), str(tmp_path / "out"), "--model", "random", *option]) == 1
        told = f"{option[0]} is for folders of several bags, and not for {tmp_path / given}: {why}; leave it out"
        assert told in capsys.readouterr().err and not (tmp_path / "out").exists()


def test_bags_are_done_anew_when_a_file_that_settings_name_is_another(tmp_path):
    """A mask that was painted anew, or weights trained anew in their place: 'done already' would be of the old ones."""
    bag, mask = tmp_path / "a.mcap", tmp_path / "car.png"
    write_bag(bag, [(np.zeros((20, 30, 3), np.uint8), None)], 10.0)
    write_image(mask, np.zeros((8, 8), np.uint8))
    settings = (f"detect.ego_mask={mask}",)
    job = Job(str(bag), str(tmp_path / "out.mcap"), "random", "cpu", settings, None, "/unexpected/detector")
    assert perform(job)["state"] == "done" and is_done(job)
    write_image(mask, np.full((8, 8), 255, np.uint8))
    assert is_done(job) is None and perform(job)["state"] == "done" and is_done(job)


def test_bags_that_would_be_written_to_one_place_are_refused(tmp_path):
    for name in ("a.mcap", "b.mcap"):  # the files of one recording have one name
        write_bag(tmp_path / "in" / name, [(np.zeros((20, 30, 3), np.uint8), None)], 10.0)
    with create_bag(tmp_path / "in" / "a_mcap"):
        pass
    process = start(tmp_path / "in", tmp_path / "out")
    told = process.communicate(timeout=60)[1]
    assert process.returncode == 1 and not (tmp_path / "out").exists()
    assert re.search(r"error: \S+/a.mcap and \S+/a_mcap would both be written to \S+/out/a_mcap.mcap; rename", told)


def test_the_results_of_another_folder_are_not_replaced(tmp_path, capsys):
    for name in ("monday", "tuesday"):  # recorders number their bags each day anew
        write_bag(tmp_path / name / "0.mcap", [(np.zeros((20, 30, 3), np.uint8), None)], 10.0)
        (tmp_path / name / "broken.mcap").write_bytes(b"no bag")
    out = tmp_path / "out"
    start(tmp_path / "monday", out).communicate(timeout=100)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert len(before) == 4 and json.loads((out / "report.json").read_text())["done"] == 1
    assert main([str(tmp_path / "tuesday"), str(out), "--model", "random"]) == 1
    told = f"{out} holds the results of {tmp_path / 'monday'}; choose another place for those of {tmp_path / 'tuesday'}"
    assert told in capsys.readouterr().err
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
