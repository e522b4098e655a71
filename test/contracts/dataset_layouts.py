"""Fake data on disk in every documented layout, and what is read from each."""

import json

import cv2
import numpy as np

from unexpected_core.images import write_image

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
    ids(root / "gtFine/train/24/frame1_inst_label.png", [0, 1, 2, 255])


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
    "camvid": ("camvid", camvid, ALL, ["0016E5_00000", "0016E5_00001"], [0, 10, 12, 255], None, None),
    "idd_lite": ("idd_lite", idd_lite, ALL, ["24/frame1"], [0, 10, 255], None, None),
    "nyu": ("nyu", nyu, ALL, ["0001", "0002"], [0, 39, 255], None, [0, 1, 2]),
    "nyu_split": ("nyu", nyu, ALL | {"split": "nohuman_train"}, ["0002"], [0, 39, 255], None, [0, 1, 2]),
    "paired_folder": ("paired_folder", paired_folder, {}, ["0001"], [0, 18, 255], None, None),
    "obstacle_folder": ("obstacle_folder", obstacle_folder, {}, ["a", "b"], [0, 18, 255], [0, 1, 255], [0, 24001]),
    "image_folder": ("image_folder", image_folder, {}, ["day/a", "night/a"], None, None, None),
    "video": ("video", video, {"every": 4}, ["00000", "00004", "00008"], None, None, None),
    "bag": ("bag", bag, {}, ["000000", "000001", "000002"], None, None, None),
}
FILES = {"video": "drive.avi", "bag": "drive"}
