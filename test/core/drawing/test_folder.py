"""Drawn frames on disk and as a rosbag2 drive."""

import json

import numpy as np
import pytest

from unexpected_core.cli.main import main
from unexpected_core.datasets import open_dataset
from unexpected_core.drawing.code import fingerprint
from unexpected_core.drawing.errors import DrawingError
from unexpected_core.drawing.folder import draw_folder
from unexpected_core.drawing.tracks import DrawnRoads
from unexpected_core.images import write_image
from unexpected_core.media.drive import write_bag
from unexpected_core.media.errors import BagError
from unexpected_core.structs import Pinhole

SIZE = (64, 112)


def read(path, topic):
    """Times (ns) and messages of a topic."""
    from rosbags.highlevel import AnyReader
    from rosbags.typesys import Stores, get_typestore

    with AnyReader([path], default_typestore=get_typestore(Stores.LATEST)) as reader:
        chosen = [c for c in reader.connections if c.topic == topic]
        return [(time, reader.deserialize(data, c.msgtype)) for c, time, data in reader.messages(chosen)]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawn") / "obstacle"
    words = ["--track", "obstacle", "--count", "3", "--seed", "5", "--size", "112x64", "--bag", "--rate", "10"]
    assert main(["data", "draw", *words, "--workers", "2", "--out", str(folder)]) == 0
    return folder


def test_the_folder_is_an_obstacle_folder_with_the_drawn_maps(drawn):
    from_disk, roads = open_dataset("obstacle_folder", drawn), DrawnRoads("obstacle", 3, 5, SIZE)
    assert from_disk.keys == ("000000", "000001", "000002")
    for read_back, made in zip(from_disk, roads, strict=True):
        for name in ("image", "labels", "instances", "obstacle"):
            assert np.array_equal(getattr(read_back, name), getattr(made, name)), name


def test_drawing_again_goes_on_and_another_recipe_is_refused(drawn):
    missing, kept = drawn / "labels/000001.png", drawn / "labels/000002.png"
    before = missing.read_bytes(), kept.stat().st_mtime_ns
    missing.unlink()
    draw_folder(drawn, DrawnRoads("obstacle", 3, 5, SIZE), workers=1)
    assert (missing.read_bytes(), kept.stat().st_mtime_ns) == before
    with pytest.raises(DrawingError, match=r"holds frames of track obstacle, seed 5, .* choose another folder"):
        draw_folder(drawn, DrawnRoads("train", 3, 5, SIZE), workers=1)
    with pytest.raises(DrawingError, match=r"images/000002.png is none of these 2 frames; choose another folder"):
        draw_folder(drawn, DrawnRoads("obstacle", 2, 5, SIZE), workers=1)


@pytest.mark.parametrize("code", ["0123abcd", None])
def test_frames_of_another_version_are_not_mixed_with_those_of_this(code, tmp_path):
    """A whole set stays as it is; None: of a version that did not say which it was."""
    draw_folder(tmp_path, DrawnRoads("obstacle", 2, 5, SIZE), workers=1)
    manifest = json.loads((tmp_path / "frames.json").read_text())
    assert manifest.pop("code") == fingerprint()
    (tmp_path / "frames.json").write_text(json.dumps(manifest | ({"code": code} if code else {})))
    draw_folder(tmp_path, DrawnRoads("obstacle", 2, 5, SIZE), workers=1)
    (tmp_path / "images/000001.png").unlink()
    for count in (2, 3):
        with pytest.raises(DrawingError, match=r"begun by another version .*, or of OpenCV.* delete this one"):
            draw_folder(tmp_path, DrawnRoads("obstacle", count, 5, SIZE), workers=1)
    assert not (tmp_path / "images/000001.png").exists()


def test_clips_of_another_rate_are_not_taken_for_these(tmp_path):
    words = ["data", "draw", "--track", "clips", "--count", "3", "--size", "112x64", "--workers", "1", "--bag"]
    assert main([*words, "--rate", "5", "--out", str(tmp_path)]) == 0
    last = open_dataset("obstacle_folder", tmp_path)["000002"].image
    assert np.array_equal(last, DrawnRoads("clips", 3, 0, SIZE, rate=5)[2].image)
    assert json.loads((tmp_path / "frames.json").read_text())["frames"][2]["time"] == 0.4
    with pytest.raises(DrawingError, match=r"holds frames of track clips, seed 0, size \[64, 112\], rate 5.0; choose"):
        draw_folder(tmp_path, DrawnRoads("clips", 3, 0, SIZE), workers=1)


def test_a_picture_that_was_not_drawn_is_named(tmp_path):
    draw_folder(tmp_path, DrawnRoads("train", 1, 0, SIZE), workers=1)
    (tmp_path / "images/overlay.png").write_bytes(b"")
    with pytest.raises(DrawingError, match=r"images/overlay.png is none of these 1 frames; choose another folder"):
        draw_folder(tmp_path, DrawnRoads("train", 1, 0, SIZE), workers=1)


def test_what_a_kill_left_of_a_frame_is_no_frame(tmp_path):
    roads = DrawnRoads("obstacle", 2, 5, SIZE)
    draw_folder(tmp_path, roads, workers=1)
    whole = (tmp_path / "images/000001.png").read_bytes()
    (tmp_path / "images/000001.png").rename(tmp_path / "images/.000001.png.k1ll3d.png")
    (tmp_path / "images/.000007.png.k1ll3d.png").write_bytes(whole[:20])
    draw_folder(tmp_path, roads, workers=1)
    assert (tmp_path / "images/000001.png").read_bytes() == whole
    assert open_dataset("obstacle_folder", tmp_path).keys == ("000000", "000001")


def test_a_folder_of_other_pictures_is_left_alone(tmp_path):
    (tmp_path / "images").mkdir()
    with pytest.raises(DrawingError, match=r"but no frames.json; choose an empty folder"):
        draw_folder(tmp_path, DrawnRoads("train", 1, 0, SIZE), workers=1)


@pytest.mark.parametrize("content", [b"", b"[1]", b'{"track": "\xe9"}', b'{"track": "train", "frames'])
def test_a_damaged_manifest_is_refused_by_name(content, tmp_path):
    (tmp_path / "frames.json").write_bytes(content)
    with pytest.raises(DrawingError, match=r"cannot read .*frames.json: .*; restore it, or choose another folder"):
        draw_folder(tmp_path, DrawnRoads("train", 1, 0, SIZE), workers=1)
    assert (tmp_path / "frames.json").read_bytes() == content


@pytest.mark.parametrize("frames", [{}, {"frames": 5}, {"frames": None}])
def test_a_manifest_without_its_frames_gets_them_again(frames, tmp_path):
    roads = DrawnRoads("train", 1, 0, SIZE)
    draw_folder(tmp_path, roads, workers=1)
    whole = json.loads((tmp_path / "frames.json").read_text())
    rest = {name: value for name, value in whole.items() if name != "frames"}
    (tmp_path / "frames.json").write_text(json.dumps(rest | frames))
    draw_folder(tmp_path, roads, workers=1)
    assert json.loads((tmp_path / "frames.json").read_text()) == whole


def test_the_drive_carries_the_images_their_times_and_the_camera(drawn):
    made = [DrawnRoads("obstacle", 3, 5, SIZE).frame(i) for i in range(3)]
    images, infos = read(drawn / "drive.mcap", "/camera/image_raw"), read(drawn / "drive.mcap", "/camera/camera_info")
    assert len(images) == len(infos) == 3
    assert np.diff([time for time, _ in images]).tolist() == [100_000_000] * 2
    for (time, message), (_, info), frame in zip(images, infos, made, strict=True):
        assert message.header.stamp.sec * 10**9 + message.header.stamp.nanosec == time
        assert (info.header.stamp.nanosec, info.header.frame_id) == (time % 10**9, message.header.frame_id)
        assert (info.height, info.width) == SIZE
        assert np.array_equal(message.data.reshape(*SIZE, 3), frame.sample.image)
        camera = frame.camera
        assert info.k[[0, 2, 4, 5]] == pytest.approx([camera.focal, camera.cx, camera.focal, camera.cy])
    manifest = json.loads((drawn / "frames.json").read_text())
    assert manifest["frames"][1]["key"] == "obstacle/5/00001" and manifest["frames"][1]["weather"] == made[1].weather


def test_to_bag_of_a_folder_and_of_a_data_set(drawn, tmp_path):
    assert main(["data", "to-bag", str(drawn), str(tmp_path / "a.mcap"), "--compressed"]) == 0
    from_bag, original = open_dataset("bag", tmp_path / "a.mcap"), open_dataset("obstacle_folder", drawn)
    for played, sample in zip(from_bag, original, strict=True):  # JPEG: near, not equal
        assert np.abs(played.image.astype(int) - sample.image).mean() < 6
    (_, whole), *_ = read(drawn / "drive.mcap", "/camera/camera_info")
    (width, height), (fx, cx, fy, cy) = SIZE[::-1], whole.k[[0, 2, 4, 5]]
    assert main(["data", "to-bag", str(drawn), str(tmp_path / "half.mcap"), "--size", f"{width // 2}x{height}"]) == 0
    (_, info), *_ = read(tmp_path / "half.mcap", "/camera/camera_info")  # of half as many columns
    assert info.k.tolist() == pytest.approx([fx / 2, 0, cx / 2 - 0.25, 0, fy, cy, 0, 0, 1])
    assert info.p.tolist() == pytest.approx([fx / 2, 0, cx / 2 - 0.25, 0, 0, fy, cy, 0, 0, 0, 1, 0])
    words = ["obstacle_folder", str(tmp_path / "b.mcap"), "--root", str(drawn), "--size", "56x32"]
    assert main(["data", "to-bag", *words]) == 0
    (_, info), *_ = read(tmp_path / "b.mcap", "/camera/camera_info")
    assert (info.height, info.width) == (32, 56) and not info.k.any()  # of unknown intrinsics


def test_photographs_become_a_drive_in_the_order_of_their_numbers(tmp_path, capsys, caplog):
    folder, bag = tmp_path / "photos", tmp_path / "photos/drive.mcap"
    for number in range(12):
        write_image(folder / f"{number}.png", np.full((32, 48, 3), 20 * number, np.uint8))
    (folder / "5.png").write_bytes((folder / "5.png").read_bytes()[:40])
    (folder / "frames.json").write_text("[]")  # of another program
    for _ in range(2):  # the bag of the first time is no picture
        assert main(["data", "to-bag", str(folder), str(bag)]) == 1
        assert "11 images" in capsys.readouterr().out and "5.png: not a complete image file" in caplog.text
    images = read(bag, "/camera/image_raw")
    assert [int(message.data[0]) // 20 for _, message in images] == [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11]
    assert np.diff([time for time, _ in images]) == pytest.approx(1e9 / 15, abs=1)


def test_bag_errors(tmp_path, capsys):
    image = np.zeros((4, 6, 3), np.uint8)
    with pytest.raises(BagError, match=r"expected a file name ending in \.mcap"):
        write_bag(tmp_path / "drive.db3", [(image, None)], 15)
    with pytest.raises(BagError, match="rate of a bag must be over 0 Hz, found 0"):
        write_bag(tmp_path / "drive.mcap", [(image, Pinhole(4, 2, 2))], 0)
    with pytest.raises(BagError, match="no image to write"):
        write_bag(tmp_path / "drive.mcap", [], 15)
    assert not list(tmp_path.iterdir())
    assert main(["data", "to-bag", "nowhere", str(tmp_path / "a.mcap")]) == 2
    assert "'nowhere' is neither a folder, video or bag nor a data set" in capsys.readouterr().err
