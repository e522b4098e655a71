"""A bag that was interrupted and gone on with is the bag of a run that was not, hidden regions and all."""

import cv2
import numpy as np
import pytest
from mcap.reader import make_reader

from unexpected_core.media.drive import write_bag
from unexpected_core.pipeline.detector import Detector
from unexpected_core.scorers.random import RandomScorer
from unexpected_core.structs import Pinhole, Scores
from unexpected_ros.bags import open_bag
from unexpected_ros.settings import (
    CameraSettings,
    GroundSettings,
    LiveDetectSettings,
    NodeSettings,
    OutputSettings,
)
from unexpected_ros.tools.offline import NODE, process_bag
from unexpected_ros.tools.resuming import Interrupted

FRAMES, HEIGHT, WIDTH = 12, 96, 160


class RedIsUnexpected(RandomScorer):
    """The score is the image's red."""

    working_height = None

    def forward(self, images):
        return Scores(images[:, 0], *super().forward(images)[1:])


@pytest.fixture(scope="module")
def detector():
    return Detector(RedIsUnexpected())


@pytest.fixture
def source(tmp_path):
    """One thing that is always there, one that flickers, one that comes nearer from the horizon, one that is new."""
    path = tmp_path / "in.mcap"
    write_bag(path, ((frame(n), Pinhole(100.0, WIDTH / 2, HEIGHT / 2)) for n in range(FRAMES)), 10.0)
    return path


def frame(n):
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    cv2.rectangle(image, (5, 60), (25, 90), (230, 0, 0), -1)
    cv2.rectangle(image, (80, 50 + 3 * n), (100, 56 + 3 * n), (200, 0, 0), -1)
    if n % 4 == 0:
        cv2.rectangle(image, (120, 2), (150, 20), (220, 0, 0), -1)
    if n >= 6:
        cv2.rectangle(image, (40, 60), (60, 80), (240, 0, 0), -1)
    return image


def regions(path):
    """(id, age) of the regions of each frame."""
    with open_bag(path) as bag:
        messages = list(bag.messages(f"{NODE}/regions"))
        return [[(r.id, r.age) for r in bag.read(m.channel, m.data).regions] for m in messages]


def resumed(source, target, detector, settings, frames):
    asked = iter([False] * frames + [True])
    with pytest.raises(Interrupted):
        process_bag(source, target, detector, settings=settings, stop=lambda: next(asked))
    process_bag(source, target, detector, settings=settings)
    return regions(target)


@pytest.mark.parametrize("frames", [1, 5, 7, 8])
@pytest.mark.parametrize(
    "limits",
    [{"detect": LiveDetectSettings(min_persistence=3)}, {"ground": GroundSettings(farthest=9.0)}],
    ids=["min_persistence", "ground"],
)
def test_regions_that_were_not_reported_keep_their_tracks(source, tmp_path, detector, limits, frames):
    settings = NodeSettings(camera=CameraSettings(height=1.4), **limits)
    process_bag(source, tmp_path / "whole.mcap", detector, settings=settings)
    process_bag(source, tmp_path / "all.mcap", detector)
    whole = regions(tmp_path / "whole.mcap")
    assert any(whole) and whole != regions(tmp_path / "all.mcap"), "some are to be hidden"
    assert resumed(source, tmp_path / "out.mcap", detector, settings, frames) == whole


def test_with_scores_of_8_bits_reported_regions_keep_their_tracks_and_a_warning_tells_of_others(
    source, tmp_path, detector, caplog
):
    settings = NodeSettings(output=OutputSettings(score_encoding="mono8"))
    process_bag(source, tmp_path / "whole.mcap", detector, settings=settings)
    whole = regions(tmp_path / "whole.mcap")
    assert resumed(source, tmp_path / "out.mcap", detector, settings, 7) == whole
    assert "begin anew" not in caplog.text
    settings = settings.model_copy(update={"detect": LiveDetectSettings(min_persistence=3)})
    assert resumed(source, tmp_path / "out.mcap", detector, settings, 7)
    assert "scores of 8 bits do not tell which regions were not reported" in caplog.text


@pytest.mark.parametrize("number", [0, 1, 2])
def test_behind_damage_in_what_an_earlier_run_wrote_everything_is_done_again(source, tmp_path, detector, number):
    process_bag(source, tmp_path / "whole.mcap", detector)
    asked = iter([False] * (FRAMES - 1) + [True])
    with pytest.raises(Interrupted):
        process_bag(source, tmp_path / "out.mcap", detector, stop=lambda: next(asked))
    partial = tmp_path / "out.partial.mcap"
    with partial.open("rb") as file:
        chunk = make_reader(file).get_summary().chunk_indexes[number]
    data = bytearray(partial.read_bytes())
    at = chunk.chunk_start_offset + chunk.chunk_length // 2
    data[at : at + 8] = bytes(255 - byte for byte in data[at : at + 8])
    partial.write_bytes(data)
    run = process_bag(source, tmp_path / "out.mcap", detector)
    assert (run.received, run.processed) == (FRAMES, FRAMES)
    assert regions(tmp_path / "out.mcap") == regions(tmp_path / "whole.mcap")
    with open_bag(tmp_path / "out.mcap") as bag, open_bag(tmp_path / "whole.mcap") as whole:
        assert {topic: bag.count(topic) for topic in bag.topics()} == {t: whole.count(t) for t in whole.topics()}
