"""One contract over every data set, driven by fake data on disk in each documented layout."""

import json
import pickle
import runpy
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from unexpected_core.datasets import DATASETS, DatasetError, Resized, open_dataset
from unexpected_core.datasets.cache import Cached
from unexpected_core.datasets.joined import Joined
from unexpected_core.datasets.lost_and_found import INVALID
from unexpected_core.datasets.smiyc import ANOMALY_COUNTS, anomaly_parts
from unexpected_core.images import ImageError, write_image

MADE = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("dataset_layouts.py"))))
camvid = partial(open_dataset, "camvid", check_counts=False)
DRAWN = {"count": 2, "height": 64, "width": 96}


def build(case, tmp_path):
    name, builder, options, *_ = MADE.LAYOUTS[case]
    builder(tmp_path)
    return open_dataset(name, tmp_path / MADE.FILES.get(name, ""), **options)


def test_every_data_set_has_a_fake():
    assert {case[0] for case in MADE.LAYOUTS.values()} == set(DATASETS) - {"drawn"}  # needs no files


def test_drawn_roads_are_a_data_set():
    first, other = open_dataset("drawn", **DRAWN), open_dataset("drawn", split="val", **DRAWN)
    assert first.keys == ("train/0/00000", "train/0/00001") and len(other) == 2
    assert first[0].image.shape == (64, 96, 3) and set(np.unique(first[0].labels)) <= {*range(19), 255}
    assert (first[0].image != other[0].image).any()
    with pytest.raises(DatasetError, match="unknown track 'tran'; did you mean 'train'"):
        open_dataset("drawn", split="tran")


@pytest.mark.parametrize("case", MADE.LAYOUTS)
def test_contract(case, tmp_path):
    dataset = build(case, tmp_path)
    *_, keys, labels, obstacle, instances = MADE.LAYOUTS[case]
    assert list(dataset.keys) == keys and len(dataset) == len(keys)
    samples = list(dataset)
    assert [sample.key for sample in samples] == keys
    for sample in samples:
        assert sample.image.shape == (MADE.HEIGHT, MADE.WIDTH, 3) and sample.image.dtype == np.uint8
        for values, expected, dtype in (
            (sample.labels, labels, np.uint8),
            (sample.obstacle, obstacle, np.uint8),
            (sample.instances, instances, np.int32),
        ):
            if expected is None:
                assert values is None
            else:
                assert values.shape == (MADE.HEIGHT, MADE.WIDTH) and values.dtype == dtype
                assert np.unique(values).tolist() == expected
    assert samples[0].labels is None or set(np.unique(samples[0].labels)) <= {*range(dataset.num_classes), 255}
    last = dataset[-1]
    np.testing.assert_array_equal(dataset[keys[-1]].image, last.image)
    np.testing.assert_array_equal(dataset[0].image, samples[0].image)  # going back
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(dataset))[keys[0]].image, samples[0].image)
    with pytest.raises(IndexError):
        dataset[len(keys)]
    with pytest.raises(KeyError, match="has no frame 'nothing'"):
        dataset["nothing"]
    small = Resized(dataset, (7, 9))[0]
    assert small.image.shape == (7, 9, 3) and (small.labels is None or small.labels.shape == (7, 9))


def test_fishyscapes_masks_find_their_photographs(tmp_path):
    MADE.fishyscapes_published(tmp_path)
    dataset = open_dataset("fishyscapes_lost_and_found", tmp_path, lost_and_found=tmp_path / "laf", check_counts=False)
    assert dataset.keys == ("0003_02_Hanns_Klemm_Str_44_000000_000020",)
    photograph = open_dataset("lost_and_found", tmp_path / "laf", frames="all", check_counts=False)[1]
    np.testing.assert_array_equal(dataset[0].image, photograph.image)
    assert np.unique(dataset[0].obstacle).tolist() == [0, 1, 255]


def test_played_pixels(tmp_path):
    MADE.video(tmp_path)
    MADE.bag(tmp_path)
    frames = open_dataset("video", tmp_path / "drive.avi", every=4)
    assert [int(frame.image.mean().round()) for frame in frames] == pytest.approx([0, 80, 160], abs=2)
    assert frames["00008"].image.mean() > 150 > frames["00004"].image.mean() > 70  # forward, then back
    in_memory = Cached(open_dataset("video", tmp_path / "drive.avi", every=1))  # whose threads read at once
    assert np.diff([frame.image.mean() for frame in in_memory]) == pytest.approx([20] * 9, abs=2)
    drive = open_dataset("bag", tmp_path / "drive")
    assert (drive[1].image == (17, 0, 0)).all()  # bgr8 and row padding undone


def test_a_complete_lost_and_found_loses_its_invalid_frames(tmp_path):
    scene = tmp_path / "leftImg8bit/train/04_Maurener_Weg_8"
    scene.mkdir(parents=True)
    for i in range(1036):
        (scene / f"04_Maurener_Weg_8_{i:06d}_000000_leftImg8bit.png").touch()
    dataset = open_dataset("lost_and_found", tmp_path, split="train")
    assert len(dataset) == 1030
    left_out = {f"04_Maurener_Weg_8_{i:06d}_000000" for i in INVALID["train"]}
    assert not left_out & set(dataset.keys)
    (scene / "04_Maurener_Weg_8_000000_000000_leftImg8bit.png").unlink()
    with pytest.raises(DatasetError, match="1036 frames, found 1035"):
        open_dataset("lost_and_found", tmp_path, split="train")


def test_frames_of_a_drive_or_a_clip_are_of_one_sequence(tmp_path):
    MADE.fishyscapes_published(tmp_path)
    laf, options = tmp_path / "laf", {"check_counts": False}
    drive, other = "02_Hanns_Klemm_Str_44_000000", "15_Rechbergstr_Deckenpfronn_000003"
    for name, further, expected in (
        ("lost_and_found", {"root": laf, "frames": "all", **options}, [drive] * 3 + [other] * 2),
        ("lost_and_found_small", {"root": laf, **options}, [drive, other]),
        ("fishyscapes_lost_and_found", {"root": tmp_path, "lost_and_found": laf, **options}, [drive]),
        ("drawn", {"split": "clips", "count": 121}, ["clips/0/000"] * 120 + ["clips/0/001"]),
        ("drawn", {"split": "obstacle", "count": 2}, [None] * 2),
    ):
        dataset = open_dataset(name, size=(8, 16), **further)
        assert [dataset.sequence(key) for key in dataset.keys] == expected
        joined = Joined([dataset, open_dataset("drawn", count=1)])
        assert joined.sequence(joined.keys[-1]) is None
        assert joined.sequence(joined.keys[0]) == (expected[0] and f"{dataset.name}/{expected[0]}")


def test_a_camera_file_tells_distances(tmp_path):
    MADE.lost_and_found(tmp_path)
    dataset = open_dataset("lost_and_found", tmp_path, check_counts=False, size=(8, 16))
    assert dataset.camera(dataset.keys[0]) is None
    path = tmp_path / f"camera/test/02_Hanns_Klemm_Str_44/{dataset.keys[0]}_camera.json"
    path.parent.mkdir(parents=True)
    path.write_text(
        json.dumps(
            {
                "intrinsic": {"fx": 2262.5, "fy": 2048, "u0": 1096.9, "v0": 511.5},
                "extrinsic": {"pitch": 0.0, "roll": 0.0, "yaw": 0.0, "x": 1.7, "y": 0.1, "z": 1.2},
            }
        )
    )
    assert dataset.camera(dataset.keys[0]) == (1.2, 2.0, 0.5)
    path.write_text("{}")
    with pytest.raises(DatasetError, match="expected a camera file with 'intrinsic' fy"):
        dataset.camera(dataset.keys[0])


def test_a_roi_file_bounds_the_evaluation(tmp_path):
    MADE.lost_and_found(tmp_path)
    mask = np.full((MADE.HEIGHT // 2, MADE.WIDTH // 2), 255, np.uint8)
    mask[:3] = 0
    write_image(tmp_path / "LAF_roi.png", mask)
    obstacle = open_dataset("lost_and_found", tmp_path, check_counts=False)[0].obstacle
    assert (obstacle[:6] == 255).all() and not (obstacle[6:] == 255).any()


@pytest.mark.parametrize(
    "case, found",
    [
        ("cityscapes", "2975 frames, found 3"),
        ("bdd100k", "7000 frames, found 2"),
        ("lost_and_found", "1203 frames, found 5"),
        ("road_anomaly", "60 frames, found 2"),
        ("anomaly_track", "10 frames, found 2"),
        ("anomaly_track_vehicles", "23 frames, found 2"),
        ("obstacle_track", "30 frames, found 1"),
        ("obstacle_track_noNight", "382 frames, found 3"),
        ("fishyscapes_flat", "100 frames, found 2"),
        ("fishyscapes_static", "30 frames, found 2"),
        ("camvid", "367 frames, found 2"),
        ("idd_lite", "1403 frames, found 1"),
        ("nyu", "1449 frames, found 2"),
    ],
)
def test_published_counts_are_checked(case, found, tmp_path):
    name, builder, options, *_ = MADE.LAYOUTS[case]
    builder(tmp_path)
    with pytest.raises(DatasetError, match=found):
        open_dataset(name, tmp_path, **{key: value for key, value in options.items() if key != "check_counts"})


def test_the_parts_of_anomaly_track_have_the_published_sizes_and_share_no_frame():
    parts = anomaly_parts()
    assert {part: len(keys) for part, keys in parts.items()} == {"animals": 59, "vehicles": 23, "other": 11}
    assert len(set.union(*parts.values())) == 93  # of 100: seven carriages are in no part
    assert {part: ANOMALY_COUNTS[part] for part in parts} == {part: len(keys) for part, keys in parts.items()}


@pytest.mark.parametrize("track", ["anomaly_track", "obstacle_track"])
def test_the_split_of_a_run_for_a_benchmark_opens_though_only_some_labels_are_public(track, tmp_path):
    names = ("validation_1", "validation_2", "cow0001")
    MADE.flat(tmp_path, labels="labels_masks", ending="_labels_semantic.png", names=names)
    opened = open_dataset(track, tmp_path, split="all", check_counts=False)
    assert [sample.obstacle is None for sample in opened] == [False] * 3
    (tmp_path / "labels_masks/cow0001_labels_semantic.png").unlink()
    opened = open_dataset(track, tmp_path, split="all", check_counts=False)
    assert [(sample.key, sample.obstacle) for sample in opened] == [(name, None) for name in sorted(names)]
    (tmp_path / "labels_masks/validation_1_labels_semantic.png").unlink()
    with pytest.raises(DatasetError, match="1 of 2 images have no label map"):
        open_dataset(track, tmp_path, split="validation", check_counts=False)


def test_the_instance_maps_of_idd_lite_are_not_taken_for_label_maps(tmp_path, caplog):
    MADE.idd_lite(tmp_path)
    assert open_dataset("idd_lite", tmp_path, check_counts=False).keys == ("24/frame1",) and not caplog.text


def test_roots(tmp_path, monkeypatch):
    MADE.camvid(tmp_path / "a")
    MADE.camvid(tmp_path / "b")
    monkeypatch.delenv("DIR_CAMVID", raising=False)
    monkeypatch.delenv("DIR_DATASETS", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DatasetError, match=r"(?s)set DIR_CAMVID, or write 'camvid: /its/folder' into roots.yaml.*http"):
        camvid()
    (tmp_path / "config/unexpected").mkdir(parents=True)
    (tmp_path / "config/unexpected/roots.yaml").write_text(f"camvid: {tmp_path}/a\n")
    assert camvid().frames[0].image.is_relative_to(tmp_path / "a")
    (tmp_path / "roots.yaml").write_text("camvid: b\n")  # nearer, and relative to its own folder
    assert "b" in camvid().frames[0].image.parts
    monkeypatch.setenv("DIR_CAMVID", str(tmp_path / "a"))
    assert camvid().frames[0].image.is_relative_to(tmp_path / "a")
    with pytest.raises(DatasetError, match=r"(?s)nowhere \(the root given\) is not a folder.*annot.*Get it"):
        camvid(tmp_path / "nowhere")
    monkeypatch.delenv("DIR_CAMVID")
    MADE.camvid(tmp_path / "0552")
    (tmp_path / "roots.yaml").write_text("camvid: 0552\n")  # YAML's 362
    assert "0552" in camvid().frames[0].image.parts
    (tmp_path / "roots.yaml").write_text("camvid: ~\n")  # none, and not the home folder
    assert "a" in camvid().frames[0].image.parts
    (tmp_path / "roots.yaml").write_bytes("camvid: /é\n".encode("latin-1"))
    with pytest.raises(DatasetError, match=r"cannot read roots\.yaml: byte 9 is not UTF-8"):
        camvid()
    (tmp_path / "roots.yaml").write_text("- camvid\n")
    with pytest.raises(DatasetError, match="expected lines 'data set: folder'"):
        camvid()


def test_errors_say_what_is_wrong(tmp_path):
    MADE.camvid(tmp_path)
    with pytest.raises(DatasetError, match="unknown data set 'camvd'; did you mean 'camvid'"):
        open_dataset("camvd")
    with pytest.raises(DatasetError, match="unknown option 'splt'; did you mean 'split'"):
        camvid(tmp_path, splt="val")
    with pytest.raises(DatasetError, match=r"unknown frames 'last'.*last_of_sequence"):
        open_dataset("lost_and_found", tmp_path, frames="last")
    with pytest.raises(DatasetError, match=r"no folder .*val; .* has train, trainannot"):
        camvid(tmp_path, split="val")
    with pytest.raises(DatasetError, match="unknown split of AnomalyTrack 'train'"):
        MADE.flat(tmp_path / "track")
        open_dataset("anomaly_track", tmp_path / "track", split="train")
    MADE.ids(tmp_path / "trainannot/0016E5_00000.png", [3, 12])
    with pytest.raises(DatasetError, match=r"0016E5_00000.png: id 12 is not of this label space \(known: 0..11, 255\)"):
        camvid(tmp_path)[0]
    MADE.photo(tmp_path / "train/0016E5_00000.png", size=(10, 20))
    with pytest.raises(DatasetError, match="is 40x24 but its image is 20x10"):
        camvid(tmp_path)[0]
    (tmp_path / "train/0016E5_00001.png").write_bytes(b"\x89PNG broken")
    with pytest.raises(ImageError, match="not a complete image"):
        camvid(tmp_path)[1]
    (tmp_path / "trainannot/0016E5_00000.png").unlink()
    with pytest.raises(DatasetError, match="1 of 2 images have no trainannot/ map, first '0016E5_00000'"):
        camvid(tmp_path)


@pytest.mark.parametrize("content", [b"[1]", b"{}", b'["a.jpg', b'["\xe9.jpg"]', b""])
def test_lists_beside_the_frames_are_refused_by_name_where_they_are_damaged(content, tmp_path):
    (tmp_path / "frame_list.json").write_bytes(content)
    with pytest.raises(
        DatasetError, match=r"cannot read .*frame_list.json: .*; expected a list of names: get it again"
    ):
        open_dataset("road_anomaly", tmp_path)
    MADE.nyu(tmp_path)
    (tmp_path / "splits_nohuman.json").write_bytes(content)
    if content != b"{}":
        with pytest.raises(DatasetError, match=r"cannot read .*splits_nohuman.json: .*; expected numbers of frames by"):
            open_dataset("nyu", tmp_path, split="nohuman_train", check_counts=False)


def test_played_errors(tmp_path):
    (tmp_path / "drive.avi").write_bytes(b"not a video")
    with pytest.raises(DatasetError, match="cannot be decoded as a video"):
        open_dataset("video", tmp_path / "drive.avi")
    with pytest.raises(DatasetError, match="'video': no file given; pass root=PATH"):
        open_dataset("video")
    MADE.bag(tmp_path, ("/left", "/right"))
    with pytest.raises(DatasetError, match=r"2 image topics .*/left, /right.*choose with topic="):
        open_dataset("bag", tmp_path / "drive")
    with pytest.raises(DatasetError, match="unknown image topic '/lef'; did you mean '/left'"):
        open_dataset("bag", tmp_path / "drive", topic="/lef")
    assert len(open_dataset("bag", tmp_path / "drive", topic="/right")) == 3


def test_importing_data_sets_loads_no_torch():
    code = "import sys, unexpected_core.datasets; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
