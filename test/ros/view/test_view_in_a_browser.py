"""The window as people use it: a detector, a camera, the page's server, and real browsers that look on."""

import asyncio
import socket
import time
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import numpy as np
import pytest
import yaml

pytestmark = pytest.mark.ros
pytest.importorskip("rclpy")
aiohttp = pytest.importorskip("aiohttp")
pytest.importorskip("selenium")
from selenium.webdriver.common.keys import Keys  # noqa: E402

NAME, THRESHOLD = "/window/detector", 0.4
ARGUMENTS = ("-r", "__ns:=/window", "-p", "model.path:=random", "-p", "detect.min_area:=1")
PATIENCE_S = 60.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("window")


@pytest.fixture(scope="module")
def detectors(start_node, folder):
    """Detectors of one name, each after the one before; the first is there."""
    first = start_node(
        folder, *ARGUMENTS, "-p", f"detect.threshold:={THRESHOLD}", "-p", f"save.directory:={folder}/samples"
    )
    first.wait_for("listening to /window/image")
    return [first]


@pytest.fixture(scope="module")
def address(detectors, play, street, start_window):
    """Of the window, with a camera at 10 Hz."""
    grain = np.random.default_rng(0).integers(0, 60, (200, 301, 3), np.uint8)  # so that pictures are some 100 kB
    play("/window/image", lambda number: street(200, 301, number % 5) // 2 + grain)
    return start_window(NAME)


@pytest.fixture(scope="module")
def pages(address, folder, open_page):
    """Two viewers."""
    (folder / "downloads").mkdir()
    opened = [open_page(address, folder / "downloads") for _ in range(2)]
    for page in opened:
        page.until(lambda page=page: page.frame() > 2, "frames")
        page.until(lambda page=page: page.driver.find_elements("id", "detect.threshold"), "sliders")
    return opened


def test_the_page_shows_pictures_regions_and_times(pages):
    for page in pages:
        page.until(lambda page=page: page.text("state") == f"{NAME} active", "the state, which is told once a second")
        assert "random" in page.text("model")
        for name in ("overlay", "photo", "labels", "resynthesis", "score"):
            page.until(lambda page=page, name=name: page.brightness(name) > 5, name)
        page.until(lambda page=page: int(page.text("count") or 0) > 0, "regions in the table")
        names = "return [...document.querySelectorAll('#times dt')].map((name) => name.textContent)"
        assert page.driver.execute_script(names) == ["age", "convert", "infer", "publish"]
        assert not page.driver.get_log("browser")


def test_a_slider_changes_the_mask_and_the_other_viewers_slider(pages):
    mine, other = pages
    assert mine.value("detect.threshold") == pytest.approx(THRESHOLD)
    mine.until(lambda: mine.brightness("mask") > 1, "regions in the mask")
    places = [mine.element("detect.road_only").rect["y"]]
    mine.element("detect.threshold").send_keys(Keys.END)
    mine.until(lambda: 0 <= mine.brightness("mask") < 1 and mine.text("count") == "0", "an empty mask at threshold 1")
    places.append(mine.element("detect.road_only").rect["y"])
    assert places[0] == places[1], "nothing moves away under the mouse"
    mine.until(lambda: 0 <= other.brightness("mask") < 1 and other.value("detect.threshold") == 1, "the same elsewhere")
    other.element("detect.threshold").send_keys(Keys.HOME)
    mine.until(
        lambda: mine.brightness("mask") > 100 and mine.value("detect.threshold") == 0, "all of it at threshold 0"
    )
    mine.element("detect.road_only").click()
    mine.until(lambda: other.element("detect.road_only").is_selected(), "the other viewer's box to be ticked")
    mine.element("detect.road_only").click()
    mine.until(lambda: not other.element("detect.road_only").is_selected(), "the other viewer's box to be empty")


MOVE_WHILE_AWAY = """
const slider = document.getElementById("detect.threshold");
socket.addEventListener("close", () => { slider.value = slider.max; slider.oninput(); });
socket.close();
"""


def test_what_is_moved_while_the_server_is_away_is_sent_when_it_is_back(pages):
    """Nothing that was moved after it was sent, either."""
    mine, other = pages
    mine.element("detect.threshold").send_keys(Keys.HOME)
    mine.until(lambda: other.value("detect.threshold") == 0, "the threshold elsewhere")
    mine.driver.execute_script(MOVE_WHILE_AWAY)
    mine.until(lambda: other.value("detect.threshold") == 1, "the same elsewhere")
    mine.element("detect.threshold").send_keys(Keys.HOME)
    mine.until(lambda: other.value("detect.threshold") == 0, "what is moved afterwards")


def test_a_frozen_page_keeps_its_frame(pages):
    page = pages[0]
    page.element("freeze").click()
    time.sleep(0.5)
    frozen = page.frame()
    time.sleep(1)
    assert page.frame() == frozen
    page.element("freeze").click()
    page.until(lambda: page.frame() > frozen, "newer frames")


def test_a_sample_is_saved_where_the_page_says(pages, folder):
    pages[0].element("save").click()
    pages[0].until(lambda: "saved" in pages[0].text("said"), "the place of the sample")
    assert pages[0].text("said").startswith(f"saved {folder}/samples/")
    assert list((folder / "samples" / "image").iterdir())


def talk(address, *commands):
    """What a page hears in answer to its commands."""

    async def run():
        async with aiohttp.ClientSession() as session, session.ws_connect(f"{address}/socket") as connection:
            for command in commands:
                await connection.send_json(command)
            said = []
            while len(said) < len(commands):
                message = await connection.receive(PATIENCE_S)
                assert message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY), "the server hung up"
                if message.type == aiohttp.WSMsgType.TEXT and "done" in message.json():
                    said.append(message.json())
            return said

    return asyncio.run(run())


def test_nonsense_is_refused_with_the_detectors_own_reason(address, pages):
    answers = talk(
        address,
        {"set": {"detect.threshold": 7}},
        {"set": {"model.path": "/etc/passwd"}},
        {"set": {"detect.max_regions": "many"}},
        {"set": 3},
        [1],
        {"set": {"detect.threshold": THRESHOLD}},
    )
    assert [answer["done"] for answer in answers] == ["error"] * 5 + ["set"], answers
    for answer, words in zip(
        answers, ("detect.threshold", "not a live", "expected a int", "expected", "expected"), strict=False
    ):
        assert words in answer["text"]
    assert "active" in pages[0].text("state")


@pytest.mark.parametrize("header", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}])
@pytest.mark.parametrize("path", ["/", "/settings", "/socket"])
def test_other_sites_are_refused(address, header, path):
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(urllib.request.Request(address + path, headers=header))
    assert refusal.value.code == 403


def test_a_viewer_that_never_reads_holds_up_nobody(address, pages, driver):
    from unexpected_ros.msg import FrameStats

    port = urlsplit(address).port
    stuck = socket.create_connection(("localhost", port))
    stuck.sendall(
        f"GET /socket HTTP/1.1\r\nHost: localhost:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n".encode()
    )
    shown = b"\x81\x8f\0\0\0\0" + b'{"shown": true}'  # a masked frame whose mask is zero
    stats = driver.collect(FrameStats, f"{NAME}/stats", best_effort=True)
    begun = pages[0].frame()
    for _ in range(50):
        stuck.sendall(shown)
        driver.spin(0.1)
    driver.until(lambda: len(stats) > 30, "frames of the detector")
    pages[0].until(lambda: pages[0].frame() > begun + 20, "frames for the viewer that reads")
    driver.destroy(stats)
    stuck.close()


def test_settings_are_saved_as_a_file_and_a_detector_that_restarts_with_it_is_met_again(
    pages, folder, detectors, start_node
):
    page, other = pages
    page.element("detect.threshold").send_keys(Keys.HOME, *[Keys.ARROW_RIGHT] * 3)
    page.until(lambda: other.value("detect.threshold") == page.value("detect.threshold") > 0, "the new threshold")
    page.element("settings").click()
    file = page.until(lambda: next(iter((folder / "downloads").glob("*.yaml")), None), "the downloaded settings")
    saved = yaml.safe_load(file.read_text())["/**"]["ros__parameters"]
    assert saved["detect"]["threshold"] == pytest.approx(page.value("detect.threshold"), abs=1e-3)
    assert saved["save"]["directory"] == f"{folder}/samples"

    assert detectors[-1].end() == 0
    page.until(lambda: "active" not in page.text("state"), "the page to notice that the detector is gone")
    before = page.frame()
    (folder / "second").mkdir()
    detectors.append(start_node(folder / "second", "-r", "__ns:=/window", "--params-file", str(file)))
    page.until(lambda: page.frame() > before + 3 and "active" in page.text("state"), "frames of the new detector")
    page.until(lambda: page.value("detect.threshold") == pytest.approx(saved["detect"]["threshold"]), "its threshold")
    page.element("detect.threshold").send_keys(Keys.END)
    page.until(lambda: page.text("count") == "0", "the slider to reach the new detector")
