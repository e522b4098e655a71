"""The node in this process, where a test can reach what no camera or user can: failing networks, clocks, parameters."""

import threading
import time

import pytest

pytestmark = pytest.mark.ros
rclpy = pytest.importorskip("rclpy")
from lifecycle_msgs.msg import Transition  # noqa: E402
from lifecycle_msgs.srv import ChangeState  # noqa: E402
from rclpy.parameter import Parameter  # noqa: E402
from sensor_msgs.msg import CompressedImage, Image  # noqa: E402
from std_srvs.srv import Trigger  # noqa: E402

from unexpected_core import load_detector  # noqa: E402
from unexpected_core.config import SettingsError  # noqa: E402
from unexpected_core.scorers.random import RandomScorer  # noqa: E402

TOPIC = "/inside/image"


def test_a_calibration_topic_that_is_refused_fails_the_start_and_ends_nothing(make_node):
    node = make_node(start=False, remapped="camera_info:=image")  # one topic cannot have two types
    assert not node.start()
    assert node.feeds[0].input is None


def test_a_transition_that_is_not_possible_is_refused_and_ends_nothing(driver, make_node):
    node = make_node()
    for asked in (Transition(id=Transition.TRANSITION_ACTIVATE), Transition(id=200), Transition(label="nonsense")):
        assert not driver.call(ChangeState, "/inside/detector/change_state", transition=asked).success
    assert driver.call(ChangeState, "/inside/detector/change_state", transition=Transition(label="deactivate")).success
    assert not node._active


def test_the_subscription_follows_the_publishers_reliability(driver, make_node, answers, street, to_message):
    node = make_node()
    camera = driver.camera(Image, TOPIC, best_effort=True, connected=False)
    driver.publish_until_answered(camera, to_message(street(48, 64)), answers)
    assert node.feeds[0].input._best_effort
    driver.destroy(camera)
    camera = driver.camera(Image, TOPIC)
    driver.until(lambda: node.feeds[0].input and not node.feeds[0].input._best_effort, "a reliable subscription")
    driver.publish_until_answered(camera, to_message(street(48, 64)), answers)
    driver.destroy(camera)


def test_compressed_input_follows_the_remapped_image(driver, make_node, answers, street):
    from unexpected_ros.live.messages import Messages
    from unexpected_ros.live.ros import ros_message

    make_node(input__transport="compressed")
    camera = driver.camera(CompressedImage, f"{TOPIC}/compressed")
    message = Messages(ros_message).jpeg(Image().header, street(65, 99), 90)
    message.header.frame_id = "jpeg camera"
    answer = driver.publish_until_answered(camera, message, answers)
    assert (answer.image_height, answer.image_width, answer.header.frame_id) == (65, 99, "jpeg camera")
    driver.destroy(camera)


def test_every_second_frame_is_one_of_those_that_the_rate_lets_through(make_node, street, to_message):
    """A camera at twice the rate: of all its frames every second one is held back already, always the same."""
    node = make_node(input__max_rate_hz=10)
    feed, relief = node.feeds[0], node.answering.relief
    while relief.rung.every == 1:
        assert relief._ladder.down()
    for _ in range(6):
        for _ in range(2):
            node.answering.offer(feed, to_message(street(48, 64)))
        time.sleep(0.15)
    counts = feed.health.counts()
    assert (counts["received"], counts["paced"], counts["spared"]) == (12, 6, 3)


def test_old_frames_are_dropped_and_the_diagnostics_say_how_to_mend_it(
    driver, make_node, answers, street, to_message, statuses
):
    node = make_node(input__max_age_ms=500)
    camera = driver.camera(Image, TOPIC)

    def told():
        camera.publish(to_message(street(48, 64), time.time_ns() - 10**10))
        return "use_sim_time" in statuses(node)[0].message

    driver.until(told, "the advice")
    assert node.feeds[0].health.counts()["stale"] and not answers
    driver.publish_until_answered(camera, to_message(street(48, 64), time.time_ns() + 60 * 10**9), answers)
    driver.destroy(camera)


def test_overrides_of_qos_work_for_outputs_and_others_are_warned_of(driver, make_node, capfd):
    from rclpy.qos import QoSReliabilityPolicy

    mask, image = "qos_overrides./inside/detector/mask.publisher.", "qos_overrides./inside/image.subscription."
    node = make_node(**{f"{mask}reliability": "best_effort", f"{mask}depth": 3, f"{image}depth": 3})
    found = {
        name: node.get_publishers_info_by_topic(f"/inside/detector/{name}")[0].qos_profile for name in ("mask", "score")
    }
    assert found["mask"].reliability == QoSReliabilityPolicy.BEST_EFFORT
    assert found["score"].reliability == QoSReliabilityPolicy.RELIABLE
    said = capfd.readouterr().err
    assert f"'{image}depth' changes nothing; outputs take qos_overrides.<topic>.publisher.<policy>" in said
    assert f"'{mask}" not in said


@pytest.mark.parametrize(
    ("policy", "value", "why"),
    [
        ("reliability", "sometimes", "RuntimeError: Unexpected QoS override for policy `reliability`: `sometimes`"),
        ("depth", "ten", "AssertionError"),  # which says nothing
        ("lifespan", "soon", "ValueError: invalid literal for int() with base 10: 'soon'"),
    ],
)
def test_an_output_that_cannot_be_offered_is_named_with_what_was_asked(make_node, capfd, policy, value, why):
    """It was said to be a model that cannot be loaded, or nothing was."""
    name = f"qos_overrides./inside/detector/mask.publisher.{policy}"
    assert make_node(start=False, **{name: value}).trigger_configure().name == "FAILURE"
    said = capfd.readouterr().err
    assert f"cannot offer /inside/detector/mask with {name} = '{value}': {why}\n" in said and "cannot load" not in said


def test_a_configuration_that_failed_leaves_nothing_behind(make_node):
    bad = "qos_overrides./inside/detector/rear/score.publisher.reliability"
    node = make_node(start=False, cameras="front rear", **{bad: "sometimes"})
    before = {publisher.topic_name for publisher in node.publishers}
    for _ in range(2):
        assert node.trigger_configure().name == "FAILURE"
        assert {publisher.topic_name for publisher in node.publishers} == before
        assert node.detector is None and all(feed.outputs is None for feed in node.feeds)


def test_what_nobody_listens_to_is_not_made(driver, make_node, street, to_message):
    node = make_node()
    camera = driver.camera(Image, TOPIC)
    camera.publish(to_message(street()))
    driver.until(lambda: node.feeds[0].health._times, "a published frame")
    assert "publish" not in node.feeds[0].latest.times  # a result is not changed after it is made
    assert node.feeds[0].latest.detection.resynthesis is None
    assert not {"overlay", "mask"} & node.feeds[0].latest.__dict__.keys()
    driver.destroy(camera)


def test_what_programs_wait_for_never_waits_for_pictures(
    driver, make_node, answers, street, to_message, monkeypatch, statuses
):
    from unexpected_ros.live.outputs import OUTPUTS

    go, make = threading.Event(), OUTPUTS["overlay"].make

    def slow(messages, result):
        go.wait(60)
        if result.header.frame_id == "bad":
            raise RuntimeError("no such colour")
        return make(messages, result)

    monkeypatch.setitem(OUTPUTS, "overlay", OUTPUTS["overlay"]._replace(make=slow))
    node = make_node()
    camera, pictures = driver.camera(Image, TOPIC), driver.collect(Image, "/inside/detector/overlay")
    feed = node.feeds[0]
    driver.until(lambda: feed.outputs.wanted("regions") and feed.outputs.wanted("overlay"), "the subscriptions")
    for number, name in enumerate(("first", "bad")):
        camera.publish(to_message(street(), 10**9 + number, name))
        driver.until(lambda number=number: len(answers) > number, f"regions of the {name} frame")
    assert not pictures and not feed.health._times
    go.set()
    driver.until(lambda: feed.health.counts()["error"], "the failure")
    assert [picture.header.frame_id for picture in pictures] == ["first"]
    assert statuses(node)[1].message == "frame lost: RuntimeError: no such colour"
    driver.destroy(camera, pictures)


def test_to_wait_for_the_pictures_of_the_frame_before_is_no_work(
    driver, make_node, answers, street, to_message, monkeypatch, capfd
):
    """Else a node with a budget worked on smaller images as soon as somebody opened RViz, and waited as long."""
    from unexpected_ros.live.outputs import OUTPUTS

    go, make = threading.Event(), OUTPUTS["overlay"].make
    slow = OUTPUTS["overlay"]._replace(make=lambda *of_frame: go.wait(60) and make(*of_frame))
    monkeypatch.setitem(OUTPUTS, "overlay", slow)
    node = make_node(load__budget_ms=3000.0, load__frames=1)
    camera, pictures = driver.camera(Image, TOPIC), driver.collect(Image, "/inside/detector/overlay")
    outputs = node.feeds[0].outputs
    driver.until(lambda: outputs.wanted("regions") and outputs.wanted("overlay"), "the subscriptions")
    for number in range(2):
        camera.publish(to_message(street(), 10**9 + number))
        driver.until(lambda number=number: len(answers) > number, "regions", 60)
    driver.spin(4.0)  # the second frame waits for the first one's overlay
    assert not pictures
    go.set()
    driver.until(lambda: len(pictures) == 2, "both overlays", 60)
    driver.until(lambda: node.answering._worker.at_work_s() == 0, "the end of the work", 60)
    assert node.answering.relief.rung.name == "full size"
    assert "over load.budget_ms" not in capfd.readouterr().err
    driver.destroy(camera, pictures)


def test_the_threshold_is_the_detectors_unless_given(make_node, monkeypatch):
    monkeypatch.setattr(RandomScorer, "threshold", 0.37)
    node = make_node(start=False)
    assert node.trigger_configure().name == "SUCCESS"
    assert node.get_parameter("detect.threshold").value == 0.37
    assert node.settings.detect.threshold == 0.37
    other = make_node(start=False, detect__threshold=1)
    other.trigger_configure()
    assert other.settings.detect.threshold == other.get_parameter("detect.threshold").value == 1.0


def test_a_frame_is_detected_and_reported_with_the_settings_it_began_with(
    driver, make_node, answers, street, to_message, monkeypatch
):
    settings = {"threshold": 0.5, "hysteresis": 0.0, "min_area": 1}
    node = make_node(**{f"detect__{name}": value for name, value in settings.items()})
    detect = node.detector.detect

    def while_a_parameter_changes(*arguments):
        node.set_parameters([Parameter("detect.threshold", value=0.9)])
        return detect(*arguments)

    monkeypatch.setattr(node.detector, "detect", while_a_parameter_changes)
    camera = driver.camera(Image, TOPIC)
    driver.until(lambda: node.feeds[0].outputs.wanted("regions"), "the subscription")
    camera.publish(to_message(street()))
    driver.until(lambda: answers, "an answer")
    monkeypatch.undo()
    expected = load_detector("random", device="cpu", **settings).detect(street())
    assert answers[0].threshold == 0.5
    assert [r.area for r in answers[0].regions] == [r.area for r in expected.regions]
    assert driver.publish_until_answered(camera, to_message(street()), answers).threshold == pytest.approx(0.9)
    driver.destroy(camera)


def test_a_model_that_is_not_there_is_said(make_node, capfd):
    assert not make_node(start=False, model__path="nowhere").start()
    assert "cannot load the detector: WeightsError: unknown detector 'nowhere'" in capfd.readouterr().err


def test_a_reload_that_fails_keeps_the_old_model(make_node, driver):
    node = make_node()
    before, model = node.detector, node.settings.model.model_copy(update={"path": "nowhere"})
    node.settings = node.settings.model_copy(update={"model": model})  # as if its file had been deleted
    answer = driver.call(Trigger, "/inside/detector/reload_model")
    assert not answer.success and answer.message.startswith("kept random: ")
    assert node.detector is before


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("detect.threshold", "high", "'detect.threshold' = 'high': Input should be a valid number"),
        ("detect.threshold", "1.5", "'detect.threshold' = 1.5: Input should be less than or equal to 1"),
        ("input.transport", "mpeg", "'input.transport' = 'mpeg': Input should be 'raw' or 'compressed'"),
    ],
)
def test_values_that_do_not_fit_are_refused_at_start(driver, name, value, message):
    from unexpected_ros.live.node import DetectorNode

    with pytest.raises(SettingsError, match=message):
        DetectorNode(cli_args=["--ros-args", "-p", f"{name}:={value}"])


def test_words_that_ros_takes_for_truth_values_may_be_said_without_quotes(make_node):
    node = make_node(start=False, camera__rectified="yes")  # -p camera.rectified:=yes is true
    assert node.get_parameter("camera.rectified").value == node.settings.camera.rectified == "yes"
    for said, word in ((False, "no"), (True, "yes"), ("no", "no")):
        assert node.set_parameters([Parameter("camera.rectified", value=said)])[0].successful
        assert node.get_parameter("camera.rectified").value == node.settings.camera.rectified == word
    assert not node.set_parameters([Parameter("camera.base_frame", value=True)])[0].successful


def test_a_mistyped_parameter_is_warned_of(make_node, capfd):
    make_node(start=False, detect__treshold="0.5")
    assert "unknown parameter 'detect.treshold'; did you mean 'detect.threshold'?" in capfd.readouterr().err


def test_frames_with_a_high_score_are_saved_by_themselves_but_not_too_many(
    driver, make_node, answers, street, to_message, tmp_path
):
    low = {"detect__threshold": 0.3, "detect__min_area": 1, "save__directory": tmp_path, "save__per_minute": 1}
    node = make_node(**low)
    camera = driver.camera(Image, TOPIC)
    for seed in range(3):
        driver.publish_until_answered(camera, to_message(street(seed=seed), time.time_ns()), answers)
    assert not list(tmp_path.iterdir()), "nobody asked for it"
    assert all(result.successful for result in node.set_parameters([Parameter("save.above", value=0.2)]))
    for seed in range(3):
        driver.publish_until_answered(camera, to_message(street(seed=seed), time.time_ns()), answers)
    driver.until(lambda: list(tmp_path.glob("*.json")), "a sample")
    driver.spin(0.5)
    assert len(list(tmp_path.glob("*.json"))) == 1, "one in a minute"
    assert len(list((tmp_path / "image").iterdir())) == 1
    driver.destroy(camera)
