"""`unexpected detect` on what people have: what it writes, says, leaves out and goes on with."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from rosbags.rosbag2 import Writer
from rosbags.typesys import Stores, get_typestore

from unexpected_core.cli.inputs import open_input
from unexpected_core.cli.main import main
from unexpected_core.images import read_image, read_map, resize_image, write_image


def detect(*words):
    """What `unexpected detect WORDS` returns, with an untrained detector."""
    return main(["detect", *map(str, words), "--random-weights", "--device", "cpu"])


def picture(height=60, width=90, seed=0):
    return resize_image(np.random.default_rng(seed).integers(0, 256, (5, 7, 3), np.uint8), (height, width))


def lines(folder):
    return [json.loads(line) for line in (folder / "regions.jsonl").read_text().splitlines()]


def summary(folder):
    return json.loads((folder / "summary.json").read_text())


def make_video(path, count=5):
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10, (90, 60))
    for seed in range(count):
        writer.write(picture(seed=seed))
    writer.release()
    return path


def write_bag(path, images, raw=(), encoding="rgb8"):
    """raw: bytes written as further messages."""
    types = get_typestore(Stores.ROS2_JAZZY)
    Image, Header = types.types["sensor_msgs/msg/Image"], types.types["std_msgs/msg/Header"]
    Time = types.types["builtin_interfaces/msg/Time"]
    with Writer(path, version=9) as writer:
        connection = writer.add_connection("/camera/image", Image.__msgtype__, typestore=types)
        for i, image in enumerate(images):
            height, width = image.shape[:2]
            message = Image(
                Header(Time(i, 0), "camera"),
                height,
                width,
                encoding,
                0,
                image[0].size if height else 3 * width,
                image.ravel(),
            )
            writer.write(connection, i * 10**9, types.serialize_cdr(message, Image.__msgtype__))
        for i, data in enumerate(raw, len(images)):
            writer.write(connection, i * 10**9, data)


def test_every_kind_of_result_of_one_photo(tmp_path, capfd):
    write_image(tmp_path / "photo.png", picture(61, 93))
    out = tmp_path / "out"
    kinds = "overlay,score,mask,labels,labels_color,resynthesis,regions"
    words = (tmp_path / "photo.png", "--out", out, "--threshold", 0.4, "--hysteresis", 0.1, "--save", kinds)
    assert detect(*words) == 0
    files = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
    assert files == [
        "labels/photo.random_weights.png",
        "labels_color/photo.random_weights.png",
        "mask/photo.random_weights.png",
        "overlay/photo.random_weights.jpg",
        "regions.jsonl",
        "resynthesis/photo.random_weights.jpg",
        "score/photo.random_weights.png",
        "summary.json",
    ]
    score = read_map(out / "score/photo.random_weights.png")
    assert score.dtype == np.uint16 and score.shape == (61, 93)
    mask = read_map(out / "mask/photo.random_weights.png")
    assert set(np.unique(mask)) <= {0, 255} and np.array_equal(mask > 0, (mask > 0) & (score / 65535 > 0.29))
    assert read_map(out / "labels/photo.random_weights.png").max() < 19
    for name in ("overlay/photo.random_weights.jpg", "labels_color/photo.random_weights.png"):
        stamped = read_image(out / name)
        assert stamped.shape == (61, 93, 3)
        assert np.median(stamped[:10, :, 0]) > 150 and np.median(stamped[:10, :, 2]) < 60
    (line,) = lines(out)
    assert line["warning"] == "RANDOM WEIGHTS: NO MEANING" and line["model_id"] == "random"
    assert (line["width"], line["height"], line["threshold"]) == (93, 61, 0.4)
    assert sum(region["area"] for region in line["regions"]) == (mask > 0).sum()


def test_scores_as_float_arrays_equal_the_detectors_own(tmp_path):
    from unexpected_core import load_detector

    write_image(tmp_path / "photo.png", picture())
    words = ["detect", str(tmp_path / "photo.png"), "--out", str(tmp_path / "out"), "--detector", "random"]
    words += ["--device", "cpu", "--scorer", "softmax", "--save", "score", "--score-format", "npy"]
    assert main(words) == 0
    score = np.load(tmp_path / "out/score/photo.random_weights.npy")
    assert np.array_equal(score, load_detector("random", "cpu", scorer="softmax").detect(picture()).score)
    assert not (tmp_path / "out/regions.jsonl").exists()


def test_unreadable_inputs_are_named_and_the_others_done(tmp_path, caplog):
    caplog.set_level("INFO", "unexpected")
    (tmp_path / "in").mkdir()
    write_image(tmp_path / "in/good.png", picture())
    (tmp_path / "in/bad.png").write_bytes(b"\x89PNG, but not really")
    (tmp_path / "in/empty.jpg").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("no video")
    (tmp_path / "nothing").mkdir()
    inputs = [tmp_path / name for name in ("in", "gone.png", "notes.txt", "nothing", "gone.mp4", "gone.mcap")]
    assert detect(*inputs, "--out", tmp_path / "out", "--save", "regions") == 1
    found = {line["input"].removeprefix(f"{tmp_path}/"): line.get("error") for line in lines(tmp_path / "out")}
    assert found.pop("in/good.png") is None
    messages = {
        "in/bad.png": "not a complete image file",
        "in/empty.jpg": "not a complete image file",
        "gone.png": "does not exist",
        "notes.txt": "cannot be decoded as a video",
        "nothing": "holds no images",
        "gone.mp4": "does not exist",
        "gone.mcap": "does not exist",
    }
    for name, message in messages.items():
        assert message in found.pop(name)
    assert found == {}
    assert "1 images" in caplog.text and "7 not readable" in caplog.text
    assert detect(inputs[1], "--out", tmp_path / "out") == 2


def test_equal_names_never_overwrite_each_other(tmp_path):
    for name in ("a/x.png", "b/x.png", "b/X.jpg"):
        write_image(tmp_path / name, picture())
    inputs = [tmp_path / name for name in ("a/x.png", "b", "a/x.png")]
    assert detect(*inputs, "--out", tmp_path / "out", "--save", "mask,regions") == 0
    assert sorted(path.name for path in (tmp_path / "out/mask").iterdir()) == [
        "X-2.random_weights.png",
        "x-3.random_weights.png",
        "x-4.random_weights.png",
        "x.random_weights.png",
    ]
    assert len(lines(tmp_path / "out")) == 4


def test_video(tmp_path):
    video, out = make_video(tmp_path / "drive.avi"), tmp_path / "out"
    assert detect(video, "--out", out, "--every", 2, "--save", "mask") == 0
    assert sorted(path.name for path in (out / "mask/drive").iterdir()) == [
        f"{n:05d}.random_weights.png" for n in (0, 2, 4)
    ]


def test_bag_with_broken_messages(tmp_path):
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


def test_half_a_bag_is_refused_and_the_next_input_done(tmp_path):
    write_bag(tmp_path / "bag", [picture()])
    file = next((tmp_path / "bag").glob("*.db3"))
    (tmp_path / "half.db3").write_bytes(file.read_bytes()[:5000])
    write_image(tmp_path / "photo.png", picture())
    inputs = [tmp_path / name for name in ("half.db3", "photo.png")]
    assert detect(*inputs, "--out", tmp_path / "out", "--save", "regions") == 1
    bad, good = lines(tmp_path / "out")
    assert "half.db3 as a rosbag2" in bad["error"] and "error" not in good


def test_a_bag_may_hold_every_encoding_that_the_node_takes(tmp_path):
    write_bag(tmp_path / "bag", [np.full((60, 90), 70, np.uint8)], encoding="bayer_rggb8")
    (image,) = [shot.read() for shot in open_input(tmp_path / "bag").shots()]
    assert np.array_equal(image, np.full((60, 90, 3), 70, np.uint8))


def test_a_video_that_claims_more_images_than_it_has_bytes_is_refused(tmp_path):
    data = bytearray(make_video(tmp_path / "drive.avi", 1).read_bytes())
    for header, at in ((b"avih", 24), (b"strh", 40)):  # both say how many frames there are
        where = data.index(header) + at
        assert int.from_bytes(data[where : where + 4], "little") == 1
        data[where : where + 4] = (40_000_000).to_bytes(4, "little")
    (tmp_path / "drive.avi").write_bytes(data)
    with pytest.raises(ValueError, match=r"claims 40000000 images in \d+ bytes: it is damaged"):
        open_input(tmp_path / "drive.avi")


def test_a_stale_count_in_metadata_is_not_believed(tmp_path):
    write_bag(tmp_path / "bag", [picture()])
    about = tmp_path / "bag/metadata.yaml"
    about.write_text(about.read_text().replace("message_count: 1", "message_count: 40000000"))
    footage = open_input(tmp_path / "bag")
    assert footage.claimed == 1 and len(list(footage.shots())) == 1


@pytest.mark.parametrize("out", ["file", "file/below"])
def test_an_output_folder_that_cannot_be_written_is_said_in_one_line(tmp_path, capsys, out):
    write_image(tmp_path / "photo.png", picture())
    (tmp_path / "file").write_text("precious")
    assert detect(tmp_path / "photo.png", "--out", tmp_path / out) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"unexpected detect: {tmp_path / out}: ") and error.count("\n") == 1
    assert (tmp_path / "file").read_text() == "precious"


def test_results_of_an_earlier_run_are_no_inputs_and_inputs_never_overwritten(tmp_path):
    write_image(tmp_path / "photo.png", picture())
    for _ in range(2):
        assert detect(tmp_path, "--out", tmp_path / "out") == 0
        assert [line["input"] for line in lines(tmp_path / "out")] == [str(tmp_path / "photo.png")]
    write_image(tmp_path / "mask/photo.png", picture())
    assert detect(tmp_path / "mask/photo.png", "--out", tmp_path) == 2
    assert "lies where results are to be written" in lines(tmp_path)[0]["error"]


def test_a_name_that_the_system_refuses_is_one_bad_input(tmp_path):
    write_image(tmp_path / "photo.png", picture())
    with pytest.raises(ValueError, match=r"cannot read x+: File name too long"):
        open_input(Path("x" * 300))
    inputs = ["x" * 300, tmp_path / "photo.png"]
    assert detect(*inputs, "--out", tmp_path / "out", "--save", "regions") == 1
    bad, good = lines(tmp_path / "out")
    assert "File name too long" in bad["error"] and "error" not in good


def test_scores_of_random_weights_never_go_without_their_stamp(tmp_path, capsys):
    write_image(tmp_path / "photo.png", picture())
    command = ["detect", str(tmp_path / "photo.png"), "--device", "cpu", "--out", str(tmp_path / "out")]
    for words in (["--scorer", "random"], ["--scorer", "fast", "--detector", "random"], ["--scorer", "iccv2019"]):
        assert main([*command, *words]) == 2
        assert "has networks of its own" in capsys.readouterr().err and not (tmp_path / "out").exists()
    assert main([*command, "--scorer", "softmax", "--detector", "random"]) == 0
    assert {line["warning"] for line in lines(tmp_path / "out")} == {"RANDOM WEIGHTS: NO MEANING"}


def test_the_end_is_a_table_and_the_same_in_summary_json(tmp_path, caplog):
    caplog.set_level("INFO", "unexpected")
    data = make_video(tmp_path / "whole.avi").read_bytes()
    (tmp_path / "cut.avi").write_bytes(data[: len(data) * 3 // 4])
    write_bag(tmp_path / "bag", [picture(), picture()[:0], picture()])
    inputs = [tmp_path / name for name in ("whole.avi", "cut.avi", "bag", "gone.mp4")]
    out = tmp_path / "out"
    assert detect(*inputs, "--out", out, "--save", "regions") == 1
    facts = {Path(entry["input"]).name: entry for entry in summary(out)["inputs"]}
    assert summary(out)["model_id"] == "random" and 0 < summary(out)["threshold"] < 1
    numbers = {name: [entry[f"frames_{n}"] for n in ("read", "claimed", "failed")] for name, entry in facts.items()}
    read = numbers["cut.avi"][0]
    assert 1 <= read <= 5
    assert numbers["whole.avi"] == [5, 5, 0] and numbers["bag"] == [3, 3, 1] and numbers["gone.mp4"] == [0, 0, 1]
    assert [name for name, entry in facts.items() if entry["complete"]] == ["whole.avi"]
    assert (
        "breaks off after" in facts["cut.avi"]["problems"][-1] and "does not exist" in facts["gone.mp4"]["problems"][0]
    )
    regions = {
        name: sum(len(line.get("regions", ())) for line in lines(out) if name in line["input"]) for name in facts
    }
    assert {name: entry["regions"] for name, entry in facts.items()} == regions
    table = caplog.records[-1].getMessage().splitlines()
    assert table[0].split() == ["input", "read", "claimed", "failed", "regions", "ms/frame"]
    assert table[1].split()[1:4] == ["5", "5", "0"] and table[-1].split()[0] == "all"
    assert float(table[1].split()[-1]) == pytest.approx(facts["whole.avi"]["ms_per_frame"], abs=0.5)


def test_a_length_that_is_not_known_is_told_as_such(tmp_path, caplog):
    caplog.set_level("INFO", "unexpected")
    cv2.imwrite(str(tmp_path / "a.jpg"), picture())
    (tmp_path / "bare.mjpeg").write_bytes((tmp_path / "a.jpg").read_bytes() * 3)
    assert detect(tmp_path / "bare.mjpeg", "--out", tmp_path / "out") == 0
    (entry,) = summary(tmp_path / "out")["inputs"]
    assert (entry["frames_read"], entry["frames_claimed"], entry["complete"]) == (3, None, True)
    assert caplog.records[-1].getMessage().splitlines()[1].split()[1:3] == ["3", "?"]


def test_a_folder_as_a_phone_fills_it(tmp_path, caplog):
    folder = tmp_path / "phone"
    for name in ("IMG_1.JPG", "IMG_2.png", "IMG_10.jpg", "below/IMG_3.webp"):
        write_image(folder / name.lower(), picture())
    make_video(folder / "clip.avi", 3)
    (folder / "notes.txt").write_text("no picture")
    (folder / "IMG_9.HEIC").write_bytes(b"\0\0\0\x18ftypheic" + bytes(12))
    (folder / ".hidden.jpg").write_bytes(b"a file that is being written")
    out = tmp_path / "out"
    assert detect(folder, "--out", out, "--save", "mask,regions") == 1
    names = [line["name"].removesuffix(".random_weights") for line in lines(out)]
    assert names == ["IMG_9", "below/img_3", "clip/00000", "clip/00001", "clip/00002", "img_1", "img_2", "img_10"]
    assert [line["name"] for line in lines(out) if "error" in line] == ["IMG_9"]
    assert "phone: 1 files are no pictures and are left out: 1 .txt (notes.txt)" in caplog.text
    (entry,) = summary(out)["inputs"]
    assert (entry["frames_read"], entry["frames_failed"]) == (8, 1)


def test_an_interrupted_run_goes_on_with_resume(tmp_path, monkeypatch, caplog):
    from unexpected_core.pipeline.detector import Detector

    make_video(tmp_path / "drive.avi", 6)
    out, calls, whole = tmp_path / "out", [], Detector.detect
    words = (tmp_path / "drive.avi", "--out", out, "--save", "mask,regions")

    def interrupted(self, *arguments, **options):
        calls.append(0)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return whole(self, *arguments, **options)

    monkeypatch.setattr(Detector, "detect", interrupted)
    assert detect(*words) == 130
    assert summary(out)["inputs"][0]["frames_read"] == 4 and len(lines(out)) == 3
    with (out / "regions.jsonl").open("a") as file:
        file.write('{"input": "half a li')
    calls.clear()
    calls.extend([0] * 9)
    assert detect(*words, "--resume") == 0
    assert len(calls) == 9 + 3
    assert [line["name"] for line in lines(out)] == [f"drive/{n:05d}.random_weights" for n in range(6)]
    assert len(list((out / "mask/drive").iterdir())) == 6
    (entry,) = summary(out)["inputs"]
    assert (entry["frames_read"], entry["complete"]) == (6, True)
    calls.clear()
    calls.extend([0] * 9)
    assert detect(*words, "--resume", "--threshold", 0.9) == 0  # another way: everything is done again
    assert len(calls) == 9 + 6
    assert len(lines(out)) == 6 and "is of other settings; everything is done again" in caplog.text
    assert detect(*words[:-1], "mask", "--resume") == 2


def test_that_every_is_of_videos_is_told_where_there_is_none(tmp_path, caplog):
    """A day of photographs, or a bag, was gone through whole, without a word."""
    write_image(tmp_path / "day" / "photo.png", picture())
    write_bag(tmp_path / "bag", [picture()])
    (tmp_path / "mixed").mkdir()
    make_video(tmp_path / "mixed" / "drive.avi", 3)
    inputs = [tmp_path / name for name in ("day", "bag", "mixed", "mixed/drive.avi")]
    assert detect(*inputs, "--out", tmp_path / "out", "--every", 2, "--save", "mask") == 0
    told = [record.getMessage() for record in caplog.records if "--every" in record.getMessage()]
    assert told == [f"{path}: --every 2 is of videos; all of its frames are taken" for path in inputs[:2]]


def test_with_a_mask_that_was_painted_anew_nothing_is_kept(tmp_path, caplog):
    """The name of its file is the same: frames of the old mask and of the new one would lie in one folder."""
    write_image(tmp_path / "photo.png", picture())
    words = (tmp_path / "photo.png", "--out", tmp_path / "out", "--threshold", 0, "--ego-mask", tmp_path / "car.png")
    write_image(tmp_path / "car.png", np.zeros((6, 9), np.uint8))
    assert detect(*words) == 0 and lines(tmp_path / "out")[0]["regions"]
    assert detect(*words, "--resume") == 0 and "other settings" not in caplog.text
    write_image(tmp_path / "car.png", np.full((6, 9), 255, np.uint8))
    assert detect(*words, "--resume") == 0 and "is of other settings; everything is done again" in caplog.text
    assert not (read_map(next((tmp_path / "out" / "score").iterdir()))).any()


def test_results_of_another_detector_in_the_same_folder_are_told(tmp_path, caplog):
    """Scores of two methods in one folder would be judged as those of one."""
    for name in "ab":
        write_image(tmp_path / f"{name}.png", np.zeros((60, 90, 3), np.uint8))
    for name in "ab":
        assert detect(tmp_path / f"{name}.png", "--out", tmp_path / "out") == 0
    assert "of other settings" not in caplog.text
    assert detect(tmp_path / "b.png", "--out", tmp_path / "out", "--scorer", "softmax") == 0
    assert "summary.json is of other settings; everything is done again, results of other frames stay" in caplog.text


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
def test_real_cases(shared_data, tmp_path, name, code, read, claimed):
    assert detect(shared_data / "cases" / name, "--out", tmp_path, "--save", "regions") == code
    (entry,) = summary(tmp_path)["inputs"]
    assert (entry["frames_read"], entry["frames_claimed"]) == (read, claimed)
    assert entry["complete"] == (code == 0) and bool(entry["problems"]) == (code != 0)
