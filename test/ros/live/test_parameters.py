"""One definition of every parameter: what is declared, the parameter file and the documentation agree with it."""

import json
import math

import numpy as np
import pytest
import yaml

pytestmark = pytest.mark.ros
rclpy = pytest.importorskip("rclpy")
from rclpy.parameter import Parameter  # noqa: E402

from unexpected_core.config import Setting, SettingsError, build  # noqa: E402
from unexpected_core.images import write_image  # noqa: E402
from unexpected_core.labels import CITYSCAPES  # noqa: E402
from unexpected_ros.live.parameters import (  # noqa: E402
    BEGIN,
    END,
    PAGES,
    SETTINGS,
    THRESHOLD,
    NodeSettings,
    changed,
    describe,
    documentation,
    flatten,
    is_live,
    nest,
    parameter_file,
)

STALE = "is not what the settings say; run `python -m unexpected_ros.live.parameters`"


def test_the_parameter_file_is_up_to_date(repository):
    text = (repository / "config" / "detector.param.yaml").read_text()
    assert text == parameter_file(), f"config/detector.param.yaml {STALE}"
    values = yaml.safe_load(text)["/**"]["ros__parameters"]
    assert flatten(NodeSettings.model_validate(values)) == flatten(NodeSettings())
    assert "threshold" not in values["detect"]  # naming it would override the one on the weights' card


@pytest.mark.parametrize("name", PAGES)
def test_the_documentation_is_up_to_date(repository, name):
    assert BEGIN + documentation() + END in (repository / name).read_text(), f"{name} {STALE}"


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
def test_every_parameter_is_described_as_tools_need_it(setting):
    descriptor = describe(setting)
    assert descriptor.description
    assert descriptor.read_only != is_live(setting.name)
    if setting.type in (int, float):
        range_ = (descriptor.integer_range or descriptor.floating_point_range)[0]
        assert range_.from_value <= setting.default <= range_.to_value


def test_an_own_car_for_each_camera_is_looked_for_when_it_is_set(tmp_path):
    """Else every frame is lost to it."""
    write_image(tmp_path / "front.png", np.zeros((2, 2), np.uint8))
    mask = [Parameter("detect.ego_mask", value=str(tmp_path / "{camera}.png"))]
    with pytest.raises(
        SettingsError, match=r"^Value error, detect\.ego_mask is '.*there are none; write the whole path"
    ):
        changed(NodeSettings(), mask)
    with pytest.raises(SettingsError, match=r"^Value error, cannot read the ego mask: .*rear\.png"):
        changed(NodeSettings(cameras="front, rear"), mask)
    detect = changed(NodeSettings(cameras="front:2"), mask).detect
    assert detect.of("front").ego_mask == str(tmp_path / "front.png") and detect.core.ego_mask == ""


def test_a_batch_is_applied_whole_or_not_at_all():
    settings = NodeSettings()
    later = changed(
        settings,
        [Parameter(THRESHOLD, value=0.7), Parameter("camera.height", value=1.5), Parameter("use_sim_time", value=True)],
    )
    assert (later.detect.threshold, later.camera.height) == (0.7, 1.5)
    assert later.detect.hysteresis == settings.detect.hysteresis
    assert settings.detect.threshold == 0.5
    with pytest.raises(SettingsError, match=r"'detect\.threshold' = 1\.2: Input should be less than or equal to 1"):
        changed(settings, [Parameter("camera.height", value=1.5), Parameter(THRESHOLD, value=1.2)])


def test_dotted_names_nest_and_flatten():
    assert nest([("a.b", 1), ("a.c", 2), ("d", 3)]) == {"a": {"b": 1, "c": 2}, "d": 3}
    assert set(flatten(NodeSettings())) == set(SETTINGS)


def test_the_label_file_names_the_classes(repository):
    labels = yaml.safe_load((repository / "config" / "labels_cityscapes.yaml").read_text())["labels"]
    found = [(label["id"], label["name"], tuple(label["color"])) for label in labels]
    assert found == [(c.train_id, c.name, c.colour) for c in CITYSCAPES]


def test_the_views_show_topics_that_exist(repository):
    from unexpected_ros.live.outputs import OUTPUTS

    topics = {f"/unexpected/detector/{name}" for name in OUTPUTS}
    rviz = yaml.safe_load((repository / "config" / "detector.rviz").read_text())
    shown = {display["Topic"]["Value"] for display in rviz["Visualization Manager"]["Displays"]}
    assert {f"/unexpected/detector/{name}" for name in ("overlay", "mask", "labels_color")} <= shown <= topics
    panels = json.loads((repository / "config" / "foxglove_layout.json").read_text())["configById"]
    images = {panel["imageMode"]["imageTopic"] for panel in panels.values() if "imageMode" in panel}
    assert images and images <= topics


@pytest.fixture
def node(driver):
    """In the context that the session's driver opened."""
    node = rclpy.create_node("any")
    yield node
    node.destroy_node()


@pytest.mark.parametrize(
    ("kind", "bounds", "ends"),
    [
        (float, (0.0, None), (0.0, math.inf)),
        (float, (None, 1.0), (-math.inf, 1.0)),
        (int, (1, None), (1, 2**63 - 1)),
        (int, (None, 5), (-(2**63), 5)),
    ],
)
def test_a_range_may_be_open(kind, bounds, ends, node):
    """And ROS takes and keeps it: a value inside can be set, one outside is refused."""
    descriptor = describe(Setting("camera.any", kind, kind(1), *bounds, "open"))
    range_ = (descriptor.integer_range or descriptor.floating_point_range)[0]
    assert (range_.from_value, range_.to_value) == ends
    node.declare_parameter("camera.any", kind(1), descriptor)
    assert node.set_parameters([Parameter("camera.any", value=kind(2 if bounds[1] is None else -2))])[0].successful
    outside = kind(-2 if bounds[1] is None else 7)
    assert not node.set_parameters([Parameter("camera.any", value=outside)])[0].successful


def test_an_open_range_is_written_as_one(monkeypatch):
    monkeypatch.setitem(SETTINGS, "camera.any", Setting("camera.any", float, 1.0, 0.0, None, "open"))
    assert "| `camera.any` | float | `1.0` | 0 .. | yes | open |" in documentation()


def test_the_example_for_planners_is_understood(repository):
    example = yaml.safe_load((repository / "examples" / "planner.param.yaml").read_text())["/**"]["ros__parameters"]
    settings = build(NodeSettings, example)
    assert settings.ground.farthest and settings.detect.road_only and settings.camera.height


def test_the_costmap_example_takes_a_topic_that_exists(repository):
    from unexpected_ros.live.outputs import OUTPUTS

    example = yaml.safe_load((repository / "examples" / "nav2_costmap.yaml").read_text())
    layer = example["local_costmap"]["local_costmap"]["ros__parameters"]["unexpected_layer"]
    assert layer["voxel_decay"] > 0, "nothing else takes away what is marked"
    source = layer[layer["observation_sources"]]
    name = source["topic"].removeprefix("/unexpected/detector/")
    assert OUTPUTS[name].type == f"sensor_msgs/msg/{source['data_type']}"
