"""The examples that take longer, from end to end and at their smallest."""

import re
import runpy
import subprocess
import sys

import numpy as np
import pytest

from unexpected_core.cli.judge_drawn import is_judged
from unexpected_core.drawing.tracks import DrawnRoads
from unexpected_core.images import write_image
from unexpected_core.weights.reading import read_weights

SMALL = (
    "loop.epochs=1",
    "loop.epoch_examples=4",
    "loop.batch=2",
    "loop.batch_val=1",
    "loop.workers=0",
    "loop.frames=[]",
    "loop.device=cpu",
    "task.crop=[64,128]",
    "data.drawn={train: 4, val: 2, size: [128, 256]}",
)


@pytest.mark.slow
def test_a_drive_teaches_the_comparer_what_is_normal(repository, tmp_path):
    for number, sample in enumerate(DrawnRoads("obstacle", count=8, seed=5, size=(256, 512))):
        write_image(tmp_path / "drive" / f"{number}.png", sample.image)
    command = [sys.executable, "-P", str(repository / "examples/05_drive_to_training.py")]
    run = subprocess.run(
        [*command, str(tmp_path / "drive"), str(tmp_path / "run"), *SMALL],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    kept = int(re.search(r"kept (\d+) frames", run.stdout)[1])
    assert kept >= 2
    pictures = [path for path in (tmp_path / "run/kept").rglob("*.png") if "_trainIds" not in path.name]
    assert len(pictures) == kept and all((p.parent / f"{p.stem}_trainIds.png").is_file() for p in pictures)
    learned, judged = (sorted(p.stem for p in pictures if p.parent.name == split) for split in ("train", "val"))
    assert learned and judged and learned[-1] < judged[0]  # no neighbour of one in the other
    assert re.search(r"before: \d+ regions .*\nafter: \d+ regions", run.stdout)
    before, after = read_weights("fast").state, read_weights(tmp_path / "run").state
    changed = {key.partition(".")[0] for key in before if not (before[key] == after[key]).all()}
    assert changed == {"comparer"}


def test_a_second_drive_is_not_said_to_have_taught_what_the_first_one_did(repository, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run/drive.txt").write_text(str(tmp_path / "first.mcap"))
    command = [sys.executable, "-P", str(repository / "examples/05_drive_to_training.py"), "second.mcap", "run"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1 and f"run is that of {tmp_path}/first.mcap (drive.txt): give another" in done.stderr


def test_frames_that_another_kept_are_not_deleted(repository, tmp_path):
    write_image(tmp_path / "drive/0.png", np.zeros((64, 96, 3), np.uint8))
    (tmp_path / "mine/kept").mkdir(parents=True)
    (tmp_path / "mine/kept/labels.txt").write_text("by hand")
    command = [sys.executable, "-P", str(repository / "examples/05_drive_to_training.py"), "drive"]
    done = subprocess.run([*command, "mine"], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1 and "mine/kept was not written by this program, which would" in done.stderr
    assert (tmp_path / "mine/kept/labels.txt").read_text() == "by hand"
    for _ in range(2):  # what it wrote itself it may delete, however far it came
        done = subprocess.run([*command, "run"], capture_output=True, text=True, cwd=tmp_path)
        assert done.returncode == 1 and "too few alarms to learn from" in done.stderr
        assert (tmp_path / "run/kept/drive.txt").is_file()


def test_a_drive_that_is_not_there_takes_no_run_folder(repository, tmp_path):
    command = [sys.executable, "-P", str(repository / "examples/05_drive_to_training.py"), "frist.mcap", "run"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1 and "frist.mcap" in done.stderr and not (tmp_path / "run/drive.txt").exists()


def test_from_nothing_settings_may_stand_without_a_run_folder(repository, tmp_path):
    """The first of them was taken for the run folder, and the whole training begun."""
    command = [sys.executable, "-P", str(repository / "examples/02_train_from_nothing.py"), "loop.epoks=1"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=100)
    assert done.returncode == 1 and "unknown setting 'loop.epoks'; did you mean 'loop.epochs'" in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_from_nothing_to_a_detector_and_its_first_detection(repository, tmp_path):
    command = [sys.executable, "-P", str(repository / "examples/02_train_from_nothing.py"), "run"]
    small = [
        *SMALL,
        "task.size=nano",
        "first.epochs=1",
        "first.batch=2",
        "first.crop=[64,128]",
        "task.heights=[128,128]",
    ]
    done = subprocess.run([*command, *small], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    assert re.search(r"fast +AP +[\d.]+%", done.stdout) and is_judged(tmp_path / "run")
    assert (tmp_path / "run/first_detection.png").is_file()
    assert read_weights(tmp_path / "run").card.training_data == ["drawn"]


@pytest.mark.slow
def test_a_detector_is_judged_by_several_processes(repository, tmp_path):
    """As a program of its own: these processes import it once more. Another data set, as this one is always whole."""
    for number in range(8):
        write_image(tmp_path / "set" / "images" / f"{number}.png", np.full((32, 48, 3), 30 * number, np.uint8))
        write_image(tmp_path / "set" / "obstacle" / f"{number}.png", np.eye(32, 48, number, dtype=np.uint8))
    text = (repository / "examples/04_evaluate_lost_and_found.py").read_text()
    assert text.count('"lost_and_found_no_known"') == 1 and text.count("settings, out = EvaluationSettings(") == 1
    text = text.replace('"lost_and_found_no_known"', '"obstacle_folder"')
    text = text.replace(
        "settings, out = EvaluationSettings(", "settings, out = EvaluationSettings(workers=2, resamples=50, "
    )
    (tmp_path / "judge.py").write_text(text)
    run = subprocess.run(
        [sys.executable, "-P", "judge.py", "set", "random"], capture_output=True, text=True, cwd=tmp_path
    )
    assert run.returncode == 0, run.stderr[-2000:]
    assert "| detector |" in run.stdout and (tmp_path / "results/report.html").is_file()


@pytest.mark.parametrize("name", ["01_detect_on_a_photo.py", "05_drive_to_training.py"])
def test_an_example_without_its_file_says_what_it_wants(name, repository, monkeypatch):
    monkeypatch.setattr(sys, "argv", [name])
    with pytest.raises(SystemExit, match=f"python examples/{name}"):
        runpy.run_path(str(repository / "examples" / name), run_name="__main__")
