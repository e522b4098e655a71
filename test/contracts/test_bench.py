"""Every tool of bench/ runs: in short, on made-up data, for what it prints there means nothing."""

import re
import subprocess
import sys

import numpy as np
import pytest

from unexpected_core.images import write_image

MADE = {
    "clean_driving": ("paired_folder={roads}", r"all sets\n +2 even and 2 odd frames\n"),
    "drawing_speed": ("--count 1 --processes 1", r"1 processes: +[\d.]+ frames/s"),
    "found_by_height": (
        "obstacle_folder={data}/obstacles --detector nano",
        r"40 rows and more: 12 things; found \d+ at 0\.5",
    ),
    "metrics_speed": ("--repeats 1 --track 2", r"track of 2 float16 frames.*AP"),
    "roi_ap": ("road --seeds 1000 --frames 2", r"road: [\d.]+, [\d.]+, "),
    "training_step": ("fast_drawn --steps 1", r"fast_drawn: [\d.]+ s per step of 8 x 160x320"),
}
"""Tool -> arguments, and what must be in its output."""
LONGER = {
    "doctor_faults": (
        "--data {data} --sets obstacles --clean 2 --scores {out}",
        r"fast: caught \d+ of 40\nclean runs: 0",
    ),
    "held_cues": ("paired_folder={roads} obstacle_folder={data}/obstacles", r"features held: [\d.]+ / [\d.]+"),
    "kept_memory": ("--times 1 --turns 1", r"train fast, kept of any size: \d+ ms, [\d.]+ of the time"),
    "loader": ("--data paired_folder={roads} --preset fast_drawn --steps 1", r"in memory +loading +[\d.]+ ms"),
    "mutants": ("--rooms losses --sample 1", r"losses: [01] of 1 noticed"),
    "pixel_grids": (
        "softmax direct obstacle_folder={data}/obstacles --detector nano",
        r"fpr95, mean: [\d.]+ and [\d.]+, difference [-+][\d.]+ \[",
    ),
    "video_readers": ("", r"h264 bare +60 +60 "),
}
ELSEWHERE = {
    "arrival": "test/ros/test_bench.py",
    "cuda_speed": "needs a GPU",
    "cues": "below",
    "fuzz_node": "test/ros/test_bench.py",
    "live_node": "a part of others",
    "node_overhead": "test/ros/test_bench.py",
    "scaling_plot": "below",
    "soak": "test/ros/test_bench.py",
    "spoiling": "a part of doctor_faults",
}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """roads/{train,val}: four frames with labels each; obstacles: twelve frames with their masks."""
    folder, random = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    for split in ("train", "val"):
        for i in range(4):
            labels = np.zeros((288, 576), np.uint8)
            labels[:100], labels[100:150, :60] = 10, 13
            write_image(folder / "roads" / split / f"{i}.png", random.integers(0, 256, (288, 576, 3), np.uint8))
            write_image(folder / "roads" / split / f"{i}_trainIds.png", labels)
    for i in range(12):
        obstacle = np.zeros((96, 192), np.uint8)
        obstacle[:40], obstacle[60:75, 10 * i : 10 * i + 30] = 255, 1
        write_image(folder / "obstacles/images" / f"{i}.png", random.integers(0, 256, (96, 192, 3), np.uint8))
        write_image(folder / "obstacles/obstacle" / f"{i}.png", obstacle)
    return folder


@pytest.fixture
def run(repository, tmp_path):
    """Runs words of a command line as people do, in an empty folder; returns what is printed."""

    def start(*words):
        done = subprocess.run(
            [sys.executable, *map(str, words)], cwd=tmp_path, capture_output=True, text=True, timeout=280
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    return start


@pytest.mark.parametrize("tool", [*MADE, *(pytest.param(tool, marks=pytest.mark.slow) for tool in LONGER)])
def test_it_runs(tool, run, repository, data, tmp_path):
    arguments, expected = (MADE | LONGER)[tool]
    words = arguments.format(data=data, roads=data / "roads", out=tmp_path / "out").split()
    assert re.search(expected, run(repository / "bench" / f"{tool}.py", *words))


@pytest.mark.slow
def test_cues_are_judged_from_what_their_training_wrote(run, repository, data):
    def train(preset, *settings):
        command = ["-m", "unexpected_core.cli.main", "train", preset, "--data", f"paired_folder={data / 'roads'}"]
        changes = [word for setting in ("loop.epochs=0", *settings) for word in ("--set", setting)]
        return run(*command, *changes, "--run", preset)

    train("fast", "first.epochs=0")  # another detector than the shipped one
    judge = re.search(r"python (bench/cues.py .*) measures", train("fast_cues", "task.start=./fast")).group(1)
    program, *words = judge.replace("OBSTACLE_FOLDER ...", str(data / "obstacles")).split()
    assert "without_features: " in run(repository / program, *words)


@pytest.mark.slow
def test_the_plot_is_drawn_of_what_bench_wrote(run, repository, tmp_path):
    command = ["-m", "unexpected_core.cli.main", "bench", "--detector", "random", "--device", "cpu", "--out", "lines"]
    run(*command, "--sizes", "128x64", "256x128", "--cameras", "1", "2", "--regions", "1", "4")
    run(*command, "--sizes", "256x128", "--scale", "0.5")
    run(repository / "bench/scaling_plot.py", "lines", "plot.png")
    assert (tmp_path / "plot.png").stat().st_size > 1000


def test_none_is_left_out(repository):
    assert {path.stem for path in (repository / "bench").glob("*.py")} == {*MADE, *LONGER, *ELSEWHERE}
