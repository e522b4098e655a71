"""Looking at a part of the image only: a polygon, a mask, or what a coarse look calls road."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from unexpected_core.config import SettingsError, build
from unexpected_core.images import write_image
from unexpected_core.labels import IGNORE, TRAIN_ID
from unexpected_core.pipeline.detector import Detector
from unexpected_core.pipeline.ego_mask import ego_mask
from unexpected_core.pipeline.resizing import working_part
from unexpected_core.pipeline.roi import box_around, given_area, parse_polygon, road_area
from unexpected_core.pipeline.runner import DetectorError
from unexpected_core.pipeline.settings import DetectorSettings, DetectSettings, ModelSettings
from unexpected_core.scorers.base import Scorer
from unexpected_core.structs import Box, Scores

ROAD, SKY = TRAIN_ID["road"], TRAIN_ID["sky"]


class Seen(Scorer):
    """Score = red channel; labels = road where it is dark, else sky. Remembers the sizes it was asked for."""

    name, working_height = "seen", 160

    def __init__(self):
        super().__init__()
        self.sizes = []

    def forward(self, images: Tensor) -> Scores:
        self.sizes.append(tuple(images.shape[-2:]))
        dark = images.mean(1) < 0.4
        return Scores(images[:, 0], torch.where(dark, ROAD, SKY).to(torch.uint8), images)


def detector(roi: str, scorer: Scorer | None = None) -> Detector:
    model = ModelSettings(device="cpu", warmup=False, precision="float32")
    return Detector(scorer or Seen(), DetectorSettings(model=model, detect=DetectSettings(roi=roi, min_area=1)))


@pytest.fixture
def image() -> np.ndarray:
    """Bright above, dark below; a reddish square on either."""
    image = np.full((160, 320, 3), (0, 255, 255), np.uint8)
    image[80:] = 60
    image[20:40, 50:70] = image[120:140, 50:70] = (255, 110, 110)
    return image


def test_a_polygon_is_scored_and_nothing_else(image):
    looking = detector("0,0.6 0.5,0.6 0.5,1 0,1")
    found = looking.detect(image)
    (region,) = found.regions
    assert (region.x, region.y, region.width, region.height) == (50, 120, 20, 20)
    assert not found.score[:96].any() and not found.score[:, 161:].any()
    assert np.array_equal(found.score[100:, :150], image[100:, :150, 0] / np.float32(255))
    assert found.labels[0, 0] == IGNORE and found.labels[150, 10] == ROAD
    assert found.score.shape == found.mask.shape == found.labels.shape == (160, 320)
    ((rows, columns),) = looking.scorer.sizes
    assert rows * columns < 0.35 * image.shape[0] * image.shape[1]


def test_a_mask_may_have_any_size(image, tmp_path):
    mask = np.zeros((16, 32), np.uint8)
    mask[11:, :16] = 255
    write_image(tmp_path / "mask.png", mask)
    (region,) = detector(str(tmp_path / "mask.png")).detect(image).regions
    assert (region.x, region.y) == (50, 120)
    write_image(tmp_path / "empty.png", 0 * mask)
    with pytest.raises(DetectorError, match="holds no pixel of a 320x160 image"):
        detector(str(tmp_path / "empty.png")).detect(image)


@pytest.mark.parametrize("kind", ["palette.png", "palette.gif", "colour.png", "bits.png", "grey.jpg", "sixteen.png"])
@pytest.mark.parametrize("setting", ["roi", "ego_mask"])
def test_any_picture_is_a_mask_where_it_is_not_black(kind, setting, tmp_path):
    """The indices of a palette were taken for its colours, where white is the first one: inside was outside."""
    mask = np.zeros((48, 96), np.uint8)
    mask[:, :64] = 255
    file = str(tmp_path / kind)
    picture = Image.fromarray(mask)
    {
        "palette": lambda: Image.fromarray(mask ^ 255).point(lambda v: v // 255, "P"),
        "colour": lambda: Image.fromarray(np.dstack([mask, 0 * mask, mask // 255])),
        "bits": lambda: picture.convert("1"),
        "grey": lambda: picture,
        "sixteen": lambda: Image.fromarray((mask // 255).astype(np.uint16)),
    }[kind.partition(".")[0]]().save(file, **({"quality": 95} if "jpg" in kind else {}))
    if "palette" in kind:
        paletted = Image.fromarray((mask == 0).astype(np.uint8)).convert("P")
        paletted.putpalette([255, 255, 255, 0, 0, 0])
        paletted.save(file)
    settings = build(DetectSettings, {setting: file})
    inside = (given_area if setting == "roi" else ego_mask)(getattr(settings, setting), (96, 192))
    assert inside[:, :120].all() and not inside[:, 136:].any()


@pytest.mark.parametrize("kind", ["RGBA", "LA", "P"])
@pytest.mark.parametrize("setting", ["roi", "ego_mask"])
def test_what_is_transparent_is_outside_whatever_its_colour(kind, setting, tmp_path):
    """Painting programs keep white under what was erased: such a mask was the whole picture."""
    picture = Image.new("RGBA", (96, 48), (255, 255, 255, 0))
    picture.paste((200, 200, 200, 255), (0, 0, 64, 48))
    if kind == "P":
        picture = Image.fromarray(np.array(picture)[..., 3] // 255).convert("P")
        picture.putpalette([255, 255, 255, 200, 200, 200])
        picture.info["transparency"] = 0
    picture.convert(kind).save(tmp_path / "mask.png")
    settings = build(DetectSettings, {setting: str(tmp_path / "mask.png")})
    inside = (given_area if setting == "roi" else ego_mask)(getattr(settings, setting), (96, 192))
    assert inside[:, :120].all() and not inside[:, 136:].any()


def test_an_ego_mask_that_is_the_wrong_way_round_is_told_once(tmp_path, caplog):
    for name, car in (("right", slice(40, 48)), ("wrong", slice(0, 40))):
        mask = np.zeros((48, 96), np.uint8)
        mask[car] = 255
        write_image(tmp_path / f"{name}.png", mask)
        text = build(DetectSettings, {"ego_mask": str(tmp_path / f"{name}.png")}).ego_mask
        for _ in range(3):
            ego_mask(text, (96, 192))
    (record,) = caplog.records
    assert "wrong.png takes 83 % of the picture" in record.getMessage()


@pytest.mark.parametrize("setting", ["roi", "ego_mask"])
def test_long_polygons_that_are_none_are_told_from_names_of_files(setting):
    corners = " ".join(f"{0.1 + n / 50:.4f},{n / 40 + 0.1:.4f}" for n in range(40))
    with pytest.raises(SettingsError, match="three corners or more"):
        build(DetectSettings, {setting: corners})


def test_the_road_is_found_by_a_coarse_first_look(image):
    looking = detector("road")
    found = looking.detect(image)
    (region,) = found.regions
    assert (region.x, region.y) == (50, 120)
    coarse, part = looking.scorer.sizes
    assert coarse == (56, 112) and part == (80, 320)  # the lower half
    assert (found.score[:80] == 0).all() and found.score[80:].any()
    nowhere = np.full((160, 320, 3), 200, np.uint8)
    assert detector("road").detect(nowhere).score.all()  # no road to be seen: everything is looked at


def test_without_labels_there_is_no_road():
    class Bare(Seen):
        def forward(self, images: Tensor) -> Scores:
            return Scores(images[:, 0])

    with pytest.raises(DetectorError, match="roi=road needs labels"):
        detector("road", Bare()).detect(np.zeros((40, 60, 3), np.uint8))


def test_several_images_and_a_stream_share_the_look(image):
    looking = detector("road")
    alone = looking.detect(image)
    for found in (*looking.detect_batch([image, image]), *looking.detect_stream([image, image])):
        assert np.array_equal(found.score, alone.score) and found.regions == alone.regions
    assert np.array_equal(looking.score(image)[0], alone.score)


def test_each_image_of_several_has_its_own_road(image):
    """What a camera sees must not hang on whose frame waits beside it."""
    nowhere, high = np.full_like(image, 200), image.copy()
    high[40:] = 60
    for found, one in zip(detector("road").detect_batch([image, nowhere, high]), (image, nowhere, high), strict=True):
        alone = detector("road").detect(one)
        assert np.array_equal(found.score, alone.score) and found.regions == alone.regions


def test_it_changes_while_running_and_says_what_it_expected(image):
    looking = detector("")
    assert len(looking.detect(image).regions) == 2
    looking.update(roi="0,0 1,0 1,0.4 0,0.4")
    assert [region.y for region in looking.detect(image).regions] == [20]
    for wrong in ("0,0 1,1", "0,0 1,0 1,7", "street", "0,0 1,0 a,b"):
        with pytest.raises(SettingsError, match="expected road, a polygon of three corners or more"):
            looking.update(roi=wrong)
    assert looking.settings.detect.roi == "0,0 1,0 1,0.4 0,0.4"


@pytest.mark.parametrize("settings", [{}, {"scale": 0.7}, {"roi": "road"}, {"roi": "0,0.6 0.5,0.6 0.5,1 0,1"}])
def test_networks_are_given_sides_that_they_need_not_pad(image, settings):
    scorer = Seen()
    scorer.segmenter = torch.nn.Identity()
    scorer.segmenter.multiple = 32
    looking = detector("", scorer)
    looking.update(**settings)
    found = looking.detect(np.pad(image, ((0, 7), (0, 11), (0, 0)), mode="edge"))
    assert found.score.shape == (167, 331)
    assert scorer.sizes and all(side % 32 == 0 for size in scorer.sizes for side in size)
    scorer.working_height = None  # images of their own size are left as they are
    assert scorer.step == 1


def test_boxes_written_out():
    area = np.zeros((80, 160), bool)
    assert box_around(area) is None
    area[41:43, 85] = True
    assert box_around(area) == Box(40, 60, 10, 40)  # a margin of 6, then out to eighths: columns 79..92
    area[41:46, 85] = True
    assert box_around(area) == Box(40, 60, 20, 40)
    assert box_around(np.ones((81, 161), bool)) == Box(0, 0, 81, 161)
    assert working_part(Box(0, 0, 40, 80), (80, 160), (40, 80), 1) == (32, 40)
    assert working_part(Box(0, 0, 40, 80), (80, 160), (224, 448), 32) == (128, 224)  # 112 is half-way
    assert parse_polygon("0,0 1,0 1,1").tolist() == [[0, 0], [1, 0], [1, 1]] and parse_polygon("road") is None
    labels = np.full((20, 40), SKY, np.uint8)
    labels[10:, 5:30], labels[2, 2] = ROAD, ROAD
    assert np.argwhere(road_area(labels, (40, 80))).min(0).tolist() == [20, 10]  # not the speck
    labels = labels.repeat(8, 0).repeat(8, 1)  # networks label blocks of pixels
    labels[16:20] = labels[20:24, 8:12] = ROAD
    labels[16:20, 16:] = SKY
    assert np.argwhere(road_area(labels, (160, 320))).min(0).tolist() == [80, 40]
