"""A detector with several cameras in the window: each viewer looks at one of them, and finds it again."""

import numpy as np
import pytest

pytestmark = pytest.mark.ros
pytest.importorskip("rclpy")
pytest.importorskip("aiohttp")

NAME = "/rigged/detector"
ARGUMENTS = ("-r", "__ns:=/rigged", "-p", "model.path:=random", "-p", "cameras:=[front, rear, left]")
LIGHT = {"front": 220, "rear": 90}  # what the cameras see, and left sees nothing
TURN_WHILE_DECODING = """
const [camera] = arguments, { decode } = HTMLImageElement.prototype;
HTMLImageElement.prototype.decode = function () {
  HTMLImageElement.prototype.decode = decode;
  history.replaceState(null, "", `#${camera}`);
  const done = decode.call(this);
  queueMicrotask(() => dispatchEvent(new Event("hashchange")));
  return done;
};
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("rigged")


@pytest.fixture(scope="module")
def detectors(start_node, folder):
    """Detectors of one name, each after the one before; the first is there."""
    first = start_node(folder, *ARGUMENTS)
    first.wait_for("listening to /rigged/left/image")
    return [first]


@pytest.fixture(scope="module")
def address(detectors, play, start_window):
    for camera, light in LIGHT.items():
        play(f"/rigged/{camera}/image", lambda number, light=light: np.full((60, 90, 3), light, np.uint8))
    return start_window(NAME)


@pytest.fixture(scope="module")
def pages(address, folder, open_page):
    """Two viewers."""
    opened = [open_page(address, folder) for _ in range(2)]
    for page in opened:
        page.until(lambda page=page: page.frame() > 2, "frames")
    return opened


def shows(page, camera):
    return abs(page.brightness("photo") - LIGHT[camera]) < 3


def cameras(page):
    """Names on the chooser, and the one that is chosen."""
    script = "return [...document.querySelectorAll('#cameras a')].map((link) => [link.textContent, link.ariaCurrent])"
    links = page.driver.execute_script(script)
    return [name for name, _ in links], [name for name, current in links if current == "true"]


def turn(page, camera):
    page.driver.find_element("link text", camera).click()


def subscribers(driver, camera):
    return driver.node.count_subscribers(f"{NAME}/{camera}/mask")


def test_each_viewer_looks_at_a_camera_of_its_own(pages, driver):
    mine, other = pages
    for page in pages:
        page.until(lambda page=page: shows(page, "front"), "the first camera")
        assert cameras(page) == (["front", "left", "rear"], ["front"])
    assert subscribers(driver, "front") and not subscribers(driver, "rear"), "nobody looks at it"
    turn(mine, "rear")
    mine.until(lambda: shows(mine, "rear") and "active" in mine.text("state"), "the camera that was chosen")
    assert f"{NAME}/rear" in mine.text("state") and cameras(mine)[1] == ["rear"]
    frame = other.frame()
    other.until(lambda: other.frame() > frame + 3, "frames of the other camera")
    assert shows(other, "front") and cameras(other)[1] == ["front"]
    assert not mine.driver.get_log("browser")


def test_a_silent_camera_has_no_picture_of_another_and_says_why(pages, driver):
    mine, other = pages
    mine.element("freeze").click()  # what is frozen is not what was asked for
    turn(mine, "left")
    mine.until(lambda: "/rigged/left/image" in mine.text("state"), "why nothing comes")
    assert mine.brightness("photo") == mine.brightness("mask") == -1
    assert not mine.element("empty").is_displayed(), "that nothing is unexpected is not known"
    driver.until(lambda: not subscribers(driver, "rear"), "nobody to look at the other one")
    assert shows(other, "front")
    turn(mine, "rear")
    mine.until(lambda: shows(mine, "rear"), "the camera that was chosen")


def test_another_camera_may_be_chosen_while_pictures_of_one_are_decoded(pages):
    mine = pages[0]
    for camera in ("front", "rear", "front", "rear"):
        mine.driver.execute_script(TURN_WHILE_DECODING, camera)
        mine.until(lambda camera=camera: cameras(mine)[1] == [camera], "the turn")
        mine.until(lambda camera=camera: shows(mine, camera), "the camera that was chosen")
    assert not mine.driver.get_log("browser")


def test_the_address_of_a_camera_opens_it_and_one_that_is_not_there_the_first(address, pages):
    mine = pages[0]
    mine.driver.get("about:blank")
    mine.driver.get(f"{address}/#rear")
    mine.until(lambda: shows(mine, "rear"), "the camera of the address")
    turn_to = "location.hash = arguments[0]"
    mine.driver.execute_script(turn_to, "roof")
    mine.until(lambda: shows(mine, "front"), "the first camera")
    mine.driver.execute_script(turn_to, "rear")
    mine.until(lambda: shows(mine, "rear"), "the camera of the address")


def test_a_detector_that_restarts_is_met_again_at_the_same_camera(pages, folder, detectors, start_node):
    mine, other = pages
    turn(mine, "rear")
    mine.until(lambda: shows(mine, "rear"), "the camera that was chosen")
    assert detectors[-1].end() == 0
    mine.until(lambda: "active" not in mine.text("state"), "the page to notice that the detector is gone")
    frames = [page.frame() for page in pages]
    (folder / "second").mkdir()
    detectors.append(start_node(folder / "second", *ARGUMENTS))
    for page, camera, frame in ((mine, "rear", frames[0]), (other, "front", frames[1])):
        page.until(lambda page=page, frame=frame: page.frame() > frame + 3, "frames of the new detector")
        assert shows(page, camera) and cameras(page)[1] == [camera]
