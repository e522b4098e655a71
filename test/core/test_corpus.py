"""Three hundred damaged files: each ends in a right result or in one line for people; nothing hangs or is silent.

A photograph, a video, a bag of each storage, a mask, weights and an HDF5 file; cut, with flipped bits, with blocks of
zeros, under a wrong name, with the head of another kind of file. The seed makes each of them the same every time.
"""

import json
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
import pytest
import torch

from unexpected_core.datasets import open_dataset
from unexpected_core.evaluation.store import read_score, write_score
from unexpected_core.images import write_image
from unexpected_core.media.footage import open_footage
from unexpected_core.weights.cards import Card
from unexpected_core.weights.reading import read_weights, write_weights

BAGS = runpy.run_path(str(Path(__file__).with_name("media") / "bags.py"))
FRAMES = 6
SUFFIXES = (".png", ".jpg", ".mp4", ".mcap", ".db3", ".hdf5", ".safetensors", "")
COUNT = 43  # of each of the seven kinds


class Kind(NamedTuple):
    """make: writes a whole file. use: gives what is in it. exact: it has checksums, so all damage is noticed."""

    suffix: str
    make: Callable[[Path], None]
    use: Callable[[Path], list]
    exact: bool = False


def picture(number=0, size=(48, 64)):
    y, x = np.mgrid[: size[0], : size[1]]
    return np.stack([x * 3, y * 5, (x + y + 20 * number) % 256], -1).astype(np.uint8)


def make_video(path):
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", 10, options={"g": "2"})
        stream.height, stream.width, stream.pix_fmt = 48, 64, "yuv420p"
        for n in range(FRAMES):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(n), format="rgb24")))
        container.mux(stream.encode())


def make_db3(path):
    import sqlite3

    types = BAGS["TYPES"]
    database = sqlite3.connect(path)
    database.executescript(
        "PRAGMA page_size=512; CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT, type TEXT, "
        "serialization_format TEXT); CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER, "
        "timestamp INTEGER, data BLOB); CREATE INDEX timestamp_idx ON messages (timestamp ASC); "
        "INSERT INTO topics VALUES (1, '/cam/image', 'sensor_msgs/msg/Image', 'cdr');"
    )
    for n in range(FRAMES):
        data = bytes(types.serialize_cdr(BAGS["image"](n), BAGS["IMAGE"]))
        database.execute("INSERT INTO messages (topic_id, timestamp, data) VALUES (1, ?, ?)", (n, data))
    database.commit()
    database.close()


def play(path):
    """Every frame; a damaged one is an error that names it, as are missing ones at the end."""
    return [shot.read() for shot in open_footage(path).shots()]


def judge(path):
    """The mask of a frame, through the data set that it belongs to."""
    folder = path.parent / "set"
    write_image(folder / "images/a.png", picture())
    mask = folder / "obstacle" / f"a{path.suffix or '.png'}"
    mask.parent.mkdir(exist_ok=True)
    mask.write_bytes(path.read_bytes())
    try:
        return [open_dataset("obstacle_folder", folder)[0].obstacle]
    finally:
        mask.unlink()


def make_weights(path):
    card = Card(name="tiny", architecture="tiny", options={})
    write_weights(path.with_suffix(".safetensors"), {"a.weight": torch.arange(600.0).reshape(20, 30)}, card)


def make_hdf5(path):
    write_score(path.parent, path.stem, picture()[..., 0] / 255, "hdf5")


KINDS = {
    "photograph": Kind(".jpg", lambda path: write_image(path, picture()), play),
    "video": Kind(".mp4", make_video, play),
    "mcap": Kind(".mcap", lambda path: BAGS["drive"](path, FRAMES), play, exact=True),
    "db3": Kind(".db3", make_db3, play),
    "mask": Kind(".png", lambda path: write_image(path, (picture()[..., 0] > 90).astype(np.uint8)), judge),
    "weights": Kind(".safetensors", make_weights, lambda path: list(read_weights(path).state.values()), exact=True),
    "hdf5": Kind(
        ".hdf5",
        lambda path: write_score(path.parent, path.stem, picture()[..., 0] / 255, "hdf5"),
        lambda path: [read_score(path)],
    ),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Kind -> (bytes of a whole file, what is in it)."""
    folder = tmp_path_factory.mktemp("whole")
    files = {}
    for name, kind in KINDS.items():
        path = folder / f"whole{kind.suffix}"
        kind.make(path)
        files[name] = path.read_bytes(), kind.use(path)
    return files, json.loads((folder / "whole.json").read_text())


def mutate(name, number, whole):
    """(bytes, suffix, what was done) of mutation `number` of a kind."""
    random = np.random.default_rng([number, *name.encode()])
    data, suffix = bytearray(whole[name][0]), KINDS[name].suffix
    match number % 5:
        case 0:
            at = int(len(data) * random.random())
            return bytes(data[:at]), suffix, f"cut at {at} of {len(data)}"
        case 1:
            places = random.integers(0, len(data), 1 + number // 5)
            for at in places:
                data[at] ^= 1 << int(random.integers(8))
            return bytes(data), suffix, f"bits flipped at {places}"
        case 2:
            at, length = int(random.integers(len(data))), int(random.integers(1, len(data) // 2))
            data[at : at + length] = bytes(len(data[at : at + length]))
            return bytes(data), suffix, f"{length} zeros at {at}"
        case 3:
            return bytes(data), str(random.choice([s for s in SUFFIXES if s != suffix])), "under a wrong name"
        case _:
            other = str(random.choice([kind for kind in KINDS if kind != name]))
            length = int(random.integers(4, 64))
            return whole[other][0][:length] + bytes(data[length:]), suffix, f"{length} bytes of the head of a {other}"


def is_for_people(error):
    """An error of this project, in one line that is not endless."""
    text = str(error)
    return type(error).__module__.startswith("unexpected_core") and text and "\n" not in text and len(text) < 1000


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", KINDS)
def test_every_damaged_file_gives_a_right_result_or_one_line(name, whole, tmp_path, capfd):
    files, card = whole
    kind, expected = KINDS[name], files[name][1]
    complaints = 0
    for number in range(COUNT):
        data, suffix, done = mutate(name, number, files)
        path = tmp_path / f"{number:03d}{suffix}"
        path.write_bytes(data)
        if name == "weights":
            path.with_suffix(".json").write_text(json.dumps(card))
        try:
            found = kind.use(path)
        except Exception as error:
            assert is_for_people(error), f"{name} {number} ({done}): {type(error).__name__}: {error}"
            complaints += 1
            continue
        assert len(found) == len(expected), f"{name} {number} ({done}): {len(found)} of {len(expected)}, and not a word"
        for one, other in zip(found, expected, strict=True):
            assert one.shape == other.shape, f"{name} {number} ({done})"
            assert not kind.exact or (np.asarray(one) == np.asarray(other)).all(), f"{name} {number} ({done})"
    assert COUNT / 4 < complaints <= COUNT
    assert capfd.readouterr().err == "" or name in ("photograph", "mask")  # libjpeg and libpng write past our log


@pytest.mark.slow
@pytest.mark.parametrize("name", ["photograph", "video", "mcap", "db3"])
def test_the_command_line_ends_the_same_way(name, whole, tmp_path):
    files, _ = whole
    paths = []
    for number in range(COUNT):
        data, suffix, _ = mutate(name, number, files)
        (tmp_path / f"{number:03d}").mkdir()
        paths.append(tmp_path / f"{number:03d}" / f"file{suffix}")
        paths[-1].write_bytes(data)
    command = [sys.executable, "-m", "unexpected_core.cli.main", "detect", *map(str, paths), "--out", "out"]
    options = ["--random-weights", "--device", "cpu", "--save", "regions"]
    done = subprocess.run([*command, *options], cwd=tmp_path, capture_output=True, text=True, timeout=250)
    assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr[-3000:]
    entries = json.loads((tmp_path / "out/summary.json").read_text())["inputs"]
    expected = len(files[name][1])
    assert len(entries) == COUNT
    for entry in entries:
        assert entry["complete"] == (not entry["problems"])
        assert entry["complete"] == (entry["frames_read"] - entry["frames_failed"] == expected) or entry["problems"]


def test_the_mutations_are_the_same_every_time(whole):
    files, _ = whole
    assert all(mutate(name, n, files) == mutate(name, n, files) for name in KINDS for n in range(COUNT))
