"""The recorder as a program of its own: what it needs no clock for, what it says when there is nothing."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from types import SimpleNamespace

import pytest

pytest.importorskip("rclpy")
pytestmark = pytest.mark.ros

from rclpy.qos import QoSDurabilityPolicy, QoSProfile, qos_profile_sensor_data  # noqa: E402
from rosgraph_msgs.msg import Clock  # noqa: E402
from std_msgs.msg import String  # noqa: E402

from unexpected_ros.bags import BagError, create_bag, open_bag  # noqa: E402
from unexpected_ros.tools.recorder import Recorder, record  # noqa: E402


def start(folder, *arguments):
    command = [sys.executable, "-m", "unexpected_ros.tools.recorder", *arguments]
    return subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ
    )


def end(process):
    process.send_signal(signal.SIGINT)
    told = process.communicate(timeout=60)[0]
    return process.returncode, told


def test_simulated_time_without_a_clock_records_all_the_same(driver, tmp_path):
    latched = QoSProfile(depth=1, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
    still = driver.node.create_publisher(String, "/test_recorder/latched", latched)
    talk = driver.node.create_publisher(String, "/test_recorder/talk", 10)
    still.publish(String(data="once"))
    recorder = start(tmp_path, "out.mcap", talk.topic_name, still.topic_name, "--ros-args", "-p", "use_sim_time:=true")
    try:
        driver.until(talk.get_subscription_count, "the recorder")
        talk.publish(String(data="word"))
        driver.spin(1.0)
        code, told = end(recorder)
    finally:
        recorder.kill()
        driver.destroy(still, talk)
    assert code == 0, told
    with open_bag(tmp_path / "out.mcap") as bag:
        found = [(m.channel.topic, bag.read(m.channel, m.data).data) for m in bag.messages()]
        assert sorted(found) == [("/test_recorder/latched", "once"), ("/test_recorder/talk", "word")]
        assert all(abs(m.time / 1e9 - time.time()) < 100 for m in bag.messages())
        profiles = {c.topic: c.metadata["offered_qos_profiles"] for c in bag.channels}
    assert "durability: transient_local" in profiles["/test_recorder/latched"]
    assert "durability: volatile" in profiles["/test_recorder/talk"]


def test_passes_of_a_looped_bag_are_recorded_one_after_the_other(driver, tmp_path):
    """By simulated time, which runs back where a pass begins."""
    talk = driver.node.create_publisher(String, "/test_recorder/talk", 10)
    ticks = driver.node.create_publisher(Clock, "/clock", 10)
    options = "--ros-args", "-p", "use_sim_time:=true"
    recorder = start(tmp_path, "out.mcap", talk.topic_name, *options)
    words, seconds = ["a1", "a2", "b1", "b2", "c1"], [100, 101, 100, 101, 99]
    try:
        driver.until(lambda: talk.get_subscription_count() and ticks.get_subscription_count(), "the recorder")
        for word, second in zip(words, seconds, strict=True):
            tick = Clock()
            tick.clock.sec = second
            ticks.publish(tick)
            driver.spin(0.3)
            talk.publish(String(data=word))
            driver.spin(0.3)
        code, told = end(recorder)
    finally:
        recorder.kill()
        driver.destroy(talk, ticks)
    assert code == 0 and told.count("time ran back by 1 s, as where a bag is played in a loop") == 1, told
    with open_bag(tmp_path / "out.mcap") as bag:
        found = [(bag.read(m.channel, m.data).data, round(m.time / 1e9)) for m in bag.messages()]
    assert found == list(zip(words, [100, 101, 101, 102, 102], strict=True))


def test_a_source_that_comes_back_best_effort_is_recorded_on(driver, tmp_path):
    talk = driver.node.create_publisher(String, "/test_recorder/again", 10)
    recorder = start(tmp_path, "out.mcap", talk.topic_name)
    weaker = None
    try:
        driver.until(talk.get_subscription_count, "the recorder")
        talk.publish(String(data="reliable"))
        driver.spin(0.5)
        driver.destroy(talk)
        weaker = driver.node.create_publisher(String, "/test_recorder/again", qos_profile_sensor_data)
        driver.until(weaker.get_subscription_count, "the recorder again", timeout=20)
        weaker.publish(String(data="best effort"))
        driver.spin(1.0)
        code, told = end(recorder)
    finally:
        recorder.kill()
        driver.destroy(*filter(None, [weaker]))
    assert code == 0 and "offered with a weaker QoS than before" in told, told
    with open_bag(tmp_path / "out.mcap") as bag:
        assert [bag.read(m.channel, m.data).data for m in bag.messages()] == ["reliable", "best effort"]


@pytest.mark.parametrize("first", ["/test_recorder/foreign", "/test_recorder/clock"])
def test_a_type_that_is_not_installed_is_named_and_costs_no_other(driver, tmp_path, monkeypatch, first):
    monkeypatch.setitem(sys.modules, "std_msgs.msg", None)
    talk = driver.node.create_publisher(String, "/test_recorder/foreign", 10)
    clock = driver.node.create_publisher(Clock, "/test_recorder/clock", 10)
    with create_bag(tmp_path / "out.mcap") as bag:
        recorder = Recorder([first, talk.topic_name, clock.topic_name], bag)
        driver.executor.add_node(recorder)
        try:
            driver.until(clock.get_subscription_count, "the recorder")
            clock.publish(Clock())
            driver.until(lambda: recorder.counts[clock.topic_name] and recorder.unknown, "the message")
            missing = recorder.missing()
        finally:
            driver.executor.remove_node(recorder)
            recorder.destroy_node()
            driver.destroy(talk, clock)
    assert "not installed here: std_msgs/msg/String (/test_recorder/foreign); source the workspace" in missing
    with open_bag(tmp_path / "out.mcap") as bag:
        assert bag.count("/test_recorder/clock") == 1


def test_it_is_said_at_once_what_is_not_recorded_and_a_closed_terminal_ends_it_well(driver, tmp_path):
    first, later = driver.node.create_publisher(String, "/test_recorder/one", 10), None
    names = ["/test_recorder/one", "/test_recorder/one", "/test_recorder/two"]
    recorder = start(tmp_path, "out.mcap", *names)
    try:
        told = recorder.stdout.readline()
        assert "waiting for /test_recorder/two: not published yet; /test_recorder/one is not recorded either" in told
        later = driver.node.create_publisher(String, "/test_recorder/two", 10)
        driver.until(first.get_subscription_count, "the recorder")
        first.publish(String(data="word"))
        driver.spin(1.0)
        recorder.send_signal(signal.SIGHUP)
        told = recorder.communicate(timeout=60)[0]
    finally:
        recorder.kill()
        driver.destroy(*filter(None, [first, later]))
    assert recorder.returncode == 0 and "1 /test_recorder/one" in told, told
    with open_bag(tmp_path / "out.mcap") as bag:
        assert [m.channel.topic for m in bag.messages()] == ["/test_recorder/one"]


def test_a_full_disk_ends_the_recording_and_costs_nothing_that_was_recorded(driver, tmp_path):
    talk = driver.node.create_publisher(String, "/test_recorder/much", 10)
    room = f"ulimit -f 100; exec {sys.executable} -m unexpected_ros.tools.recorder out.mcap {talk.topic_name}"
    command = ["bash", "-c", room]  # files of at most 100 KiB
    recorder = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, env=os.environ)
    try:
        driver.until(talk.get_subscription_count, "the recorder")
        talk.publish(String(data="word"))
        driver.spin(7.0)  # on the disk by then
        talk.publish(String(data=os.urandom(200_000).hex()))
        told = recorder.communicate(timeout=60)[1]
    finally:
        recorder.kill()
        driver.destroy(talk)
    assert recorder.returncode == 1
    assert "File too large; out.recording.mcap holds what was recorded" in told
    with open_bag(tmp_path / "out.recording.mcap") as bag:
        found = next(bag.messages())
        assert bag.read(found.channel, found.data).data == "word"


def test_what_is_lost_on_its_way_is_told(driver, tmp_path):
    """Messages of a megabyte, best effort, from a node whose middleware has 512 KB of shared memory."""
    much = driver.node.create_publisher(String, "/test_recorder/large", qos_profile_sensor_data)
    recorder = start(tmp_path, "out.mcap", much.topic_name)
    told = ""
    try:
        driver.until(much.get_subscription_count, "the recorder")
        os.set_blocking(recorder.stdout.fileno(), False)

        def lost():
            nonlocal told
            for _ in range(5):
                much.publish(String(data="x" * 1_000_000))
            driver.spin(0.2)
            with suppress(BlockingIOError):
                told += os.read(recorder.stdout.fileno(), 1 << 16).decode()
            return "messages of /test_recorder/large are lost on their way; if they are large, start" in told

        driver.until(lost, "a loss")
        much.publish(String(data="small"))
        driver.spin(1.0)
        os.set_blocking(recorder.stdout.fileno(), True)
        code, end_ = end(recorder)
    finally:
        recorder.kill()
        driver.destroy(much)
    assert code == 0 and "or more were lost on their way)" in end_, told + end_


def test_nothing_recorded_is_an_error_that_names_the_topic_and_leaves_an_older_bag(driver, tmp_path):
    (tmp_path / "out.mcap").write_bytes(b"older")
    talk = driver.node.create_publisher(String, "/test_recorder/there", 10)
    recorder = start(tmp_path, "out.mcap", "/test_recorder/nowhere", "--overwrite")
    try:
        driver.until(lambda: "recorder" in driver.node.get_node_names(), "the recorder")
        driver.spin(3.0)  # discovery on a busy machine: it names what it has heard of
        code, told = end(recorder)
    finally:
        recorder.kill()
        driver.destroy(talk)
    assert code == 1
    assert "error: nothing was recorded: nobody published /test_recorder/nowhere" in told
    assert "/test_recorder/there" in told and "Traceback" not in told
    assert (tmp_path / "out.mcap").read_bytes() == b"older"


def test_a_recording_that_lacks_a_topic_replaces_no_older_bag_and_says_where_it_is(driver, tmp_path):
    """It took the place of the whole one, which could not be recorded again."""
    (tmp_path / "out.mcap").write_bytes(b"older")
    talk = driver.node.create_publisher(String, "/test_recorder/there", 10)
    recorder = start(tmp_path, "out.mcap", "/test_recorder/nowhere", talk.topic_name, "--overwrite")
    try:
        driver.until(talk.get_subscription_count, "the recorder")
        talk.publish(String(data="word"))
        driver.spin(1.0)
        code, told = end(recorder)
    finally:
        recorder.kill()
        driver.destroy(talk)
    assert code == 1 and "error: out.mcap is not complete: nobody published /test_recorder/nowhere; " in told, told
    assert "; out.recording.mcap holds what was recorded\n" in told and "1 /test_recorder/there" in told
    assert (tmp_path / "out.mcap").read_bytes() == b"older"
    with open_bag(tmp_path / "out.recording.mcap") as bag:
        assert [bag.read(m.channel, m.data).data for m in bag.messages()] == ["word"]


def test_a_bag_that_is_there_is_refused_before_anything_is_recorded(tmp_path):
    (tmp_path / "out.mcap").write_bytes(b"older")
    recorder = start(tmp_path, "out.mcap", "/test_recorder/there")
    told = recorder.communicate(timeout=60)[0]
    assert (recorder.returncode, told) == (
        1,
        "error: out.mcap is there already; choose another name, or --overwrite replaces it at the end\n",
    )
    assert (tmp_path / "out.mcap").read_bytes() == b"older"


def test_a_topic_that_is_none_is_named(driver, tmp_path):
    recorder = start(tmp_path, "out.mcap", "/test_recorder/there", "o.mcap")
    told = recorder.communicate(timeout=60)
    assert recorder.returncode == 1 and "error: 'o.mcap' is no topic that can be recorded: " in "".join(map(str, told))


def test_a_message_that_cannot_be_written_ends_the_recording(driver):
    def refuse(*_):
        raise ValueError("out of range")

    latched = QoSProfile(depth=1, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
    talk = driver.node.create_publisher(String, "/test_recorder/refused", latched)
    recorder = Recorder([talk.topic_name], SimpleNamespace(write_bytes=refuse, flush=lambda: None))
    talk.publish(String(data="word"))
    try:
        with pytest.raises(BagError, match="of /test_recorder/refused cannot be written: ValueError: out of range"):
            record(recorder, SimpleNamespace(requests=1), quiet=20.0)
    finally:
        driver.destroy(talk)
        recorder.destroy_node()


def test_a_middleware_that_does_not_count_losses_is_recorded_all_the_same(driver, tmp_path, without_loss_events):
    talk = driver.node.create_publisher(String, "/test_recorder/uncounted", 10)
    with create_bag(tmp_path / "out.mcap") as bag:
        recorder = Recorder([talk.topic_name], bag)
        driver.executor.add_node(recorder)
        driver.until(talk.get_subscription_count, "the recorder")
        driver.until(lambda: talk.publish(String(data="word")) or sum(recorder.counts.values()), "a message")
        driver.executor.remove_node(recorder)
        recorder.destroy_node()
    driver.destroy(talk)
