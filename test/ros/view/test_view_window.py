"""The process behind the page, where it cannot begin."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.ros
pytest.importorskip("rclpy")
pytest.importorskip("aiohttp")


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--port", "99999"], 2, "--port 99999: expected 0 to 65535"),
        (["--host", "192.0.2.1"], 1, "give --host an address of this machine"),  # of documentation: nobody has it
        (["--host", "no.such.host.invalid"], 1, "give --host an address of this machine"),
    ],
)
def test_a_place_that_cannot_be_listened_on_is_told_with_its_cure(options, code, words):
    command = [sys.executable, "-m", "unexpected_ros.view.window", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, words in done.stderr.splitlines()[-1]) == (code, True), done.stderr
    assert "Traceback" not in done.stderr
