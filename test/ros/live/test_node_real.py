"""Real drives through the node in another process: CamVid's sequence 0016E5 and the Lost and Found frames."""

import numpy as np
import pytest

from unexpected_core.images import read_image

pytestmark = pytest.mark.ros
pytest.importorskip("rclpy")
from sensor_msgs.msg import Image  # noqa: E402

NAME = "/real/detector"
OUTPUTS = {"mask": "mono8", "labels": "mono8", "overlay": "rgb8"}


@pytest.fixture(scope="module")
def model():
    """The shipped detector; where there is none, the toy, which is wired the same."""
    from unexpected_core.weights.catalog import shipped

    return "fast" if "fast" in shipped() else "random"


@pytest.fixture(scope="module")
def core(model):
    from unexpected_core.pipeline.detector import load_detector

    return load_detector(model, device="cpu")


@pytest.fixture(scope="module")
def node(start_node, shared_data, model, tmp_path_factory):
    node = start_node(
        tmp_path_factory.mktemp("real"), "-r", "__ns:=/real", "-p", f"model.path:={model}", "-p", "model.device:=cpu"
    )
    node.wait_for("listening to /real/image")
    return node


FRAMES = {"camvid": ("camvid/val", "0016E5_*"), "lost_and_found": ("anomaly/lost_and_found/images", "*")}


def frames(shared_data, name):
    folder, pattern = FRAMES[name]
    found = sorted((shared_data / folder).glob(pattern))
    if not found:
        pytest.skip(f"no real data: {shared_data / folder} is empty")
    return found


def play(driver, core, to_message, paths):
    """Send frame by frame; every answer must be there, belong to its frame, and say what the core says."""
    from unexpected_ros.msg import AnomalyArray

    inbox = {name: driver.collect(Image, f"{NAME}/{name}") for name in OUTPUTS}
    inbox["regions"] = driver.collect(AnomalyArray, f"{NAME}/regions")
    camera = driver.camera(Image, "/real/image")

    def answers(frame_id):
        found = {name: [m for m in inbox[name] if m.header.frame_id == frame_id] for name in inbox}
        return {name: messages[0] for name, messages in found.items()} if all(found.values()) else None

    def connected():
        camera.publish(to_message(np.zeros((64, 64, 3), np.uint8), frame_id="are you there?"))
        driver.spin(0.2)
        return answers("are you there?")

    driver.until(connected, "all topics to be connected")

    for number, path in enumerate(paths):
        image = read_image(path)
        message = to_message(image, 1_000_000_000 + number * 66_666_667, path.stem)
        camera.publish(message)
        check(
            driver.until(lambda key=path.stem: answers(key), f"the outputs of {path.name}"),
            message,
            image,
            core.detect(image, resynthesis=False),
        )
    for messages in inbox.values():
        assert [m.header.frame_id for m in messages if "?" not in m.header.frame_id] == [path.stem for path in paths]
    driver.destroy(*inbox.values(), camera)


def check(answers, message, image, expected):
    key, size = message.header.frame_id, image.shape[:2]
    assert all(answer.header == message.header for answer in answers.values()), key
    for name, encoding in OUTPUTS.items():
        assert (answers[name].height, answers[name].width, answers[name].encoding) == (*size, encoding), (key, name)
    mask = np.frombuffer(answers["mask"].data, np.uint8).reshape(size) > 0
    assert np.count_nonzero(mask != expected.mask) <= 1e-4 * mask.size, key
    boxes = [(r.roi.x_offset, r.roi.y_offset, r.roi.width, r.roi.height) for r in answers["regions"].regions]
    assert sorted(boxes) == sorted((r.x, r.y, r.width, r.height) for r in expected.regions), key


@pytest.mark.parametrize("name", ["camvid", "lost_and_found"])
def test_some_frames(driver, node, core, to_message, shared_data, name):
    play(driver, core, to_message, frames(shared_data, name)[:4])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["camvid", "lost_and_found"])
def test_every_frame(driver, node, core, to_message, shared_data, name):
    play(driver, core, to_message, frames(shared_data, name))
