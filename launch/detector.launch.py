"""The detector node, and RViz if wanted: ros2 launch unexpected_ros detector.launch.py image:=/camera/image_raw."""

import os
import re
import shutil
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

import yaml
from ament_index_python.packages import PackageNotFoundError, get_package_prefix, get_package_share_directory
from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch.logging import get_logger
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

CONFIG = Path(get_package_share_directory("unexpected_ros")) / "config"

# name: (default, description, choices)
ARGUMENTS = {
    "image": ("image", "image topic; with transport:=compressed still the name without /compressed", None),
    "camera_info": ("", "calibration topic, for bearings and distances; empty = camera_info beside the images", None),
    "cameras": (
        "",
        "names of several cameras; {camera} in image and camera_info stands for each, as in image:=/{camera}/image_raw",
        None,
    ),
    "transport": ("", "raw or compressed; empty = as in params_file", ["", "raw", "compressed"]),
    "model": ("", "name, folder or file of the detector; empty = as in params_file", None),
    "device": ("", "auto, cpu, cuda or cuda:N; empty = as in params_file", None),
    "params_file": (str(CONFIG / "detector.param.yaml"), "YAML file of parameters", None),
    "namespace": ("unexpected", "namespace of the node", None),
    "node_name": ("detector", "name of the node", None),
    "use_sim_time": (
        "",
        "true: take the time from /clock, as when playing a bag; empty = as in params_file",
        ["", "true", "false"],
    ),
    "autostart": ("", "false: wait for lifecycle commands; empty = as in params_file", ["", "true", "false"]),
    "rviz": ("false", "show overlay, mask and segmentation in RViz", ["true", "false"]),
    "dds_profile": (
        "none",
        "large_images gives Fast DDS room in shared memory for images of megabytes",
        ["none", "large_images"],
    ),
    "log_level": ("info", "least severity that is written", ["debug", "info", "warn", "error", "fatal"]),
    "respawn": ("false", "start the node again when it ends", ["true", "false"]),
    "python_prefix": (
        "",
        "Python that runs the node, such as the one of a venv with torch; empty = the first on PATH",
        None,
    ),
}
# launch argument -> parameter that it overrides when it is not empty
OVERRIDES = {
    "cameras": "cameras",
    "transport": "input.transport",
    "model": "model.path",
    "device": "model.device",
    "autostart": "autostart",
    "use_sim_time": "use_sim_time",
}
PROFILE_VARIABLE = (
    "FASTRTPS_DEFAULT_PROFILES_FILE" if os.environ.get("ROS_DISTRO") == "jazzy" else "FASTDDS_DEFAULT_PROFILES_FILE"
)
SHOWN = ("overlay", "mask", "labels_color", "resynthesis", "score")


def generate_launch_description() -> LaunchDescription:
    """Read by ros2 launch."""
    return LaunchDescription(
        [
            *(
                DeclareLaunchArgument(name, default_value=default, description=description, choices=choices)
                for name, (default, description, choices) in ARGUMENTS.items()
            ),
            OpaqueFunction(function=actions),
        ]
    )


def actions(context: LaunchContext) -> list:
    """What to start, with the arguments known."""
    given = values(context)
    check(given)
    warn_of_unknown(context, __file__, ARGUMENTS)
    switches = ("true", "false")
    parameters = others(context) | {
        parameter: given[name] == "true" if given[name] in switches else given[name]
        for name, parameter in OVERRIDES.items()
        if given[name]
    }
    node = Node(
        package="unexpected_ros",
        executable="detector",
        namespace=given["namespace"],
        name=given["node_name"],
        parameters=[given["params_file"], parameters],
        remappings=remappings(given),
        prefix=given["python_prefix"] or None,
        ros_arguments=["--log-level", given["log_level"]],
        respawn=given["respawn"] == "true",
        respawn_delay=2.0,
        output="screen",
        emulate_tty=True,
    )
    profile = SetEnvironmentVariable(PROFILE_VARIABLE, str(CONFIG / "fastdds_large_images.xml"))
    return (
        ([profile] if given["dds_profile"] == "large_images" else [])
        + [node]
        + ([rviz(given)] if given["rviz"] == "true" else [])
    )


def values(context: LaunchContext) -> dict[str, str]:
    """The arguments: as given, else by the name of the parameter that they override, else as in params_file."""
    given = {name: LaunchConfiguration(name, default=row[0]).perform(context) for name, row in ARGUMENTS.items()}
    # shells leave the ~ of name:=~/folder to us
    given |= {name: str(Path(given[name]).expanduser()) for name in ("params_file", "python_prefix") if given[name]}
    named = {name: LaunchConfiguration(of, default="").perform(context) for name, of in OVERRIDES.items()}
    given |= {name: given[name] or named[name] or value for name, value in in_file(given).items()}
    given["camera_info"] = given["camera_info"] or beside(given["image"], "camera_info")
    return given


def in_file(given: dict[str, str]) -> dict[str, str]:
    """What params_file says of the node and others must know, too: whether time is simulated, which images come."""
    try:
        about = yaml.safe_load(Path(given["params_file"]).read_text())
    except (OSError, ValueError, yaml.YAMLError):  # which `check` or the node explains
        return {}
    node = re.sub("/+", "/", f"/{given['namespace']}/{given['node_name']}")
    found = {}
    for place, parameters in sections(about):
        pattern = re.escape(place).replace(r"/\*\*", r"(/\w+)*").replace(r"\*", r"\w+")
        found |= dict(flat(parameters)) if re.fullmatch(pattern, node) else {}
    names, simulated = found.get("cameras") or "", found.get("use_sim_time")
    return {
        "cameras": ", ".join(map(str, names)) if isinstance(names, list) else str(names),
        "transport": str(found.get("input.transport", "")),
        "use_sim_time": str(simulated).lower() if isinstance(simulated, bool) else "",
    }


def sections(about: object, place: str = "") -> Iterator[tuple[str, dict]]:
    """Names of nodes in a file of parameters, such as /** or /unexpected/detector, and what it says of each."""
    for name, inside in about.items() if isinstance(about, dict) else ():
        if name == "ros__parameters":
            yield place, inside if isinstance(inside, dict) else {}
        else:
            yield from sections(inside, f"{place}/{str(name).strip('/')}")


def flat(parameters: dict, place: str = "") -> Iterator[tuple[str, object]]:
    """Full names and values of parameters, such as input.transport, which may stand in groups."""
    for name, value in parameters.items():
        yield from flat(value, f"{place}{name}.") if isinstance(value, dict) else [(f"{place}{name}", value)]


def others(context: LaunchContext) -> dict[str, LaunchConfiguration]:
    """Parameters of the node that were given by their own names, such as detect.threshold:=0.9 (read as YAML)."""
    groups = yaml.safe_load((CONFIG / "detector.param.yaml").read_text())["/**"]["ros__parameters"].keys()
    return {
        name: LaunchConfiguration(name)
        for name in context.launch_configurations
        if "." in name and name.split(".")[0] in {*groups, "qos_overrides"}
    }


def warn_of_unknown(context: LaunchContext, file: str, arguments: Collection[str]) -> None:
    """Say which arguments of this command change nothing, where it names `file`: what includes it has its own."""
    if Path(file).name not in (Path(word).name for word in sys.argv):
        return
    known = {*arguments, *others(context), "launch-prefix", "launch-prefix-filter"}
    for name in (word.partition(":=")[0] for word in sys.argv if ":=" in word):
        if name not in known:
            get_logger("launch").warning(f"{name}:= is neither an argument nor a parameter, and changes nothing")


def beside(topic: str, name: str) -> str:
    """The topic of that name in a topic's namespace, where image_transport looks for calibrations, too."""
    return topic[: topic.rfind("/") + 1] + name


def remappings(given: dict[str, str]) -> list[tuple[str, str]]:
    """The node's input topics -> those that are given; of several cameras where {camera} says what is whose."""
    names, topics = cameras(given), ("image", "camera_info")
    if not names:
        return [(topic, given[topic]) for topic in topics]
    return [
        (f"{name}/{topic}", given[topic].replace("{camera}", name))
        for name in names
        for topic in topics
        if given[topic] != topic
    ]


def cameras(given: dict[str, str]) -> list[str]:
    """Their names, without the weights."""
    return [word.partition(":")[0] for word in given["cameras"].replace(",", " ").split()]


def check(given: dict[str, str]) -> None:
    """Look before anything is started: launch leaves running what it has started when something else fails."""
    if not Path(given["params_file"]).is_file():
        raise RuntimeError(f"params_file:={given['params_file']} does not exist; give the path of a YAML file")
    if given["python_prefix"] and not shutil.which(given["python_prefix"].split()[0]):
        raise RuntimeError(f"python_prefix:={given['python_prefix']} is no program; give the path of a Python")
    for topic in ("image", "camera_info"):
        for_each = "{camera}" in given[topic]
        if for_each and not given["cameras"]:
            raise RuntimeError(f"{topic}:={given[topic]} is for several cameras; name them: cameras:=front,rear")
        if len(cameras(given)) > 1 and not for_each and given[topic] != topic:
            raise RuntimeError(
                f"{topic}:={given[topic]} is one topic for several cameras; put {{camera}} where they differ"
            )
    if given["rviz"] == "true":
        try:
            get_package_prefix("rviz2")
        except PackageNotFoundError:
            raise RuntimeError("rviz:=true needs the package rviz2; install it, or leave rviz out") from None


def rviz(given: dict[str, str]) -> Node:
    """RViz on the node's outputs (of its first camera); the file names the default topics, remapped here to them."""
    place = "/".join(["", *given["namespace"].strip("/").split("/"), given["node_name"], *cameras(given)[:1]])
    place = place.replace("//", "/")
    return Node(
        package="rviz2",
        executable="rviz2",
        arguments=["-d", str(CONFIG / "detector.rviz")],
        remappings=[(f"/unexpected/detector/{name}", f"{place}/{name}") for name in SHOWN],
        parameters=[{"use_sim_time": given["use_sim_time"] == "true"}],
    )
