"""`unexpected data discrepancy --data NAME --generator WEIGHTS --out DIR`: altered labels, repainted."""

from __future__ import annotations

import argparse

from unexpected_core.cli.arguments import add_dataset_arguments, at_least_one, check_apart, open_from, to_path
from unexpected_core.cli.errors import UsageError
from unexpected_core.config import override, unknown_name
from unexpected_core.pipeline.settings import ModelSettings

EPILOG = """\
examples:
  unexpected data discrepancy --data cityscapes_small --generator weights/pix2pixhd --split train --out DIR
  unexpected data discrepancy --data cityscapes_small --generator fast --recipe swap_by_frequency --out DIR
  unexpected data discrepancy --data paired_folder=ROADS --generator fast --recipe pastes --set seed=1 --out DIR

The recipe swap_uniform is the paper's; layout and names are those of the authors' archive. The same seed gives the same
bytes with any number of workers. Stopped half-way, the same command goes on. Exit code: 0 done, 1 frames left out."""

CHANGES = (
    "change a setting of the recipe: seed=1, swap_fraction=0.25, gen_img_ext=.webp, paste=true, write_original=true, "
    "pastes.largest=1.5, ..."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See cli.data."""
    parser.epilog, parser.formatter_class = EPILOG, argparse.RawDescriptionHelpFormatter
    add_dataset_arguments(parser)
    add = parser.add_argument
    painter = "what repaints: a weight file, its folder, or fast; with --random-weights a network"
    add("--generator", required=True, metavar="WEIGHTS", help=painter)
    add("--random-weights", action="store_true", help="untrained generator, to try the command out")
    add("--out", type=to_path, required=True, metavar="DIR", help="folder of the set")
    recipes = "swap_uniform (default), swap_by_frequency, disappear, swap_and_disappear, pastes"
    add("--recipe", default="swap_uniform", help=recipes)
    add("--set", action="append", default=[], metavar="NAME=VALUE", dest="changes", help=CHANGES)
    add("--limit", type=at_least_one, default=0, metavar="N", help="only the first N frames, to try it out")
    add("--workers", type=int, default=2, metavar="N", help="threads that read and write (default 2)")
    device = ModelSettings().device
    add("--device", default=device, help=f"where the generator runs (default {device})")
    parser.set_defaults(action=_run)


def _run(arguments: argparse.Namespace) -> int:
    from unexpected_core.datasets.frames import folders_of
    from unexpected_core.discrepancy_data.generate import generate
    from unexpected_core.discrepancy_data.painters import generator_painter, random_painter
    from unexpected_core.discrepancy_data.swaps import RECIPES

    if arguments.recipe not in RECIPES:
        raise UsageError(unknown_name("recipe", arguments.recipe, RECIPES))
    recipe = override(RECIPES[arguments.recipe], arguments.changes)
    dataset = open_from(arguments, {"instances": True})
    check_apart(folders_of(dataset), arguments.out)
    paint = (random_painter if arguments.random_weights else generator_painter)(arguments.generator, arguments.device)
    manifest = generate(
        dataset,
        arguments.out,
        recipe,
        paint,
        generator=paint.name,
        split=arguments.split or "train",
        workers=arguments.workers,
        limit=arguments.limit,
    )
    print(f"{len(manifest.frames)} frames, {len(manifest.failed)} left out -> {arguments.out}")
    return 1 if manifest.failed else 0
