"""The own car: given as a picture or polygons, and found in a drive."""

import cv2
import numpy as np
import pytest

from unexpected_core.cli.main import main
from unexpected_core.config import SettingsError
from unexpected_core.images import read_image, write_image
from unexpected_core.pipeline.detector import load_detector
from unexpected_core.pipeline.ego_learning import EgoError, learn_ego_mask
from unexpected_core.pipeline.ego_mask import ego_mask
from unexpected_core.pipeline.roi import given_area
from unexpected_core.pipeline.settings import DetectSettings

HEIGHT, WIDTH = 120, 200


def street(seed, bonnet=True):
    """A drive past noise, with a bonnet below row 100 that is the same in every frame but for its brightness."""
    rng = np.random.default_rng(seed)
    frame = cv2.resize(rng.integers(0, 256, (24, 40, 3), np.uint8), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    if bonnet:
        frame[100:] = 40 + seed % 5
        frame[100:103] = 230
        cv2.circle(frame, (100, 92), 9, (250, 250, 250), 2)
    return frame


def test_a_polygon_is_drawn_at_any_size():
    mask = ego_mask("0,0.5 1,0.5 1,1 0,1; 0.4,0 0.6,0 0.5,0.2", (101, 51))
    assert mask[60:].all() and not mask[25:45].any() and mask[2, 25] and not mask[2, 5]


def test_a_picture_of_any_size_and_colour_is_one(tmp_path):
    picture = np.zeros((10, 20, 3), np.uint8)
    picture[8:, :, 1] = 200
    write_image(tmp_path / "car.png", picture)
    mask = ego_mask(str(tmp_path / "car.png"), (50, 60))
    assert mask[40:].all() and not mask[:40].any()


def test_a_picture_lies_where_it_lies_at_other_sizes(tmp_path):
    picture = np.zeros((12, 18), np.uint8)
    picture[1::3, 1::3] = 200
    write_image(tmp_path / "car.png", picture)
    assert ego_mask(str(tmp_path / "car.png"), (4, 6)).all(), "the middle of each three by three"


@pytest.mark.parametrize("area", [ego_mask, given_area])
def test_a_picture_that_has_changed_is_read_again(tmp_path, area):
    path = tmp_path / "car.png"
    for value in (0, 200, 0):
        write_image(path, np.full((10, 20), value, np.uint8))
        assert area(str(path), (5, 6)).all() == bool(value)
        assert area(str(path), (5, 6)) is area(str(path), (5, 6)), "the same file is read once"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("/nowhere.png", "cannot read the ego mask"),
        ("/masks/{camera}.png", "cannot read the ego mask"),
        ("/dev/zero", "cannot read the ego mask: .* not a regular file"),
        ("0,0 1,1", "polygons of three corners or more"),
        ("0,0 10,0 0,10", "in shares of the image"),
    ],
)
def test_what_is_no_mask_is_refused_when_it_is_set(text, words):
    with pytest.raises(SettingsError, match=words):
        load_detector("random", ego_mask=text)


def test_nothing_is_unexpected_inside_it_and_each_image_of_a_batch_has_its_own():
    detector = load_detector("random", device="cpu", threshold=0.3, min_area=1, hysteresis=0.0)
    image = street(1)
    whole = detector.detect(image)
    lower, right = "0,0.5 1,0.5 1,1 0,1", "0.5,0 1,0 1,1 0.5,1"
    settings = [detector.settings.detect.model_copy(update={"ego_mask": text}) for text in (lower, right)]
    first, second = detector.detect_batch([image, image], settings=settings)
    assert whole.mask[60:].any() and whole.mask[:, 110:].any()
    assert not first.mask[60:].any() and (first.score[60:] == 0).all()
    assert not second.mask[:, 101:].any() and second.mask[60:, :90].any()
    assert np.array_equal(first.score[:58], whole.score[:58])


def test_the_own_car_is_found_in_a_drive():
    mask = learn_ego_mask(street(seed) for seed in range(40))
    assert mask[104:].all(), "the bonnet"
    assert mask[92, 100], "the star"
    assert mask[:78].mean() < 0.01 and mask[:, :40][:96].mean() < 0.05, "and nothing of the street"


def test_where_no_own_car_is_seen_none_is_found():
    assert not learn_ego_mask(street(seed, bonnet=False) for seed in range(40)).any()


def test_a_car_that_stands_still_teaches_nothing():
    with pytest.raises(EgoError, match="1 frames in which the car has moved on"):
        learn_ego_mask(street(7) for _ in range(40))
    with pytest.raises(EgoError, match="expected one camera"):
        learn_ego_mask([street(1), street(2)[:50]])


def test_a_view_that_hardly_changes_is_no_car():
    """The same street in other light: everything stands still."""
    frames = [np.clip(street(3).astype(int) // 2 + 6 * i, 0, 255).astype(np.uint8) for i in range(20)]
    with pytest.raises(EgoError, match=r"\d\d% of the picture never moves: .* give a longer drive"):
        learn_ego_mask(frames)


def test_the_command_writes_what_the_detector_reads(tmp_path, capsys):
    for seed in range(30):
        write_image(tmp_path / "drive" / f"{seed}.png", street(seed))
    out = tmp_path / "car.png"
    assert main(["ego-mask", str(tmp_path / "drive"), "--out", str(out)]) == 0
    assert "% of the picture is the own car" in capsys.readouterr().out
    assert DetectSettings(ego_mask=str(out)).ego_mask == str(out)
    assert ego_mask(str(out), (HEIGHT, WIDTH))[110:].all()
    for seed in range(30):
        write_image(tmp_path / "empty" / f"{seed}.png", street(seed, bonnet=False))
    assert main(["ego-mask", str(tmp_path / "empty"), "--out", str(out)]) == 1
    assert main(["ego-mask", str(tmp_path / "drive"), "--out", str(tmp_path / "drive/car.png")]) == 2
    assert not (tmp_path / "drive/car.png").exists()
    assert not read_image(out).any()


def test_on_real_drives_the_bonnet_and_star_are_found_and_no_street(shared_data):
    """Lost and Found has bonnet and star, CamVid's 0016E5 hardly anything."""
    found = learn_ego_mask(map(read_image, sorted((shared_data / "anomaly/lost_and_found/images").iterdir())))
    height, width = found.shape
    assert found[int(0.97 * height), int(0.3 * width) : int(0.9 * width)].all(), "the bonnet"
    assert found[int(0.82 * height), int(0.59 * width)], "the star"
    assert found[: int(0.7 * height)].mean() == 0 and found.mean() < 0.12
    drive = sorted((shared_data / "camvid/train").glob("0016E5_*"))
    assert learn_ego_mask(map(read_image, drive)).mean() < 0.03
