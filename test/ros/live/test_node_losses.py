"""What fails, in this process: one frame or one camera is lost, none that was abandoned, and it is said."""

import threading
import time

import pytest

pytestmark = pytest.mark.ros
rclpy = pytest.importorskip("rclpy")
from diagnostic_msgs.msg import DiagnosticStatus  # noqa: E402
from lifecycle_msgs.msg import Transition  # noqa: E402
from lifecycle_msgs.srv import ChangeState  # noqa: E402
from sensor_msgs.msg import Image  # noqa: E402

from unexpected_core.pipeline.detector import Detector  # noqa: E402
from unexpected_core.scorers.random import RandomScorer  # noqa: E402
from unexpected_ros.live import answering  # noqa: E402

TOPIC = "/inside/image"


class FailsOnce(RandomScorer):
    """Raises on its first image."""

    failed = True  # until it is loaded: loading tries the network out

    def forward(self, images):
        if not self.failed:
            self.failed = True
            raise RuntimeError("the network broke")
        return super().forward(images)


def test_an_exception_in_the_network_costs_one_frame(driver, make_node, answers, street, to_message, statuses):
    node = make_node()
    scorer = FailsOnce()
    node.detector = Detector(
        scorer,
        node.detector.settings.model_copy(
            update={"model": node.detector.settings.model.model_copy(update={"warmup": False})}
        ),
    )
    scorer.failed = False
    camera = driver.camera(Image, TOPIC)
    driver.until(lambda: node.feeds[0].outputs.wanted("regions"), "the subscription")
    camera.publish(to_message(street()))
    driver.until(lambda: node.feeds[0].health.counts()["error"], "the failure")
    status = statuses(node)[1]
    assert (status.level, status.message) == (DiagnosticStatus.ERROR, "frame lost: RuntimeError: the network broke")
    driver.publish_until_answered(camera, to_message(street()), answers)
    assert statuses(node)[1].level == DiagnosticStatus.OK
    driver.destroy(camera)


def abandon(driver, camera, frame, begun, transitions):
    """Send the frame until it is in work, and take the node down meanwhile."""
    driver.until(lambda: camera.publish(frame) or driver.spin(0.1) or begun.is_set(), "work")
    for transition in transitions:
        asked = Transition(label=transition)
        assert driver.call(ChangeState, "/inside/detector/change_state", transition=asked).success


@pytest.mark.parametrize("transitions", [["deactivate"], ["deactivate", "cleanup"]], ids="-".join)
def test_a_frame_that_was_abandoned_is_never_answered(
    driver, make_node, answers, street, to_message, monkeypatch, capfd, transitions
):
    monkeypatch.setattr(answering, "STOP_TIMEOUT_S", 0.1)
    node, begun, go = make_node(), threading.Event(), threading.Event()
    detect, thread = node.detector.detect, node.answering._worker._thread

    def slow(*arguments):
        begun.set()
        go.wait(60)
        return detect(*arguments)

    monkeypatch.setattr(node.detector, "detect", slow)
    camera = driver.camera(Image, TOPIC)
    abandon(driver, camera, to_message(street()), begun, transitions)
    go.set()
    thread.join(60)
    driver.spin(0.5)
    assert not answers and node.feeds[0].latest is None
    said = capfd.readouterr().err
    assert "it is abandoned" in said and "frame lost" not in said
    driver.destroy(camera)


@pytest.mark.parametrize("transitions", [["deactivate"], ["deactivate", "cleanup"]], ids="-".join)
def test_an_answer_that_was_abandoned_is_not_told_of_as_lost(
    driver, make_node, answers, street, to_message, monkeypatch, capfd, transitions, statuses
):
    """Its publishers may be gone by then, and a thread for samples is begun for nobody."""
    from unexpected_ros.live.outputs import OUTPUTS

    monkeypatch.setattr(answering, "STOP_TIMEOUT_S", 0.1)
    begun, go, make = threading.Event(), threading.Event(), OUTPUTS["regions"].make

    def slow(messages, result):
        begun.set()
        go.wait(60)
        return make(messages, result)

    monkeypatch.setitem(OUTPUTS, "regions", OUTPUTS["regions"]._replace(make=slow))
    node = make_node(save__above=0.0)
    thread, camera = node.answering._worker._thread, driver.camera(Image, TOPIC)
    driver.until(lambda: node.feeds[0].outputs.wanted("regions"), "the subscription")
    abandon(driver, camera, to_message(street()), begun, transitions)
    go.set()
    thread.join(60)
    driver.spin(0.5)
    said = capfd.readouterr().err
    assert "it is abandoned" in said and "frame lost" not in said
    assert node.answering.keeper._worker is None
    assert statuses(node)[1].level == DiagnosticStatus.OK
    driver.destroy(camera)


def test_an_answer_that_cannot_be_sent_costs_its_camera_only(make_node, street, to_message, monkeypatch, statuses):
    node = make_node(cameras="front,rear", input__batch=2)
    front, rear = node.feeds

    def broken(result):
        raise RuntimeError("no such publisher")

    monkeypatch.setattr(front.outputs, "publish", broken)
    node.answering.work([(feed, to_message(street())) for feed in node.feeds])
    assert (front.health.counts()["error"], rear.health.counts()["error"]) == (1, 0)
    assert rear.latest and statuses(node)[1].message == "frame of front lost: RuntimeError: no such publisher"


def test_what_is_wrong_with_a_frame_is_said_of_its_camera_only(make_node, street, to_message, monkeypatch, capfd):
    """Of another one, whose frame could not be read and so was not worked on, it was said, too."""
    node = make_node(cameras="front,rear", input__batch=2)
    front, rear = node.feeds
    scorer, unreadable = FailsOnce(), to_message(street())
    model = node.detector.settings.model.model_copy(update={"warmup": False})
    node.detector = Detector(scorer, node.detector.settings.model_copy(update={"model": model}))
    scorer.failed, unreadable.encoding = False, "unheard_of"
    busy, go = threading.Event(), threading.Event()
    monkeypatch.setattr(node.answering._worker, "_work", lambda batch: busy.set() or go.wait(60))
    node.answering.offer(front, to_message(street()))
    assert busy.wait(60)
    for feed, message in ((front, unreadable), (rear, to_message(street()))):
        node.answering.offer(feed, message)
    monkeypatch.undo()
    go.set()
    end = time.monotonic() + 60
    while not rear.health.counts()["error"] and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(0.2)
    assert (front.health.counts()["error"], rear.health.counts()["error"]) == (0, 1)
    said = capfd.readouterr().err
    assert "frame of rear lost: RuntimeError: the network broke" in said and "frame of front lost" not in said


def test_a_frame_that_cannot_be_read_for_a_cause_that_nobody_foresaw_costs_no_other(
    make_node, street, to_message, monkeypatch
):
    node = make_node(cameras="front,rear", input__batch=2)
    front, rear = node.feeds
    see = answering.see

    def fails(message, settings):
        if message.header.frame_id == "front":
            raise MemoryError("no memory for an image")
        return see(message, settings)

    monkeypatch.setattr(answering, "see", fails)
    node.answering.work([(feed, to_message(street(), frame_id=feed.name)) for feed in node.feeds])
    assert (front.health.counts()["error"], rear.health.counts()["error"]) == (1, 0) and rear.latest


@pytest.mark.parametrize("cameras", ["front", "front,rear"])
def test_what_fails_after_it_was_abandoned_is_neither_told_of_nor_tried_again(
    make_node, street, to_message, monkeypatch, cameras
):
    node, begun, go, tries = make_node(cameras=cameras, input__batch=2), threading.Event(), threading.Event(), []

    def slow(*arguments):
        tries.append(arguments)
        begun.set()
        go.wait(60)
        raise RuntimeError("the network broke")

    monkeypatch.setattr(answering, "find", slow)
    batch = [(feed, to_message(street())) for feed in node.feeds]
    working = threading.Thread(target=node.answering.work, args=(batch,))
    working.start()
    assert begun.wait(60)
    node.answering.end()
    node.answering.begin()
    go.set()
    working.join(60)
    assert len(tries) == 1 and not any(feed.health.counts()["error"] for feed in node.feeds)


def test_networks_that_hang_are_told_of(driver, make_node, street, to_message, monkeypatch):
    from diagnostic_msgs.msg import DiagnosticArray

    monkeypatch.setattr(answering, "LONGEST_WORK_S", 0.5)
    node, go = make_node(), threading.Event()
    detect = node.detector.detect
    monkeypatch.setattr(node.detector, "detect", lambda *arguments: go.wait(60) and detect(*arguments))
    camera, told = driver.camera(Image, TOPIC), driver.collect(DiagnosticArray, "/diagnostics")

    def says(text, level):
        driver.spin(0.1)
        # nodes of earlier tests may be there, and tell of themselves
        own = [s for message in told for s in message.status if s.name == "/inside/detector: detector"]
        return own and own[-1].message.startswith(text) and own[-1].level == level

    def answers(*of_frames):
        camera.publish(to_message(street()))
        return says(*of_frames)

    stuck = "no frame is finished: the one in work has taken "
    try:
        driver.until(lambda: answers(stuck, DiagnosticStatus.WARN), "a word on it")
    finally:
        go.set()
    driver.until(lambda: answers("active", DiagnosticStatus.OK), "all to be well")
    asked = Transition(label="shutdown")
    assert driver.call(ChangeState, "/inside/detector/change_state", transition=asked).success
    driver.until(lambda: says("finalized", DiagnosticStatus.OK), "its state")
    driver.destroy(camera, told)
