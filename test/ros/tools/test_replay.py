"""The replay as a process: what a camera's user sees of a drive that somebody pauses, steps through, jumps in."""

import os
import pty
import signal
import subprocess
import sys
import time
from itertools import pairwise

import numpy as np
import pytest

from unexpected_core.images import write_image
from unexpected_core.media.drive import FRAME_ID, START, write_bag
from unexpected_ros.bags import create_bag, open_bag
from unexpected_ros.live.messages import Messages
from unexpected_ros.tools.frame_by_frame import maker

pytestmark = pytest.mark.ros
pytest.importorskip("rclpy")
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue  # noqa: E402
from rcl_interfaces.srv import GetParameters, SetParameters  # noqa: E402
from rosgraph_msgs.msg import Clock  # noqa: E402
from sensor_msgs.msg import CameraInfo, Image  # noqa: E402
from std_srvs.srv import SetBool, Trigger  # noqa: E402

FRAMES, RATE = 6, 10.0
HEIGHT, WIDTH = 31, 46


@pytest.fixture(scope="module")
def drive(tmp_path_factory):
    """A drive of frames that tell their number."""
    path = tmp_path_factory.mktemp("drive") / "drive.mcap"
    frames = ((np.full((HEIGHT, WIDTH, 3), 40 * n, np.uint8), None) for n in range(FRAMES))
    write_bag(path, frames, RATE)
    return path


@pytest.fixture
def play(drive, driver):
    """Start a replay of the drive as /deck/replay; returns what comes on the image topic."""
    started = []

    def start(*arguments, inbox_topic="/deck/image", footage=drive):
        inbox = driver.collect(Image, inbox_topic, connected=False)
        command = [sys.executable, "-m", "unexpected_ros.tools.replay", str(footage), *arguments, "--wait-for", "1"]
        process = subprocess.Popen(
            [*command, "--ros-args", "-r", "__ns:=/deck"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
        started.append((process, inbox))
        return process, inbox

    yield start
    for process, inbox in started:
        process.send_signal(signal.SIGINT)  # one that is killed is in the graph of the tests that follow for 20 s
        try:
            process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        driver.destroy(inbox)


def numbers(inbox):
    return [message.data[0] // 40 for message in inbox]


def stamps(inbox):
    return [message.header.stamp.sec * 10**9 + message.header.stamp.nanosec for message in inbox]


def set_parameter(driver, name, value):
    kind = ParameterType.PARAMETER_INTEGER if isinstance(value, int) else ParameterType.PARAMETER_DOUBLE
    field = {"integer_value": value} if isinstance(value, int) else {"double_value": value}
    parameter = Parameter(name=name, value=ParameterValue(type=kind, **field))
    return driver.call(SetParameters, "/deck/replay/set_parameters", parameters=[parameter]).results[0]


def test_a_loop_keeps_the_recorded_stamps_and_publishes_their_clock(play, driver):
    clocks = driver.collect(Clock, "/clock", connected=False)
    infos = driver.collect(CameraInfo, "/deck/camera_info", connected=False)
    process, inbox = play("--loop", "--clock")
    driver.until(lambda: len(inbox) > 2 * FRAMES, "two rounds")
    first = START * 10**9
    period = round(1e9 / RATE)
    assert stamps(inbox)[: 2 * FRAMES] == [first + n * period for n in range(FRAMES)] * 2
    assert numbers(inbox)[: 2 * FRAMES] == [*range(FRAMES)] * 2
    assert {message.header.frame_id for message in inbox} == {FRAME_ID}
    assert infos and infos[-1].header.frame_id == FRAME_ID
    times = [message.clock.sec * 10**9 + message.clock.nanosec for message in clocks]
    assert first <= min(times) and max(times) < first + (FRAMES + 20) * period
    assert all(any(0 <= time - stamp < period for time in times) for stamp in stamps(inbox)), "no frame of the future"
    assert sum(later < earlier for earlier, later in pairwise(times)) in (1, 2)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    assert process.stderr.read() == ""
    driver.destroy(clocks, infos)


def test_the_clock_of_a_bag_whose_frames_were_late_by_turns_never_runs_back(play, driver, tmp_path):
    """The first frame reached the recorder 80 ms after its stamp, the others sooner."""
    with create_bag(tmp_path / "late.mcap") as bag:
        types = bag.types.types
        for n in range(12):
            stamp = types["builtin_interfaces/msg/Time"](sec=START, nanosec=n * 50_000_000)
            header = types["std_msgs/msg/Header"](stamp=stamp, frame_id="c")
            image = Messages(maker(bag.types)).image(header, np.zeros((HEIGHT, WIDTH), np.uint8))
            bag.write("/image", image, START * 10**9 + n * 50_000_000 + (20 + n % 3 * 15 + 60 * (n == 0)) * 1_000_000)
    clocks = driver.collect(Clock, "/clock", connected=False)
    process, inbox = play("--clock", footage=tmp_path / "late.mcap")
    driver.until(lambda: len(inbox) == 12, "all frames")
    assert process.wait(20) == 0
    times = [message.clock.sec * 10**9 + message.clock.nanosec for message in clocks]
    assert len(times) > 12 and times == sorted(times)
    assert max(times) >= stamps(inbox)[-1]
    driver.destroy(clocks)


def test_without_a_clock_frames_are_of_now(play, driver):
    process, inbox = play("--speed", "20")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    driver.until(lambda: len(inbox) == FRAMES, "all frames")
    assert f"played {FRAMES} of {FRAMES} frames" in out
    now = driver.node.get_clock().now().nanoseconds
    assert all(abs(now - stamp) < 60e9 for stamp in stamps(inbox)) and stamps(inbox) == sorted(stamps(inbox))
    assert {message.header.frame_id for message in inbox} == {FRAME_ID}  # where it is does not hang on the time


def test_with_simulated_time_it_waits_for_the_clock(play, driver):
    process, inbox = play("--ros-args", "-p", "use_sim_time:=true", "--")
    driver.until(lambda: process.stdout and driver.node.count_publishers("/deck/image"), "the replay")
    driver.spin(1.0)
    assert not inbox
    clock = driver.node.create_publisher(Clock, "/clock", 1)
    begun = time.monotonic()

    def tell():
        now = Clock()
        now.clock.sec, now.clock.nanosec = divmod(500 * 10**9 + round(1e9 * (time.monotonic() - begun)), 10**9)
        clock.publish(now)
        driver.spin(0.01)
        return len(inbox) == FRAMES

    driver.until(tell, "all frames")
    assert process.wait(20) == 0 and numbers(inbox) == [*range(FRAMES)]
    assert all(500e9 <= stamp < 560e9 for stamp in stamps(inbox))
    assert stamps(inbox)[-1] - stamps(inbox)[0] > 0.2e9  # of 0.5, and 0 where it had played on without time
    driver.destroy(clock)


def test_simulated_time_that_does_not_begin_is_an_error(play, driver):
    clock = driver.node.create_publisher(Clock, "/clock", 1)  # of a simulator that is paused before it began
    process, inbox = play("--ros-args", "-p", "use_sim_time:=true", "--")
    driver.until(lambda: clock.publish(Clock()) or process.poll() is not None, "its end", 60)
    driver.destroy(clock)
    told = process.communicate(timeout=60)[1]
    assert process.returncode == 1 and not inbox
    assert told.startswith("error: use_sim_time is set, but /clock is not published, or stands at 0")
    assert told.count("\n") == 1


def test_the_clock_of_photographs_begins_now_also_where_the_replay_is_to_hear_it(play, driver, tmp_path):
    """Time 0 means that there is none."""
    write_image(tmp_path / "a.png", np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    process, inbox = play("--clock", "--ros-args", "-p", "use_sim_time:=true", "--", footage=tmp_path)
    process.communicate(timeout=60)
    driver.until(lambda: inbox, "the frame")
    assert abs(stamps(inbox)[0] - time.time_ns()) < 60e9


def test_a_damaged_calibration_costs_no_frame_and_is_told_of(play, driver, drive, tmp_path):
    with create_bag(tmp_path / "damaged.mcap") as damaged, open_bag(drive) as bag:
        for message in bag.messages():
            half = message.channel.type.endswith("CameraInfo")
            damaged.copy(message._replace(data=message.data[:60]) if half else message)
    process, inbox = play("--speed", "20", footage=tmp_path / "damaged.mcap")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1 and f"played {FRAMES} of {FRAMES} frames" in out
    assert "error: " in err and "camera_info of 60 bytes is damaged" in err and "Traceback" not in err
    driver.until(lambda: len(inbox) == FRAMES, "all frames")


def test_images_that_are_played_under_a_name_that_says_another_rectification_are_told_of(play, drive, tmp_path):
    """The detector goes by the name: it would undistort what is undistorted already."""
    with create_bag(tmp_path / "rect.mcap") as rect, open_bag(drive) as bag:
        for message in bag.messages():
            read, make = bag.read(message.channel, message.data), maker(rect.types)
            if message.channel.type.endswith("CameraInfo"):
                bent = {"distortion_model": "plumb_bob", "d": np.array([-0.3, 0.1, 0, 0, 0])}
                read = make("sensor_msgs/msg/CameraInfo", **{**vars(read), **bent})
            topic = message.channel.topic.replace("image_raw", "image_rect")
            rect.write(topic, read, message.time)
    for name, told in (("image_raw", 1), ("image_rect", 0), ("image", 1)):
        options = ("--speed", "20", "--ros-args", "-r", f"image:=/deck/{name}", "--")
        process, _ = play(*options, inbox_topic=f"/deck/{name}", footage=tmp_path / "rect.mcap")
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0 and f"played {FRAMES} of {FRAMES} frames" in out, err
        text = f"images of /camera/image_rect are undistorted already, and the name /deck/{name} does not say so: give"
        assert err.count(text) == err.count("camera.rectified:=yes") == told, err


def test_a_request_that_is_none_does_not_end_it(play, driver):
    process, inbox = play("--paused", "--loop")
    assert driver.call(Trigger, "/deck/replay/step").success
    client = driver.node.create_client(SetParameters, "/deck/replay/set_parameters")
    driver.until(client.service_is_ready, "the replay's parameters")
    nameless = Parameter(name="speed", value=ParameterValue(type=99))
    client.call_async(SetParameters.Request(parameters=[nameless]))
    driver.spin(0.5)
    before = len(inbox)
    assert driver.call(Trigger, "/deck/replay/step").success
    driver.until(lambda: len(inbox) > before, "the next frame")
    driver.destroy(client)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    assert "nothing came of a request" in process.stderr.read()


def test_it_pauses_steps_jumps_and_changes_speed_on_request(play, driver):
    process, inbox = play("--paused", "--stamps", "recorded", "--loop")
    assert set_parameter(driver, "position", 100.0).successful
    driver.until(lambda: inbox or process.poll() is not None, "the first frame, since the end is passed in a loop")
    assert (numbers(inbox), process.poll()) == ([0], None)
    for n in (1, 2):
        assert driver.call(Trigger, "/deck/replay/step").success
        driver.until(lambda n=n: len(inbox) == n + 1, "the frame stepped to")
    driver.spin(0.5)
    assert numbers(inbox) == [0, 1, 2]
    (position, speed) = driver.call(GetParameters, "/deck/replay/get_parameters", names=["position", "speed"]).values
    assert (position.double_value, speed.double_value) == (pytest.approx(0.2), 1.0)
    assert set_parameter(driver, "position", 0.35).successful
    driver.until(lambda: len(inbox) == 4, "the frame jumped to")
    assert set_parameter(driver, "position", 0).successful
    driver.until(lambda: len(inbox) == 5, "the frame jumped back to")
    assert numbers(inbox) == [0, 1, 2, 4, 0]
    assert not set_parameter(driver, "speed", 1e6).successful
    assert set_parameter(driver, "speed", 4.0).successful
    assert "playing at" in driver.call(SetBool, "/deck/replay/pause", data=False).message
    driver.until(lambda: len(inbox) > 5 + FRAMES, "a round")
    assert numbers(inbox)[5 : 4 + FRAMES] == [*range(1, FRAMES)]
    assert "paused at" in driver.call(SetBool, "/deck/replay/pause", data=True).message
    driver.spin(0.2)
    count = len(inbox)
    driver.spin(0.5)
    assert len(inbox) == count


def test_parameters_given_at_its_start_count(play, driver):
    _, inbox = play("--paused", "--ros-args", "-p", "position:=0.35", "-p", "speed:=2", "--")
    driver.until(lambda: inbox, "a frame")
    assert numbers(inbox) == [4], "of 10 Hz, the first not before 0.35 s"
    (speed,) = driver.call(GetParameters, "/deck/replay/get_parameters", names=["speed"]).values
    assert speed.double_value == 2.0


@pytest.mark.parametrize(
    ("given", "words"),
    [("speed:=fast", "parameter speed is 'fast', expected a number from 0.01 to 100"), ("position:=-1", "is -1")],
)
def test_parameters_that_do_not_fit_are_refused_in_one_line(drive, given, words):
    command = [sys.executable, "-m", "unexpected_ros.tools.replay", str(drive), "--ros-args", "-p", given]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and words in done.stderr and len(done.stderr.splitlines()) == 1


def test_its_parameters_follow_its_keys(driver):
    from unexpected_ros.tools.player import Player
    from unexpected_ros.tools.replay import obey
    from unexpected_ros.tools.transport import Transport

    deck = Transport(time.monotonic(), paused=True)
    player = Player(deck)
    for key in ("up", "right"):
        obey(key, deck, time.monotonic())
    assert [each.value for each in player.get_parameters(["speed", "position"])] == [1.25, 5.0]
    player.destroy_node()


def test_a_part_is_played_at_another_rate(play, driver):
    process, inbox = play("--rate", "50", "--start", "0.05")  # frames 0.02 s apart: the third is the first in it
    process.communicate(timeout=60)
    driver.until(lambda: len(inbox) == FRAMES - 3, "the frames from there on")
    assert numbers(inbox) == [3, 4, 5]


@pytest.mark.parametrize("number", [1, 2])
def test_in_a_loop_the_last_frame_has_its_time_too(play, driver, tmp_path, number):
    """Not sent as fast as can be, nor at once with the first one."""
    for n in range(number):
        write_image(tmp_path / f"{n}.png", np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    _, inbox = play("--loop", "--rate", "5", footage=tmp_path)
    driver.until(lambda: len(inbox) >= 7, "some rounds")
    apart = [(later - earlier) / 1e9 for earlier, later in pairwise(stamps(inbox))]
    assert min(apart) > 0.1  # of 0.2; a busy machine is late


def test_a_start_beyond_the_end_is_an_error(play):
    process, _ = play("--start", "7")
    told = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert told.endswith("drive.mcap ends at 0.6 s, nothing of it was played\n") and told.startswith(
        "error: --start 7: "
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--clock", "--stamps", "now"], "leave one of them out"),
        (["--clock", "--rate", "5"], "use --speed"),
        (["--speed", "0"], "expected 0.01 to 100"),
        (["--start", "nan"], "expected seconds"),
    ],
)
def test_what_contradicts_itself_is_refused_in_one_line(drive, options, words):
    from unexpected_ros.tools.replay import parse

    with pytest.raises(SystemExit):
        parse([str(drive), *options])
    command = [sys.executable, "-m", "unexpected_ros.tools.replay", str(drive), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and words in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("stdin", ["a terminal of another session", "closed"])
def test_it_plays_where_no_keys_can_be_read(drive, tmp_path, stdin):
    ours, theirs = pty.openpty()
    close = "exec <&-;" if stdin == "closed" else ""
    words = ["-c", f'{close} exec "$0" "$@"', sys.executable, "-m", "unexpected_ros.tools.replay", str(drive)]
    command = ["sh", *words, "--speed", "20"]
    done = subprocess.run(command, stdin=theirs, capture_output=True, text=True, start_new_session=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"played {FRAMES} of {FRAMES} frames" in done.stdout
    os.close(ours)
    os.close(theirs)


def test_a_signal_while_a_frame_is_sent_is_a_quiet_end(drive):
    script = (
        "import rclpy; from unexpected_ros.tools import replay;"
        "publish = replay.Player.publish;"
        "replay.Player.publish = lambda *given: (rclpy.shutdown(), publish(*given));"  # as the handler of rclpy does
        "raise SystemExit(replay.main())"
    )
    ended = subprocess.run([sys.executable, "-c", script, str(drive)], capture_output=True, text=True, timeout=120)
    assert (ended.returncode, ended.stderr) == (0, "")
