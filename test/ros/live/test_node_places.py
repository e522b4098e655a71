"""What the node needs to tell where things stand, and what it says while that is missing."""

import math
from types import SimpleNamespace

import pytest

pytestmark = pytest.mark.ros
rclpy = pytest.importorskip("rclpy")
from diagnostic_msgs.msg import DiagnosticStatus  # noqa: E402
from rclpy.parameter import Parameter  # noqa: E402
from sensor_msgs.msg import CameraInfo, Image, PointCloud2, RegionOfInterest  # noqa: E402

from unexpected_ros.inputs import pairing  # noqa: E402
from unexpected_ros.live import feed  # noqa: E402

TOPIC = "/inside/image"


def bearing_by(answers, middle, focal):
    """Whether the newest answer tells bearings by this principal column and focal length."""
    region = answers[-1].regions[0]
    return region.bearing == pytest.approx(math.atan((middle - region.centroid_x) / focal), abs=1e-4)


def test_bearing_and_distance_need_camera_info_and_height(driver, make_node, answers, street, to_message):
    node = make_node(camera__height=1.5, detect__threshold=0.5, detect__min_area=1, detect__hysteresis=0.0)
    camera = driver.camera(Image, TOPIC)
    message = to_message(street(97, 130))
    assert all(math.isnan(r.distance) for r in driver.publish_until_answered(camera, message, answers).regions)
    info = driver.node.create_publisher(CameraInfo, "/inside/camera_info", 1)
    calibration = CameraInfo(height=97, width=130, k=[100.0, 0.0, 65.0, 0.0, 100.0, 40.0, 0.0, 0.0, 1.0])

    def known():
        info.publish(calibration)
        driver.spin(0.05)
        return node.feeds[0].camera(node.settings.camera, 1)

    driver.until(known, "the calibration")
    region = driver.publish_until_answered(camera, message, answers).regions[0]
    assert region.bearing == pytest.approx(math.atan((65 - region.centroid_x) / 100), abs=1e-4)
    right = (region.roi.x_offset + (region.roi.width - 1) / 2 - 65) / 100
    down = (region.roi.y_offset + region.roi.height - 0.5 - 40) / 100
    assert region.distance == pytest.approx(1.5 / down * math.hypot(1, right), rel=1e-4)
    assert node.set_parameters([Parameter("camera.rectified", value="yes")])[0].successful
    projection = CameraInfo(
        height=97, width=130, k=calibration.k, p=[50.0, 0.0, 60.0, 0.0, 0.0, 50.0, 30.0] + [0.0] * 5
    )

    def shown(by, *infos):
        for calibration in infos:
            info.publish(calibration)
        camera.publish(message)
        driver.spin(0.05)
        return bearing_by(answers, *by)

    driver.until(lambda: shown((60, 50), projection), "P")
    node.set_parameters([Parameter("camera.rectified", value="no")])  # though camera_info comes no more
    driver.until(lambda: shown((65, 100)), "K again")
    driver.destroy(camera, info)


def test_a_calibration_that_was_published_once_and_kept_is_heard(driver, make_node, answers, street, to_message):
    from rclpy.qos import QoSDurabilityPolicy, QoSProfile

    kept = QoSProfile(depth=1, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
    info = driver.node.create_publisher(CameraInfo, "/inside/camera_info", kept)
    info.publish(CameraInfo(height=97, width=130, k=[100.0, 0.0, 65.0, 0.0, 100.0, 40.0, 0.0, 0.0, 1.0]))
    make_node()
    camera, message = driver.camera(Image, TOPIC), to_message(street())

    def tells():
        driver.publish_until_answered(camera, message, answers)
        return bearing_by(answers, 65, 100)

    driver.until(tells, "the bearing", 60)
    driver.destroy(info)
    sent = driver.camera(CameraInfo, "/inside/camera_info", best_effort=True)  # now all the time, and by other pixels
    other = CameraInfo(height=97, width=130, k=[50.0, 0.0, 60.0, 0.0, 50.0, 40.0, 0.0, 0.0, 1.0])
    driver.until(lambda: sent.publish(other) or not tells(), "the other", 60)
    assert bearing_by(answers, 60, 50)
    driver.destroy(camera, sent)


def test_one_that_is_kept_best_effort_is_heard_after_one_that_was_kept_reliably(driver, make_node):
    from rclpy.qos import QoSDurabilityPolicy, QoSProfile, QoSReliabilityPolicy

    node = make_node()
    for reliability, focal in ((QoSReliabilityPolicy.RELIABLE, 100.0), (QoSReliabilityPolicy.BEST_EFFORT, 50.0)):
        kept = QoSProfile(depth=1, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL, reliability=reliability)
        info = driver.node.create_publisher(CameraInfo, "/inside/camera_info", kept)
        told = CameraInfo(height=97, width=130, k=[focal, 0.0, 65.0, 0.0, focal, 40.0, 0.0, 0.0, 1.0])

        def heard(told=told, focal=focal, info=info):
            info.publish(told)
            driver.spin(0.1)
            found = node.feeds[0].camera(node.settings.camera, 1)
            return found and found.matrix[0, 0] == focal

        driver.until(heard, f"the calibration that is kept {reliability.name}", 20)
        driver.spin(2.0)  # its QoS is followed once a second
        driver.destroy(info)


def window(second, left):
    """The calibration of images of 97x130 that begin at a column of a sensor of 97x260, which the camera may move."""
    roi = RegionOfInterest(x_offset=left, width=130, height=97)
    info = CameraInfo(height=97, width=260, k=[100.0, 0.0, 130.0, 0.0, 100.0, 40.0, 0.0, 0.0, 1.0], roi=roi)
    info.header.stamp.sec = second
    return info


def test_an_image_counts_with_the_calibration_of_its_own_stamp(
    driver, make_node, answers, street, to_message, monkeypatch
):
    monkeypatch.setattr(pairing, "WAIT_S", 1.0)
    make_node(detect__threshold=0.5, detect__min_area=1, detect__hysteresis=0.0)
    camera = driver.camera(Image, TOPIC)
    info = driver.camera(CameraInfo, "/inside/camera_info", best_effort=True)
    image = street(97, 130)

    def answered(second):
        return answers and answers[-1].header.stamp.sec == second

    def left_of(second, *infos, after=()):
        """Left column of the sensor's part by which the image of a second is answered."""
        for told in infos:
            info.publish(told)
        if infos:
            driver.spin(0.2)  # images are larger, and come later
        camera.publish(to_message(image, second * 10**9))
        for told in after:
            info.publish(told)
        driver.until(lambda: answered(second), "the answer")
        region = answers[-1].regions[0]
        return round(130 - region.centroid_x - 100 * math.tan(region.bearing), 1)

    driver.until(lambda: info.publish(window(10, 0)) or left_of(11) == 0 or answers.clear(), "the calibration", 60)
    assert left_of(12, window(12, 0), window(13, 60)) == 0  # the window moved while the image was under way
    assert left_of(13) == 60
    assert left_of(14, window(14, 30)) == 30
    assert left_of(15, after=[window(15, 80)]) == 80  # it comes behind its image
    assert left_of(16) == 80  # it was lost
    assert left_of(5, window(5, 20)) == 20  # time begins anew
    driver.destroy(camera, info)


def test_to_wait_for_a_calibration_is_no_work(driver, make_node, answers, street, to_message, monkeypatch, capfd):
    """Else a node with a budget worked on smaller images, and waited as long."""
    monkeypatch.setattr(pairing, "WAIT_S", 4.0)
    node = make_node(load__budget_ms=3000.0, load__frames=1)
    camera, info = driver.camera(Image, TOPIC), driver.camera(CameraInfo, "/inside/camera_info", best_effort=True)
    driver.until(
        lambda: info.publish(window(10, 0)) or driver.spin(0.1) or node.feeds[0].camera(node.settings.camera, 10**10),
        "the calibration",
    )
    camera.publish(to_message(street(), 11 * 10**9))  # the one before had its own
    driver.until(lambda: answers, "the answer", 60)
    driver.spin(0.5)
    assert node.answering.relief.rung.name == "full size"
    assert "over load.budget_ms" not in capfd.readouterr().err
    driver.destroy(camera, info)


def test_what_is_missing_to_tell_where_things_stand_is_said(driver, make_node, street, to_message, monkeypatch):
    monkeypatch.setattr(feed, "PATIENCE", 1)
    node, camera = make_node(), driver.camera(Image, TOPIC)
    points = driver.collect(PointCloud2, "/inside/detector/obstacle_points")

    def said(words):
        camera.publish(to_message(street()))
        driver.spin(0.1)
        return words in str(node.feeds[0].complaint)

    driver.until(lambda: said("nothing came on /inside/camera_info; publish the camera's sensor_msgs/CameraInfo"), "it")
    status = node.feeds[0].health.input_status("input", "", str(node.feeds[0].complaint))
    assert status.level == DiagnosticStatus.WARN
    info = driver.camera(CameraInfo, "/inside/camera_info", best_effort=True)
    driver.until(lambda: info.publish(CameraInfo(height=97, width=130)) or said("holds no calibration"), "it")
    calibration = CameraInfo(height=97, width=130, k=[100.0, 0.0, 65.0, 0.0, 100.0, 40.0, 0.0, 0.0, 1.0])
    cure = "set camera.height, or publish /tf_static from base_link (on the ground) to camera"
    driver.until(lambda: info.publish(calibration) or said(cure), "it")
    node.set_parameters([Parameter("camera.height", value=1.5)])
    driver.until(lambda: said("None") and points, "an end to it")
    calibration.header.frame_id = "rear"
    driver.until(lambda: info.publish(calibration) or said("'rear', images 'camera'"), "another camera's")
    driver.destroy(camera, info, points)


def test_lost_frames_hide_nothing_that_is_wrong_with_those_that_come(driver, make_node, street, to_message):
    node, camera = make_node(), driver.camera(Image, TOPIC)
    info = driver.camera(CameraInfo, "/inside/camera_info", best_effort=True)
    calibration = CameraInfo(height=97, width=130, k=[100.0, 0.0, 65.0, 0.0, 100.0, 40.0, 0.0, 0.0, 1.0])
    calibration.header.frame_id = "rear"

    def said(words):
        node.feeds[0].input._on_loss(SimpleNamespace(total_count_change=1))
        info.publish(calibration)
        camera.publish(to_message(street()))
        driver.spin(0.1)
        return words in str(node.feeds[0].complaint)

    driver.until(lambda: said("'rear', images 'camera'"), "whose calibration it is", 60)
    calibration.header.frame_id = "camera"
    driver.until(lambda: said("are lost on their way"), "the loss", 60)
    driver.destroy(camera, info)
