"""`unexpected detect INPUT... --out DIR`: overlays, scores, masks, labels and regions of one's own pictures."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from unexpected_core.cli.arguments import add_published_arguments
from unexpected_core.cli.errors import UsageError
from unexpected_core.cli.kinds import ALL_KINDS, KINDS
from unexpected_core.config import unknown_name

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
    from unexpected_core.config import settings_of
    from unexpected_core.pipeline.settings import DetectSettings

    parser.epilog, parser.formatter_class = EPILOG, argparse.RawDescriptionHelpFormatter
    parser.add_argument("inputs", nargs="+", metavar="INPUT", help="image, folder of images, video, or rosbag2")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for the results")
    parser.add_argument(
        "--detector",
        default="fast",
        help="shipped name, weight file or its folder, or iccv2019 and its kin (default fast)",
    )
    add_published_arguments(parser)
    parser.add_argument("--scorer", default="", help="method on the detector's networks: softmax, direct, ...")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N (default auto)")
    parser.add_argument(
        "--save",
        default=KINDS,
        metavar="KINDS",
        help=f"what to write, from {KINDS},labels_color,resynthesis (default {KINDS})",
    )
    parser.add_argument("--score-format", choices=("png16", "npy"), default="png16", help="default png16")
    parser.add_argument("--topic", help="image topic of bags that have several")
    parser.add_argument("--every", type=int, default=1, metavar="K", help="take every K-th frame of videos (default 1)")
    parser.add_argument(
        "--bit-depth",
        type=int,
        choices=range(8, 17),
        default=0,
        metavar="N",
        help="bits used of 16-bit pictures, 8..16",
    )
    parser.add_argument("--resume", action="store_true", help="go on where an earlier run with the same --out ended")
    for setting in settings_of(DetectSettings):
        default = "from the weights" if setting.name == "threshold" else setting.default
        text, option = f"{setting.description} (default {default})", f"--{setting.name.replace('_', '-')}"
        if setting.type is bool:
            parser.add_argument(option, action="store_true", default=None, help=text)
        else:
            parser.add_argument(option, type=setting.type, metavar="X", help=text)


def run(arguments: argparse.Namespace) -> int:
    """Detect in every frame of every input; go on after what cannot be read. Returns 0, 1 or 2, see EPILOG."""
    kinds = _kinds(arguments.save)
    from unexpected_core.cli.detecting import Detecting
    from unexpected_core.cli.outputs import Results
    from unexpected_core.cli.tally import exit_code, may_resume, table, write_summary
    from unexpected_core.log import LOGGER
    from unexpected_core.pipeline.detector import load_detector
    from unexpected_core.pipeline.settings import PUBLISHED, DetectSettings

    if arguments.resume and "regions" not in kinds:
        raise UsageError("--resume needs regions among --save: regions.jsonl says which frames are done")
    given = {name: value for name in DetectSettings.model_fields if (value := getattr(arguments, name)) is not None}
    given |= {name: getattr(arguments, name) for name in PUBLISHED}
    detector = load_detector(arguments.detector, arguments.device, scorer=arguments.scorer, **given)
    meaningless = detector.random_weights
    about = {"model_id": detector.model_id, "threshold": detector.settings.detect.threshold}
    settings = {**detector.settings.model_dump(mode="json"), **{name: getattr(arguments, name) for name in RECIPE}}
    out, start = Path(arguments.out), time.perf_counter()
    resume = arguments.resume and may_resume(out / "summary.json", about | {"settings": settings})
    with Results(out, kinds, arguments.score_format, meaningless, resume) as results:
        write_summary(out / "summary.json", [], about | {"settings": settings})
        detecting = Detecting(detector, results, kinds, about)
        try:
            detecting.run(arguments.inputs, arguments.topic, arguments.every, arguments.bit_depth)
        except KeyboardInterrupt:
            LOGGER.error("interrupted; the same command with --resume goes on")
            raise
        finally:
            tallies = detecting.tallies
            write_summary(out / "summary.json", tallies, about | {"settings": settings})
            done, failed, found = (sum(getattr(t, name) for t in tallies) for name in ("done", "failed", "regions"))
            rate = done / (time.perf_counter() - start)
            LOGGER.info("%d images (%.3g/s), %d regions, %d not readable -> %s", done, rate, found, failed, out)
            LOGGER.info("%s", table(tallies))
    return exit_code(tallies)


def _kinds(text: str) -> set[str]:
    kinds = {kind.strip() for kind in text.split(",") if kind.strip()}
    for kind in sorted(kinds - set(ALL_KINDS)):
        raise UsageError(f"--save: {unknown_name('kind', kind, ALL_KINDS)}")
    return kinds
