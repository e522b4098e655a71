"""The detector: numpy image in, Detection at its size out, settings that change between two images."""

import runpy
import threading

import numpy as np
import pytest
import torch
from torch import Tensor

from unexpected_core import load_detector
from unexpected_core.config import SettingsError
from unexpected_core.devices import DeviceError
from unexpected_core.images import ImageError, read_image, resize_image, write_image
from unexpected_core.labels import IGNORE, TRAIN_ID
from unexpected_core.pipeline.batching import groups_of_equals
from unexpected_core.pipeline.detector import Detector
from unexpected_core.pipeline.resizing import to_working, working_size
from unexpected_core.pipeline.runner import DetectorError
from unexpected_core.pipeline.settings import DetectorSettings, DetectSettings, ModelSettings
from unexpected_core.scorers import build_scorer
from unexpected_core.scorers.base import Scorer
from unexpected_core.structs import Scores

CPU = DetectorSettings(model=ModelSettings(device="cpu", warmup=False))


class Redness(Scorer):
    """Score = red channel, labels = road below the middle, resynthesis = the image itself."""

    name = "redness"

    def forward(self, images: Tensor) -> Scores:
        labels = torch.full_like(images[:, 0], TRAIN_ID["sky"], dtype=torch.uint8)
        labels[:, images.shape[2] // 2 :] = TRAIN_ID["road"]
        return Scores(images[:, 0], labels, images)


@pytest.fixture
def random_detector():
    return load_detector("random", device="cpu", warmup=False)


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    return resize_image(coarse, (height, width))


@pytest.mark.parametrize("size", [(64, 64), (71, 133), (375, 1241), (1, 1), (64, 2048), (2160, 4096)])
def test_everything_has_the_inputs_size_and_the_documented_type(random_detector, size):
    found = random_detector.detect(picture(*size))
    assert found.score.shape == found.mask.shape == found.labels.shape == size
    assert (found.score.dtype, found.mask.dtype, found.labels.dtype) == (np.float32, bool, np.uint8)
    assert found.resynthesis.shape == (*size, 3) and found.resynthesis.dtype == np.uint8
    assert 0 <= found.score.min() <= found.score.max() <= 1
    assert list(found.timings) == ["prepare", "score", "restore", "regions"]
    assert all(ms >= 0 for ms in found.timings.values())


def test_places_keep_their_place():
    image = np.zeros((101, 203, 3), np.uint8)
    image[60:80, 150:190, 0] = 255
    found = Detector(Redness(), CPU).detect(image)
    (region,) = found.regions
    assert (region.x, region.y, region.width, region.height) == (150, 60, 40, 20)
    assert region.score == 1 and region.label == TRAIN_ID["road"] and region.road_fraction == 1
    assert np.array_equal(found.mask, image[..., 0] > 0)
    assert np.array_equal(found.resynthesis, image)


def test_places_keep_their_place_when_resized():
    scorer = Redness()
    scorer.working_height = 64
    image = np.zeros((400, 612, 3), np.uint8)
    image[200:300, 400:500, 0] = 255
    found = Detector(scorer, CPU).detect(image)
    (region,) = found.regions
    assert abs(region.centroid_x - 449.5) < 3 and abs(region.centroid_y - 249.5) < 3
    assert abs(region.width - 100) < 12 and abs(region.height - 100) < 12
    assert (found.labels[:190] == TRAIN_ID["sky"]).all() and (found.labels[210:] == TRAIN_ID["road"]).all()


def test_a_batch_is_its_images_one_by_one(random_detector):
    images = [picture(80, 120, 1), picture(60, 90, 2), picture(80, 120, 3)]
    together = random_detector.detect_batch(images)
    for image, found in zip(images, together, strict=True):
        alone = random_detector.detect(image)
        np.testing.assert_allclose(found.score, alone.score, atol=1e-5)
        assert found.score.shape == image.shape[:2]
    assert random_detector.detect_batch([]) == []
    assert groups_of_equals([image.shape for image in images]) == [[0, 2], [1]]


def test_each_image_of_a_batch_is_seen_by_its_own_settings(random_detector):
    images, settings = [picture(80, 120, seed) for seed in range(4)], random_detector.settings.detect
    changes = (
        {"roi": "0,0 1,0 1,0.5 0,0.5"},
        {"roi": "0,0.5 1,0.5 1,1 0,1"},
        {"scale": 0.5},
        {"ego_mask": "0,0 1,0 1,1"},
    )
    each = [settings.model_copy(update=change) for change in changes]
    for image, own, found in zip(images, each, random_detector.detect_batch(images, settings=each), strict=True):
        np.testing.assert_allclose(found.score, random_detector.detect(image, settings=own).score, atol=1e-5)
    top, bottom, *_ = random_detector.detect_batch(images, settings=each)
    assert not top.score[41:].any() and top.score.any() and not bottom.score[:39].any() and bottom.score.any()


def test_score_is_that_of_detect(tmp_path):
    """The own car, too, and what is said where its mask is gone."""
    mask = tmp_path / "car.png"
    write_image(mask, np.full((4, 4), 255, np.uint8) * (np.arange(4) > 1)[:, None].astype(np.uint8))
    detector = load_detector("random", "cpu", warmup=False, ego_mask=str(mask), roi="0,0 0.5,0 0.5,1 0,1")
    image = picture(80, 120)
    score, _ = detector.score(image)
    assert np.array_equal(score, detector.detect(image).score) and score[:40, :60].any() and not score[40:].any()
    mask.unlink()
    for call in (detector.score, detector.detect):
        with pytest.raises(DetectorError, match="cannot read the ego mask: "):
            call(image)


def test_read_only_flipped_and_cut_images_are_accepted_and_left_alone(random_detector):
    image = picture(90, 130)
    expected = random_detector.detect(image).score
    image.setflags(write=False)
    assert np.array_equal(random_detector.detect(image).score, expected)
    assert np.array_equal(random_detector.detect(image[::-1][::-1]).score, expected)
    wide = np.zeros((90, 140, 3), np.uint8)
    wide[:, 5:135] = image
    assert np.array_equal(random_detector.detect(wide[:, 5:135]).score, expected)
    bgr = np.ascontiguousarray(image[..., ::-1])
    assert np.array_equal(random_detector.detect(bgr[..., ::-1]).score, expected)
    assert np.array_equal(image, picture(90, 130))


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((4, 5), np.uint8), r"expected an RGB image, numpy uint8 \[H, W, 3\], found uint8 \(4, 5\)"),
        (np.zeros((4, 5, 3), np.float32), r"found float32 \(4, 5, 3\)"),
        (np.zeros((4, 5, 4), np.uint8), r"found uint8 \(4, 5, 4\)"),
        (np.zeros((0, 5, 3), np.uint8), "expected an image with pixels, found size 5x0"),
        ("photo.png", "found str"),
    ],
)
def test_what_is_not_an_image_is_refused(random_detector, image, message):
    with pytest.raises(ImageError, match=message):
        random_detector.detect(image)


def test_settings_change_from_the_next_image_on_all_or_none():
    detector = Detector(Redness(), CPU)
    image = np.full((64, 64, 3), 153, np.uint8)  # score 0.6
    assert detector.detect(image).mask.all()
    detector.update(threshold=0.7, hysteresis=0.0)
    assert not detector.detect(image).mask.any()
    with pytest.raises(SettingsError, match="setting 'threshold' = 7"):
        detector.update(min_area=5, threshold=7)
    with pytest.raises(SettingsError, match="unknown setting 'treshold'; did you mean 'threshold'"):
        detector.update(treshold=0.4)
    with pytest.raises(SettingsError, match="setting 'device' is fixed once a detector is loaded"):
        detector.update(device="cuda")
    assert detector.settings.detect.threshold == 0.7 and detector.settings.detect.min_area == 60
    with pytest.raises(ValueError, match="frozen"):
        detector.settings.detect.threshold = 0.1


def test_a_method_without_a_threshold_of_its_own_is_named(caplog):
    """Regions at everybody's 0.5 are many; they are not the method's fault."""
    caplog.set_level("INFO")
    load_detector("fast", "cpu", warmup=False, precision="float32", runtime="eager")
    assert "no card has one" not in caplog.text
    load_detector("fast", "cpu", scorer="direct", warmup=False, precision="float32", runtime="eager", threshold=0.9)
    assert "no card has one" not in caplog.text
    load_detector("fast", "cpu", scorer="direct", warmup=False, precision="float32", runtime="eager")
    assert "threshold 0.5: no card has one for 'direct'" in caplog.text


def test_loading_takes_the_weights_threshold_unless_told():
    assert load_detector("random", "cpu").settings.detect.threshold == build_scorer("random").threshold
    detector = load_detector("random", "cpu", threshold=0.3, road_only=True, precision="float32")
    assert detector.settings.detect.threshold == 0.3 and detector.settings.detect.road_only
    assert detector.settings.model.path == "random" and detector.model_id == "random"
    with pytest.raises(SettingsError, match="unknown setting 'tresh'; did you mean 'threshold'"):
        load_detector("random", tresh=0.3)
    with pytest.raises(SettingsError, match=r"setting 'threshold' = 3"):
        load_detector("random", threshold=3)
    for name in ("gpu", "meta"):
        with pytest.raises(DeviceError, match=f"unknown device '{name}'"):
            load_detector("random", device=name)
    if not torch.cuda.is_available():
        with pytest.raises(DeviceError, match="device 'cuda' is not available: found cpu and no CUDA device"):
            load_detector("random", device="cuda")


def test_raw_scores_are_shown_calibrated():
    scorer = Redness()
    scorer.calibration = (10.0, -5.0)
    score = Detector(scorer, CPU).detect(np.full((20, 30, 3), 255, np.uint8)).score
    assert score == pytest.approx(1 / (1 + np.exp(-5)))


def test_a_scorer_without_labels_or_resynthesis():
    class Bare(Redness):
        def forward(self, images: Tensor) -> Scores:
            return Scores(images[:, 0])

    detector = Detector(Bare(), CPU)
    found = detector.detect(np.full((20, 30, 3), 255, np.uint8))
    assert (found.labels == IGNORE).all() and found.resynthesis is None and len(found.regions) == 1
    detector.update(road_only=True)
    with pytest.raises(DetectorError, match="road_only needs labels"):
        detector.detect(np.zeros((20, 30, 3), np.uint8))


def test_resynthesis_can_be_left_out(random_detector):
    assert random_detector.detect(picture(40, 50), resynthesis=False).resynthesis is None


def test_resynthesis_can_stay_as_it_was_painted(random_detector):
    image = picture(390, 520)
    small, large = (random_detector.detect(image, resynthesis=how) for how in ("as painted", True))
    assert small.resynthesis.shape[0] < 390
    assert np.array_equal(resize_image(small.resynthesis, (390, 520)), large.resynthesis)
    assert np.array_equal(small.score, large.score) and small.regions == large.regions
    part = DetectSettings(roi="0,0.5 1,0.5 1,1 0,1")
    one, other = (random_detector.detect(image, how, part).resynthesis for how in ("as painted", True))
    assert np.array_equal(one, other) and one.shape == image.shape, "in a roi it has its place"


def test_failures_say_the_cure_and_cost_one_image():
    class Moody(Redness):
        def forward(self, images: Tensor) -> Scores:
            if images.max() > 0.9:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 3 GiB")
            if images.max() > 0.5:
                return Scores(images[:, 0] / 0)
            return super().forward(images)

    detector = Detector(Moody(), CPU)
    with pytest.raises(DetectorError, match=r"cpu ran out of memory scoring 2 .* at 50x40: score fewer"):
        detector.detect_batch([np.full((40, 50, 3), 255, np.uint8)] * 2)
    with pytest.raises(DetectorError, match="redness gave scores that are not numbers"):
        detector.detect(np.full((40, 50, 3), 200, np.uint8))
    assert detector.detect(np.zeros((40, 50, 3), np.uint8)).regions == ()


def test_two_threads_get_their_own_answers(random_detector):
    images = [picture(50, 70, seed) for seed in range(4)]
    expected = [random_detector.detect(image).score for image in images]
    answers = [[] for _ in images]

    def work(i: int) -> None:
        answers[i].extend(random_detector.detect(images[i]).score for _ in range(5))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(
        len(found) == 5 and all(np.array_equal(score, right) for score in found)
        for found, right in zip(answers, expected, strict=True)
    )


@pytest.mark.parametrize(
    ("size", "working", "scale", "expected"),
    [
        ((1024, 2048), 512, 1.0, (512, 1024)),
        ((375, 1242), 512, 1.0, (512, 1696)),
        ((720, 1280), None, 1.0, (720, 1280)),
        ((720, 1280), None, 0.5, (360, 640)),
        ((720, 1280), 512, 0.5, (256, 455)),
        ((64, 4096), 512, 1.0, (128, 8192)),  # not 512 x 32768
        ((1, 1), None, 1.0, (32, 32)),
    ],
)
def test_working_size_keeps_the_shape_of_the_image(size, working, scale, expected):
    assert working_size(*size, working, scale) == expected


@pytest.mark.parametrize(
    ("size", "scale", "expected"),
    [
        ((1024, 2048), 1.0, (448, 896)),
        ((720, 1280), 1.0, (448, 800)),  # 796.4
        ((480, 640), 1.0, (448, 608)),  # 597.3
        ((1024, 2048), 0.9, (416, 800)),  # 403.2 and 806.4
        ((1024, 2048), 0.01, (32, 32)),
        ((100, 101), 0.75, (352, 352)),  # 336, half-way, and 339.4
    ],
)
def test_working_sizes_are_multiples_of_what_networks_pad_to(size, scale, expected):
    assert working_size(*size, 448, scale, step=32) == expected


def test_shrinking_averages_instead_of_skipping():
    checks = (np.indices((64, 96)).sum(0) % 2 * 255).astype(np.uint8)
    pixels = np.repeat(checks[..., None], 3, -1)
    small = to_working([pixels], (16, 24))
    assert small.shape == (1, 16, 24, 3)
    assert np.abs(small.astype(int) - 127).max() < 6
    assert np.array_equal(to_working([pixels, pixels], (64, 96))[1], pixels)


def test_the_example_for_one_photo(tmp_path, monkeypatch, capsys, repository):
    write_image(tmp_path / "photo.png", picture(70, 110))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["01", "photo.png", "random"])
    runpy.run_path(str(repository / "examples/01_detect_on_a_photo.py"))
    assert "regions in" in capsys.readouterr().out
    assert read_image(tmp_path / "overlay.png").shape == (70, 110, 3)
