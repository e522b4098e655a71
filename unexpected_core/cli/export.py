"""`unexpected export DETECTOR --onnx FILE`: a detector as one ONNX file, checked against itself."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from unexpected_core.cli.arguments import add_settings, given, parse_size, to_path
from unexpected_core.cli.errors import UsageError
from unexpected_core.images import resize_image
from unexpected_core.pipeline.resizing import working_size
from unexpected_core.pipeline.settings import PUBLISHED, ModelSettings
from unexpected_core.scorers import load_scorer
from unexpected_core.weights.exported import OPSET

if TYPE_CHECKING:
    import numpy as np

    from unexpected_core.export.check import Difference
    from unexpected_core.weights.exported import Exported

MOST_FRAMES = 64
EPILOG = """\
examples:
  unexpected export fast --onnx fast.onnx
  unexpected export fast --onnx fast.onnx --int8 drive.mp4
  unexpected export iccv2019 --weights exp/ --size 1024x512 --onnx iccv2019.onnx

The file takes images uint8 [batch, height, width, 3] (RGB, at the working size) and gives score float32 in [0, 1], and
labels and resynthesis uint8. Use it wherever a detector is named: unexpected detect --detector fast.onnx. Beside the
weights it was made from, runtime=auto takes it by itself. Exit code: 0 equal, 1 the check found a difference (the file
is then FILE.unchecked.onnx)."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See cli.main."""
    parser.epilog = EPILOG
    add = parser.add_argument
    add("detector", metavar="DETECTOR", help="shipped name, weight file or its folder, iccv2019, ...")
    add("--onnx", required=True, type=to_path, metavar="FILE", help="file to write, ends in .onnx")
    add_settings(parser, ModelSettings, PUBLISHED)
    add("--scorer", default="", help="method on the detector's networks: softmax, direct, ...")
    add("--opset", type=int, default=OPSET, help=f"version of the ONNX operators (default {OPSET})")
    add("--size", type=parse_size, metavar="WxH", help="one size for all images (default: any size)")
    int8 = "also write FILE_int8.onnx: convolutions in 8 bits, by what is met in these photographs, videos or bags"
    add("--int8", nargs="+", type=Path, metavar="INPUT", help=int8)


def run(arguments: argparse.Namespace) -> int:
    """Export, check, and quantise where asked; 1 if the file does not do what the detector does."""
    from unexpected_core.export.check import compare, sizes_to_check
    from unexpected_core.export.onnx_file import export_onnx

    scorer = load_scorer(arguments.detector, arguments.scorer, **given(arguments, ModelSettings, PUBLISHED))
    print(f"writing {arguments.onnx} (this takes a minute)", flush=True)
    unchecked = arguments.onnx.with_stem(f"{arguments.onnx.stem}.unchecked")  # a name that no detector takes by itself
    exported, module = export_onnx(scorer, unchecked, arguments.size, arguments.opset)
    megabytes = unchecked.stat().st_size / 1e6
    print(f"{exported.model_id}, opset {exported.opset}, {megabytes:.1f} MB; ONNX Runtime beside torch:")
    differences = compare(module, unchecked, sizes_to_check(exported.working_height, arguments.size))
    fits = [_tell(difference) for difference in differences]
    if not all(fits):
        print(f"not taken for the detector: it stays {unchecked}, to be looked at")
        return 1
    unchecked.replace(arguments.onnx)
    if arguments.int8:
        _int8(arguments, exported)
    return 0


def _tell(difference: Difference) -> bool:
    """Print how far apart the two are at one size, and say whether that is near enough."""
    print(f"  {difference}{'' if difference.fits else '  TOO MUCH'}", flush=True)
    return difference.fits


def _int8(arguments: argparse.Namespace, exported: Exported) -> None:
    from unexpected_core.export.quantize import quantize

    target = arguments.onnx.with_stem(f"{arguments.onnx.stem}_int8")
    quantize(arguments.onnx, target, _frames(arguments.int8, exported))
    print(f"wrote {target}, {target.stat().st_size / 1e6:.1f} MB: judge it with 'unexpected evaluate {target} ...'")


def _frames(inputs: list[Path], exported: Exported) -> Iterator[np.ndarray]:
    """Frames from everywhere in all inputs, MOST_FRAMES at most, at the working size of the first."""
    from unexpected_core.media.footage import open_footage
    from unexpected_core.media.spread import count_whole, shares, spread

    wanted, most = exported.size, min(MOST_FRAMES, len(inputs))
    opened = [open_footage(inputs[n * len(inputs) // most]) for n in range(most)]
    counts = [count_whole(footage) for footage in opened]
    for footage, count, share in zip(opened, counts, shares(counts, MOST_FRAMES), strict=True):
        for image in spread(footage, count, share):
            wanted = wanted or working_size(*image.shape[:2], exported.working_height, step=exported.step)
            yield resize_image(image, wanted)
    if wanted is None:
        raise UsageError(f"--int8: no frame in {', '.join(map(str, inputs))}")
