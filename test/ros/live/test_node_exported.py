"""The node with an exported file for a model: it detects, and never loads torch."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.ros
pytest.importorskip("rclpy")
pytest.importorskip("onnxscript", reason="pip install onnxscript")
pytest.importorskip("onnxruntime", reason="pip install onnxruntime")
from sensor_msgs.msg import Image  # noqa: E402


@pytest.fixture
def exported(tmp_path):
    from unexpected_core.export.onnx_file import export_onnx
    from unexpected_core.scorers import load_scorer

    export_onnx(load_scorer("random"), tmp_path / "toy.onnx")
    return tmp_path / "toy.onnx"


def test_it_takes_a_file_for_a_model_and_loads_no_torch(start_node, driver, to_message, street, tmp_path, exported):
    node = start_node(tmp_path, "-r", "__ns:=/exported", "-p", f"model.path:={exported}")
    node.wait_for("listening to /exported/image")
    masks = driver.collect(Image, "/exported/detector/mask")
    camera = driver.camera(Image, "/exported/image")
    driver.until(lambda: camera.publish(to_message(street())) or driver.spin(0.2) or masks, "a mask")
    driver.destroy(camera, masks)
    assert (masks[0].height, masks[0].width) == street().shape[:2]
    assert ", onnx" in node.text()
    libraries = Path(f"/proc/{node.process.pid}/maps").read_text()
    assert "onnxruntime" in libraries and "libtorch" not in libraries
