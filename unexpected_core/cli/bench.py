"""`unexpected bench`: how fast detectors are on this machine, side by side in one process."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from unexpected_core.cli.arguments import add_settings, at_least_one, given, parse_size, to_path
from unexpected_core.cli.errors import UsageError
from unexpected_core.files import commit
from unexpected_core.images import trial_images
from unexpected_core.pipeline.settings import DetectSettings, ModelSettings, Runtime
from unexpected_core.regions import RegionSettings, find_regions, no_labels

if TYPE_CHECKING:
    import numpy as np

    from unexpected_core.pipeline.detector import Detector
    from unexpected_core.pipeline.measuring import Speed

RUNTIMES = get_args(Runtime)
SIZES = ((512, 1024), (1080, 1920))
EPILOG = """\
examples:
  unexpected bench
  unexpected bench --runtime eager onnx --onnx fast.onnx --against random
  unexpected bench --sizes 448x224 1024x512 1920x1080 4000x2000 --cameras 1 2 4 --regions 1 16 64 --out bench.jsonl

End to end: from an image's bytes to regions, images with things in them. All detectors take turns, after a warm-up.
Each measurement is a line of JSON in --out: milliseconds by the clock (median, p95, p99, best), least processor time,
stages, memory, ratio to the first detector, and what it belongs to: date, processor, versions, commit. --regions also
times the step from a score map to regions, on maps that hold so many."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See cli.main."""
    parser.epilog = EPILOG
    parser.add_argument("--detector", default="fast", help="shipped name, weight file, folder or .onnx (default fast)")
    parser.add_argument("--against", default=[], nargs="+", metavar="DETECTOR", help="others to measure beside it")
    parser.add_argument("--onnx", metavar="FILE", help="exported detector for the runtimes onnx and openvino")
    parser.add_argument(
        "--runtime", nargs="+", default=["auto"], choices=(*RUNTIMES, "all"), help="runtimes to compare (default auto)"
    )
    add_settings(parser, ModelSettings, ("precision", "device"))
    parser.add_argument(
        "--sizes", nargs="+", type=parse_size, default=SIZES, metavar="WxH", help="default 1024x512 1920x1080"
    )
    parser.add_argument(
        "--cameras", nargs="+", type=at_least_one, default=[1], metavar="N", help="images at a time (default 1)"
    )
    parser.add_argument(
        "--regions", nargs="+", type=at_least_one, default=[], metavar="N", help="regions in a score map"
    )
    add_settings(parser, DetectSettings, ("scale",))
    parser.add_argument("--seconds", type=float, default=3.0, metavar="S", help="for each measurement (default 3)")
    parser.add_argument("--out", type=to_path, metavar="FILE", help="file to append the lines of JSON to")


def run(arguments: argparse.Namespace) -> int:
    """Measure every detector at every size, print a table, append the lines; 0, or 1 if a runtime was not there."""
    from unexpected_core.pipeline.measuring import circumstances
    from unexpected_core.pipeline.runtimes import OF_FILES

    if arguments.onnx and not {"all", *OF_FILES} & {*arguments.runtime}:
        raise UsageError("--onnx is measured with --runtime onnx, openvino or all; name one, or leave --onnx out")
    about = circumstances() | {"commit": commit()}
    print(", ".join(f"{name} {value}" for name, value in about.items()))
    detectors, missing = _detectors(arguments)
    lines = [
        line
        for size in arguments.sizes
        for cameras in arguments.cameras
        if detectors
        for line in _measure(detectors, size, cameras, arguments)
    ]
    lines += [
        _measure_regions(size, count, arguments.seconds) for size in arguments.sizes for count in arguments.regions
    ]
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        with arguments.out.open("a", encoding="utf-8") as stream:
            stream.writelines(json.dumps(about | line) + "\n" for line in lines)
        print(f"{len(lines)} lines -> {arguments.out}")
    return 1 if missing else 0


def _detectors(arguments: argparse.Namespace) -> tuple[dict[str, Detector], bool]:
    """What to measure, by name; and whether something that was asked for is missing."""
    from unexpected_core.pipeline.detector import load_detector
    from unexpected_core.pipeline.runtimes import OF_FILES

    options = given(arguments, ModelSettings, ("precision", "device")) | given(arguments, DetectSettings, ("scale",))
    wanted = RUNTIMES[1:] if "all" in arguments.runtime else arguments.runtime
    asked = [(arguments.detector, runtime) for runtime in wanted] + [(other, "auto") for other in arguments.against]
    paths_of = Counter(Path(path).stem for path in {path for path, _ in asked})
    found, missing = {}, False
    for path, runtime in asked:
        file = arguments.onnx if arguments.onnx and runtime in OF_FILES else path
        detector = load_detector(file, runtime=runtime, **options)
        if runtime not in ("auto", detector.runtime):
            missing = True  # the log says why
            continue
        name = Path(path).stem if paths_of[Path(path).stem] == 1 else path
        found[_another(f"{name} {detector.runtime} {detector.precision}", found)] = detector
    return found, missing


def _another(name: str, known: Collection[str]) -> str:
    """The name, numbered from the second time on: auto may have chosen what was asked for by name, too."""
    numbered = (f"{name} #{n}" for n in range(2, len(known) + 2))
    return next(each for each in (name, *numbered) if each not in known)


def _measure(
    detectors: dict[str, Detector], size: tuple[int, int], cameras: int, arguments: argparse.Namespace
) -> list[dict[str, Any]]:
    from unexpected_core.memory import resident_mb
    from unexpected_core.pipeline.measuring import side_by_side

    images = list(trial_images(cameras, size))
    runs = {name: _turn(detector, images) for name, detector in detectors.items()}
    speeds = side_by_side(runs, arguments.seconds)
    print(f"\n{size[0]} rows of {size[1]}, {cameras} camera(s): milliseconds from bytes to regions")
    first, lines = next(iter(speeds.values())), []
    for name, speed in speeds.items():
        found = detectors[name].detect_batch(images, resynthesis=False)[-1]
        stages = {stage: round(taken, 2) for stage, taken in found.timings.items()}
        line = {
            "detector": name,
            "device": detectors[name].description,
            "height": size[0],
            "width": size[1],
            "cameras": cameras,
            "scale": detectors[name].scale,
            **_rounded(speed),
            "images_per_second": round(1e3 * cameras / speed.median, 4),
            "times_first": round(first.median / speed.median, 3),
            "regions": len(found.regions),
            "stages": stages,
            "resident_mb": round(resident_mb()),
        }
        lines.append(line)
        print(
            f"  {name:34} median {speed.median:8.2f}  p95 {speed.p95:8.2f}  p99 {speed.p99:8.2f}  "
            f"{line['images_per_second']:8.1f} images/s  {line['times_first']:5.2f}x  {stages}"
        )
    return lines


def _measure_regions(size: tuple[int, int], count: int, seconds: float) -> dict[str, Any]:
    """The step from a score map to regions alone."""
    from unexpected_core.pipeline.measuring import map_with_regions, side_by_side

    score, labels, settings = map_with_regions(count, *size), no_labels(size), RegionSettings(max_regions=256)
    speed = side_by_side({"": lambda: find_regions(score, labels, settings)}, seconds)[""]
    found = len(find_regions(score, labels, settings)[1])
    print(f"{size[0]} rows of {size[1]}, {found:3} region(s): {speed.best:8.2f} ms from score map to regions")
    return {"step": "regions", "height": size[0], "width": size[1], **_rounded(speed), "regions": found}


def _rounded(speed: Speed) -> dict[str, float]:
    return {key: round(value, 3) for key, value in speed._asdict().items()}


def _turn(detector: Detector, images: list[np.ndarray]) -> Callable[[], Any]:
    return lambda: detector.detect_batch(images, resynthesis=False)
