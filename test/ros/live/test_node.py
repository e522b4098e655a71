"""The detector node in a process of its own, over DDS: what goes in and out, and what a user may do meanwhile."""

import json
import re
import time

import numpy as np
import pytest

pytestmark = pytest.mark.ros
pytest.importorskip("rclpy")
from diagnostic_msgs.msg import DiagnosticArray  # noqa: E402
from lifecycle_msgs.srv import ChangeState, GetState  # noqa: E402
from rcl_interfaces.msg import Log, Parameter, ParameterType, ParameterValue  # noqa: E402
from rcl_interfaces.srv import DescribeParameters, GetParameters, SetParametersAtomically  # noqa: E402
from sensor_msgs.msg import CompressedImage, Image  # noqa: E402
from std_srvs.srv import SetBool, Trigger  # noqa: E402

from unexpected_core.compressed import decode_compressed  # noqa: E402
from unexpected_core.encodings import to_rgb  # noqa: E402
from unexpected_core.images import read_map  # noqa: E402
from unexpected_core.labels import colorize  # noqa: E402
from unexpected_core.pipeline.detector import load_detector  # noqa: E402

NAME = "/cameras/detector"
THRESHOLD = 0.5


def rgb(message):
    return to_rgb(message.encoding, message.height, message.width, message.step, message.data)


@pytest.fixture(scope="module")
def node(start_node, driver, tmp_path_factory):
    folder = tmp_path_factory.mktemp("node")
    node = start_node(
        folder,
        "-r",
        "__ns:=/cameras",
        "-r",
        "image:=/front/image_raw",
        "-p",
        "model.path:=random",
        "-p",
        f"detect.threshold:={THRESHOLD}",
        "-p",
        "detect.min_area:=1",
        "-p",
        "detect.hysteresis:=0.1",
        "-p",
        f"save.directory:={folder / 'samples'}",
    )
    node.samples = folder / "samples"
    node.wait_for("listening to /front/image_raw")
    return node


@pytest.fixture(scope="module")
def camera(node, driver):
    camera = driver.camera(Image, "/front/image_raw")
    yield camera
    driver.destroy(camera)


@pytest.fixture(scope="module")
def regions(node, driver):
    from unexpected_ros.msg import AnomalyArray

    return driver.collect(AnomalyArray, f"{NAME}/regions")


@pytest.fixture
def send(driver, camera, regions, to_message):
    """Publish an image and return the regions message that answers it, by its stamp."""
    stamps = iter(range(time.time_ns(), 1 << 62, 1_000_000))

    def send(image):
        message = to_message(image, next(stamps))
        send.headers.append(message.header)
        due = [time.monotonic()]

        def answer():
            if time.monotonic() >= due[0]:  # the first frames after a subscription was matched may still be lost
                camera.publish(message)
                due[0] += 5.0
            return next((r for r in regions if r.header == message.header), None)

        return driver.until(answer, "regions")

    send.headers = []
    return send


def test_outputs_are_the_cores_own_with_the_source_header(driver, node, camera, send, street):
    from unexpected_ros.msg import FrameStats

    topics = {
        "mask": "mono8",
        "score": "32FC1",
        "labels": "mono8",
        "labels_color": "rgb8",
        "resynthesis": "rgb8",
        "overlay": "rgb8",
    }
    inbox = {name: driver.collect(Image, f"{NAME}/{name}") for name in topics}
    packed = {
        name: driver.collect(CompressedImage, f"{NAME}/{name}") for name in ("overlay/compressed", "mask/compressed")
    }
    stats = driver.collect(FrameStats, f"{NAME}/stats", best_effort=True)
    image = street(height=97, width=131)
    for _ in range(100):  # until every subscription is known to the node
        answer = send(image)
        if all([*inbox.values(), *packed.values(), stats]):
            break
    driver.until(lambda: all([*inbox.values(), *packed.values(), stats]), "all outputs")
    found = {name: messages[-1] for name, messages in (inbox | packed).items()}
    driver.destroy(*inbox.values(), *packed.values(), stats)

    expected = load_detector("random", device="cpu", threshold=THRESHOLD, hysteresis=0.1, min_area=1).detect(image)
    assert expected.regions, "the test needs an image with regions"
    for name, encoding in topics.items():
        assert (found[name].height, found[name].width, found[name].encoding) == (97, 131, encoding), name
    assert all(message.header in send.headers for message in [*found.values(), stats[-1], answer])
    assert np.array_equal(rgb(found["mask"])[..., 0] > 0, expected.mask)
    assert set(np.unique(rgb(found["mask"]))) == {0, 255}
    assert np.allclose(np.frombuffer(found["score"].data, np.float32).reshape(97, 131), expected.score, atol=1e-5)
    assert np.array_equal(rgb(found["labels"])[..., 0], expected.labels)
    assert np.array_equal(rgb(found["labels_color"]), colorize(expected.labels))
    assert np.abs(rgb(found["resynthesis"]).astype(int) - expected.resynthesis).max() <= 1
    assert np.array_equal(decode_compressed(found["mask/compressed"].data)[..., 0] > 0, expected.mask)
    jpeg = decode_compressed(found["overlay/compressed"].data)
    assert np.abs(jpeg.astype(int) - rgb(found["overlay"])).mean() < 12

    assert (answer.image_height, answer.image_width, answer.model_id) == (97, 131, "random")
    assert answer.threshold == pytest.approx(THRESHOLD)
    assert answer.coverage == pytest.approx(expected.mask.mean())
    assert [(r.roi.x_offset, r.roi.y_offset, r.roi.width, r.roi.height, r.area) for r in answer.regions] == [
        (r.x, r.y, r.width, r.height, r.area) for r in expected.regions
    ]
    assert all(np.isnan(r.bearing) and np.isnan(r.distance) for r in answer.regions)  # no camera_info was sent
    assert stats[-1].processed <= stats[-1].received
    assert stats[-1].infer_ms > 0 and stats[-1].publish_ms > 0 and 0 < stats[-1].age_ms < 60_000


def test_a_bad_frame_is_counted_reported_once_and_costs_nothing_else(driver, node, camera, send, street, to_message):
    log = driver.collect(Log, "/rosout")
    diagnostics = driver.collect(DiagnosticArray, "/diagnostics")
    good = to_message(street())
    for change in (
        {"height": 0, "width": 0},
        {"data": good.data[:100]},
        {"encoding": "rgb9"},
        {"step": 5},
        {"height": 4_000_000_000, "width": 4_000_000_000, "step": 4_000_000_000},
    ):
        for _ in range(3):
            bad = to_message(street())
            for field, value in change.items():
                setattr(bad, field, value)
            camera.publish(bad)
            driver.spin(0.1)  # time to be worked on before the next one comes
        send(street())
    driver.until(lambda: len({m.msg for m in log if "frame skipped" in m.msg}) >= 4, "reports of bad frames")
    said = [m.msg for m in log if "frame skipped" in m.msg]
    for words in ("no pixels", "needs 37830 bytes of data, found 100", "'rgb9' is not supported", "claims 4000000000x"):
        assert sum(words in line for line in said) == 1, said

    def counted():
        return [
            {v.key: v.value for v in status.values if v.key != "lost"}  # on their way: they never came
            for m in diagnostics
            for status in m.status
            if status.name == f"{NAME}: input"
        ]

    def complete(counts):
        return "bad: size" in counts and 2 * int(counts["received"]) == sum(map(int, counts.values()))

    driver.until(lambda: any(map(complete, counted())), "counts in diagnostics that account for every frame")
    last = next(filter(complete, counted()))
    for cause, sent in (("empty", 3), ("truncated", 6), ("encoding", 3), ("size", 3)):
        assert 1 <= int(last[f"bad: {cause}"]) <= sent  # fewer where a busy machine let one take another's place
    driver.destroy(log, diagnostics)


def test_diagnostics_name_model_device_and_times(driver, node, send, street):
    diagnostics = driver.collect(DiagnosticArray, "/diagnostics")
    send(street())
    ours = f"{NAME}: detector"  # others may speak on this topic too
    status = driver.until(
        lambda: next((s for m in diagnostics for s in m.status if s.name == ours), None), "diagnostics"
    )
    driver.destroy(diagnostics)
    values = {v.key: v.value for v in status.values}
    assert (status.message, values["model_id"]) == ("active", "random")
    assert values["device"].startswith("cpu, float32")
    assert re.fullmatch(r"median [\d.]+, p95 [\d.]+", values["infer ms"])


def set_parameters(driver, **values):
    kinds = {
        float: (ParameterType.PARAMETER_DOUBLE, "double_value"),
        int: (ParameterType.PARAMETER_INTEGER, "integer_value"),
        str: (ParameterType.PARAMETER_STRING, "string_value"),
    }
    batch = [
        Parameter(
            name=name.replace("__", "."),
            value=ParameterValue(type=kinds[type(value)][0], **{kinds[type(value)][1]: value}),
        )
        for name, value in values.items()
    ]
    return driver.call(SetParametersAtomically, f"{NAME}/set_parameters_atomically", parameters=batch).result


def test_live_parameters_are_checked_as_a_batch_and_used_from_the_next_frame(driver, node, send, street):
    assert set_parameters(driver, detect__threshold=0.9, detect__max_regions=1).successful
    assert send(street()).threshold == pytest.approx(0.9)
    refused = set_parameters(driver, detect__threshold=0.4, detect__max_regions=1000)
    assert not refused.successful and "detect.max_regions out of range" in refused.reason
    assert send(street()).threshold == pytest.approx(0.9)
    assert set_parameters(driver, detect__threshold=1).successful  # an integer does for a decimal number
    assert send(street()).threshold == 1.0
    assert "read-only" in set_parameters(driver, model__device="cuda").reason
    assert "Wrong parameter type" in set_parameters(driver, detect__threshold="high").reason
    assert set_parameters(driver, detect__threshold=THRESHOLD, detect__max_regions=64).successful
    assert len(send(street()).regions) >= 1


def test_parameters_are_described(driver, node):
    answer = driver.call(
        DescribeParameters,
        f"{NAME}/describe_parameters",
        names=["detect.threshold", "input.reliability", "detect.min_persistence"],
    )
    threshold, reliability, persistence = answer.descriptors
    assert threshold.description and not threshold.read_only
    assert (threshold.floating_point_range[0].from_value, threshold.floating_point_range[0].to_value) == (0.0, 1.0)
    assert reliability.read_only and reliability.additional_constraints == "one of: auto, reliable, best_effort"
    assert (persistence.integer_range[0].from_value, persistence.integer_range[0].to_value) == (1, 30)
    value = driver.call(GetParameters, f"{NAME}/get_parameters", names=["model.path"]).values[0]
    assert value.string_value == "random"


def test_a_region_is_reported_once_it_persists_and_keeps_its_id(driver, node, send, street):
    for seed in range(40, 44):  # let the tracker see something else first
        send(np.full((97, 130, 3), seed, np.uint8))
    assert set_parameters(driver, detect__min_persistence=3).successful
    first, second, third, fourth = (send(street(seed=7)) for _ in range(4))
    new = {r.id for r in fourth.regions if r.age == 4}
    assert new and not new & {r.id for r in (*first.regions, *second.regions)}
    assert new == {r.id for r in third.regions if r.age == 3}
    assert set_parameters(driver, detect__min_persistence=1).successful


def test_services(driver, node, camera, regions, send, street, to_message):
    image = street(seed=3)
    answer = send(image)
    saved = driver.call(Trigger, f"{NAME}/save_sample")
    assert saved.success, saved.message
    facts = json.loads(next(node.samples.glob("*.json")).read_text())
    assert facts["model_id"] == "random" and facts["settings"]["detect"]["threshold"] == THRESHOLD
    assert (facts["mode"], facts["scale"]) == (0, 1.0)
    assert read_map(node.samples / "score" / f"{facts['stamp_ns']}.png").shape == image.shape[:2]
    assert facts["stamp_ns"] == answer.header.stamp.sec * 1_000_000_000 + answer.header.stamp.nanosec

    assert driver.call(Trigger, f"{NAME}/reload_model").message == "loaded random"
    assert send(image).regions == driver.until(lambda: regions[-1].regions, "regions")

    assert driver.call(SetBool, f"{NAME}/enable", data=False).success
    driver.until(lambda: camera.get_subscription_count() == 0, "the node to stop listening")
    assert driver.call(SetBool, f"{NAME}/enable", data=True).success
    driver.until(camera.get_subscription_count, "the node to listen again")
    assert send(image).regions


def test_lifecycle(driver, node, camera, send, street):
    def change(label):
        request = ChangeState.Request()
        request.transition.label = label
        assert driver.call(ChangeState, f"{NAME}/change_state", transition=request.transition).success, label
        return driver.call(GetState, f"{NAME}/get_state").current_state.label

    assert change("deactivate") == "inactive"
    driver.until(lambda: camera.get_subscription_count() == 0, "the node to stop listening")
    assert change("cleanup") == "unconfigured"
    driver.until(lambda: driver.node.count_publishers(f"{NAME}/mask") == 0, "the outputs to be withdrawn")
    assert "not configured" in driver.call(Trigger, f"{NAME}/reload_model").message
    assert change("configure") == "inactive"
    assert change("activate") == "active"
    driver.until(camera.get_subscription_count, "the node to listen again")
    assert send(street()).threshold == pytest.approx(THRESHOLD)


def test_of_a_burst_the_newest_is_processed_and_every_frame_accounted_for(driver, node, camera, street, to_message):
    from unexpected_ros.msg import FrameStats

    stats = driver.collect(FrameStats, f"{NAME}/stats", best_effort=True)
    driver.until(lambda: driver.node.count_subscribers(f"{NAME}/stats"), "the subscription")
    driver.spin(0.5)
    start = time.time_ns()
    large = street(height=400, width=800)
    for i in range(8):
        camera.publish(to_message(large, start + i))
    driver.until(lambda: stats and stats[-1].header.stamp.nanosec == (start + 7) % 1_000_000_000, "the newest frame")
    last = stats[-1]
    driver.destroy(stats)
    assert last.dropped_busy > 0
    assert last.received == last.processed + last.dropped_busy + last.dropped_stale


def test_end_by_interrupt_is_clean(node):
    """Last in this file: it ends the node that the others use."""
    assert node.end() == 0
    assert "Traceback" not in node.text()
