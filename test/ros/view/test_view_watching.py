"""The window's ROS half before a real detector: the photo that it shows, whoever comes first."""

import re

import numpy as np
import pytest

pytestmark = pytest.mark.ros
pytest.importorskip("rclpy")
from rclpy.parameter import Parameter  # noqa: E402
from sensor_msgs.msg import Image  # noqa: E402
from unexpected_ros.msg import AnomalyArray  # noqa: E402

from unexpected_ros.live.parameters import SETTINGS  # noqa: E402
from unexpected_ros.view.graph import remapped_regions  # noqa: E402
from unexpected_ros.view.watcher import NOBODY, Watcher, absent  # noqa: E402

NAME = "/watched/detector"
SOON_S = 30.0


@pytest.fixture
def start_detector(driver):
    """A detector node in this process, with ROS arguments."""
    from unexpected_ros.live.node import DetectorNode

    started = []

    def start(*arguments):
        common = ("-r", "__ns:=/watched", "-p", "model.path:=random")
        started.append(DetectorNode(cli_args=["--ros-args", *common, *arguments]))
        driver.executor.add_node(started[-1])
        assert started[-1].start()

    yield start
    for node in started:
        driver.executor.remove_node(node)
        node.destroy_node()


@pytest.fixture
def watch(driver):
    """Frames by camera, as a page gets them that looks at all of these cameras; by values of live parameters."""
    started = []

    def start(*cameras, **values):
        frames = {camera: [] for camera in cameras}
        watcher = Watcher(
            NAME.lstrip("/"),  # as people write it
            lambda: cameras,
            lambda camera, whole: frames[camera].append(whole),
            str,
            dict,
            lambda name: values.get(name, SETTINGS[name].default),
        )
        started.append(watcher)
        driver.executor.add_node(watcher)
        return frames

    yield start
    for watcher in started:
        driver.executor.remove_node(watcher)
        watcher.destroy_node()


@pytest.fixture
def play(driver, to_message):
    """Publishes images of one brightness each, best effort, by topic; once for each call of what it returns."""
    publishers, stamps = {}, iter(range(1, 1 << 30))

    def start(lights):
        publishers.update({topic: driver.camera(Image, topic, best_effort=True, connected=False) for topic in lights})

        def send():
            stamp = next(stamps) * 1_000_000_000
            for topic, light in lights.items():
                publishers[topic].publish(to_message(np.full((40, 60, 3), light, np.uint8), stamp))
            driver.spin(0.1)

        return send

    yield start
    driver.destroy(*publishers.values())


def last_photo(frames):
    """Brightness of the last frame's photo, None while there is none."""
    return frames[-1].parts["photo"].mean() if frames and "photo" in frames[-1].parts else None


def test_a_best_effort_camera_may_start_after_the_page(driver, start_detector, watch, play):
    start_detector()
    frames = watch("")
    driver.until(lambda: driver.node.count_subscribers("/watched/image") == 2, "detector and page to listen", SOON_S)
    send = play({"/watched/image": 90})
    driver.until(lambda: send() or last_photo(frames[""]) == 90, "the photo", SOON_S)


@pytest.mark.parametrize("diagnostics", ["reliable", "best_effort"])
def test_each_camera_has_its_own_photo_whatever_the_topics_are_called(driver, start_detector, watch, play, diagnostics):
    lights = {"front": 220, "rear": 90}
    remaps = [f"{name}/image:=/cam_{name}/image_raw" for name in lights]
    qos = f"qos_overrides./diagnostics.publisher.reliability:={diagnostics}"
    start_detector("-p", "cameras:=[front, rear]", "-p", qos, *(word for remap in remaps for word in ("-r", remap)))
    frames = watch(*lights)
    send = play({f"/cam_{name}/image_raw": light for name, light in lights.items()})  # with the same stamps
    for camera, light in lights.items():
        driver.until(lambda name=camera: send() or last_photo(frames[name]), "a photo", SOON_S)
        photos = {whole.parts["photo"].mean() for whole in frames[camera] if "photo" in whole.parts}
        assert photos == {light}, camera


def test_a_photo_has_as_many_pixels_as_the_detector_is_told_to_read(driver, start_detector, watch, play):
    start_detector()
    both = [watch("", **{"input.max_pixels": 40 * 60 - less}) for less in (0, 1)]
    send = play({"/watched/image": 90})
    driver.until(lambda: send() or (last_photo(both[0][""]) == 90 and both[1][""]), "frames of both", SOON_S)
    assert not any("photo" in whole.parts for whole in both[1][""])


@pytest.mark.parametrize(
    ("name", "watched", "text"),
    [
        ("/driver/", "/driver", r"$"),
        ("nobody", "/nobody", r"no detector /nobody found; there are: .*/driver\b"),
    ],
)
def test_a_detector_that_is_there_under_another_name_is_named(driver, name, watched, text):
    said = []
    watcher = Watcher(name, tuple, lambda *_: None, str, lambda **state: said.append(state), str)
    regions = driver.node.create_publisher(AnomalyArray, "/driver/regions", 10)
    driver.executor.add_node(watcher)
    try:
        driver.until(lambda: said and re.match(text, said[-1]["text"]), "what it says", SOON_S)
        assert said[-1]["watched"] == watched
    finally:
        driver.executor.remove_node(watcher)
        watcher.destroy_node()
        driver.destroy(regions)


def test_regions_that_were_remapped_are_named_where_no_detector_is_found(driver):
    regions = driver.node.create_publisher(AnomalyArray, "/perception/anomalies", 10)
    driver.until(lambda: "/perception/anomalies" in remapped_regions(driver.node), "the topic", SOON_S)
    driver.destroy(regions)
    told = absent(None, (), ["/perception/anomalies"])
    assert told.startswith("no detector found by its ~/regions, but /perception/anomalies: ")
    assert absent(None, (), ()) == NOBODY
    assert absent(None, (), (), {NAME}).startswith(f"{NAME} offers nothing yet")


def test_a_detector_that_offers_nothing_yet_is_named(driver):
    """It was said that there is none, and to start one."""
    from unexpected_ros.live.node import DetectorNode

    said = {NAME: [], f"{NAME}/front": [], "/nobody": []}
    watchers = [
        Watcher(name, tuple, lambda *_: None, str, lambda told=told, **state: told.append(state["text"]), str)
        for name, told in said.items()
    ]
    node = DetectorNode(cli_args=["--ros-args", "-r", "__ns:=/watched", "-p", "model.path:=random"])
    for each in (node, *watchers):
        driver.executor.add_node(each)
    idle = f"{NAME} offers nothing yet: it is loading its model, or waits to be configured (ros2 lifecycle set {NAME} "
    missed = "no detector /nobody found; there are: "  # other tests' detectors may be among them

    def right():
        mine, front, nobody = (told[-1] if told else "" for told in said.values())
        return mine.startswith(idle) and front.startswith(idle) and nobody.startswith(missed) and NAME in nobody

    try:
        driver.until(right, "what it waits for", SOON_S)
        assert node.trigger_configure().name == "SUCCESS"
        driver.until(lambda: said[NAME][-1] == "", "its outputs", SOON_S)
    finally:
        for each in (node, *watchers):
            driver.executor.remove_node(each)
            each.destroy_node()


def test_it_looks_around_while_simulated_time_stands_still(driver):
    said = []
    watcher = Watcher(NAME, tuple, lambda *_: None, str, lambda **state: said.append(state), str)
    watcher.set_parameters([Parameter("use_sim_time", value=True)])  # as of a launch file that sets it for all
    driver.executor.add_node(watcher)
    driver.until(lambda: said, "its state", SOON_S)
    driver.executor.remove_node(watcher)
    watcher.destroy_node()
