"""`unexpected detect` on videos and bags, whole and damaged."""

import cv2
import numpy as np
import pytest

from unexpected_core.cli.detecting.inputs import open_input
from unexpected_core.images import write_image


def test_video(tmp_path, detect, make_video):
    video, out = make_video(tmp_path / "drive.avi"), tmp_path / "out"
    assert detect(video, "--out", out, "--every", 2, "--save", "mask") == 0
    assert sorted(path.name for path in (out / "mask/drive").iterdir()) == [
        f"{n:05d}.random_weights.png" for n in (0, 2, 4)
    ]


def test_bag_with_broken_messages(tmp_path, detect, picture, lines, write_bag):
    empty = picture()[:0]  # says 90x0
    write_bag(tmp_path / "bag", [picture(), empty, picture()], raw=[b"\x00\x01\x00\x00\x07", b""])
    out = tmp_path / "out"
    assert detect(tmp_path / "bag", "--out", out, "--save", "mask,regions") == 1
    where = f"{tmp_path / 'bag'}, frame 00000"
    for line, error in zip(
        lines(out),
        (
            None,
            "1: image has no pixels (90x0)",
            None,
            "3: message of 5 bytes on /camera",
            "4: message of 0 bytes on /camera",
        ),
        strict=True,
    ):
        assert ("error" not in line) if error is None else line["error"].startswith(where + error)
    assert len(list((out / "mask/bag").iterdir())) == 2
    assert detect(tmp_path / "bag", "--out", out, "--topic", "/left") == 2
    assert "unknown image topic '/left'" in lines(out)[0]["error"]


def test_half_a_bag_is_refused_and_the_next_input_done(tmp_path, detect, picture, lines, write_bag):
    write_bag(tmp_path / "bag", [picture()])
    file = next((tmp_path / "bag").glob("*.db3"))
    (tmp_path / "half.db3").write_bytes(file.read_bytes()[:5000])
    write_image(tmp_path / "photo.png", picture())
    inputs = [tmp_path / name for name in ("half.db3", "photo.png")]
    assert detect(*inputs, "--out", tmp_path / "out", "--save", "regions") == 1
    bad, good = lines(tmp_path / "out")
    assert "half.db3 as a rosbag2" in bad["error"] and "error" not in good


def test_a_bag_may_hold_every_encoding_that_the_node_takes(tmp_path, write_bag):
    write_bag(tmp_path / "bag", [np.full((60, 90), 70, np.uint8)], encoding="bayer_rggb8")
    (image,) = [shot.read() for shot in open_input(tmp_path / "bag").shots()]
    assert np.array_equal(image, np.full((60, 90, 3), 70, np.uint8))


def test_a_video_that_claims_more_images_than_it_has_bytes_is_refused(tmp_path, make_video):
    data = bytearray(make_video(tmp_path / "drive.avi", 1).read_bytes())
    for header, at in ((b"avih", 24), (b"strh", 40)):  # both say how many frames there are
        where = data.index(header) + at
        assert int.from_bytes(data[where : where + 4], "little") == 1
        data[where : where + 4] = (40_000_000).to_bytes(4, "little")
    (tmp_path / "drive.avi").write_bytes(data)
    with pytest.raises(ValueError, match=r"claims 40000000 images in \d+ bytes: it is damaged"):
        open_input(tmp_path / "drive.avi")


def test_a_stale_count_in_metadata_is_not_believed(tmp_path, picture, write_bag):
    write_bag(tmp_path / "bag", [picture()])
    about = tmp_path / "bag/metadata.yaml"
    about.write_text(about.read_text().replace("message_count: 1", "message_count: 40000000"))
    footage = open_input(tmp_path / "bag")
    assert footage.claimed == 1 and len(list(footage.shots())) == 1


def test_a_length_that_is_not_known_is_told_as_such(tmp_path, caplog, detect, picture, summary):
    caplog.set_level("INFO", "unexpected")
    cv2.imwrite(str(tmp_path / "a.jpg"), picture())
    (tmp_path / "bare.mjpeg").write_bytes((tmp_path / "a.jpg").read_bytes() * 3)
    assert detect(tmp_path / "bare.mjpeg", "--out", tmp_path / "out") == 0
    (entry,) = summary(tmp_path / "out")["inputs"]
    assert (entry["frames_read"], entry["frames_claimed"], entry["complete"]) == (3, None, True)
    assert caplog.records[-1].getMessage().splitlines()[1].split()[1:3] == ["3", "?"]


def test_that_every_is_of_videos_is_told_where_there_is_none(tmp_path, caplog, detect, picture, make_video, write_bag):
    """A day of photographs, or a bag, was gone through whole, without a word."""
    write_image(tmp_path / "day" / "photo.png", picture())
    write_bag(tmp_path / "bag", [picture()])
    (tmp_path / "mixed").mkdir()
    make_video(tmp_path / "mixed" / "drive.avi", 3)
    inputs = [tmp_path / name for name in ("day", "bag", "mixed", "mixed/drive.avi")]
    assert detect(*inputs, "--out", tmp_path / "out", "--every", 2, "--save", "mask") == 0
    told = [record.getMessage() for record in caplog.records if "--every" in record.getMessage()]
    assert told == [f"{path}: --every 2 is of videos; all of its frames are taken" for path in inputs[:2]]


@pytest.mark.parametrize(
    ("name", "code", "read", "claimed"),
    [
        ("av1.mp4", 0, 12, 12),
        ("cut.avi", 1, 11, 30),
        ("cut_fast.mp4", 2, 0, 30),
        ("vfr.mkv", 0, 60, None),
        ("live.webm", 0, 30, None),
        ("ros1.bag", 0, 3, 3),
        ("qos_edited", 0, 4, 4),
        ("nometa_mcap", 0, 4, 4),
        ("reindexed", 0, 4, 4),
        ("with_json.mcap", 0, 4, 4),
        ("with_service_event.mcap", 0, 4, 4),
        ("custom_db3", 0, 2, 2),
        ("cut.mcap", 1, 2, None),
        ("phone", 1, 36, None),
        ("talker_mcap", 2, 0, 0),
    ],
)
def test_real_cases(shared_data, tmp_path, name, code, read, claimed, detect, summary):
    assert detect(shared_data / "cases" / name, "--out", tmp_path, "--save", "regions") == code
    (entry,) = summary(tmp_path)["inputs"]
    assert (entry["frames_read"], entry["frames_claimed"]) == (read, claimed)
    assert entry["complete"] == (code == 0) and bool(entry["problems"]) == (code != 0)
