"""The built package: one for colcon, whole when installed, with an executable that ends as it should."""

import ast
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

EXECUTABLES = ("detector", "replay", "recorder", "view")


@pytest.fixture
def install(repository):
    folder = repository / "install" / "unexpected_ros"
    if not folder.is_dir():
        pytest.skip("needs the built ROS package: run `make test`, or `make build` and `source scripts/env.sh`")
    return folder


def installed_only(install, code):
    """Run Python with the installed packages in sight and the checkout out of it."""
    environment = os.environ | {"PYTHONPATH": str(next(install.glob("lib/python3*/site-packages")))}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=install, env=environment)


def test_colcon_sees_one_ament_cmake_package(repository, tmp_path):
    colcon = Path(sys.executable).parent / "colcon"
    if not colcon.exists():
        pytest.skip("colcon is not in this environment")
    listed = subprocess.run([colcon, "--log-base", tmp_path, "list"], capture_output=True, text=True, cwd=repository)
    assert listed.stdout.splitlines() == ["unexpected_ros\t.\t(ros.ament_cmake)"]


@pytest.mark.ros
def test_both_halves_and_the_messages_are_installed_together(install):
    done = installed_only(
        install,
        "import unexpected_core, unexpected_ros, unexpected_ros.scene.geometry;"
        "from unexpected_ros.msg import AnomalyArray, AnomalyRegion, FrameStats;"
        "from rclpy.serialization import serialize_message, deserialize_message;"
        "array = AnomalyArray(model_id='x', regions=[AnomalyRegion(area=7)]);"
        "again = deserialize_message(serialize_message(array), AnomalyArray);"
        "print(again == array, unexpected_core.__file__, AnomalyArray.FALLBACK)",
    )
    assert done.returncode == 0, done.stderr
    same, core, fallback = done.stdout.split()
    assert (same, fallback) == ("True", "2")
    assert Path(core).is_relative_to(install)


def test_every_file_of_the_checkout_is_installed(repository, install):
    packages, share = next(install.glob("lib/python3*/site-packages")), install / "share" / "unexpected_ros"
    places = {"unexpected_core": packages, "unexpected_ros": packages, "launch": share, "config": share}
    here = [
        (place, path.relative_to(repository))
        for name, place in places.items()
        for path in (repository / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]
    assert len(here) > 50
    missing = [str(path) for place, path in here if not (place / path).is_file()]
    assert not missing, "newer than install/? then: make build"


def test_message_definitions_are_found_in_checkout_and_installation(repository, install):
    from unexpected_ros.bags import message_types

    code = (
        "from unexpected_ros.bags import message_types;"
        "print(message_types().hash_rihs01('unexpected_ros/msg/AnomalyArray'))"
    )
    done = installed_only(install, code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == message_types().hash_rihs01("unexpected_ros/msg/AnomalyArray")


@pytest.mark.ros
@pytest.mark.parametrize("name", EXECUTABLES)
def test_executables_are_installed_and_run(install, name):
    path = install / "lib" / "unexpected_ros" / name
    assert os.access(path, os.X_OK)
    module = {"detector": "live.process", "view": "view.window"}.get(name, f"tools.{name}")
    assert f'start("unexpected_ros.{module}")' in path.read_text()
    if name != "detector":
        helped = subprocess.run([path, "--help"], capture_output=True, text=True, timeout=60)
        assert helped.returncode == 0
        assert f"usage: {name}" in helped.stdout


def test_versions_and_licence_agree(repository):
    from importlib.metadata import version

    import unexpected_core

    package = ElementTree.parse(repository / "package.xml").getroot()
    assert package.findtext("version") == unexpected_core.__version__
    assert f'version="{unexpected_core.__version__}"' in (repository / "setup.py").read_text()
    assert version("unexpected_ros") == unexpected_core.__version__
    assert package.findtext("license") == "Apache-2.0"
    assert "Apache License" in (repository / "LICENSE").read_text()


def test_package_xml_is_valid(repository):
    package = pytest.importorskip("catkin_pkg.package")
    found = package.parse_package(str(repository))
    warnings = []
    found.validate(warnings)
    assert (found.name, warnings) == ("unexpected_ros", [])
    assert found.get_build_type() == "ament_cmake"


# import: rosdep key, where the two differ
KEYS = {"PIL": "python3-pil", "cv2": "python3-opencv", "rosbags": "python3-rosbags-pip"} | {
    name: f"python3-{name}" for name in ("aiohttp", "numpy", "pydantic", "rich", "torch", "torchvision", "yaml")
}
# with pip only: there is no key for the first ones, and the others are for training and evaluation
WITH_PIP = {"ray", "safetensors", "simplejpeg", "av", "lz4", "mcap", "pillow_heif", "zstandard"} | {
    *("h5py", "jinja2", "lightning_fabric", "matplotlib", "onnx", "onnxruntime", "openvino", "tensorboard")
}


def test_every_import_is_a_declared_dependency(repository):
    package = ElementTree.parse(repository / "package.xml").getroot()
    declared = {element.text for element in package if element.tag.endswith("depend")}
    folders = ("unexpected_core", "unexpected_ros", "launch")
    files = [path for folder in folders for path in (repository / folder).rglob("*.py")]
    found = {
        name.split(".")[0]
        for path in files
        for node in ast.walk(ast.parse(path.read_text()))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    foreign = found - sys.stdlib_module_names - {"unexpected_core", "unexpected_ros"} - WITH_PIP
    assert "rclpy" in foreign
    assert not {KEYS.get(name, name) for name in foreign} - declared


def test_command_is_installed(repository):
    unexpected = Path(sys.executable).parent / "unexpected"
    if not unexpected.exists():
        pytest.skip("the package is not installed with pip in this environment")
    helped = subprocess.run([unexpected, "--help"], capture_output=True, text=True, cwd=repository)
    assert helped.returncode == 0, helped.stderr
    assert "detect" in helped.stdout
