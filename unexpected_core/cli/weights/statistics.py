"""`unexpected weights statistics`: the class statistics that standardized_max_logit needs, onto a card."""

from __future__ import annotations

import argparse
from pathlib import Path

from unexpected_core.cli.arguments import add_dataset_arguments, at_least_one, open_from
from unexpected_core.cli.errors import UsageError
from unexpected_core.log import progress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See cli.weights."""
    parser.add_argument("weights", help="weight file or run folder, whose card is written anew")
    add_dataset_arguments(parser)
    limit = "so many images, evenly spread (default 100)"
    parser.add_argument("--limit", type=at_least_one, default=100, metavar="N", help=limit)
    parser.set_defaults(action=_statistics)


def _statistics(arguments: argparse.Namespace) -> int:
    from unexpected_core.pipeline.detector import Detector
    from unexpected_core.pipeline.settings import DetectorSettings, ModelSettings
    from unexpected_core.scorers import load_scorer
    from unexpected_core.scorers.logits.scorer import LogitsScorer, segmenter_of
    from unexpected_core.scorers.logits.standardized import LogitCounter
    from unexpected_core.training.examples.samples import spread
    from unexpected_core.weights.cards import read_card, write_card
    from unexpected_core.weights.catalog import find_weights

    path = find_weights(arguments.weights)
    _refuse_shipped(path)
    dataset = open_from(arguments)
    base, counter = load_scorer(path), LogitCounter()
    scorer = LogitsScorer(segmenter_of(base), counter)
    scorer.working_height = base.working_height
    # warming up, it would count an empty image
    model = ModelSettings(warmup=False, runtime="eager", precision="float32")
    detector = Detector(scorer, DetectorSettings(model=model))
    chosen = spread(len(dataset), arguments.limit)
    for index in progress(chosen, "measuring logits", len(chosen)):
        detector.detect(dataset[index].image)
    write_card(path, read_card(path).model_copy(update={"logit_statistics": counter.statistics()}))
    print(f"{path.with_suffix('.json')}: logit_statistics of {len(chosen)} images of {dataset.name}")
    return 0


def _refuse_shipped(path: Path) -> None:
    """Raise UsageError where a card would be written that came with the package: all that use it would have another."""
    from unexpected_core.weights.cards import card_path
    from unexpected_core.weights.catalog import shipped

    if any(path.samefile(each) for each in shipped().values()):
        raise UsageError(
            f"{path.stem} comes with the package, and its card stays as it is: copy {path} and {card_path(path).name} "
            "into a folder of your own, and give that"
        )
