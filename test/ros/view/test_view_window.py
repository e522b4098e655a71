"""The process behind the page: where it cannot begin, and what it sends to a page of ours."""

import array
import asyncio
import json
import struct
import subprocess
import sys

import cv2
import numpy as np
import pytest

pytestmark = pytest.mark.ros
pytest.importorskip("rclpy")
aiohttp = pytest.importorskip("aiohttp")


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


def photo_of(data):
    """The photo in one frame of `hub.pack`, None where it has none."""
    start = 4 + struct.unpack(">I", data[:4])[0]
    for name, size in json.loads(data[4:start])["pictures"]:
        if name == "photo":
            return cv2.imdecode(np.frombuffer(data, np.uint8, size, start), cv2.IMREAD_UNCHANGED)
        start += size
    return None


def test_a_photo_of_12_bits_in_16_is_read_as_the_detector_reads_it(driver, start_node, start_window, tmp_path):
    """It was shown black, though input.bit_depth said how to read it."""
    from sensor_msgs.msg import Image

    arguments = ("-r", "__ns:=/deep", "-p", "model.path:=random", "-p", "input.bit_depth:=12")
    start_node(tmp_path, *arguments).wait_for("listening to /deep/image")
    address, camera = start_window("/deep/detector"), driver.camera(Image, "/deep/image")
    stamps = iter(range(1, 10_000))
    pixels = array.array("B", np.full((40, 60), 2048, "<u2").tobytes())

    async def shows(page, light):
        while True:
            message = Image(height=40, width=60, step=120, encoding="mono16", data=pixels)
            message.header.stamp.sec = next(stamps)
            camera.publish(message)
            try:
                said = await page.receive(0.2)
            except TimeoutError:
                continue
            if said.type == aiohttp.WSMsgType.BINARY:
                await page.send_json({"shown": True})
                photo = photo_of(said.data)
                if photo is not None and abs(photo.mean() - light) < 3:
                    return

    async def look():
        async with aiohttp.ClientSession() as session, session.ws_connect(f"{address}/socket") as page:
            await asyncio.wait_for(shows(page, 255 * 2048 / 4095), 60)
            await page.send_json({"set": {"input.bit_depth": 16}})
            await asyncio.wait_for(shows(page, 255 * 2048 / 65535), 60)

    asyncio.run(look())
    driver.destroy(camera)
