"""Photographs, videos and bags as one stream of shots."""

import os
import subprocess
import sys

import cv2
import numpy as np
import pytest
from PIL import Image

from unexpected_core.cli.main import main
from unexpected_core.datasets import DatasetError, open_dataset
from unexpected_core.images import ImageError, write_image
from unexpected_core.media.bags.bag import open_bag
from unexpected_core.media.bags.writing import create_bag
from unexpected_core.media.errors import BagError, IncompleteError, MediaError
from unexpected_core.media.footage import open_footage

HEIGHT, WIDTH = 34, 50


def picture(n):
    return np.full((HEIGHT, WIDTH, 3), (n, 2 * n, 200), np.uint8)


def image(types, n):
    """A raw image message of stamp n, of the typestore's types."""
    header = types["std_msgs/msg/Header"](stamp=types["builtin_interfaces/msg/Time"](n, 0), frame_id="c")
    return types["sensor_msgs/msg/Image"](header, HEIGHT, WIDTH, "rgb8", 0, 3 * WIDTH, picture(n).reshape(-1))


def test_photographs_play_by_number_and_a_broken_one_is_left_out(tmp_path, caplog):
    for n in (10, 2, 1):
        write_image(tmp_path / f"shot{n}.png", picture(n))
    (tmp_path / "shot3.png").write_bytes(b"\x89PNG\r\n\x1a\n cut")
    (tmp_path / "notes.txt").write_text("no picture")
    footage = open_footage(tmp_path)
    assert footage.claimed == 4
    shots = list(footage.shots())
    assert [shot.name for shot in shots] == ["shot1.png", "shot2.png", "shot3.png", "shot10.png"]
    with pytest.raises(ImageError, match=r"shot3\.png: not a complete image file"):
        shots.pop(2).read()
    assert [shot.read()[0, 0].tolist() for shot in shots] == [[1, 2, 200], [2, 4, 200], [10, 20, 200]]
    assert "notes.txt" in caplog.text


def test_photographs_beside_a_metadata_yaml_of_another_kind(tmp_path):
    write_image(tmp_path / "a.png", picture(1))
    (tmp_path / "metadata.yaml").write_text("place: Ulm\n")
    assert [shot.name for shot in open_footage(tmp_path).shots()] == ["a.png"]


def test_hidden_folders_and_odd_digits_in_a_folder(tmp_path):
    for name in ("1²2.png", "1²10.png", ".thumbnails/1.png"):
        write_image(tmp_path / name, np.zeros((4, 6, 3), np.uint8))
    assert [shot.name for shot in open_footage(tmp_path).shots()] == ["1²2.png", "1²10.png"]


def test_a_video_plays_at_its_own_rate(tmp_path):
    writer = cv2.VideoWriter(str(tmp_path / "v.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 25.0, (WIDTH, HEIGHT))
    if not writer.isOpened():
        pytest.skip("this OpenCV writes no video")
    for n in range(5):
        writer.write(picture(40 * n)[:, :, ::-1])
    writer.release()
    footage = open_footage(tmp_path / "v.avi")
    shots = [(shot.time, shot.read()) for shot in footage.shots()]
    assert (footage.claimed, footage.rate) == (5, 25.0)
    assert [time for time, _ in shots] == pytest.approx([0, 0.04, 0.08, 0.12, 0.16])
    assert np.abs(shots[3][1].astype(int) - picture(120)).max() <= 6


def test_a_bag_plays_with_its_times_and_each_image_with_its_own_calibration(tmp_path):
    with create_bag(tmp_path / "b.mcap") as bag:
        types = bag.types.types
        for n in range(4):
            header = types["std_msgs/msg/Header"](stamp=types["builtin_interfaces/msg/Time"](1 + n, 2), frame_id="c")
            info = types["sensor_msgs/msg/CameraInfo"](
                header=header,
                height=HEIGHT,
                width=WIDTH,
                distortion_model="",
                d=np.zeros(0),
                k=np.full(9, float(n)),
                r=np.zeros(9),
                p=np.zeros(12),
                binning_x=0,
                binning_y=0,
                roi=types["sensor_msgs/msg/RegionOfInterest"](0, 0, 0, 0, False),
            )
            if n != 2:  # that of image 2 was lost; the others come behind the image, or before it
                bag.write("/cam/camera_info", info, 2_000_000_000 + n * 500_000_000 + (1 if n < 3 else -1))
            bag.write(
                "/cam/image",
                types["sensor_msgs/msg/Image"](
                    header=header,
                    height=HEIGHT,
                    width=WIDTH,
                    encoding="rgb8",
                    is_bigendian=0,
                    step=WIDTH * 3,
                    data=picture(n).reshape(-1),
                ),
                2_000_000_000 + n * 500_000_000,
            )
    footage = open_footage(tmp_path / "b.mcap")
    focal = [bag.types.deserialize_cdr(s.camera_info, "sensor_msgs/msg/CameraInfo").k[0] for s in footage.shots()]
    shots = [(shot.time, shot.read()) for shot in footage.shots()]
    assert (footage.claimed, footage.topic) == (4, "/cam/image")
    assert [time for time, _ in shots] == [0.0, 0.5, 1.0, 1.5]
    assert focal == [0, 1, 1, 3]
    assert np.array_equal(shots[2][1], picture(2))


def test_what_cannot_be_played_is_named(tmp_path):
    with pytest.raises(MediaError, match="expected photographs, a video, or a rosbag2"):
        open_footage(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(MediaError, match=r"empty holds no images \(\.png"):
        open_footage(tmp_path / "empty")
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(MediaError, match="cannot be decoded as a video"):
        open_footage(tmp_path / "text.mp4")
    (tmp_path / "text.mcap").write_text("no bag")
    with pytest.raises(BagError, match="cannot read"):
        open_footage(tmp_path / "text.mcap")


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "camera.mp4")
    for path in (os.devnull, tmp_path / "camera.mp4"):
        for refuses in (open_footage, lambda path: open_bag(path).__enter__()):
            with pytest.raises(MediaError, match=f"{path} is neither a file nor a folder; expected "):
                refuses(path)


def test_a_video_of_variable_rate_keeps_its_times_in_a_bag(tmp_path, make_video):
    times = [0, 0.2, 0.4, 0.41, 0.9]
    make_video(tmp_path / "vfr.mkv", "libx264", len(times), times=times)
    assert main(["data", "to-bag", str(tmp_path / "vfr.mkv"), str(tmp_path / "a.mcap")]) == 0
    assert [shot.time for shot in open_footage(tmp_path / "a.mcap").shots()] == pytest.approx(times, abs=0.002)
    assert main(["data", "to-bag", str(tmp_path / "vfr.mkv"), str(tmp_path / "b.mcap"), "--rate", "10"]) == 0
    assert [shot.time for shot in open_footage(tmp_path / "b.mcap").shots()] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])
    assert main(["data", "to-bag", str(tmp_path / "a.mcap"), str(tmp_path / "c.mcap"), "--size", "32x24"]) == 0
    assert {shot.read().shape for shot in open_footage(tmp_path / "c.mcap").shots()} == {(24, 32, 3)}


def test_a_bag_is_not_made_in_place_of_its_source(tmp_path, make_video, capsys):
    video = str(make_video(tmp_path / "a.mkv", "libx264", 5))
    bag, folder = str(tmp_path / "a.mcap"), str(tmp_path / "bag")
    assert main(["data", "to-bag", video, bag]) == 0
    with create_bag(folder) as written:
        written.write("/front/image", image(written.types.types, 0), 0)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    inside = f"{folder}/bag.mcap"
    for source, out in ((bag, bag), (folder, inside), (inside, folder), (folder, f"{folder}/../bag")):
        assert main(["data", "to-bag", source, out, "--compressed"]) == 2
        assert f"{out} is also the source, or one lies in the other; name another place" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert main(["data", "to-bag", "video", str(tmp_path / "b.mcap"), "--root", video]) == 2
    assert "the data set 'video' has no times: give the path of the video itself, or --rate" in capsys.readouterr().err
    assert main(["data", "to-bag", "video", str(tmp_path / "b.mcap"), "--root", video, "--rate", "2"]) == 0


def test_a_bag_of_several_cameras_becomes_that_of_the_one_that_is_named(tmp_path, caplog, capsys):
    """files.md: several image topics, choose with --topic; the error said so, and there was no such option."""
    with create_bag(tmp_path / "two.mcap") as bag:
        for n, topic in enumerate(("/front/image", "/rear/image", "/front/image")):
            bag.write(topic, image(bag.types.types, n), n * 10**9)
    two, out = str(tmp_path / "two.mcap"), str(tmp_path / "out.mcap")
    assert main(["data", "to-bag", two, out]) == 2 and "--topic" in capsys.readouterr().err
    assert main(["data", "to-bag", two, out, "--topic", "/front/image"]) == 0 and not caplog.text
    assert [(shot.time, shot.read()[0, 0, 0]) for shot in open_footage(out).shots()] == [(0, 0), (2, 2)]
    assert main(["data", "to-bag", out, two]) == 0 and "its camera_info is not taken over" in caplog.text


@pytest.mark.parametrize("option", ["root", "split", "option"])
def test_options_of_data_sets_are_refused_beside_a_path(tmp_path, capsys, option):
    """They changed nothing: all frames of a folder came with --option limit=3."""
    write_image(tmp_path / "photo.png", np.zeros((20, 30, 3), np.uint8))
    assert main(["data", "to-bag", str(tmp_path), str(tmp_path / "a.mcap"), f"--{option}", "limit=3"]) == 2
    assert f"--{option} is of data sets, and {tmp_path} is a path: leave it out" in capsys.readouterr().err
    assert main(["data", "to-bag", "drawn", str(tmp_path / "a.mcap"), "--topic", "/front"]) == 2


def test_a_folder_of_the_name_of_a_data_set_is_not_passed_over(tmp_path, monkeypatch, capsys):
    """The README draws into drawn/; without the slash, 200 other frames were written."""
    monkeypatch.chdir(tmp_path)
    write_image(tmp_path / "drawn" / "a.png", picture(1))
    assert main(["data", "to-bag", "drawn", "a.mcap"]) == 2
    told = "'drawn' is a data set and lies here too: give ./drawn for what lies here, --root or --split for"
    assert told in capsys.readouterr().err
    assert main(["data", "to-bag", "./drawn", "a.mcap"]) == 0 and "1 images" in capsys.readouterr().out
    assert main(["data", "to-bag", "drawn", "a.mcap", "--option", "count=2", "--size", "64x32"]) == 0
    assert "2 images" in capsys.readouterr().out


def test_a_folder_with_a_folder_images_is_taken_whole(tmp_path, capsys):
    """Only what lay in images/ was; beside masks that is right, since they are no pictures of the drive."""
    for name in ("trip/001.png", "trip/002.png", "trip/images/x.png"):
        write_image(tmp_path / name, picture(1))
    command = ["data", "to-bag", str(tmp_path / "trip"), str(tmp_path / "a.mcap")]
    assert main(command) == 0 and "3 images" in capsys.readouterr().out
    write_image(tmp_path / "trip/labels/x.png", picture(0)[..., 0])
    assert main(command) == 0 and "1 images" in capsys.readouterr().out


def test_a_cut_video_makes_a_shorter_bag_and_a_complaint(tmp_path, make_video, caplog):
    data = make_video(tmp_path / "a.mkv", "libx264", 20).read_bytes()
    (tmp_path / "cut.mkv").write_bytes(data[: len(data) * 3 // 4])
    assert main(["data", "to-bag", str(tmp_path / "cut.mkv"), str(tmp_path / "a.mcap")]) == 1
    assert "breaks off after" in caplog.text
    assert 0 < len(list(open_footage(tmp_path / "a.mcap").shots())) < 20


@pytest.mark.parametrize("suffix", ["gif", "webp", "tif", "png", "avif"])
def test_of_several_pictures_in_a_file_the_first_is_read_and_the_others_are_missed(suffix, tmp_path):
    pages = [Image.fromarray(picture(n)) for n in (10, 100, 60)]
    pages[0].save(tmp_path / f"b.{suffix}", save_all=True, append_images=pages[1:])
    for name in ("a", "c"):
        pages[0].save(tmp_path / f"{name}.{suffix}")
    read = []
    with pytest.raises(IncompleteError, match=rf"^\S+b\.{suffix} holds 3 pictures, .* or a file of each$"):
        read.extend(shot.read()[0, 0, 0] for shot in open_footage(tmp_path).shots())
    assert read == pytest.approx([10, 10, 10], abs=8)  # WebP and AVIF change values


def test_a_preview_in_a_tiff_is_no_picture_of_its_own(tmp_path):
    first, preview = (Image.fromarray(picture(n)) for n in (1, 2))
    preview.encoderinfo = {"tiffinfo": {254: 1}}
    first.save(tmp_path / "a.tif", save_all=True, append_images=[preview])
    with Image.open(tmp_path / "a.tif") as both:
        assert both.n_frames == 2
    assert len(list(open_footage(tmp_path / "a.tif").shots())) == 1


def test_what_follows_footage_that_breaks_off_comes_after_it(tmp_path, make_video):
    """The next photograph had the time of the last frame that could be read."""
    data = make_video(tmp_path / "b.mkv", "libx264", 20).read_bytes()
    (tmp_path / "b.mkv").write_bytes(data[: len(data) * 3 // 4])
    for name in ("a.png", "c.png"):
        write_image(tmp_path / name, picture(1))
    times = []
    with pytest.raises(IncompleteError, match="breaks off after"):
        for shot in open_footage(tmp_path).shots():
            times.append(shot.time)
    assert len(times) > 4 and np.diff(times) == pytest.approx(0.1)


def test_a_video_of_unknown_length_is_a_data_set_all_the_same(tmp_path, make_video):
    make_video(tmp_path / "live.webm", "libvpx", 12, options={"live": "1"})
    dataset = open_dataset("video", tmp_path / "live.webm", every=5)
    assert dataset.keys == ("00000", "00005", "00010")
    assert [sample.image.shape for sample in dataset] == [(48, 64, 3)] * 3
    data = (tmp_path / "live.webm").read_bytes()
    (tmp_path / "cut.webm").write_bytes(data[: len(data) * 2 // 3])
    with pytest.raises(DatasetError, match=r"cut\.webm breaks off after \d+ frames: \d+ bytes are missing at its end"):
        open_dataset("video", tmp_path / "cut.webm", every=5)


def test_photographs_load_nothing_that_reads_bags_and_videos(tmp_path):
    write_image(tmp_path / "photo.png", np.zeros((20, 30, 3), np.uint8))
    code = (
        "import sys; from unexpected_core.media.footage import open_footage; "
        f"print([shot.read().shape for shot in open_footage({str(tmp_path)!r}).shots()], "
        "[name for name in ('av', 'rosbags', 'mcap', 'torch') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[(20, 30, 3)] []"
