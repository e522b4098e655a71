"""Pictures from everywhere in long footage, of which the own car is learnt."""

import numpy as np

from unexpected_core.cli.main import main
from unexpected_core.images import write_image
from unexpected_core.media.footage import open_footage
from unexpected_core.media.spread import count_whole, spread


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
