"""Outputs of one frame, made without ROS: their sizes, and that a smaller picture shows the same."""

from dataclasses import FrozenInstanceError, replace
from types import SimpleNamespace

import numpy as np
import pytest

from unexpected_core.labels import colorize
from unexpected_core.structs import Detection, Region
from unexpected_core.visualize import OUTLINE
from unexpected_ros.live.messages import Messages
from unexpected_ros.live.outputs import FIRST, OUTPUTS, SMALLEST_SHOWN, VISION, Result, messages_of, shown_size
from unexpected_ros.settings import NodeSettings

PICTURES = ("overlay", "overlay/compressed", "labels_color", "resynthesis")


@pytest.fixture
def result():
    """A frame [60, 100] with one region at rows 20..39, columns 40..79."""
    mask = np.zeros((60, 100), bool)
    mask[20:40, 40:80] = True
    region = Region(40, 20, 40, 20, 59.5, 29.5, area=800, score=0.9, max_score=1.0, road_fraction=0.5, label=3)
    labels = np.where(mask, 3, 0).astype(np.uint8)
    painted = np.full((60, 100, 3), 50, np.uint8)
    detection = Detection(mask.astype(np.float32), mask, labels, painted, (region,), {})

    def make(**output):
        settings = NodeSettings().model_copy(update={"output": NodeSettings().output.model_copy(update=output)})
        times = dict.fromkeys(("age", "convert", "infer"), 1.0)
        counts = dict.fromkeys(("received", "processed", "stale", "busy"), 1)
        track = SimpleNamespace(id=1, age=1)
        return Result(None, np.full((60, 100, 3), 90, np.uint8), detection, [track], settings, "x", None, times, counts)

    return make


def test_pictures_for_people_are_scaled_and_maps_for_programs_are_not(result):
    messages = Messages(lambda kind, **fields: SimpleNamespace(**fields))
    made = dict(messages_of(result(scale=0.5), messages, lambda name: name in OUTPUTS))
    assert set(made) == set(OUTPUTS) - {"obstacle_points"}, "without calibration nobody knows where anything stands"
    for name in ("overlay", "labels_color", "resynthesis"):
        assert (made[name].height, made[name].width) == (30, 50), name
    for name in ("mask", "score", "labels"):
        assert (made[name].height, made[name].width) == (60, 100), name
    box = made["regions"].regions[0].roi
    assert (box.x_offset, box.y_offset, box.width, box.height) == (40, 20, 40, 20)


@pytest.mark.parametrize("scale", [0.5, 1.0])
def test_no_output_changes_the_result_that_it_is_made_of(result, scale):
    """Pictures go out in a thread of their own, while tracking and samples use the same maps."""
    made = result(scale=scale)
    maps = [made.image, *(getattr(made.detection, name) for name in ("score", "mask", "labels", "resynthesis"))]
    for values in maps:
        values.flags.writeable = False  # whoever writes fails here
    before = [values.tobytes() for values in maps]
    messages = Messages(lambda kind, **fields: SimpleNamespace(**fields))
    assert len(dict(messages_of(made, messages, lambda name: name in OUTPUTS))) == len(OUTPUTS) - 1
    assert len(maps) == 5 and [values.tobytes() for values in maps] == before
    with pytest.raises(FrozenInstanceError):
        made.model_id = "y"
    with pytest.raises(FrozenInstanceError):
        made.detection.mask = None


def test_a_smaller_overlay_marks_the_same_place(result):
    shown = result(scale=0.5).overlay
    assert shown.shape == (30, 50, 3)
    assert tuple(shown[10, 20]) == OUTLINE and tuple(shown[19, 39]) == OUTLINE
    assert tuple(shown[25, 10]) == (90, 90, 90)


@pytest.mark.parametrize("scale", [0.3, 1.0])
def test_a_resynthesis_as_painted_has_the_size_of_the_others(result, scale):
    made = result(scale=scale)
    small = replace(made, detection=replace(made.detection, resynthesis=np.full((20, 33, 3), 50, np.uint8)))
    messages = Messages(lambda kind, **fields: SimpleNamespace(**fields))
    one, other = (OUTPUTS["resynthesis"].make(messages, each) for each in (made, small))
    assert (one.height, one.width) == (other.height, other.width) and np.array_equal(one.data, other.data)


def test_smaller_colours_are_those_of_labels(result):
    made = result(scale=0.3)
    message = OUTPUTS["labels_color"].make(Messages(lambda kind, **fields: SimpleNamespace(**fields)), made)
    colours = {tuple(colour) for colour in message.data.reshape(-1, 3)}
    assert colours == {tuple(colour) for colour in colorize(np.uint8([[0, 3]]))[0]}


@pytest.mark.parametrize(
    "size", [(1080, 1920), (1920, 1080), (2160, 3840), (720, 1280), (896, 896), (897, 5000), (1, 1)]
)
def test_pictures_for_people_are_halved_while_enough_remains(size):
    small = shown_size(size, 0)
    if min(size) >= SMALLEST_SHOWN:
        assert SMALLEST_SHOWN <= min(small) < 2 * SMALLEST_SHOWN
    else:
        assert small == size
    assert shown_size(size, 1) == size and min(shown_size(size, 0.001)) >= 1


def test_what_programs_wait_for_goes_out_before_pictures():
    order = list(VISION | OUTPUTS)
    assert set(FIRST) <= set(order[: len(FIRST)]) and not set(FIRST) & set(PICTURES)
    assert order[-1] == "stats"


def test_scores_of_eight_bits_are_rounded(result):
    encoded = result(score_encoding="mono8")
    encoded.detection.score[0, :4] = 0.0, 0.4999, 0.999, 1.0
    message = OUTPUTS["score"].make(Messages(lambda kind, **fields: SimpleNamespace(**fields)), encoded)
    assert message.encoding == "mono8" and message.data[:4].tolist() == [0, 127, 255, 255]


@pytest.mark.ros
def test_messages_ready_to_send_are_the_messages():
    serialization = pytest.importorskip("rclpy.serialization")
    from unexpected_ros.live.ros import CLASSES, END_WITH_DATA, ready_to_send, ros_message

    random = np.random.default_rng(0)
    header = ros_message("std_msgs/msg/Header", frame_id="front camera")
    for shape in ((7, 5), (6, 4, 3), (1, 1)):
        pixels = random.integers(0, 256, shape, np.uint8)
        made = [
            (Messages(make).image(header, pixels), Messages(make).jpeg(header, np.dstack([pixels] * 3)[..., :3], 90))
            for make in (ros_message, ready_to_send)
        ]
        for kind, message, ready in zip(END_WITH_DATA, *made, strict=True):
            assert serialization.deserialize_message(ready, CLASSES[kind]) == message
