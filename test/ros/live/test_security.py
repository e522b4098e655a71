"""SROS 2: its own tools take the policy, and a node that is told to be secure never runs open."""

import os
import subprocess
import sys
from xml.etree import ElementTree

import pytest

pytestmark = pytest.mark.ros
pytest.importorskip("rclpy")

ENCLAVE = "/unexpected/detector"


@pytest.fixture(scope="module")
def keystore(repository, tmp_path_factory):
    """A keystore with keys and signed permissions for the node, as `ros2 security generate_artifacts` makes it."""
    pytest.importorskip("sros2", reason="needs sros2 (apt install ros-$ROS_DISTRO-sros2); the wheels do not have it")
    from sros2.api import _artifact_generation

    folder = tmp_path_factory.mktemp("sros2") / "keys"
    _artifact_generation.generate_artifacts(folder, [], [repository / "config" / "sros2_policy.xml"])
    return folder


def test_sros2_translates_the_policy_into_permissions(keystore):
    from unexpected_ros.live.outputs import OUTPUTS

    rules = ElementTree.parse(keystore / "enclaves" / ENCLAVE[1:] / "permissions.xml").find("permissions/grant")
    assert rules.findtext("default") == "DENY"
    published = {topic.text for topic in rules.findall("allow_rule/publish/topics/topic")}
    subscribed = {topic.text for topic in rules.findall("allow_rule/subscribe/topics/topic")}
    assert {f"rt{ENCLAVE}/{name}" for name in OUTPUTS} < published
    assert {"rt/unexpected/image", "rt/unexpected/camera_info"} < subscribed
    assert f"rq{ENCLAVE}/save_sampleRequest" in subscribed and f"rr{ENCLAVE}/save_sampleReply" in published
    assert "*" not in "".join(published | subscribed - {"ros_discovery_info"})


def run_secured(program, keystore, *arguments):
    return subprocess.run(
        [sys.executable, "-P", "-m", "unexpected_ros.start", program, *arguments, "--ros-args", "--enclave", ENCLAVE],
        env=os.environ
        | {"ROS_SECURITY_KEYSTORE": str(keystore), "ROS_SECURITY_ENABLE": "true"}
        | {"ROS_SECURITY_STRATEGY": "Enforce"},
        capture_output=True,
        text=True,
        timeout=120,
    )


PROGRAMS = {
    "unexpected_ros.live.process": (),
    "unexpected_ros.tools.recorder": ("out.mcap", "/image"),
    "unexpected_ros.view.window": ("--port", "0"),
}


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("there", ["no folder", "no keys"])
def test_what_is_told_to_be_secure_never_runs_open(tmp_path, program, there):
    if there == "no keys":
        (tmp_path / "enclaves" / ENCLAVE[1:]).mkdir(parents=True)
    ended = run_secured(program, tmp_path, *PROGRAMS[program])
    assert ended.returncode == 1
    last = ended.stderr.splitlines()[-1]
    assert "Traceback" not in ended.stderr and (f"{tmp_path}/enclaves{ENCLAVE}" in last or "security" in last)


def test_cameras_that_are_none_are_told_with_what_was_expected(tmp_path):
    """It was 'invalid parse_cameras value'."""
    command = [sys.executable, "-P", "-m", "unexpected_ros.live.policy", "--cameras", "front rear:x"]
    done = subprocess.run([*command, "--out", tmp_path / "policy.xml"], capture_output=True, text=True)
    assert done.returncode == 2 and "'rear:x': expected a weight of 1 to 100, such as rear:2" in done.stderr
    assert not list(tmp_path.iterdir())
