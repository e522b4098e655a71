"""Drawn roads: repeatable to the last bit, exact maps, tracks that keep their promises."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from unexpected_core.drawing.model.light import SHIFT_WEATHERS, TRAIN_WEATHERS
from unexpected_core.drawing.model.textures import INDEX, TEST_OBJECTS, TRAIN_OBJECTS
from unexpected_core.drawing.things.objects_train import TRAIN_FAMILIES
from unexpected_core.drawing.things.obstacles import TEST_FAMILIES, obstacle
from unexpected_core.drawing.tracks import CLIP_LENGTH, CLIP_RATE, TRACKS, DrawnRoads, scene
from unexpected_core.labels import FULL_TO_TRAIN, IGNORE, TRAIN_ID

SMALL = (96, 200)
TEST_TRACKS = ("obstacle", "anomaly", "shift", "clips")


def digest(numbers, track):
    """One hash over every map of some frames."""
    roads, total = DrawnRoads(track, 6, seed=7, size=SMALL), hashlib.sha256()
    for number in sorted(numbers):
        frame = roads.frame(number)
        sample = frame.sample
        for values in (sample.image, sample.labels, sample.instances, sample.obstacle, frame.depth):
            total.update(np.ascontiguousarray(values).tobytes())
    return total.hexdigest()


@pytest.mark.parametrize("track", ["shift", "clips"])
def test_same_pixels_in_another_process_without_the_fast_instructions(track):
    """Another process whose NumPy and OpenCV leave out AVX2, AVX-512 and FMA stands for another machine."""
    script = f"from test_tracks import digest; print(digest({{1, 4, 5}}, {track!r}))"
    plain = os.environ | {
        "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4",
        "OPENCV_CPU_DISABLE": "AVX,AVX2,FP16,AVX512-SKX",
        "OPENCV_IPP": "disabled",
        "PYTHONHASHSEED": "3",
        "PYTHONPATH": str(Path(__file__).parent),
    }
    other = subprocess.run([sys.executable, "-W", "ignore", "-c", script], env=plain, capture_output=True, text=True)
    assert other.returncode == 0, other.stderr
    assert other.stdout.split()[-1] == digest({5, 4, 1}, track)


def test_a_frame_does_not_depend_on_the_frames_before_it_nor_on_the_count():
    alone = DrawnRoads("train", 4, seed=2, size=SMALL)[3]
    one_of_many = list(DrawnRoads("train", 5, seed=2, size=SMALL))[3]
    assert alone.key == one_of_many.key == "train/2/00003"
    assert np.array_equal(alone.image, one_of_many.image)
    other_seed = DrawnRoads("train", 4, seed=3, size=SMALL)[3]
    assert (alone.image != other_seed.image).mean() > 0.5


@pytest.mark.parametrize("track", TRACKS)
def test_maps_fit_together(track):
    roads = DrawnRoads(track, 3, seed=1, size=(97, 203))
    assert len(roads) == len(set(roads.keys)) == 3
    for key in roads.keys:
        frame = roads.frame(key)
        sample = frame.sample
        image, labels, instances, mask = sample.image, sample.labels, sample.instances, sample.obstacle
        assert image.shape == (97, 203, 3) and image.dtype == labels.dtype == mask.dtype == np.uint8
        assert labels.shape == instances.shape == mask.shape == frame.depth.shape == frame.roi.shape == (97, 203)
        assert instances.dtype == np.int32 and frame.depth.dtype == np.float32 and frame.roi.dtype == bool
        assert set(np.unique(labels)) <= {*range(19), IGNORE} and set(np.unique(mask)) <= {0, 1, IGNORE}
        assert (labels[mask == 1] == IGNORE).all()
        assert np.array_equal(FULL_TO_TRAIN[instances[instances > 0] // 1000], labels[instances > 0])
        assert (frame.depth[labels != TRAIN_ID["sky"]] > 0.3).all()
        if track == "anomaly":
            assert np.array_equal(mask == IGNORE, (labels == IGNORE) & (mask != 1))
        else:
            assert np.array_equal(mask != IGNORE, frame.roi)
        if track == "train":
            assert not (mask == 1).any()


def height_above_road(frame):
    """Height of what each pixel shows, from its depth, metres [H, W]."""
    camera = frame.camera
    y = (np.arange(camera.height_px)[:, None] - camera.cy) / camera.focal
    return camera.height - frame.depth * (np.sin(camera.pitch) + y * np.cos(camera.pitch))


def test_depth_puts_the_road_at_height_zero_and_walls_above_it():
    frame = DrawnRoads("train", 9, seed=4, size=(256, 512)).frame(8)
    height, labels = height_above_road(frame), frame.sample.labels
    near = frame.depth < 25
    assert np.abs(height[(labels == TRAIN_ID["road"]) & near]).max() < 0.06  # half a pixel at 25 m
    standing = near & np.isin(labels, [TRAIN_ID[name] for name in ("car", "building", "person", "pole", "vegetation")])
    assert standing.sum() > 500 and height[standing].min() > -0.1 and height[standing].max() > 1.3


@pytest.mark.parametrize("track", ["obstacle", "shift", "train_objects"])
def test_every_frame_shows_its_obstacle_on_the_road_at_the_right_distance(track):
    roads = DrawnRoads(track, 8, seed=5, size=(128, 256))
    for key in roads.keys:
        frame = roads.frame(key)
        seen = frame.sample.obstacle == 1
        assert seen.any(), key
        assert 3.5 < frame.depth[seen].min() < 64
        items = [item for item in scene(track, key).items if item.obstacle]
        expected = min(item.s - frame.pose.s for item in items)
        assert abs(frame.depth[seen].min() - expected) < 2.0  # its own size, and the camera's pitch and yaw


def test_training_and_test_families_share_neither_builder_nor_texture():
    assert not set(TRAIN_FAMILIES) & set(TEST_FAMILIES)
    assert not set(TRAIN_FAMILIES.values()) & set(TEST_FAMILIES.values())
    for families, textures in ((TRAIN_FAMILIES, TRAIN_OBJECTS), (TEST_FAMILIES, TEST_OBJECTS)):
        shapes = [obstacle(family, variant) for family in families for variant in range(12)]
        used = {int(number) for shape in shapes for number in shape.textures}
        assert used <= {INDEX[name] for name in textures}, families.keys()
    assert not set(TRAIN_OBJECTS) & set(TEST_OBJECTS)


@pytest.mark.parametrize("track", TRACKS)
def test_tracks_use_only_their_families_and_weathers(track):
    roads = DrawnRoads(track, 20 if track != "clips" else 3 * CLIP_LENGTH, seed=11)
    allowed = {INDEX[name] for name in (TEST_OBJECTS if track in TEST_TRACKS else TRAIN_OBJECTS)}
    for name in {key.rpartition("/")[0] if track == "clips" else key for key in roads.keys}:
        world = scene(track, name)
        assert world.light.weather in (SHIFT_WEATHERS if track == "shift" else TRAIN_WEATHERS)
        objects = [item.shape for item in world.items if item.obstacle]
        assert bool(objects) == (track != "train")
        assert {int(number) for shape in objects for number in shape.textures} <= allowed
        others = {int(number) for item in world.items if not item.obstacle for number in item.shape.textures}
        assert not others & {INDEX[name] for name in (*TRAIN_OBJECTS, *TEST_OBJECTS)}
    assert not set(SHIFT_WEATHERS) & set(TRAIN_WEATHERS)


def test_a_clip_drives_steadily_towards_its_obstacles():
    roads = DrawnRoads("clips", CLIP_LENGTH + 1, seed=1, size=SMALL)
    frames = [roads.frame(i) for i in (0, 3, 6)]
    assert [frame.time for frame in frames] == pytest.approx([0, 3 / CLIP_RATE, 6 / CLIP_RATE])
    advance = frames[1].pose.s - frames[0].pose.s
    assert 7.0 * 3 / CLIP_RATE <= advance <= 9.5 * 3 / CLIP_RATE
    assert frames[2].pose.s - frames[1].pose.s == pytest.approx(advance)
    nearest = [frame.depth[frame.sample.obstacle == 1].min() for frame in frames]
    assert np.diff(nearest) == pytest.approx([-advance] * 2, abs=0.35)
    assert roads.keys[CLIP_LENGTH] == "clips/1/001/000" and roads.frame(CLIP_LENGTH).time == 0
    slow = DrawnRoads("clips", 4, seed=1, size=SMALL, rate=CLIP_RATE / 2).frame(3)
    assert slow.time == frames[2].time and slow.pose == frames[2].pose
    with pytest.raises(ValueError, match="rate must be above 0"):
        DrawnRoads("clips", rate=0)
    with pytest.raises(ValueError, match=r"clips of 120 frames at 5 per second last 24 s, and the road .* after 16;"):
        DrawnRoads("clips", 200, rate=5)
    slowest = DrawnRoads("clips", 240, size=SMALL, rate=CLIP_RATE / 2)
    assert slowest.view(239)["time"] > 15


def test_errors_name_the_cure():
    with pytest.raises(ValueError, match="unknown track 'obstacles'; did you mean 'obstacle'"):
        DrawnRoads("obstacles")
    with pytest.raises(ValueError, match="size 50x40 is too small to draw a road; expected at least 96x64"):
        DrawnRoads(size=(40, 50))
    with pytest.raises(ValueError, match="count must be 0 or more, found -1"):
        DrawnRoads(count=-1)
    with pytest.raises(KeyError, match="no frame 'train/0/9'; keys run from train/0/00000 to train/0/00001"):
        DrawnRoads(count=2)["train/0/9"]
    with pytest.raises(IndexError, match="frame 2 of 2"):
        DrawnRoads(count=2)[2]


def test_an_obstacle_keeps_its_number_along_a_clip():
    roads = DrawnRoads("clips", 4, seed=1, size=SMALL)
    first, later = (roads[i] for i in (0, 3))
    numbers = [set(np.unique(sample.instances[sample.obstacle == 1])) for sample in (first, later)]
    assert numbers[0] & numbers[1] and all(n // 1000 == 4 for n in numbers[0] | numbers[1])
    assert not first.instances[(first.obstacle == 0) & (first.labels == TRAIN_ID["road"])].any()
