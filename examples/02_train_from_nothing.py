"""From nothing to a detector: draws roads, trains segmenter, generator and comparer on them, judges the result.

    python examples/02_train_from_nothing.py [RUN_FOLDER] [SETTING=VALUE ...]

The same as `unexpected train fast --data drawn`. Stop it whenever you like; the same command goes on.
"""

import sys

from unexpected_core import load_detector
from unexpected_core.cli.judge_drawn import judge_drawn
from unexpected_core.config import override
from unexpected_core.drawing.tracks import DrawnRoads
from unexpected_core.images import write_image
from unexpected_core.log import to_terminal
from unexpected_core.training import stages
from unexpected_core.training.engine.run import run_folder
from unexpected_core.training.presets import PRESETS
from unexpected_core.training.publish import publish_fast
from unexpected_core.visualize import overlay


def main() -> None:
    """Draw, train, publish, judge, use."""
    to_terminal()
    rest = sys.argv[1:]
    given = rest.pop(0) if rest and "=" not in rest[0] else None
    settings = override(PRESETS["fast_drawn"], rest)
    folder = run_folder(settings, given)

    if not (ended := stages.run(settings, folder)):  # the segmenter alone, then all together
        return  # stopped before that
    settings, _ = ended
    publish_fast(settings, folder)
    print(judge_drawn(folder, settings.data.drawn.size))

    image = DrawnRoads("obstacle", count=1, seed=7)[0].image  # uint8 [256, 512, 3]
    write_image(folder / "first_detection.png", overlay(image, load_detector(folder).detect(image)))


if __name__ == "__main__":  # the processes that draw import this file too
    main()
