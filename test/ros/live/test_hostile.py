"""Messages that would take the memory, fill the log or stop the node, sent to a node in a process of its own."""

import io
import struct
import time
from array import array
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

pytestmark = pytest.mark.ros
pytest.importorskip("rclpy")
from rcl_interfaces.msg import Parameter, ParameterValue  # noqa: E402
from rcl_interfaces.srv import SetParameters  # noqa: E402
from sensor_msgs.msg import CameraInfo, CompressedImage  # noqa: E402

from unexpected_core.compressed import encode_jpeg  # noqa: E402
from unexpected_core.encodings import EncodingError, to_rgb  # noqa: E402
from unexpected_ros.inputs.incoming import camera_from  # noqa: E402
from unexpected_ros.scene.geometry import Camera  # noqa: E402


def bombs(jpeg):
    """Small files that say they are, or are, pictures of gigabytes; and damaged ones that decoders complain of."""
    tiff = io.BytesIO()
    Picture.new("1", (30000, 30000)).save(tiff, format="TIFF", compression="group4")  # true, and 12.9 GB when decoded
    frame = jpeg.index(b"\xff\xc0") + 5
    png = io.BytesIO()
    Picture.fromarray(np.zeros((50, 60, 3), np.uint8)).save(png, format="PNG")
    return [
        tiff.getvalue(),
        b"GIF89a" + struct.pack("<HH", 60000, 60000) + bytes(3) + b",\0\0\0\0" + struct.pack("<HH", 60000, 60000),
        jpeg[:frame] + struct.pack(">HH", 60000, 60000) + jpeg[frame + 4 :],
        jpeg[: len(jpeg) // 2] + b"\xff\xd9",
        png.getvalue()[:60] + bytes(9) + png.getvalue()[69:],
    ]


def peak(node):
    status = Path(f"/proc/{node.process.pid}/status").read_text().splitlines()
    return int(next(line for line in status if line.startswith("VmHWM")).split()[1]) * 1024


def test_bombs_and_damage_cost_neither_memory_nor_log(driver, start_node, tmp_path, street):
    from unexpected_ros.msg import AnomalyArray

    arguments = ("-p", "model.path:=random", "-p", "input.transport:=compressed")
    node = start_node(tmp_path, "-r", "__ns:=/hostile", *arguments)
    camera = driver.camera(CompressedImage, "/hostile/image/compressed")
    answers = driver.collect(AnomalyArray, "/hostile/detector/regions")
    good = encode_jpeg(street(240, 320), 90)

    def served():
        camera.publish(CompressedImage(format="jpeg", data=good))
        driver.spin(0.1)
        return answers

    driver.until(served, "an answer")
    before, lines = peak(node), node.text().count("\n")
    for data in bombs(good):
        for _ in range(10):
            camera.publish(CompressedImage(format="jpeg", data=data))
            driver.spin(0.02)
    driver.until(lambda: "frame skipped" in node.text(), "a report")
    answers.clear()
    driver.until(served, "an answer after all that")
    assert peak(node) - before < 100e6
    assert 1 <= node.text().count("\n") - lines <= 8, node.text()
    driver.destroy(camera, answers)
    time.sleep(0.1)
    node.end()


def test_foreign_text_is_cut_before_it_is_said():
    long = "all is lost\n" * 20_000
    with pytest.raises(EncodingError) as caught:
        to_rgb(long, 6, 10, 30, bytes(180))
    camera = Camera(6, 10, np.eye(3), np.zeros(5), long)
    for text in (str(caught.value), camera.flaw):
        assert "all is lost?all is lost?" in text and "\n" not in text and len(text) < 600


def test_of_a_calibration_no_more_is_kept_than_a_camera_has():
    """Hundreds of them are, to find each image its own."""
    info = CameraInfo(height=97, width=130, d=array("d", bytes(8_000_000)), distortion_model="plumb_bob" * 1_000_000)
    camera = camera_from(info)
    assert camera.distortion.nbytes + len(camera.model) < 1000 and "is not known" in camera.flaw
    assert "with more than 14 distortion coefficients" in replace(camera, model="plumb_bob").flaw


def test_a_request_that_is_none_ends_nothing(driver, start_node, tmp_path):
    node = start_node(tmp_path, "-r", "__ns:=/hostile", "-r", "__node:=asked", "-p", "autostart:=false")
    service = "/hostile/asked/set_parameters"
    client = driver.node.create_client(SetParameters, service)
    driver.until(client.service_is_ready, service)
    nothing = Parameter(name="camera.height", value=ParameterValue(type=77))
    client.call_async(SetParameters.Request(parameters=[nothing]))
    driver.until(lambda: "77 is not a valid" in node.text(), "a word on it")
    assert "Traceback" not in node.text()
    height = Parameter(name="camera.height", value=ParameterValue(type=3, double_value=1.5))
    assert driver.call(SetParameters, service, parameters=[height]).results[0].successful
    driver.node.destroy_client(client)
    assert node.end() == 0
