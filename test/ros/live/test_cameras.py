"""Several cameras and one model, in a process of its own: at 15, 30 and 0 Hz, and with a frame that cannot be read."""

import threading
import time
from xml.etree import ElementTree

import numpy as np
import pytest

pytestmark = pytest.mark.ros
pytest.importorskip("rclpy")
from diagnostic_msgs.msg import DiagnosticArray  # noqa: E402
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue  # noqa: E402
from rcl_interfaces.srv import SetParameters  # noqa: E402
from rclpy.lifecycle import TransitionCallbackReturn  # noqa: E402
from sensor_msgs.msg import CameraInfo, Image, PointCloud2  # noqa: E402
from std_srvs.srv import Trigger  # noqa: E402

NAME = "/rig/detector"
RATES = {"front": 30.0, "rear": 15.0}  # and left, which is silent
CAMERAS = (*RATES, "left")


@pytest.fixture(scope="module")
def rig(start_node, tmp_path_factory):
    folder = tmp_path_factory.mktemp("rig")
    parameters = folder / "rig.yaml"
    parameters.write_text(
        "/**:\n  ros__parameters:\n    cameras: [front, rear, left]\n    model: {path: random}\n"
        f"    camera: {{height: 1.5}}\n    detect: {{min_area: 1}}\n    save: {{directory: {folder}/samples}}\n"
    )
    node = start_node(folder, "-r", "__ns:=/rig", "--params-file", str(parameters))
    for camera in CAMERAS:
        node.wait_for(f"listening to /rig/{camera}/image")
    node.samples = folder / "samples"
    yield node
    assert node.end() == 0


@pytest.fixture(scope="module")
def answers(rig, driver):
    from unexpected_ros.msg import AnomalyArray

    found = {camera: driver.collect(AnomalyArray, f"{NAME}/{camera}/regions") for camera in CAMERAS}
    yield found
    driver.destroy(*found.values())


@pytest.fixture(scope="module")
def playing(driver, answers, street, to_message):
    """front at 30 Hz and rear at 15 Hz, each of its own size, with calibration of their own; left says nothing."""
    sizes = {"front": (96, 128), "rear": (64, 96), "left": (50, 70)}
    images = {camera: driver.camera(Image, f"/rig/{camera}/image") for camera in CAMERAS}
    infos = {camera: driver.camera(CameraInfo, f"/rig/{camera}/camera_info", best_effort=True) for camera in RATES}
    stop = threading.Event()

    def play(camera, rate):
        height, width = sizes[camera]
        k = [100.0, 0.0, width / 2, 0.0, 100.0, height / 3, 0.0, 0.0, 1.0]
        for seed in range(1 << 30):
            infos[camera].publish(CameraInfo(height=height, width=width, k=k))
            images[camera].publish(to_message(street(height, width, seed // 20), time.time_ns(), f"{camera}_optical"))
            if stop.wait(1 / rate):
                return

    threads = [threading.Thread(target=play, args=item) for item in RATES.items()]
    for thread in threads:
        thread.start()
    yield images
    stop.set()
    for thread in threads:
        thread.join()
    driver.destroy(*images.values(), *infos.values())


def test_each_camera_is_served_and_a_silent_one_delays_nobody(driver, answers, playing):
    driver.until(lambda: len(answers["front"]) > 20 and len(answers["rear"]) > 20, "answers of both")
    for camera, size in (("front", (96, 128)), ("rear", (64, 96))):
        found = answers[camera]
        assert {(a.image_height, a.image_width, a.header.frame_id) for a in found} == {(*size, f"{camera}_optical")}
        stamps = [(a.header.stamp.sec, a.header.stamp.nanosec) for a in found]
        assert stamps == sorted(set(stamps))
    assert not answers["left"]
    regions = [region for camera in RATES for answer in answers[camera][10:] for region in answer.regions]
    assert regions and all(-1 < region.bearing < 1 for region in regions), "each has its own calibration"


def test_tracks_are_counted_for_each_camera_by_itself(driver, answers, playing):
    count = {camera: len(answers[camera]) for camera in RATES}
    driver.until(lambda: all(len(answers[camera]) > count[camera] + 30 for camera in RATES), "more answers")
    for camera in RATES:
        assert max(region.age for answer in answers[camera] for region in answer.regions) > 5


def test_where_obstacles_stand_is_told_as_points_on_the_ground(driver, answers, playing):
    clouds = driver.collect(PointCloud2, f"{NAME}/front/obstacle_points")
    driver.until(lambda: any(cloud.width for cloud in clouds), "points")
    cloud = next(cloud for cloud in clouds if cloud.width)
    driver.destroy(clouds)
    driver.until(lambda: any(a.header.stamp == cloud.header.stamp for a in answers["front"]), "its frame's own stamp")
    assert cloud.header.frame_id == "base_link" and [field.name for field in cloud.fields] == ["x", "y", "z"]
    points = np.frombuffer(cloud.data, np.float32).reshape(-1, 3)
    assert len(points) == cloud.width and (points[:, 2] == 0).all()
    # the horizon is row 32 of 96, so the lowest row is 1.5 m * 100 / 64 away
    assert (points[:, 0] >= 1.5 * 100 / 64 - 1e-3).all() and (np.hypot(*points[:, :2].T) <= 60).all()


def test_limits_on_the_ground_hold_from_the_next_frame_on(driver, answers, playing):
    def limit(metres):
        kind, value = ParameterType.PARAMETER_DOUBLE, float(metres)
        nearest = Parameter(name="ground.nearest", value=ParameterValue(type=kind, double_value=value))
        assert driver.call(SetParameters, f"{NAME}/set_parameters", parameters=[nearest]).results[0].successful

    limit(100)  # nothing that the lower half of the image shows is that far
    driver.until(lambda: not answers["front"][-1].regions and not answers["front"][-1].coverage, "no regions")
    limit(0)
    driver.until(lambda: answers["front"][-1].regions, "all regions")


def test_diagnostics_speak_of_each_camera(driver, answers, playing):
    diagnostics = driver.collect(DiagnosticArray, "/diagnostics")

    def statuses():
        return {s.name: s for m in diagnostics for s in m.status if s.name.startswith(f"{NAME}/")}

    driver.until(lambda: statuses() and "nobody" not in str(statuses()[f"{NAME}/front: input"].message), "diagnostics")
    driver.until(lambda: statuses()[f"{NAME}/left: input"].level == b"\x01", "the complaint of the silent camera")
    found = statuses()
    driver.destroy(diagnostics)
    assert {name.partition(": ")[2] for name in found} == {"input", "detector"}
    assert {name.removeprefix(f"{NAME}/").partition(":")[0] for name in found} == set(CAMERAS)
    assert "/rig/left/image" in found[f"{NAME}/left: input"].message
    for camera in RATES:
        assert found[f"{NAME}/{camera}: input"].level == b"\x00", found[f"{NAME}/{camera}: input"].message


def test_a_frame_of_one_that_cannot_be_read_costs_the_others_nothing(driver, answers, playing, rig, to_message, street):
    bad = to_message(street(50, 70))
    bad.encoding = "rgb9"
    count = len(answers["front"])
    for _ in range(5):
        playing["left"].publish(bad)
        driver.spin(0.05)
    driver.until(lambda: len(answers["front"]) > count + 5, "answers")
    rig.wait_for("frame of left skipped: ")
    good = to_message(street(50, 70), time.time_ns(), "left_optical")
    driver.until(lambda: playing["left"].publish(good) or driver.spin(0.1) or answers["left"], "an answer for left")
    assert answers["left"][-1].image_width == 70


def test_a_sample_of_each_camera_is_saved(driver, answers, playing, rig):
    saved = driver.call(Trigger, f"{NAME}/save_sample")
    assert saved.success
    names = sorted(path.stem.partition("-")[2] for path in rig.samples.glob("*.json"))
    assert names == ["front", "left", "rear"]


def test_a_policy_of_several_cameras_allows_what_the_node_does(driver, playing):
    from unexpected_ros.live.policy import OF_VISION, policy

    lists = ElementTree.fromstring(policy(CAMERAS, "/rig")).find("enclaves/enclave/profiles/profile")
    said = {tuple(group.attrib): {topic.text.replace("~", NAME) for topic in group} for group in lists}
    published = {topic for topic, _ in driver.node.get_publisher_names_and_types_by_node("detector", "/rig")}
    heard = {topic for topic, _ in driver.node.get_subscriber_names_and_types_by_node("detector", "/rig")}
    vision = {f"{NAME}/{camera}/{name}" for camera in CAMERAS for name in OF_VISION}
    assert said["publish",] - vision == published - vision
    assert heard <= {topic if topic[0] == "/" else f"/rig/{topic}" for topic in said["subscribe",]}


def test_the_window_shows_the_camera_that_is_named(driver, playing):
    from unexpected_ros.view.graph import find_streams

    streams = {stream.prefix: stream for stream in find_streams(driver.node, {}) if stream.node == NAME}
    assert {prefix: stream.photo for prefix, stream in streams.items()} == {
        f"{NAME}/{camera}": f"/rig/{camera}/image" for camera in CAMERAS
    }


def test_one_camera_of_three_that_fails_in_a_batch_costs_itself(driver, street, to_message):
    from unexpected_core.pipeline.detector import load_detector
    from unexpected_ros.live.node import DetectorNode

    arguments = ["-p", "model.path:=random", "-p", "cameras:=a b c", "-p", "input.batch:=3", "-r", "__ns:=/batch"]
    node = DetectorNode(cli_args=["--ros-args", *arguments])
    try:
        assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
        detector = load_detector("random", device="cpu", road_only=False)
        batches, whole = [], detector.detect_batch

        def detect_batch(images, *rest):
            batches.append(len(images))
            if any(image.shape[1] == 77 for image in images):
                raise RuntimeError("no memory for this one")
            return whole(images, *rest)

        detector.detect_batch = detect_batch
        node.detector = detector
        items = [(feed, to_message(street(40, width))) for feed, width in zip(node.feeds, (60, 77, 60), strict=True)]
        node.answering.work(items)
        assert [feed.health.counts()["processed"] for feed in node.feeds] == [1, 0, 1]
        assert [feed.health.counts()["error"] for feed in node.feeds] == [0, 1, 0]
        assert batches[0] == 3 and sorted(batches[1:]) == [1, 1, 1]
        batches.clear()
        node.answering.work([items[0], items[2]])
        assert batches == [2], "those that can be scored together are"
    finally:
        node.destroy_node()


def test_nonsense_for_cameras_is_refused_and_the_half_made_node_can_leave(driver):
    from unexpected_core.config import SettingsError
    from unexpected_ros.live.node import DetectorNode

    node = DetectorNode.__new__(DetectorNode)
    with pytest.raises(SettingsError, match="camera 'front' is named twice"):
        node.__init__(cli_args=["--ros-args", "-r", "__ns:=/refused", "-p", "cameras:=[front, front]"])
    driver.until(lambda: ("detector", "/refused") in driver.node.get_node_names_and_namespaces(), "half a node")
    node.destroy_node()
    driver.until(lambda: ("detector", "/refused") not in driver.node.get_node_names_and_namespaces(), "its end", 10)
