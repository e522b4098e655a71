"""The detector on recorded material, such as bag:=drive.mcap image:=/camera/image_raw, or footage:=photographs/.

Takes the arguments of detector.launch.py too.
"""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, ExecuteProcess, IncludeLaunchDescription, OpaqueFunction
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

SHARE = Path(get_package_share_directory("unexpected_ros"))
CONFIG = SHARE / "config"
PATIENCE_S = "300"  # for a large model on a busy machine

ARGUMENTS = {
    "bag": ("", "rosbag2 to play with its own topics and time (ros2 bag play)"),
    "footage": ("", "folder of photographs, video or rosbag2 to publish on the image topic, stamped now"),
    "rate": ("", "bag: factor on its speed; footage: frames per second"),
    "loop": ("false", "bag: begin anew at its end"),
    "start_offset": ("0.0", "bag: seconds to skip at its beginning"),
    "clock": ("true", "bag: publish /clock, and let the node use it"),
}


def generate_launch_description() -> LaunchDescription:
    """Read by ros2 launch."""
    return LaunchDescription(
        [
            *(
                DeclareLaunchArgument(name, default_value=default, description=description)
                for name, (default, description) in ARGUMENTS.items()
            ),
            OpaqueFunction(function=detector),
            OpaqueFunction(function=player),
        ]
    )


def detector(context: LaunchContext) -> list:
    """The node, with the bag's time if it plays one. Its other arguments are those given to this file."""
    given = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    if bool(given["bag"]) == bool(given["footage"]):
        raise RuntimeError("replay.launch.py plays one thing: give either bag:=PATH or footage:=PATH")
    simulated = bool(given["bag"]) and given["clock"] == "true"
    return [
        IncludeLaunchDescription(
            PythonLaunchDescriptionSource(str(SHARE / "launch" / "detector.launch.py")),
            launch_arguments={"use_sim_time": str(simulated).lower()}.items(),
        )
    ]


def player(context: LaunchContext) -> list:
    """Who publishes; in the environment of detector.launch.py, so that dds_profile serves the larger images too."""
    given = {
        name: LaunchConfiguration(name).perform(context)
        for name in (*ARGUMENTS, "image", "camera_info", "namespace", "python_prefix")
    }
    # shells leave the ~ of name:=~/folder to us
    given |= {name: str(Path(given[name]).expanduser()) for name in ("bag", "footage", "python_prefix") if given[name]}
    if given["footage"]:
        rate = ["--rate", given["rate"]] if given["rate"] else []
        return [
            Node(
                package="unexpected_ros",
                executable="replay",
                namespace=given["namespace"],
                output="screen",
                prefix=given["python_prefix"] or None,
                arguments=[given["footage"], "--wait-for", "1", "--timeout", PATIENCE_S, *rate],
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
    command += ["--loop"] if given["loop"] == "true" else []
    return [ExecuteProcess(cmd=command, output="screen")]
