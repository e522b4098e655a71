"""From a drive to a better detector: keep the frames it alarms at, teach its comparer that they are normal, compare.

    python examples/05_drive_to_training.py DRIVE [RUN_FOLDER] [SETTING=VALUE ...]

DRIVE: a normal drive without obstacles (photographs, video or rosbag2). RUN_FOLDER: one for each drive, exp/after_DRIVE
if not given. The node keeps such frames by itself (`save.above`); this is the whole way in one file. Labels of kept
frames are the detector's own, and the things to find are pasted in, so that nobody has to label anything. Look at what
was kept before you train on it: an obstacle there would be taught as normal.
"""

import shutil
import sys
from pathlib import Path

from unexpected_core import load_detector
from unexpected_core.config import override
from unexpected_core.images import write_image
from unexpected_core.log import to_terminal
from unexpected_core.media.footage import open_footage
from unexpected_core.training.engine import run as engine
from unexpected_core.training.presets import PRESETS, derive
from unexpected_core.training.publish import publish_fast

EVERY = 5
"""The last one in so many of the kept frames are for validation: neighbours in a drive look alike."""
NOTE = "drive.txt"
"""File of a run folder, and of the kept frames in it, that says which drive they are of."""


def main() -> None:
    """Drive, keep, train, drive again."""
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    to_terminal()
    drive, rest = Path(sys.argv[1]), sys.argv[2:]
    folder = Path(rest.pop(0) if rest and "=" not in rest[0] else f"exp/after_{drive.resolve().name}")
    folder = folder.absolute()  # 'fast' would be the shipped detector
    refuse_another_drive(folder, drive)
    before = load_detector("fast")
    kept = keep_alarms(before, drive, folder / "kept")
    print(f"kept {kept} frames of {drive} in {folder / 'kept'}")
    if kept < 2:
        sys.exit("too few alarms to learn from: give a longer drive")
    (folder / NOTE).write_text(str(drive.resolve()))

    # The comparer alone learns; drawn frames remind it of what it knows.
    sources = [f"paired_folder={folder / 'kept'}", "drawn"]
    start = {"data": {"sources": sources}, "task": {"start": "fast"}, "loop": {"publish": "last"}}
    short = ["loop.epochs=2", "loop.epoch_examples=400", "optimizer.learning_rate=0.0005", *rest]
    settings = override(derive(PRESETS["fast_comparer"], **start), short)
    engine.run(settings, folder)
    publish_fast(settings, folder)
    after = load_detector(folder, threshold=before.settings.detect.threshold)

    for name, detector in (("before", before), ("after", after)):
        regions = sum(len(detector.detect(shot.read()).regions) for shot in open_footage(drive).shots())
        print(f"{name}: {regions} regions on {drive}")


def refuse_another_drive(folder: Path, drive: Path) -> None:
    """A finished training would not learn from a second drive."""
    note = folder / NOTE
    if note.exists() and note.read_text() != str(drive.resolve()):
        sys.exit(f"{folder} is that of {note.read_text()} ({NOTE}): give another run folder")
    kept = folder / "kept"
    if kept.exists() and not (note.exists() or (kept / NOTE).exists()):
        sys.exit(f"{kept} was not written by this program, which would delete it: give another run folder")
    shutil.rmtree(kept, ignore_errors=True)  # of a run that was broken off, or of a shorter drive


def keep_alarms(detector, drive: Path, folder: Path) -> int:
    """Write each frame with a region below train/, or at last val/, with its predicted labels; returns how many."""
    train, val, kept = folder / "train", folder / "val", 0
    footage = open_footage(drive)
    folder.mkdir(parents=True)
    (folder / NOTE).write_text(str(drive.resolve()))
    for shot in footage.shots():
        image = shot.read()  # uint8 [H, W, 3]
        detection = detector.detect(image)
        if detection.regions:
            write_image(train / f"{kept:05}.png", image)
            write_image(train / f"{kept:05}_trainIds.png", detection.labels)
            kept += 1
    for number in range(kept - -(-kept // EVERY), kept):
        for file in list(train.glob(f"{number:05}*")):
            val.mkdir(exist_ok=True)
            file.replace(val / file.name)
    return kept


if __name__ == "__main__":  # the processes that draw import this file too
    main()
