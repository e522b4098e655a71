"""The examples that train, from end to end and at their smallest."""

import re
import subprocess
import sys

import pytest

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
    assert re.search(r"before: \d+ regions .*\nafter: \d+ regions", run.stdout)
    before, after = read_weights("fast").state, read_weights(tmp_path / "run").state
    changed = {key.partition(".")[0] for key in before if not (before[key] == after[key]).all()}
    assert changed == {"comparer"}
