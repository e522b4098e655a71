"""What a running node offers is what its tables, parameter file, views, launch files and policy say, all of them."""

import ast
import importlib.util
import json
import re
from xml.etree import ElementTree

import pytest
import yaml

pytestmark = pytest.mark.ros
pytest.importorskip("rclpy")
from rcl_interfaces.srv import DescribeParameters, ListParameters  # noqa: E402

PLACE, NAME = "/unexpected", "detector"
NODE = f"{PLACE}/{NAME}"
OF_RCLPY = {"use_sim_time", "start_type_description_service"}


@pytest.fixture(scope="module")
def node(start_node, driver, tmp_path_factory):
    node = start_node(tmp_path_factory.mktemp("agree"), "-r", f"__ns:={PLACE}", "-p", "model.path:=random")
    node.wait_for("listening to")
    driver.until(lambda: f"{NODE}/stats" in dict(driver.node.get_topic_names_and_types()), "the outputs")
    driver.until(lambda: (NAME, PLACE) in driver.node.get_node_names_and_namespaces(), "the node in the graph")
    return node


@pytest.fixture
def topics(node, driver):
    """Topic -> type of what the node publishes."""
    return {topic: kinds[0] for topic, kinds in driver.node.get_publisher_names_and_types_by_node(NAME, PLACE)}


@pytest.fixture
def services(node, driver):
    return {name: kinds[0] for name, kinds in driver.node.get_service_names_and_types_by_node(NAME, PLACE)}


def short(kind):
    return kind.replace("/msg/", "/")


def table(page, column):
    """{name: cell} of the Markdown table whose first column is `column`; a row may name several."""
    lines = page.splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith(f"| {column}"))
    rows = {}
    for line in lines[at + 2 :]:
        if not line.startswith("|"):
            break
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        names = re.findall(r"`([^`]+)`", cells[0])
        rows |= dict.fromkeys(names, cells[1])
    return rows


@pytest.mark.parametrize(("page", "column"), [("README.md", "output (below"), ("docs/ros.md", "topic (below")])
def test_the_tables_of_outputs(repository, topics, page, column):
    said = table((repository / page).read_text(), column)
    ours = {topic: kind for topic, kind in topics.items() if topic.startswith(f"{NODE}/") and "transition" not in topic}
    if not importlib.util.find_spec("vision_msgs"):  # what needs it is not offered then
        said = {name: cell for name, cell in said.items() if "vision_msgs" not in cell}
    ours["/diagnostics"] = topics["/diagnostics"]
    assert {name.removeprefix(f"{NODE}/") for name in ours} == said.keys()
    for name, cell in said.items():
        kind = short(ours.get(f"{NODE}/{name}") or ours[name])
        assert cell.split(" ")[0] in (kind, kind.partition("/")[2]), name


def test_the_table_of_services(repository, services):
    from unexpected_ros.live.policy import SERVICES

    said = {name.removeprefix("~/") for name in table((repository / "docs" / "ros.md").read_text(), "service")}
    assert {f"{NODE}/{name}" for name in said if name != "..."} <= services.keys()
    assert set(SERVICES) <= said
    # none of them takes a string, so none can be made to read or write another file
    assert {services[f"{NODE}/{name}"] for name in SERVICES} == {"std_srvs/srv/SetBool", "std_srvs/srv/Trigger"}


def test_parameters_are_the_files_and_the_fields(repository, node, driver):
    from unexpected_ros.live.parameters import SETTINGS, nest

    listed = driver.call(ListParameters, f"{NODE}/list_parameters").result.names
    ours = [name for name in listed if name not in OF_RCLPY]
    assert set(ours) == set(SETTINGS)
    described = driver.call(DescribeParameters, f"{NODE}/describe_parameters", names=ours).descriptors
    assert {d.name: d.description for d in described} == {name: s.description for name, s in SETTINGS.items()}
    file = yaml.safe_load((repository / "config" / "detector.param.yaml").read_text())["/**"]["ros__parameters"]
    expected = nest((name, s.default) for name, s in SETTINGS.items())
    del expected["detect"]["threshold"]  # when not given, the one on the weights' card
    assert file == expected


def test_the_views_show_what_the_node_publishes(repository, topics):
    from unexpected_ros.msg import FrameStats

    displays = yaml.safe_load((repository / "config" / "detector.rviz").read_text())["Visualization Manager"][
        "Displays"
    ]
    panels = json.loads((repository / "config" / "foxglove_layout.json").read_text())["configById"]
    shown = {d["Topic"]["Value"] for d in displays if d["Class"].endswith("/Image")}
    shown |= {panel["imageMode"]["imageTopic"] for panel in panels.values() if "imageMode" in panel}
    assert {topics.get(topic) for topic in shown} == {"sensor_msgs/msg/Image"}
    plotted = {path["value"] for panel in panels.values() for path in panel.get("paths", [])}
    assert plotted
    for path in plotted:
        topic, field = path.split(".", 1)
        assert topics[topic] == "unexpected_ros/msg/FrameStats" and field in FrameStats.get_fields_and_field_types()
    assert {panel["topicToRender"] for panel in panels.values() if "topicToRender" in panel} <= topics.keys()


def test_launch_arguments_override_with_what_the_parameters_take(repository):
    from typing import get_args

    from unexpected_ros.live.parameters import SETTINGS

    tree = ast.parse((repository / "launch" / "detector.launch.py").read_text())
    tables = {n.targets[0].id: n.value for n in tree.body if isinstance(n, ast.Assign)}
    overrides = ast.literal_eval(tables["OVERRIDES"])
    choices = {
        key.value: ast.literal_eval(row.elts[2])
        for key, row in zip(tables["ARGUMENTS"].keys, tables["ARGUMENTS"].values, strict=True)
    }
    for argument, parameter in overrides.items():
        if parameter in SETTINGS and get_args(SETTINGS[parameter].type):
            assert set(choices[argument]) == {"", *get_args(SETTINGS[parameter].type)}, argument


def test_the_policy_allows_what_the_node_does_and_no_more(repository, topics, services, driver):
    from unexpected_ros.live.policy import OF_VISION, policy

    text = (repository / "config" / "sros2_policy.xml").read_text()
    assert text == policy(), "newer outputs or services? python -m unexpected_ros.live.policy"
    profile = ElementTree.fromstring(text).find("enclaves/enclave/profiles/profile")
    assert (profile.get("ns"), profile.get("node")) == (PLACE, NAME)

    def allowed(verb):
        words = [e.text for group in profile if group.get(verb) == "ALLOW" for e in group]
        return {w.replace("~", NODE) if w[0] == "~" else w if w[0] == "/" else f"{PLACE}/{w}" for w in words}

    subscribed = {name for name, _ in driver.node.get_subscriber_names_and_types_by_node(NAME, PLACE)}
    absent = {f"{NODE}/{name}" for name in OF_VISION} if not importlib.util.find_spec("vision_msgs") else set()
    assert allowed("publish") - absent == topics.keys()
    assert allowed("reply") == services.keys()
    assert subscribed <= allowed("subscribe")
