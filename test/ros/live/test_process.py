"""However the node ends or fails to start: the exit code tells, no traceback is shown, nothing is left behind."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.ros
pytest.importorskip("rclpy")
from lifecycle_msgs.srv import ChangeState  # noqa: E402

SEGMENT = re.compile(r"fast(dds|rtps)_[0-9a-f]{16}").fullmatch


def in_shared_memory():
    return {path.name for path in Path("/dev/shm").iterdir()}


def held(pid):
    """Names below /dev/shm that a process has mapped or opened."""
    maps = Path(f"/proc/{pid}/maps").read_text()
    listed = subprocess.run(["ls", "-l", f"/proc/{pid}/fd"], capture_output=True, text=True).stdout
    return set(re.findall(r"/dev/shm/(\S+)", maps + listed))


@pytest.fixture
def begin(start_node, tmp_path):
    """Start a node below /ending; it remembers what was in shared memory before. None outlives its test."""
    begun = []

    def begin(*arguments, space="/ending"):
        before = in_shared_memory()
        node = start_node(tmp_path, "-r", f"__ns:={space}", "-p", "model.path:=random", *arguments)
        node.before = before
        begun.append(node)
        return node

    yield begin
    for node in begun:
        if node.process.poll() is None:  # the test failed; what it left would be taken for the next one's
            node.process.kill()
            node.process.wait()


def ends_clean(graph, node, number):
    """Signal the node; its exit code is 0, and at once neither the graph nor shared memory knows of it."""
    graph.learns_of("/ending/detector")
    own = held(node.process.pid) - node.before
    assert any(map(SEGMENT, own)), "the test must see what the node holds"
    assert node.end(number) == 0
    graph.forgets("/ending/detector")
    assert not {name for name in own if "port" not in name} & in_shared_memory()
    assert "Traceback" not in node.text()


def test_terminate_while_active(graph, begin):
    node = begin()
    node.wait_for("listening to")
    ends_clean(graph, node, signal.SIGTERM)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_end_while_the_model_loads(graph, begin, number):
    node = begin()
    node.wait_for("loading")
    ends_clean(graph, node, number)


@pytest.mark.parametrize("transitions", [[], ["configure"], ["configure", "cleanup"], ["shutdown"]])
def test_end_in_other_states(driver, graph, begin, transitions):
    node = begin("-p", "autostart:=false")
    for label in transitions:
        request = ChangeState.Request()
        request.transition.label = label
        assert driver.call(ChangeState, "/ending/detector/change_state", transition=request.transition).success
    ends_clean(graph, node, signal.SIGINT)


def test_what_a_killed_node_held_is_reclaimed_by_the_next(driver, graph, begin):
    node = begin("-p", "autostart:=false", space="/killed")
    graph.learns_of("/killed/detector")
    own = set(filter(SEGMENT, held(node.process.pid) - node.before))
    assert node.end(signal.SIGKILL) == -signal.SIGKILL
    assert own & in_shared_memory(), "nobody could have tidied up yet"
    node = begin("-p", "autostart:=false", space="/killed")
    driver.until(lambda: not own & in_shared_memory(), "Fast DDS to reclaim it", 20)
    node.end()


@pytest.mark.parametrize("delay", [0.1, 0.6])
@pytest.mark.parametrize("program", ["live.process", "tools.replay", "tools.recorder"])
def test_end_while_python_loads(tmp_path, program, delay):
    script = (
        "import os, signal, threading; from unexpected_ros.start import start;"
        f"threading.Timer({delay}, os.kill, (os.getpid(), signal.SIGINT)).start();"
        f"start('unexpected_ros.{program}')"
    )
    arguments = ["nothing"] * (program != "live.process") + ["out.mcap", "/topic"] * (program == "tools.recorder")
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments[-2:], "--ros-args", "-p", "autostart:=false"],
        capture_output=True, text=True, cwd=tmp_path, timeout=60,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert done.returncode == 0 or (program != "live.process" and "error: " in done.stderr)  # nothing to play or keep


def test_a_start_that_fails_ends_with_1_and_one_line(tmp_path):
    for name, text in {
        "open": "/**:\n  ros__parameters:\n    detect: {threshold: [}\n",
        "bare": "/**:\n  detect: {threshold: 0.5}\n",
        "mixed": "/**:\n  ros__parameters:\n    model.path: [1, a]\n",
        "empty": "/**:\n  ros__parameters:\n    cameras: []\n",
    }.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    expected = {
        ("-p", "detect.threshold:=7.0"): "setting 'detect.threshold' = 7.0: Input should be less than or equal to 1",
        ("-p", "qos_overrides./diagnostics.publisher.depth:=ten"): "cannot offer /diagnostics .*: AssertionError",
        ("--params-file", "open.yaml"): "cannot begin: .*open.yaml.* near line 3",
        ("--params-file", "bare.yaml"): "cannot begin: .*bare.yaml.* before ros__parameters at line 2",
        ("--params-file", "mixed.yaml"): "cannot begin: .*mixed.yaml.*.*",
        ("--params-file", "empty.yaml"): "cannot begin: a parameter is an empty list, which ROS cannot hold; leave .*",
        ("--params-file", "nowhere.yaml"): "cannot begin: .*nowhere.yaml.* Error opening YAML file",
        ("--log-level", "banana"): "cannot begin: .*--log-level banana.* valid severity level",
        ("-r", "image:=123"): "cannot begin: Couldn't parse remap rule: '-r image:=123'",
        ("--bogus",): r"cannot begin: no such ROS arguments: \['--bogus'\]",
    }
    command = [sys.executable, "-m", "unexpected_ros.start", "unexpected_ros.live.process", "--ros-args"]
    alone = os.environ | {"ROS_AUTOMATIC_DISCOVERY_RANGE": "OFF"}  # Fast DDS may crash where many come and go at once
    running = {
        given: subprocess.Popen([*command, *given], cwd=tmp_path, env=alone, stderr=subprocess.PIPE, text=True)
        for given in expected
    }
    for given, process in running.items():
        said = process.communicate(timeout=120)[1]
        assert process.returncode == 1, (given, said)
        assert re.fullmatch(f"detector: {expected[given]}\n", said), (given, said)


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        ("-p model.path:=random", 1, r"'-p model\.path:=random' is not behind --ros-args; .*\n"),
        ("--ros-args -p model.path:=nowhere -- more", 1, "'more' is not behind --ros-args; .*\n"),
        ("--help", 0, ""),
    ],
)
def test_what_is_not_for_ros_is_refused_and_help_says_what_is(given, code, said):
    """The node began, and a parameter without --ros-args changed nothing."""
    command = [sys.executable, "-m", "unexpected_ros.start", "unexpected_ros.live.process", *given.split()]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ended.returncode == code and re.fullmatch(said, ended.stderr.removeprefix("detector: cannot begin: ")), ended
    assert code or "--ros-args -p PARAMETER:=VALUE -r TOPIC:=TOPIC --params-file FILE" in ended.stdout


@pytest.mark.parametrize("program", ["tools.replay", "tools.recorder", "view.window"])
def test_what_ros_refuses_is_one_line_in_every_program(program):
    command = [sys.executable, "-m", "unexpected_ros.start", f"unexpected_ros.{program}", "--ros-args"]
    ended = subprocess.run([*command, "-r", "image:=123"], capture_output=True, text=True, timeout=120)
    said = "error: Failed to parse ROS arguments: Couldn't parse remap rule: '-r image:=123'\n"
    assert (ended.returncode, ended.stderr) == (1, said)


@pytest.mark.parametrize("refused", ["model.path:=nowhere", "detect.threshold:=7.0"])
def test_a_start_that_fails_leaves_nothing(graph, begin, refused):
    node = begin("-p", refused)
    assert node.process.wait(timeout=120) == 1
    assert "Traceback" not in node.text()
    graph.forgets("/ending/detector")


LAUNCH = """
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
given = [word.split(":=") for word in sys.argv[2:]]
service = LaunchService()
source = PythonLaunchDescriptionSource(sys.argv[1])
service.include_launch_description(LaunchDescription([IncludeLaunchDescription(source, launch_arguments=given)]))
sys.exit(service.run())
"""


@pytest.fixture
def launched(repository, tmp_path):
    """The launch file in a process of its own, the node being started again whenever it ends."""
    pytest.importorskip("launch_ros", reason="launch is not installed (it comes with ROS, not with the wheels)")
    given = ("model:=random", "namespace:=ending", "respawn:=true")
    path = repository / "launch" / "detector.launch.py"
    log = tmp_path / "launch.log"
    with log.open("w") as file:
        process = subprocess.Popen([sys.executable, "-c", LAUNCH, path, *given], stdout=file, stderr=subprocess.STDOUT)
    yield process
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        process.wait(60)
    assert "Traceback" not in log.read_text(), log.read_text()


def child_of(process):
    """Process id of the node that launch has started, or None."""
    listed = subprocess.run(["pgrep", "-P", str(process.pid), "-f", "detector"], capture_output=True, text=True)
    return int(listed.stdout.split()[0]) if listed.stdout else None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_node_that_is_respawned_leaves_nothing_behind(driver, graph, launched, number):
    def names():
        return [name for name, _ in driver.node.get_service_names_and_types()]

    def serves():
        return names().count("/ending/detector/save_sample") == 1 and child_of(launched)

    before = in_shared_memory()
    first = driver.until(serves, "the node")
    own = held(first) - before
    os.kill(first, number)
    if number == signal.SIGTERM:
        driver.until(lambda: not Path(f"/proc/{first}").exists(), "its end")
        graph.forgets("/ending/detector")
        assert not {name for name in own if "port" not in name} & in_shared_memory()
    second = driver.until(lambda: child_of(launched) not in (None, first) and serves(), "the node again")
    driver.until(lambda: not set(filter(SEGMENT, own)) & in_shared_memory(), "what the first held to be gone", 20)
    own = held(second) - before
    launched.send_signal(signal.SIGINT)
    assert launched.wait(60) == 0
    assert not Path(f"/proc/{second}").exists()
    assert not {name for name in own if "port" not in name} & in_shared_memory()
    if number == signal.SIGTERM:  # the graph remembers one that was killed for as long as its lease runs
        graph.forgets("/ending/detector")
