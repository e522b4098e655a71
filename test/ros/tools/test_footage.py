"""Photographs, videos and bags as one stream of shots."""

import cv2
import numpy as np
import pytest

from unexpected_core.images import write_image
from unexpected_ros.bags import BagError, create_bag
from unexpected_ros.tools.footage import FootageError, open_footage

HEIGHT, WIDTH = 34, 50


def picture(n):
    return np.full((HEIGHT, WIDTH, 3), (n, 2 * n, 200), np.uint8)


def test_photographs_play_by_number_and_a_broken_one_is_left_out(tmp_path, caplog):
    for n in (10, 2, 1):
        write_image(tmp_path / f"shot{n}.png", picture(n))
    (tmp_path / "shot3.png").write_bytes(b"\x89PNG\r\n\x1a\n cut")
    (tmp_path / "notes.txt").write_text("no picture")
    footage = open_footage(tmp_path)
    assert footage.count == 4
    shots = list(footage.shots())
    assert [shot.name for shot in shots] == ["shot1.png", "shot2.png", "shot10.png"]
    assert [shot.image[0, 0].tolist() for shot in shots] == [[1, 2, 200], [2, 4, 200], [10, 20, 200]]
    assert "left out" in caplog.text and "shot3.png" in caplog.text


def test_a_video_plays_at_its_own_rate(tmp_path):
    writer = cv2.VideoWriter(str(tmp_path / "v.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 25.0, (WIDTH, HEIGHT))
    if not writer.isOpened():
        pytest.skip("this OpenCV writes no video")
    for n in range(5):
        writer.write(picture(40 * n)[:, :, ::-1])
    writer.release()
    footage = open_footage(tmp_path / "v.avi")
    shots = list(footage.shots())
    assert (footage.count, footage.rate) == (5, 25.0)
    assert [shot.time for shot in shots] == pytest.approx([0, 0.04, 0.08, 0.12, 0.16])
    assert np.abs(shots[3].image.astype(int) - picture(120)).max() <= 6


def test_a_bag_plays_with_its_times_and_its_calibration(tmp_path):
    with create_bag(tmp_path / "b.mcap") as bag:
        types = bag.types.types
        header = types["std_msgs/msg/Header"](stamp=types["builtin_interfaces/msg/Time"](1, 2), frame_id="c")
        info = types["sensor_msgs/msg/CameraInfo"](
            header=header,
            height=HEIGHT,
            width=WIDTH,
            distortion_model="",
            d=np.zeros(0),
            k=np.arange(9.0),
            r=np.zeros(9),
            p=np.zeros(12),
            binning_x=0,
            binning_y=0,
            roi=types["sensor_msgs/msg/RegionOfInterest"](0, 0, 0, 0, False),
        )
        for n in range(3):
            if n == 1:
                bag.write("/cam/camera_info", info, 2_000_000_000 + n * 500_000_000 - 1)
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
    shots = list(footage.shots())
    assert (footage.count, footage.topic) == (3, "/cam/image")
    assert [shot.time for shot in shots] == [0.0, 0.5, 1.0]
    assert [shot.camera_info is not None for shot in shots] == [False, True, True]
    assert np.array_equal(shots[2].image, picture(2))


def test_what_cannot_be_played_is_named(tmp_path):
    with pytest.raises(FootageError, match="expected a folder of photographs, a video, or a rosbag2"):
        open_footage(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FootageError, match=r"empty holds no image; expected photographs \(\.png"):
        open_footage(tmp_path / "empty")
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(FootageError, match="neither a folder of photographs, nor a video, nor a rosbag2"):
        open_footage(tmp_path / "text.mp4")
    (tmp_path / "text.mcap").write_text("no bag")
    with pytest.raises(BagError, match="cannot read"):
        open_footage(tmp_path / "text.mcap")
