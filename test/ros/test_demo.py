"""The demo: three processes over DDS on a bag of its own, and not one of them left behind when it is interrupted."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
import uuid
from pathlib import Path

import numpy as np
import pytest

from unexpected_ros.bags import create_bag, open_bag

pytestmark = pytest.mark.ros
HEIGHT, WIDTH, FRAMES = 45, 83, 8
MARK = "UNEXPECTED_TEST_RUN"


@pytest.fixture(scope="module")
def footage(tmp_path_factory):
    """A bag of frames with padded rows, and their calibration."""
    path = tmp_path_factory.mktemp("footage") / "drive.mcap"
    with create_bag(path) as bag:
        types = bag.types.types
        header = types["std_msgs/msg/Header"](stamp=types["builtin_interfaces/msg/Time"](1, 2), frame_id="c")
        bag.write(
            "/cam/camera_info",
            types["sensor_msgs/msg/CameraInfo"](
                header=header,
                height=HEIGHT,
                width=WIDTH,
                distortion_model="plumb_bob",
                d=np.zeros(5),
                k=np.array([50, 0, WIDTH / 2, 0, 50, HEIGHT / 2, 0, 0, 1.0]),
                r=np.zeros(9),
                p=np.zeros(12),
                binning_x=0,
                binning_y=0,
                roi=types["sensor_msgs/msg/RegionOfInterest"](0, 0, 0, 0, False),
            ),
            0,
        )
        for n in range(FRAMES):
            rows = np.zeros((HEIGHT, WIDTH * 3 + 7), np.uint8)
            rows[:, : WIDTH * 3] = np.random.default_rng(n).integers(0, 256, (HEIGHT, WIDTH * 3))
            bag.write(
                "/cam/image",
                types["sensor_msgs/msg/Image"](
                    header=header,
                    height=HEIGHT,
                    width=WIDTH,
                    encoding="rgb8",
                    is_bigendian=0,
                    step=rows.shape[1],
                    data=rows.reshape(-1),
                ),
                n * 100_000_000,
            )
    return path


@pytest.fixture
def run():
    """A word that marks every process of this test through its environment."""
    word = uuid.uuid4().hex
    yield word
    for process in processes(word):
        os.kill(process, signal.SIGKILL)


def processes(word):
    """Numbers of the living processes that carry the mark (zombies have no environment any more)."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if f"{MARK}={word}".encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except OSError:  # ended meanwhile
            continue
    return found


def start(repository, word, *arguments):
    return subprocess.Popen(
        [sys.executable, "demo/run.py", "--model", "random", *map(str, arguments)],
        cwd=repository,
        env=os.environ | {MARK: word},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def test_demo_ends_by_itself_with_page_bag_and_table(repository, footage, tmp_path, run):
    demo = start(repository, run, "--input", footage, "--rate", 2, "--out", tmp_path)
    told = demo.communicate(timeout=280)[0]
    assert demo.returncode == 0, told
    assert processes(run) == []

    with open_bag(tmp_path / "demo.mcap") as bag:
        sent, processed = bag.count("/unexpected/image"), bag.count("/unexpected/detector/regions")
        for name in ("mask", "score", "labels", "labels_color", "resynthesis", "overlay"):
            assert bag.count(f"/unexpected/detector/{name}") == processed
        stamps = {topic: [] for topic in ("/unexpected/image", "/unexpected/detector/mask")}
        for stored in bag.messages():
            topic, message = stored.channel.topic, bag.read(stored.channel, stored.data)
            if topic in stamps:
                stamps[topic].append((message.header.stamp.sec, message.header.stamp.nanosec))
                assert (message.height, message.width) == (HEIGHT, WIDTH)
            if topic.endswith("/regions"):
                assert all(-1 < region.bearing < 1 for region in message.regions)  # so the calibration arrived
    assert sent == FRAMES
    assert FRAMES / 2 <= processed <= FRAMES
    assert set(stamps["/unexpected/detector/mask"]) <= set(stamps["/unexpected/image"])

    page = (tmp_path / "index.html").read_text()
    rows = dict(part.split("<td>") for part in page.split("<table>")[1].split("</table>")[0].split("<tr><td>")[1:])
    assert rows["frames sent"] == str(FRAMES)
    assert rows["frames processed"] == str(processed)
    assert rows["frames dropped"].startswith(str(FRAMES - processed))
    assert "p50" in rows["latency until received"]
    assert "frames processed" in told
    pictures = sorted(path.name for path in (tmp_path / "frames").iterdir())
    assert len(pictures) == FRAMES + 4 * processed
    assert all(f'src="frames/{name}"' in page for name in pictures)


def test_with_a_window_it_plays_on_until_interrupted(repository, footage, tmp_path, run):
    pytest.importorskip("aiohttp")
    demo = start(repository, run, "--input", footage, "--rate", 10, "--view", "--out", tmp_path)
    told = ""
    while "plays on" not in told:
        line = demo.stdout.readline()
        assert line, told
        told += line
    address = next(line.split()[1] for line in told.splitlines() if line.startswith("open http://localhost:"))
    with urllib.request.urlopen(address) as page:
        assert b"unexpected" in page.read()
    assert (tmp_path / "index.html").is_file() and len(processes(run)) == 4
    os.killpg(demo.pid, signal.SIGINT)
    told += demo.communicate(timeout=100)[0]
    assert demo.returncode == 0 and "Traceback" not in told and processes(run) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_interrupted_it_leaves_no_process(repository, footage, tmp_path, run, number):
    demo = start(repository, run, "--input", footage, "--rate", 0.5, "--out", tmp_path)
    end = time.monotonic() + 120
    while not (tmp_path / "sent.csv").exists() and time.monotonic() < end and demo.poll() is None:
        time.sleep(0.1)
    assert len(processes(run)) == 4
    if number == signal.SIGKILL:
        demo.kill()
    else:
        os.killpg(demo.pid, number)  # as a terminal does
    told = demo.communicate(timeout=100)[0]
    end = time.monotonic() + 30
    while processes(run) and time.monotonic() < end:
        time.sleep(0.1)
    assert processes(run) == []
    if number == signal.SIGINT:
        assert demo.returncode == 130
        assert "interrupted" in told and "Traceback" not in told


def test_input_that_cannot_be_played_is_told_at_once(repository, tmp_path, run):
    demo = start(repository, run, "--input", tmp_path / "nothing", "--out", tmp_path)
    told = demo.communicate(timeout=120)[0]
    assert demo.returncode == 1
    assert "the replay ended with code 1" in told
    assert "nothing does not exist; expected photographs, a video, or a rosbag2" in told
    assert processes(run) == []


def test_of_a_cut_bag_what_is_left_is_shown_and_then_what_is_missing_is_told(repository, shared_data, tmp_path, run):
    demo = start(repository, run, "--input", shared_data / "cases" / "cut.mcap", "--rate", 2, "--out", tmp_path / "out")
    told = demo.communicate(timeout=280)[0]
    assert demo.returncode == 1 and "Traceback" not in told
    assert "mcap recover" in told.partition("index.html")[2], told
    assert (tmp_path / "out" / "index.html").exists() and processes(run) == []


def test_replay_without_listeners_gives_up(repository, footage):
    command = [sys.executable, "-m", "unexpected_ros.tools.replay", footage, "--wait-for", "1", "--timeout", "0.3"]
    done = subprocess.run(
        [*command, "--ros-args", "-r", "image:=/nobody/listens"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert "/nobody/listens has 0 subscribers after 0.3 s, expected 1; start them first" in done.stderr


def test_the_closing_table_says_where_and_how_often_regions_are_false(repository, monkeypatch):
    monkeypatch.syspath_prepend(str(repository / "demo"))
    from page import FrameSeen, Summary

    frames = [FrameSeen(str(n), latency=50.0, false_regions=int(n < 5)) for n in range(80)]
    dropped = [FrameSeen("dropped", false_regions=7)]
    rows = dict(Summary(frames + dropped, received=81, has_truth=True).rows())
    assert rows["false regions on the road"] == "5 (0.6 in 10 frames)"
    assert dict(Summary(dropped, has_truth=True).rows())["false regions on the road"] == "0"
