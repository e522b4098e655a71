"""The launch files: every argument is described and documented, and where launch is installed they start the node."""

import ast
import asyncio
import os
import subprocess
from itertools import pairwise

import pytest


def arguments(path):
    """name -> description, read off the ARGUMENTS table without importing launch."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "ARGUMENTS":
            rows = zip(node.value.keys, node.value.values, strict=True)
            return {name.value: row.elts[1].value for name, row in rows}
    raise AssertionError(f"{path} has no ARGUMENTS")


@pytest.mark.parametrize("name", ["detector", "replay"])
def test_arguments_are_described_and_documented(repository, name):
    page = (repository / "docs" / "ros.md").read_text()
    table = page[page.index("## Launch arguments") : page.index("## Diagnostics")]
    for argument, description in arguments(repository / "launch" / f"{name}.launch.py").items():
        assert description
        assert f"`{argument}`" in table, f"docs/ros.md does not mention {argument}"


def test_launch_overrides_name_real_parameters(repository):
    pytest.importorskip("rclpy")
    from unexpected_ros.live.parameters import SETTINGS

    tree = ast.parse((repository / "launch" / "detector.launch.py").read_text())
    table = next(n.value for n in tree.body if isinstance(n, ast.Assign) and n.targets[0].id == "OVERRIDES")
    assert set(ast.literal_eval(table).values()) <= {*SETTINGS, "use_sim_time"}


@pytest.fixture
def launch():
    pytest.importorskip("launch_ros", reason="launch is not installed (it comes with ROS, not with the wheels)")
    return pytest.importorskip("launch")


@pytest.fixture
def describe(launch, repository):
    """The actions that a launch file starts, by class name, with these arguments."""
    from launch.launch_description_sources import get_launch_description_from_python_launch_file as read

    def describe(name, **given):
        context = launch.LaunchContext()
        description = read(str(repository / "launch" / f"{name}.launch.py"))
        context.launch_configurations.update(given)
        todo, found = list(description.entities), []
        while todo:
            entity = todo.pop(0)
            found.append(entity)
            todo += (
                entity.visit(context) or []
                if isinstance(entity, (launch.actions.DeclareLaunchArgument, launch.actions.OpaqueFunction))
                else []
            )
        return found

    return describe


@pytest.fixture
def started(launch, repository):
    """A launch service that starts a launch file with these arguments once it is run."""
    from launch.launch_description_sources import PythonLaunchDescriptionSource

    def started(name, **given):
        source = PythonLaunchDescriptionSource(str(repository / "launch" / f"{name}.launch.py"))
        threads = launch.actions.SetEnvironmentVariable("OMP_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", "1"))
        file = launch.actions.IncludeLaunchDescription(source, launch_arguments=given.items())
        service = launch.LaunchService(noninteractive=True)
        service.include_launch_description(launch.LaunchDescription([threads, file]))
        return service

    return started


@pytest.fixture
def said(launch, caplog, monkeypatch):
    """What launch warns of and fails with."""
    monkeypatch.setattr(launch.logging.get_logger("launch"), "propagate", True)
    return lambda: [record.message for record in caplog.records if record.levelname in ("WARNING", "ERROR")]


@pytest.fixture
def module(launch, repository):
    """A launch file's own functions."""
    from launch.launch_description_sources import load_python_launch_file_as_module as load

    return lambda name: load(str(repository / "launch" / f"{name}.launch.py"))


def install(prefix, package):
    """Let ament believe that the package is there."""
    marker = prefix / "share/ament_index/resource_index/packages" / package
    marker.parent.mkdir(parents=True, exist_ok=True)
    marker.touch()


@pytest.fixture
def rviz_installed(monkeypatch, tmp_path):
    """As far as the launch file can see."""
    install(tmp_path, "rviz2")
    monkeypatch.setenv("AMENT_PREFIX_PATH", f"{os.environ['AMENT_PREFIX_PATH']}:{tmp_path}")


@pytest.fixture
def played(monkeypatch, tmp_path):
    """The file into which what stands in for `ros2 bag play` writes its command line, and ends."""
    install(tmp_path, "ros2bag")
    (tmp_path / "ros2").write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/played\n')
    (tmp_path / "ros2").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("AMENT_PREFIX_PATH", f"{os.environ['AMENT_PREFIX_PATH']}:{tmp_path}")
    return tmp_path / "played"


@pytest.mark.ros
def test_rviz_and_the_large_image_profile_come_when_asked_for(launch, describe, rviz_installed):
    from launch_ros.actions import Node

    assert [n.node_executable for n in describe("detector") if isinstance(n, Node)] == ["detector"]
    found = describe("detector", rviz="true", dds_profile="large_images")
    assert [n.node_executable for n in found if isinstance(n, Node)] == ["detector", "rviz2"]
    assert any(isinstance(action, launch.actions.SetEnvironmentVariable) for action in found)


@pytest.mark.ros
@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("detector", {"params_file": "/nowhere.yaml"}, "params_file:=/nowhere.yaml does not exist"),
        ("detector", {"python_prefix": "/no/python"}, "python_prefix:=/no/python is no program"),
        ("detector", {"rviz": "true"}, "rviz:=true needs the package rviz2"),
        ("detector", {"log_level": "banana"}, '"log_level" provided value "banana" is not valid'),
        ("detector", {"image": "/{camera}/image"}, "for several cameras; name them: cameras:=front,rear"),
        (
            "detector",
            {"cameras": "front,rear", "image": "/cam"},
            "image:=/cam is one topic for several cameras; put {camera}",
        ),
        ("replay", {"footage": "/", "cameras": "front"}, "footage:= is published on one topic"),
        ("replay", {}, "give either bag:=PATH or footage:=PATH"),
        ("replay", {"bag": "a", "footage": "b"}, "give either bag:=PATH or footage:=PATH"),
        ("replay", {"bag": "/nowhere"}, "bag:=/nowhere does not exist"),
        ("replay", {"footage": "/nowhere"}, "footage:=/nowhere does not exist"),
        ("replay", {"footage": "/", "transport": "compressed"}, "footage:= is published raw"),
        ("replay", {"footage": "/", "input.transport": "compressed"}, "footage:= is published raw.*transport:=raw"),
        ("replay", {"bag": "/", "topic": "/front"}, "topic:= is for footage:="),
        ("replay", {"bag": "/"}, "bag:= needs the command ros2 bag"),
    ],
)
def test_what_cannot_work_is_said_before_anything_is_started(launch, describe, monkeypatch, name, given, message):
    monkeypatch.setenv("AMENT_PREFIX_PATH", os.environ["AMENT_PREFIX_PATH"].split(":")[0])  # neither rviz2 nor ros2bag
    with pytest.raises(RuntimeError, match=message):
        describe(name, **given)


@pytest.mark.ros
@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ("{input: {transport: compressed}}", "input.transport is compressed; give transport:=raw"),
        ("{input.transport: compressed}", "input.transport is compressed; give transport:=raw"),
        ("{cameras: [front, rear]}", "cameras is front, rear; leave it out, also of params_file"),
    ],
)
def test_footage_is_refused_for_what_the_file_of_parameters_says(describe, tmp_path, parameters, message):
    file, others = tmp_path / "my.yaml", "/**/detector: {ros__parameters: {input: {batch: 1}}}"
    file.write_text(f"/**: {{ros__parameters: {parameters}}}\n{others}\n")
    with pytest.raises(RuntimeError, match=message):
        describe("replay", footage="/", params_file=str(file))
    file.write_text(f"/other: {{ros__parameters: {parameters}}}\n")
    describe("replay", footage="/", params_file=str(file))


@pytest.mark.ros
@pytest.mark.parametrize("transport", ["transport", "input.transport"])
def test_what_is_given_counts_for_footage_before_the_file_of_parameters(describe, tmp_path, transport):
    (tmp_path / "my.yaml").write_text("/**: {ros__parameters: {input: {transport: compressed}}}\n")
    describe("replay", footage="/", params_file=str(tmp_path / "my.yaml"), **{transport: "raw"})


@pytest.mark.ros
@pytest.mark.parametrize(
    ("file", "words", "unknown"),
    [
        ("detector", "detector.launch.py detct.scale:=0.5 detect.scale:=1 rviz:=false topic:=/a", "detct.scale topic"),
        ("replay", "/there/replay.launch.py footage:=/ topic:=/a image:=/b start:=1 launch-prefix:=gdb", "start"),
        ("detector", "of_others.launch.py its.own:=1", ""),  # which includes the detector's
    ],
)
def test_arguments_that_change_nothing_are_warned_of(describe, monkeypatch, said, file, words, unknown):
    monkeypatch.setattr("sys.argv", ["ros2", "launch", *words.split()])
    describe(file, **dict(word.split(":=") for word in words.split()[1:]))
    warning = "{}:= is neither an argument nor a parameter, and changes nothing"
    assert said() == [warning.format(name) for name in unknown.split()]


@pytest.mark.ros
def test_a_home_folder_may_be_written_short(launch, describe, monkeypatch, tmp_path):
    from launch_ros.actions import Node

    (tmp_path / "photos").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    found = describe("replay", footage="~/photos", loop="true")
    player = next(action for action in found if isinstance(action, Node))
    words = [perform(launch, part) for part in player.cmd]
    assert str(tmp_path / "photos") in words and "~/photos" not in words
    assert "--loop" in words


@pytest.mark.ros
@pytest.mark.parametrize("switch", ["loop", "clock"])
def test_a_switch_that_is_neither_true_nor_false_is_refused(describe, switch):
    with pytest.raises(Exception, match=f'"{switch}" provided value "True" is not valid'):
        describe("replay", bag="/", **{switch: "True"})


def told(launch, node, word):
    """What follows each `word` on the command line of an action, such as the remappings after -r."""
    words = [perform(launch, part) for part in node.cmd]
    return [after for before, after in pairwise(words) if before == word]


def perform(launch, part):
    from launch.utilities import perform_substitutions

    return perform_substitutions(launch.LaunchContext(), part)


def remapped(launch, node):
    """{from: to} of a node."""
    return {perform(launch, a): perform(launch, b) for a, b in node._Node__remappings}


@pytest.mark.ros
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"cameras": "front:2", "image": "/cam"}, {"front/image": "/cam", "front/camera_info": "/camera_info"}),
        (
            {"cameras": "a, b", "image": "/{camera}/raw"},
            {
                "a/image": "/a/raw",
                "b/image": "/b/raw",
                "a/camera_info": "/a/camera_info",
                "b/camera_info": "/b/camera_info",
            },
        ),
        (
            {"cameras": "a, b", "camera_info": "/{camera}/info"},
            {"a/camera_info": "/a/info", "b/camera_info": "/b/info"},
        ),
        ({"cameras": "a, b"}, {}),
        ({}, {"image": "image", "camera_info": "camera_info"}),
        ({"image": "/cam/image_raw"}, {"image": "/cam/image_raw", "camera_info": "/cam/camera_info"}),
        ({"image": "raw", "camera_info": "/info"}, {"image": "raw", "camera_info": "/info"}),
    ],
)
def test_one_camera_may_have_any_topic_and_several_one_each(launch, describe, given, expected):
    assert remapped(launch, describe("detector", **given)[-1]) == expected


@pytest.mark.ros
def test_parameters_go_to_the_node_by_their_names(launch, describe):
    from launch_ros.utilities import evaluate_parameters

    quality = "qos_overrides./unexpected/detector/mask.publisher.reliability"
    given = {"model.path": "nano", "detect.threshold": "0.9", "save.per_minute": "3", "detect.typo": "on"}
    given |= {quality: "best_effort"}
    node = describe("detector", device="cpu", **given, **{"pose.rate": "5", "detect": "1"})[-1]
    context = launch.LaunchContext()
    context.launch_configurations.update(given)
    _, parameters = evaluate_parameters(context, node._Node__parameters)
    # the node itself warns of what it does not know
    expected = {"model.path": "nano", "detect.threshold": 0.9, "save.per_minute": 3, "detect.typo": True}
    of_file = {"input.transport": "raw"}
    assert parameters == expected | of_file | {"model.device": "cpu", quality: "best_effort"}


@pytest.mark.ros
@pytest.mark.parametrize("name", ["/**", "car/detector", "/car/detector", "/*/detector", "car: {detector"])
@pytest.mark.parametrize("cameras", ["[front, rear]", "'front:2, rear'"])
def test_rviz_follows_what_the_file_of_parameters_says(launch, describe, rviz_installed, tmp_path, name, cameras):
    from launch_ros.utilities import evaluate_parameters

    end = "}" * name.count("{")
    text = f"{name}: {{ros__parameters: {{cameras: {cameras}, use_sim_time: true}}}}{end}"
    (tmp_path / "my.yaml").write_text(f"{text}\n/other/detector: {{ros__parameters: {{cameras: [left]}}}}\n")
    given = {"rviz": "true", "namespace": "car", "params_file": str(tmp_path / "my.yaml")}
    *_, shown = describe("detector", **given)
    assert remapped(launch, shown)["/unexpected/detector/overlay"] == "/car/detector/front/overlay"
    assert evaluate_parameters(launch.LaunchContext(), shown._Node__parameters) == ({"use_sim_time": True},)
    *_, shown = describe("detector", **given, cameras="top", use_sim_time="false")
    assert remapped(launch, shown)["/unexpected/detector/overlay"] == "/car/detector/top/overlay"
    assert evaluate_parameters(launch.LaunchContext(), shown._Node__parameters) == ({"use_sim_time": False},)


@pytest.mark.ros
@pytest.mark.parametrize(("cameras", "place"), [("", ""), ("rear:2, front", "/rear")])
def test_rviz_shows_the_node_or_its_first_camera(launch, describe, rviz_installed, cameras, place):
    *_, shown = describe("detector", rviz="true", namespace="car", cameras=cameras)
    assert remapped(launch, shown)["/unexpected/detector/overlay"] == f"/car/detector{place}/overlay"


@pytest.mark.ros
def test_footage_begins_where_it_is_told_to_and_is_of_the_topic_that_is_chosen(launch, describe):
    player = describe("replay", footage="/", start_offset="2.5", topic="/front")[-1]
    assert (told(launch, player, "--start"), told(launch, player, "--topic")) == (["2.5"], ["/front"])
    assert not told(launch, describe("replay", footage="/")[-1], "--topic")


@pytest.mark.ros
def test_footage_goes_where_the_detector_looks_for_it(launch, describe):
    player = describe("replay", footage="/", image="/car/image_raw")[-1]
    assert remapped(launch, player) == {"image": "/car/image_raw", "camera_info": "/car/camera_info"}


@pytest.mark.ros
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"use_sim_time": "true"}),
        ({"use_sim_time": "false"}, {}),
        ({"clock": "false"}, {}),  # as in params_file
        ({"clock": "false", "use_sim_time": "true"}, {}),  # the clock of others
    ],
)
def test_the_bag_gives_the_time_unless_told_otherwise(launch, describe, played, given, expected):
    found = describe("replay", bag="/", **given)
    included = next(action for action in found if isinstance(action, launch.actions.IncludeLaunchDescription))
    assert dict(included.launch_arguments) == expected


@pytest.mark.ros
def test_the_bag_is_played_once_the_detector_listens(started, played, driver):
    """And both end well with it."""
    from lifecycle_msgs.msg import Transition
    from lifecycle_msgs.srv import ChangeState

    service = started("replay", bag="/", model="random", namespace="waiting", autostart="false")

    async def run():
        running = asyncio.ensure_future(service.run_async())
        for transition in (Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE):
            while not (driver.node.count_services("/waiting/detector/change_state") or running.done()):
                await asyncio.sleep(0.1)
            assert not (played.exists() or running.done())
            await asyncio.to_thread(
                driver.call, ChangeState, "/waiting/detector/change_state", transition=Transition(id=transition)
            )
        return await running

    assert asyncio.run(asyncio.wait_for(run(), 240)) == 0
    assert played.read_text().startswith("bag play / ")


@pytest.mark.ros
def test_a_bag_is_not_played_to_nobody(launch, module, played, said):
    """A detector that never listens costs the bag nothing, and shows in the exit code."""
    late = module("replay").when_it_listens
    service, given = launch.LaunchService(noninteractive=True), [["ros2"], "detector", "/nobody", 0.0]
    service.include_launch_description(
        launch.LaunchDescription([launch.actions.OpaqueFunction(function=late, args=given)])
    )
    assert asyncio.run(service.run_async()) == 1
    assert "/nobody/detector takes no images after 300 s, so the bag was not played" in said()[0]
    assert not played.exists()


@pytest.mark.ros
def test_when_the_player_ends_the_launch_ends(started, tmp_path):
    """A folder without pictures: replay fails at once, and the detector must not outlive it."""
    service = started("replay", model="random", namespace="short", footage=str(tmp_path))
    assert asyncio.run(asyncio.wait_for(service.run_async(), 120)) == 1
    left = subprocess.run(["pgrep", "-f", "__ns:=/short"], capture_output=True, text=True).stdout
    assert not left


@pytest.mark.ros
@pytest.mark.parametrize("prefix", ["", "/usr/bin/env", "env -u NOTHING"])  # such as a Python, or gdb -ex run --args
@pytest.mark.parametrize(
    ("program", "argument", "respawn", "goes_on"),
    [
        ("lib/unexpected_ros/detector", "", "true", True),
        ("lib/unexpected_ros/detector", "", "false", False),
        ("lib/rviz2/rviz2", "", "false", True),
        ("lib/unexpected_ros/replay", "/photos/rviz2/detector", "true", False),
    ],
)
def test_whose_end_ends_the_launch_does_not_go_by_what_is_put_before_it(
    launch, module, tmp_path, prefix, program, argument, respawn, goes_on
):
    """Of a detector that is respawned, and of RViz, an end is none, also where a Python is named for the nodes."""
    over = module("replay").over
    (tmp_path / program).parent.mkdir(parents=True)
    (tmp_path / program).symlink_to("/bin/true")
    came, actions = [], launch.actions
    ended = launch.event_handlers.OnProcessExit(on_exit=lambda *of_event: came.append(over(*of_event)))
    service = launch.LaunchService(noninteractive=True)
    service.include_launch_description(
        launch.LaunchDescription(
            [
                actions.SetLaunchConfiguration("respawn", respawn),
                actions.RegisterEventHandler(ended),
                actions.ExecuteProcess(cmd=[str(tmp_path / program), argument], prefix=prefix or None),
            ]
        )
    )
    assert asyncio.run(service.run_async()) == 0
    assert [action is None for action in came] == [goes_on]


@pytest.mark.ros
def test_the_launched_node_is_the_described_one(started, driver):
    from std_srvs.srv import Trigger

    quality = {"qos_overrides./launched/detector/mask.publisher.reliability": "best_effort"}
    service = started(
        "detector", model="random", namespace="launched", image="/front/image_raw", log_level="warn", **quality
    )

    async def run():
        running = asyncio.ensure_future(service.run_async())
        while not (driver.node.count_subscribers("/front/image_raw") or running.done()):
            await asyncio.sleep(0.1)
        answer = await asyncio.to_thread(driver.call, Trigger, "/launched/detector/save_sample")
        offered = driver.node.get_publishers_info_by_topic("/launched/detector/mask")
        await service.shutdown()
        return answer, offered, await running

    answer, offered, code = asyncio.run(asyncio.wait_for(run(), 240))
    assert answer.message == "no frame was processed yet; nothing to save"
    assert [info.qos_profile.reliability.name for info in offered] == ["BEST_EFFORT"]
    assert code == 0
