"""One contract over every data set, driven by fake data on disk in each documented layout."""

import json
import pickle
import subprocess
import sys

import cv2
import numpy as np
import pytest

from unexpected_core.datasets import DATASETS, DatasetError, Resized, open_dataset
from unexpected_core.datasets.joined import Joined
from unexpected_core.datasets.lost_and_found import INVALID
from unexpected_core.datasets.smiyc import ANOMALY_COUNTS, anomaly_parts
from unexpected_core.images import ImageError, write_image

HEIGHT, WIDTH = 24, 40


def photo(path, seed=0, size=(HEIGHT, WIDTH)):
    write_image(path, np.random.default_rng(seed).integers(0, 256, (*size, 3)).astype(np.uint8))


def ids(path, values, dtype=np.uint8):
    """Columns of equal width, one for each value."""
    columns = np.array(values, dtype)[np.arange(WIDTH) * len(values) // WIDTH]
    write_image(path, np.tile(columns, (HEIGHT, 1)))


def cityscapes(root, images="leftImg8bit", suffix=".png"):
    for split, count in (("train", 3), ("val", 2)):
        for i in range(count):
            stem = f"zurich/zurich_{i:06d}_000019"
            photo(root / images / split / f"{stem}_leftImg8bit{suffix}", i)
            ids(root / "gtFine" / split / f"{stem}_gtFine_labelIds.png", [7, 26, 1, 0])
            ids(root / "gtFine" / split / f"{stem}_gtFine_instanceIds.png", [7, 26001, 1, 0], np.uint16)
    for i in range(2):
        photo(root / images / "test" / f"berlin/berlin_{i:06d}_000019_leftImg8bit{suffix}", i)


def bdd100k(root):
    for i in range(2):
        photo(root / f"images/train/0a{i}.jpg", i)
        ids(root / f"labels/train/0a{i}_train_id.png", [0, 13, 255])
    photo(root / "images/test/0b.jpg")


def lost_and_found(root, suffix=".png"):
    for scene, sequence, times in (
        ("02_Hanns_Klemm_Str_44", 0, (10, 20, 30)),
        ("15_Rechbergstr_Deckenpfronn", 3, (0, 5)),
    ):
        for time in times:
            stem = f"{scene}/{scene}_{sequence:06d}_{time:06d}"
            photo(root / f"leftImg8bit/test/{stem}_leftImg8bit{suffix}", time)
            ids(root / f"gtCoarse/test/{stem}_gtCoarse_labelIds.png", [0, 1, 2, 31])


def road_anomaly(root):
    for name in ("animals05.jpg", "cow.jpg"):
        photo(root / "frames" / name)
        ids(root / "frames" / f"{name[:-4]}.labels" / "labels_semantic.png", [0, 1, 2])
    (root / "frame_list.json").write_text(json.dumps(["cow.jpg", "animals05.jpg"]))


def flat(root, images="images", labels="labels", ending=".png", names=("a", "b"), values=(0, 1, 255)):
    for i, name in enumerate(names):
        photo(root / images / f"{name}.jpg", i)
        ids(root / labels / f"{name}{ending}", values)


def obstacle_track(root):
    names = ("curvy-street_1", "darkasphalt2_dog_3", "driveway_2", "snowstorm1_4", "validation_1", "validation_21")
    flat(root, labels="labels_masks", ending="_labels_semantic.png", names=names)


def fishyscapes_published(root):
    lost_and_found(root / "laf")
    ids(root / "fishyscapes_lostandfound/0003_02_Hanns_Klemm_Str_44_000000_000020_labels.png", [0, 1, 255])


def camvid(root):
    for i in range(2):
        photo(root / f"train/0016E5_{i:05d}.png", i)
        ids(root / f"trainannot/0016E5_{i:05d}.png", [3, 0, 10, 11])


def idd_lite(root):
    photo(root / "leftImg8bit/train/24/frame1_image.jpg")
    ids(root / "gtFine/train/24/frame1_label.png", [0, 2, 6, 255])


def nyu(root):
    for i in (1, 2):
        photo(root / f"images/{i:04d}_rgb.png", i)
        ids(root / f"labels_gupta2013_category40/{i:04d}_category40.png", [0, 1, 40])
        ids(root / f"instances_gupta2013/{i:04d}_instances.png", [0, 1, 2])
    (root / "splits_nohuman.json").write_text(json.dumps({"train": [2], "val": [1]}))


def paired_folder(root):
    photo(root / "train/0001.webp")
    ids(root / "train/0001_trainIds.png", [0, 18, 255])


def obstacle_folder(root):
    flat(root, labels="obstacle")
    for name in "ab":
        ids(root / f"labels/{name}.png", [0, 18, 255])
        ids(root / f"instances/{name}.png", [0, 24001], np.uint16)


def image_folder(root):
    photo(root / "day/a.jpg")
    photo(root / "night/a.png")


def video(root):
    writer = cv2.VideoWriter(str(root / "drive.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 10, (WIDTH, HEIGHT))
    for i in range(10):
        writer.write(np.full((HEIGHT, WIDTH, 3), 20 * i, np.uint8))
    writer.release()


def bag(root, topics=("/camera/image_raw",)):
    from rosbags.rosbag2 import StoragePlugin, Writer
    from rosbags.typesys import Stores, get_typestore

    store = get_typestore(Stores.LATEST)
    types = store.types
    stamp = types["builtin_interfaces/msg/Time"](1, 2)
    header = types["std_msgs/msg/Header"](stamp, "camera")
    with Writer(root / "drive", version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        for topic in topics:
            connection = writer.add_connection(topic, "sensor_msgs/msg/Image", typestore=store)
            for i in range(3):
                rows = np.zeros((HEIGHT, WIDTH * 3 + 5), np.uint8)  # five bytes of row padding
                rows[:, 2 : WIDTH * 3 : 3] = 10 * i + 7  # bgr: the red channel
                message = types["sensor_msgs/msg/Image"](header, HEIGHT, WIDTH, "bgr8", 0, WIDTH * 3 + 5, rows.ravel())
                writer.write(connection, i, store.serialize_cdr(message, "sensor_msgs/msg/Image"))


ALL = {"check_counts": False}
LAYOUTS = {  # case: data set, builder, options, keys, values of labels / obstacle / instances
    "cityscapes": (
        "cityscapes",
        cityscapes,
        ALL | {"instances": True},
        [f"zurich/zurich_{i:06d}_000019" for i in range(3)],
        [0, 13, 255],
        [0, 255],
        [0, 26001],
    ),
    "cityscapes_authors": (
        "cityscapes_small",
        lambda root: cityscapes(root, "images/leftImg8bit", ".webp"),
        ALL | {"split": "val", "ids": "full"},
        [f"zurich/zurich_{i:06d}_000019" for i in range(2)],
        [0, 1, 7, 26],
        [0, 255],
        None,
    ),
    "cityscapes_test": (
        "cityscapes",
        lambda root: cityscapes(root, suffix=".jpg"),
        ALL | {"split": "test"},
        [f"berlin/berlin_{i:06d}_000019" for i in range(2)],
        None,
        None,
        None,
    ),
    "bdd100k": ("bdd100k", bdd100k, ALL, ["0a0", "0a1"], [0, 13, 255], None, None),
    "bdd100k_test": ("bdd100k", bdd100k, ALL | {"split": "test"}, ["0b"], None, None, None),
    "lost_and_found": (
        "lost_and_found",
        lost_and_found,
        ALL,
        ["02_Hanns_Klemm_Str_44_000000_000030", "15_Rechbergstr_Deckenpfronn_000003_000005"],
        None,
        [0, 1],
        None,
    ),
    "lost_and_found_small": (
        "lost_and_found_small",
        lambda root: lost_and_found(root, ".webp"),
        ALL | {"frames": "all", "roi": "road"},
        [f"02_Hanns_Klemm_Str_44_000000_0000{t}0" for t in (1, 2, 3)]
        + [f"15_Rechbergstr_Deckenpfronn_000003_00000{t}" for t in (0, 5)],
        None,
        [0, 1, 255],
        None,
    ),
    "lost_and_found_no_known": (
        "lost_and_found_no_known",
        lost_and_found,
        ALL,
        [f"02_Hanns_Klemm_Str_44_000000_0000{t}0" for t in (1, 2, 3)],
        None,
        [0, 1, 255],
        None,
    ),
    "road_anomaly": ("road_anomaly", road_anomaly, ALL, ["animals05", "cow"], None, [0, 1], None),
    "road_anomaly_flat": (
        "road_anomaly",
        lambda root: flat(root, "original", values=(0, 2, 255)),
        ALL,
        ["a", "b"],
        None,
        [0, 1, 255],
        None,
    ),
    "anomaly_track": (
        "anomaly_track",
        lambda root: flat(
            root,
            labels="labels_masks",
            ending="_labels_semantic.png",
            names=("validation0000", "validation0001", "car7"),
        ),
        ALL,
        ["validation0000", "validation0001"],
        None,
        [0, 1, 255],
        None,
    ),
    "anomaly_track_vehicles": (
        "anomaly_track",
        lambda root: flat(
            root, names=("carriage0000", "carriage0001", "cow0013", "boat_trailer0004", "validation0000")
        ),
        ALL | {"split": "vehicles"},
        ["boat_trailer0004", "carriage0001"],
        None,
        [0, 1, 255],
        None,
    ),
    "obstacle_track": ("obstacle_track", obstacle_track, ALL, ["validation_1"], None, [0, 1, 255], None),
    "obstacle_track_noNight": (
        "obstacle_track",
        obstacle_track,
        ALL | {"split": "noNight"},
        ["curvy-street_1", "darkasphalt2_dog_3", "snowstorm1_4"],
        None,
        [0, 1, 255],
        None,
    ),
    "fishyscapes_flat": (
        "fishyscapes_lost_and_found",
        lambda root: flat(root, "original"),
        ALL,
        ["a", "b"],
        None,
        [0, 1, 255],
        None,
    ),
    "fishyscapes_static": (
        "fishyscapes_static",
        lambda root: flat(root, labels="labels_masks"),
        ALL,
        ["a", "b"],
        None,
        [0, 1, 255],
        None,
    ),
    "camvid": ("camvid", camvid, {}, ["0016E5_00000", "0016E5_00001"], [0, 10, 12, 255], None, None),
    "idd_lite": ("idd_lite", idd_lite, {}, ["24/frame1"], [0, 10, 255], None, None),
    "nyu": ("nyu", nyu, ALL, ["0001", "0002"], [0, 39, 255], None, [0, 1, 2]),
    "nyu_split": ("nyu", nyu, ALL | {"split": "nohuman_train"}, ["0002"], [0, 39, 255], None, [0, 1, 2]),
    "paired_folder": ("paired_folder", paired_folder, {}, ["0001"], [0, 18, 255], None, None),
    "obstacle_folder": ("obstacle_folder", obstacle_folder, {}, ["a", "b"], [0, 18, 255], [0, 1, 255], [0, 24001]),
    "image_folder": ("image_folder", image_folder, {}, ["day/a", "night/a"], None, None, None),
    "video": ("video", video, {"every": 4}, ["00000", "00004", "00008"], None, None, None),
    "bag": ("bag", bag, {}, ["000000", "000001", "000002"], None, None, None),
}
DRAWN = {"count": 2, "height": 64, "width": 96}
FILES = {"video": "drive.avi", "bag": "drive"}


def build(case, tmp_path):
    name, builder, options, *_ = LAYOUTS[case]
    builder(tmp_path)
    return open_dataset(name, tmp_path / FILES.get(name, ""), **options)


def test_every_data_set_has_a_fake():
    assert {case[0] for case in LAYOUTS.values()} == set(DATASETS) - {"drawn"}  # needs no files


def test_drawn_roads_are_a_data_set():
    first, other = open_dataset("drawn", **DRAWN), open_dataset("drawn", split="val", **DRAWN)
    assert first.keys == ("train/0/00000", "train/0/00001") and len(other) == 2
    assert first[0].image.shape == (64, 96, 3) and set(np.unique(first[0].labels)) <= {*range(19), 255}
    assert (first[0].image != other[0].image).any()
    with pytest.raises(DatasetError, match="unknown track 'tran'; did you mean 'train'"):
        open_dataset("drawn", split="tran")


@pytest.mark.parametrize("case", LAYOUTS)
def test_contract(case, tmp_path):
    dataset = build(case, tmp_path)
    *_, keys, labels, obstacle, instances = LAYOUTS[case]
    assert list(dataset.keys) == keys and len(dataset) == len(keys)
    samples = list(dataset)
    assert [sample.key for sample in samples] == keys
    for sample in samples:
        assert sample.image.shape == (HEIGHT, WIDTH, 3) and sample.image.dtype == np.uint8
        for values, expected, dtype in (
            (sample.labels, labels, np.uint8),
            (sample.obstacle, obstacle, np.uint8),
            (sample.instances, instances, np.int32),
        ):
            if expected is None:
                assert values is None
            else:
                assert values.shape == (HEIGHT, WIDTH) and values.dtype == dtype
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
    fishyscapes_published(tmp_path)
    dataset = open_dataset("fishyscapes_lost_and_found", tmp_path, lost_and_found=tmp_path / "laf", check_counts=False)
    assert dataset.keys == ("0003_02_Hanns_Klemm_Str_44_000000_000020",)
    photograph = open_dataset("lost_and_found", tmp_path / "laf", frames="all", check_counts=False)[1]
    np.testing.assert_array_equal(dataset[0].image, photograph.image)
    assert np.unique(dataset[0].obstacle).tolist() == [0, 1, 255]


def test_played_pixels(tmp_path):
    video(tmp_path)
    bag(tmp_path)
    frames = open_dataset("video", tmp_path / "drive.avi", every=4)
    assert [int(frame.image.mean().round()) for frame in frames] == pytest.approx([0, 80, 160], abs=2)
    assert frames["00008"].image.mean() > 150 > frames["00004"].image.mean() > 70  # forward, then back
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
    fishyscapes_published(tmp_path)
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
    lost_and_found(tmp_path)
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
    lost_and_found(tmp_path)
    mask = np.full((HEIGHT // 2, WIDTH // 2), 255, np.uint8)
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
        ("nyu", "1449 frames, found 2"),
    ],
)
def test_published_counts_are_checked(case, found, tmp_path):
    name, builder, options, *_ = LAYOUTS[case]
    builder(tmp_path)
    with pytest.raises(DatasetError, match=found):
        open_dataset(name, tmp_path, **{key: value for key, value in options.items() if key != "check_counts"})


def test_the_parts_of_anomaly_track_have_the_published_sizes_and_share_no_frame():
    parts = anomaly_parts()
    assert {part: len(keys) for part, keys in parts.items()} == {"animals": 59, "vehicles": 23, "other": 11}
    assert len(set.union(*parts.values())) == 93  # of 100: seven carriages are in no part
    assert {part: ANOMALY_COUNTS[part] for part in parts} == {part: len(keys) for part, keys in parts.items()}


def test_roots(tmp_path, monkeypatch):
    camvid(tmp_path / "a")
    camvid(tmp_path / "b")
    monkeypatch.delenv("DIR_CAMVID", raising=False)
    monkeypatch.delenv("DIR_DATASETS", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DatasetError, match=r"(?s)set DIR_CAMVID, or write 'camvid: /its/folder' into roots.yaml.*http"):
        open_dataset("camvid")
    (tmp_path / "config/unexpected").mkdir(parents=True)
    (tmp_path / "config/unexpected/roots.yaml").write_text(f"camvid: {tmp_path}/a\n")
    assert open_dataset("camvid").frames[0].image.is_relative_to(tmp_path / "a")
    (tmp_path / "roots.yaml").write_text("camvid: b\n")  # nearer, and relative to its own folder
    assert "b" in open_dataset("camvid").frames[0].image.parts
    monkeypatch.setenv("DIR_CAMVID", str(tmp_path / "a"))
    assert open_dataset("camvid").frames[0].image.is_relative_to(tmp_path / "a")
    with pytest.raises(DatasetError, match=r"(?s)nowhere \(the root given\) is not a folder.*annot.*Get it"):
        open_dataset("camvid", tmp_path / "nowhere")
    (tmp_path / "roots.yaml").write_text("- camvid\n")
    monkeypatch.delenv("DIR_CAMVID")
    with pytest.raises(DatasetError, match="expected lines 'data set: folder'"):
        open_dataset("camvid")


def test_errors_say_what_is_wrong(tmp_path):
    camvid(tmp_path)
    with pytest.raises(DatasetError, match="unknown data set 'camvd'; did you mean 'camvid'"):
        open_dataset("camvd")
    with pytest.raises(DatasetError, match="unknown option 'splt'; did you mean 'split'"):
        open_dataset("camvid", tmp_path, splt="val")
    with pytest.raises(DatasetError, match=r"unknown frames 'last'.*last_of_sequence"):
        open_dataset("lost_and_found", tmp_path, frames="last")
    with pytest.raises(DatasetError, match=r"no folder .*val; .* has train, trainannot"):
        open_dataset("camvid", tmp_path, split="val")
    with pytest.raises(DatasetError, match="unknown split of AnomalyTrack 'train'"):
        flat(tmp_path / "track")
        open_dataset("anomaly_track", tmp_path / "track", split="train")
    ids(tmp_path / "trainannot/0016E5_00000.png", [3, 12])
    with pytest.raises(DatasetError, match=r"0016E5_00000.png: id 12 is not of this label space \(known: 0..11, 255\)"):
        open_dataset("camvid", tmp_path)[0]
    photo(tmp_path / "train/0016E5_00000.png", size=(10, 20))
    with pytest.raises(DatasetError, match="is 40x24 but its image is 20x10"):
        open_dataset("camvid", tmp_path)[0]
    (tmp_path / "train/0016E5_00001.png").write_bytes(b"\x89PNG broken")
    with pytest.raises(ImageError, match="not a complete image"):
        open_dataset("camvid", tmp_path)[1]
    (tmp_path / "trainannot/0016E5_00000.png").unlink()
    with pytest.raises(DatasetError, match="1 of 2 images have no trainannot/ map, first '0016E5_00000'"):
        open_dataset("camvid", tmp_path)


def test_played_errors(tmp_path):
    (tmp_path / "drive.avi").write_bytes(b"not a video")
    with pytest.raises(DatasetError, match="cannot be decoded as a video"):
        open_dataset("video", tmp_path / "drive.avi")
    with pytest.raises(DatasetError, match="no file given is not a file"):
        open_dataset("video")
    bag(tmp_path, ("/left", "/right"))
    with pytest.raises(DatasetError, match=r"2 image topics .*/left, /right.*choose with topic="):
        open_dataset("bag", tmp_path / "drive")
    with pytest.raises(DatasetError, match="unknown image topic '/lef'; did you mean '/left'"):
        open_dataset("bag", tmp_path / "drive", topic="/lef")
    assert len(open_dataset("bag", tmp_path / "drive", topic="/right")) == 3


def test_importing_data_sets_loads_no_torch():
    code = "import sys, unexpected_core.datasets; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
