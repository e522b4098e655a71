"""Pictures from everywhere in long footage: of which the own car is learnt, and the ranges of 8-bit convolutions."""

from types import SimpleNamespace

import numpy as np
import pytest

from unexpected_core.cli.export import MOST_FRAMES, _frames
from unexpected_core.cli.main import main
from unexpected_core.images import write_image
from unexpected_core.media.footage import open_footage
from unexpected_core.media.spread import count_whole, shares, spread


def photographs(folder, values):
    for value in values:
        write_image(folder / f"{value}.png", np.full((4, 6, 3), value, np.uint8))
    return folder


def test_pictures_are_taken_from_the_whole_drive(tmp_path):
    footage = open_footage(photographs(tmp_path, range(7)))
    looked_at = [[int(image[0, 0, 0]) for image in spread(footage, 7, most)] for most in (1, 4, 7, 9)]
    assert looked_at == [[0], [0, 1, 3, 5], [0, 1, 2, 3, 4, 5, 6], [0, 1, 2, 3, 4, 5, 6]]


def test_a_drive_that_breaks_off_gives_what_is_whole(tmp_path, make_video, caplog):
    """The own car was not looked for in 51 good frames, where `detect` and `to-bag` took them."""
    data = make_video(tmp_path / "a.mkv", "libx264", 60).read_bytes()
    path = tmp_path / "cut.mkv"
    path.write_bytes(data[: len(data) * 3 // 4])
    footage = open_footage(path)
    assert 20 < len(list(spread(footage, count_whole(footage), 300))) < 60
    assert "what follows is left out: " in caplog.text and "cut.mkv breaks off after" in caplog.text
    assert main(["ego-mask", str(path), "--out", str(tmp_path / "car.png")]) in (0, 1)
    assert (tmp_path / "car.png").exists()


@pytest.mark.parametrize(
    "counts, most, given",
    [([100, 100], 64, [32, 32]), ([1, 500, 1], 64, [1, 62, 1]), ([5, 6], 64, [5, 6]), ([9, 9, 0], 4, [2, 2, 0])],
)
def test_each_footage_gives_its_share(counts, most, given):
    assert shares(counts, most) == given


def test_the_frames_for_eight_bits_are_of_all_inputs(tmp_path):
    """They were the first 64: of two drives nothing of the second, and only the beginning of the first."""
    drives = [photographs(tmp_path / "a", range(100)), photographs(tmp_path / "b", range(100, 200))]
    values = [image[0, 0, 0] for image in _frames(drives, SimpleNamespace(size=(8, 10)))]
    assert len(values) == MOST_FRAMES == 64 and sum(value >= 100 for value in values) == 32
    assert max(np.diff(np.sort(values))) <= 4
    values = [image[0, 0, 0] for image in _frames(sorted(drives[0].iterdir()), SimpleNamespace(size=(8, 10)))]
    assert len(values) == 64 and max(np.diff(np.sort(values))) <= 3
