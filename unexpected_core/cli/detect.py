"""`unexpected detect INPUT... --out DIR`: overlays, scores, masks, labels and regions of one's own pictures."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from unexpected_core.cli.arguments import add_settings, at_least_one, given, to_path
from unexpected_core.cli.errors import UsageError
from unexpected_core.config import unknown_name
from unexpected_core.log import LOGGER
from unexpected_core.pipeline.settings import PUBLISHED, DetectSettings, ModelSettings

if TYPE_CHECKING:
    from unexpected_core.cli.detecting.tally import Tally
    from unexpected_core.pipeline.detector import Detector

KINDS = "overlay,score,mask,labels,regions"
"""What is written unless asked otherwise, each kind into a folder or file of its name."""
ALL_KINDS = (*KINDS.split(","), "labels_color", "resynthesis")
RECIPE = ("scorer", "save", "score_format", "bit_depth", "topic")
"""Arguments that results depend on, beside the detector's settings."""
EPILOG = """\
examples:
  unexpected detect photo.jpg --out out
  unexpected detect drive.mp4 frames/ bag.mcap --out out --threshold 0.7 --save overlay,regions
  unexpected detect photo.jpg --out out --scorer softmax --score-format npy

In DIR: overlay/*.jpg, score/*.png (16 bit, value / 65535) or *.npy, mask/*.png (0 or 255), labels/*.png (Cityscapes
train ids), regions.jsonl (one line per frame), summary.json (frames read, claimed and failed of each input).
Exit code: 0 all done, 1 something is missing or could not be read (it is named), 2 nothing done."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See cli.main."""
    parser.epilog = EPILOG
    add = parser.add_argument
    add("inputs", nargs="+", metavar="INPUT", help="image, folder of images, video, or rosbag2")
    add("--out", type=to_path, required=True, metavar="DIR", help="folder for the results")
    add("--detector", default="fast", help="shipped name, weight file or its folder, iccv2019, ... (default fast)")
    add_settings(parser, ModelSettings, PUBLISHED)
    add("--scorer", default="", help="method on the detector's networks: softmax, direct, ...")
    add_settings(parser, ModelSettings, ("device",))
    kinds = f"what to write, from {','.join(ALL_KINDS)} (default {KINDS})"
    add("--save", default=KINDS, metavar="KINDS", help=kinds)
    add("--score-format", choices=("png16", "npy"), default="png16", help="default png16")
    add("--topic", help="image topic of bags that have several")
    add("--every", type=at_least_one, default=1, metavar="K", help="take every K-th frame of videos (default 1)")
    bits = "bits used of 16-bit pictures, 8..16"
    add("--bit-depth", type=int, choices=range(8, 17), default=0, metavar="N", help=bits)
    add("--resume", action="store_true", help="go on where an earlier run with the same --out ended")
    add_settings(parser, DetectSettings, defaults={"threshold": "from the weights; of a --scorer 0.5"})


def run(arguments: argparse.Namespace) -> int:
    """Detect in every frame of every input; go on after what cannot be read. Returns 0, 1 or 2, see EPILOG."""
    kinds = _kinds(arguments.save)
    from unexpected_core.cli.detecting.earlier import tell_of_others
    from unexpected_core.cli.detecting.loop import Detecting
    from unexpected_core.cli.detecting.outputs import Outputs
    from unexpected_core.cli.detecting.tally import did_the_same, exit_code, write_summary
    from unexpected_core.pipeline.named_files import named_files

    if arguments.resume and "regions" not in kinds:
        raise UsageError("--resume needs regions among --save: regions.jsonl says which frames are done")
    detector = _detector(arguments)
    about = {"model_id": detector.model_id, "threshold": detector.settings.detect.threshold}
    settings = {**detector.settings.model_dump(mode="json"), **{name: getattr(arguments, name) for name in RECIPE}}
    files = named_files(detector.settings.model, detector.settings.detect)
    summary, out, start = {**about, "settings": settings, "files": files}, arguments.out, time.perf_counter()
    if not arguments.resume:
        tell_of_others(out, arguments.inputs)
    resume = did_the_same(out / "summary.json", summary) and arguments.resume
    with Outputs(out, kinds, arguments.score_format, detector.random_weights, resume) as results:
        write_summary(out / "summary.json", [], summary)
        detecting = Detecting(detector, results, "resynthesis" in kinds, about)
        try:
            written = [out / kind for kind in ALL_KINDS]
            detecting.run(arguments.inputs, arguments.topic, arguments.every, arguments.bit_depth, written)
        except KeyboardInterrupt:
            LOGGER.error("interrupted; the same command with --resume goes on")
            raise
        finally:
            write_summary(out / "summary.json", detecting.tallies, summary)
            _tell(detecting.tallies, time.perf_counter() - start, out)
    return exit_code(detecting.tallies)


def _detector(arguments: argparse.Namespace) -> Detector:
    from unexpected_core.pipeline.detector import load_detector

    chosen = given(arguments, DetectSettings) | given(arguments, ModelSettings, (*PUBLISHED, "device"))
    return load_detector(arguments.detector, scorer=arguments.scorer, **chosen)


def _tell(tallies: Sequence[Tally], seconds: float, out: Path) -> None:
    from unexpected_core.cli.detecting.tally import table

    names = ("done", "detected", "failed", "regions")
    done, detected, failed, found = (sum(getattr(t, name) for t in tallies) for name in names)
    LOGGER.info("%d images (%.3g/s), %d regions, %d not readable -> %s", done, detected / seconds, found, failed, out)
    LOGGER.info("%s", table(tallies))


def _kinds(text: str) -> set[str]:
    kinds = {kind.strip() for kind in text.split(",") if kind.strip()}
    if not kinds:
        raise UsageError(f"--save: expected one or more of {', '.join(ALL_KINDS)}, found '{text}'")
    for kind in sorted(kinds - set(ALL_KINDS)):
        raise UsageError(f"--save: {unknown_name('kind', kind, ALL_KINDS)}")
    return kinds
