"""The detector on recorded material, such as bag:=drive.mcap image:=/camera/image_raw, or footage:=photographs/.

Takes the arguments of detector.launch.py too.
"""

import shutil
import time
from pathlib import Path

from ament_index_python.packages import PackageNotFoundError, get_package_prefix, get_package_share_directory
from launch import LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    ExecuteProcess,
    IncludeLaunchDescription,
    OpaqueFunction,
    RegisterEventHandler,
    Shutdown,
    TimerAction,
)
from launch.event_handlers import OnProcessExit
from launch.events.process import ProcessExited
from launch.launch_description_sources import PythonLaunchDescriptionSource, load_python_launch_file_as_module
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.ros_adapters import get_ros_node
from launch_ros.utilities import make_namespace_absolute, prefix_namespace
from rclpy.node import NodeNameNonExistentError

SHARE = Path(get_package_share_directory("unexpected_ros"))
CONFIG = SHARE / "config"
DETECTOR = str(SHARE / "launch" / "detector.launch.py")
NODE = load_python_launch_file_as_module(DETECTOR)
PATIENCE_S = 300  # for a large model on a busy machine
POLL_S = 0.5
DELAY_S = "2.0"  # the node looks once a second whether the images are published reliable or best effort
IMAGES = ("sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage")

ARGUMENTS = {
    "bag": ("", "rosbag2 to play with its own topics and time (ros2 bag play)"),
    "footage": ("", "folder of photographs, video or rosbag2 to publish on the image topic, stamped now"),
    "topic": ("", "footage: image topic of a bag that has several"),
    "rate": ("", "bag: factor on its speed; footage: frames per second"),
    "loop": ("false", "begin anew at its end"),
    "start_offset": ("0.0", "seconds to skip at its beginning"),
    "clock": ("true", "bag: publish /clock, and let the node use it"),
}
SWITCHES = ("loop", "clock")


def generate_launch_description() -> LaunchDescription:
    """Read by ros2 launch."""
    return LaunchDescription(
        [
            *(
                DeclareLaunchArgument(
                    name,
                    default_value=default,
                    description=description,
                    choices=["true", "false"] if name in SWITCHES else None,
                )
                for name, (default, description) in ARGUMENTS.items()
            ),
            OpaqueFunction(function=check),
            RegisterEventHandler(OnProcessExit(on_exit=over)),
            OpaqueFunction(function=detector),
            OpaqueFunction(function=player),
        ]
    )


def values(context: LaunchContext) -> dict[str, str]:
    """The arguments of this file as given, and the detector's as its node will see them."""
    given = {name: LaunchConfiguration(name, default=row[0]).perform(context) for name, row in ARGUMENTS.items()}
    # shells leave the ~ of name:=~/folder to us
    given |= {name: str(Path(given[name]).expanduser()) for name in ("bag", "footage") if given[name]}
    return NODE.values(context) | given


def check(context: LaunchContext) -> None:
    """Look before anything is started: launch leaves running what it has started when something else fails."""
    given = values(context)
    if bool(given["bag"]) == bool(given["footage"]):
        raise RuntimeError("replay.launch.py plays one thing: give either bag:=PATH or footage:=PATH")
    name = "bag" if given["bag"] else "footage"
    if not Path(given[name]).exists():
        raise RuntimeError(f"{name}:={given[name]} does not exist; give the path of what is to be played")
    if given["footage"] and given["transport"] == "compressed":
        raise RuntimeError("footage:= is published raw, and input.transport is compressed; give transport:=raw")
    if given["footage"] and given["cameras"]:
        raise RuntimeError(
            f"footage:= is published on one topic, and cameras is {given['cameras']}; "
            "leave it out, also of params_file, or play a bag:="
        )
    if given["bag"] and given["topic"]:
        raise RuntimeError("topic:= is for footage:=, a bag:= is played with all its topics; leave it out")
    if given["bag"]:
        try:
            get_package_prefix("ros2bag")
            found = shutil.which("ros2")
        except PackageNotFoundError:
            found = None
        if not found:
            raise RuntimeError("bag:= needs the command ros2 bag; install ros2bag, or play it with footage:=PATH")
    NODE.warn_of_unknown(context, __file__, {*ARGUMENTS, *NODE.ARGUMENTS})


def over(event: ProcessExited, context: LaunchContext) -> Shutdown | None:
    """When the player has ended, or the detector for good, nothing is left to do. Raises RuntimeError if it failed."""
    respawned = LaunchConfiguration("respawn", default="false").perform(context) == "true"
    lasting = ("/lib/rviz2/rviz2", "/lib/unexpected_ros/detector") if respawned else ("/lib/rviz2/rviz2",)
    # by the whole command: processes are named after the first word, which may be a prefix
    goes_on = any(word.endswith(lasting) for word in event.cmd)
    if goes_on or context.is_shutdown:
        return None
    if event.returncode:
        raise RuntimeError(f"{event.process_name} has failed with exit code {event.returncode}; it says why above")
    return Shutdown(reason=f"{event.process_name} has ended")


def detector(context: LaunchContext) -> list:
    """The node, with the bag's time if that is played and nothing else is said. It takes what is given here, too."""
    given = values(context)
    said = LaunchConfiguration("use_sim_time", default="").perform(context)  # params_file tells of the car's own time
    simulated = given["bag"] and given["clock"] == "true" and not said
    return [
        IncludeLaunchDescription(
            PythonLaunchDescriptionSource(DETECTOR),
            launch_arguments={"use_sim_time": "true"}.items() if simulated else [],
        )
    ]


def player(context: LaunchContext) -> list:
    """Who publishes; in the environment of detector.launch.py, so that dds_profile serves the larger images too."""
    given = values(context)
    if given["footage"]:
        options = ["--rate", given["rate"]] if given["rate"] else []
        options += ["--start", given["start_offset"]]
        options += ["--topic", given["topic"]] if given["topic"] else []
        options += ["--loop"] if given["loop"] == "true" else []
        return [
            Node(
                package="unexpected_ros",
                executable="replay",
                namespace=given["namespace"],
                output="screen",
                prefix=given["python_prefix"] or None,
                arguments=[given["footage"], "--wait-for", "1", "--timeout", str(PATIENCE_S), *options],
                remappings=[("image", given["image"]), ("camera_info", given["camera_info"])],
            )
        ]
    command = [
        "ros2",
        "bag",
        "play",
        given["bag"],
        "--rate",
        given["rate"] or "1.0",
        "--start-offset",
        given["start_offset"],
        "--qos-profile-overrides-path",
        str(CONFIG / "bag_qos.yaml"),
    ]
    command += ["--clock"] if given["clock"] == "true" else []
    # its publishers and the detector need a moment to find each other; in a loop it would pause before each
    command += ["--loop"] if given["loop"] == "true" else ["--delay", DELAY_S]
    namespace = make_namespace_absolute(
        prefix_namespace(context.launch_configurations.get("ros_namespace"), given["namespace"])
    )
    return later(command, given["node_name"], namespace, time.monotonic() + PATIENCE_S)


def later(*waiting: object) -> list:
    """Look in a moment whether the detector listens, as `when_it_listens` says."""
    return [TimerAction(period=POLL_S, actions=[OpaqueFunction(function=when_it_listens, args=waiting)])]


def when_it_listens(context: LaunchContext, command: list[str], name: str, namespace: str, give_up: float) -> list:
    """Run the command once the node has subscribed to images: what is played before then is lost."""
    try:
        topics = get_ros_node(context).get_subscriber_names_and_types_by_node(name, namespace)
    except NodeNameNonExistentError:
        topics = []
    if any(kind in IMAGES for _, kinds in topics for kind in kinds):
        return [ExecuteProcess(cmd=command, output="screen")]
    if time.monotonic() > give_up:
        raise RuntimeError(
            f"{namespace.rstrip('/')}/{name} takes no images after {PATIENCE_S} s, so the bag was not played; look for "
            "what it says above; with autostart:=false activate it before then"
        )
    return later(command, name, namespace, give_up)
