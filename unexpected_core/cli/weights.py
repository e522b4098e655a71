"""`unexpected weights ...`: what weight files are there, are they whole, what lies between two, how sure are they?"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from unexpected_core.cli import weights_import
from unexpected_core.cli.arguments import add_dataset_arguments, at_least_one, open_from
from unexpected_core.log import progress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See cli.main."""
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    for name, (summary, add, action) in ACTIONS.items():
        added = actions.add_parser(name, help=summary)
        add(added)
        added.set_defaults(action=action)


def run(arguments: argparse.Namespace) -> int:
    """Carry out one action; results go to standard output."""
    return arguments.action(arguments)


def _list_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", nargs="?", help="folder of weight files")


def _list(arguments: argparse.Namespace) -> int:
    from unexpected_core.weights.cards import read_card
    from unexpected_core.weights.catalog import shipped

    paths = _files(arguments.folder) if arguments.folder else list(shipped().values())
    width = max((len(path.stem) for path in paths), default=0)
    for path in paths:
        card = read_card(path)
        print(
            f"{path.stem:{width}} {path.stat().st_size / 1e6:6.1f} MB  {card.architecture}, "
            f"height {card.working_height or 'any'}, threshold {card.threshold:g}, "
            f"trained on {', '.join(card.training_data) or 'not said'}"
        )
    return 0


def _files(name: str) -> list[Path]:
    """The weight files of a folder, else of a name. Raises WeightsError."""
    from unexpected_core.files import visible
    from unexpected_core.weights.catalog import SUFFIX, find_weights

    return visible(name, f"*{SUFFIX}") or [find_weights(name)]


def _inspect_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("weights", help="shipped name, weight file or its folder")
    parser.add_argument("--tensors", action="store_true", help="also list key, type, shape and range of every tensor")


def _inspect(arguments: argparse.Namespace) -> int:
    from unexpected_core.weights.reading import read_weights

    weights = read_weights(arguments.weights)
    print(json.dumps(weights.card.model_dump(), indent=2))
    count = sum(tensor.numel() for tensor in weights.state.values())
    print(f"{len(weights.state)} tensors, {count:,} numbers")
    for key, tensor in weights.state.items() if arguments.tensors else ():
        span = f"{tensor.min():.4g} .. {tensor.max():.4g}" if tensor.numel() else "empty"
        print(f"{key:50} {list(tensor.shape)!s:20} {span}")
    return 0


def _average_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("before", help="shipped name, weight file or run folder")
    parser.add_argument("after", help="the same: what a further training made of it, say")
    some = "average only this network of the detector, the others are the second's; several times for several"
    parser.add_argument("--part", action="append", default=[], metavar="PART", help=some)
    parser.add_argument("--share", type=float, default=0.5, help="of the second, 0..1 (default 0.5)")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="weight file to write, *.safetensors")


def _average(arguments: argparse.Namespace) -> int:
    from unexpected_core.weights.average import average

    card = average(arguments.before, arguments.after, arguments.share, arguments.out, arguments.part)
    print(f"wrote {arguments.out}: {card.model_id}")
    return 0


def _statistics_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("weights", help="weight file or run folder, whose card is written anew")
    add_dataset_arguments(parser)
    limit = "so many images, evenly spread (default 100)"
    parser.add_argument("--limit", type=at_least_one, default=100, metavar="N", help=limit)


def _statistics(arguments: argparse.Namespace) -> int:
    import numpy as np

    from unexpected_core.pipeline.detector import Detector
    from unexpected_core.pipeline.settings import DetectorSettings, ModelSettings
    from unexpected_core.scorers import load_scorer
    from unexpected_core.scorers.logits.scorer import LogitsScorer, segmenter_of
    from unexpected_core.scorers.logits.standardized import LogitCounter
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
    chosen = np.linspace(0, len(dataset) - 1, min(arguments.limit, len(dataset))).round().astype(int).tolist()
    for index in progress(chosen, "measuring logits", len(chosen)):
        detector.detect(dataset[index].image)
    write_card(path, read_card(path).model_copy(update={"logit_statistics": counter.statistics()}))
    print(f"{path.with_suffix('.json')}: logit_statistics of {len(chosen)} images of {dataset.name}")
    return 0


def _refuse_shipped(path: Path) -> None:
    """Raise UsageError where a card would be written that came with the package: all that use it would have another."""
    from unexpected_core.cli.errors import UsageError
    from unexpected_core.weights.cards import card_path
    from unexpected_core.weights.catalog import shipped

    if any(path.samefile(each) for each in shipped().values()):
        raise UsageError(
            f"{path.stem} comes with the package, and its card stays as it is: copy {path} and {card_path(path).name} "
            "into a folder of your own, and give that"
        )


def _verify_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("weights", nargs="+", help="shipped names, weight files or folders")


def _verify(arguments: argparse.Namespace) -> int:
    from unexpected_core.files import visible
    from unexpected_core.scorers import UnknownScorer
    from unexpected_core.weights.cards import WeightsError
    from unexpected_core.weights.catalog import SUFFIX

    failed = 0
    names = [str(path) for given in arguments.weights for path in visible(given, f"*{SUFFIX}") or [given]]
    for name in names:
        try:
            print(f"{name}: whole, fits its architecture ({_fits(name)})")
        except (WeightsError, UnknownScorer) as error:
            failed += 1
            print(f"{name}: {error}")
    return 1 if failed else 0


def _fits(name: str) -> str:
    """Load a detector's or a single network's weights; returns their id. Raises WeightsError, UnknownScorer."""
    from unexpected_core.networks import NETWORKS, build_network
    from unexpected_core.scorers import load_scorer
    from unexpected_core.weights.cards import read_card
    from unexpected_core.weights.catalog import find_weights
    from unexpected_core.weights.reading import load_into, read_weights

    if read_card(find_weights(name)).architecture not in NETWORKS:
        return load_scorer(name).model_id
    weights = read_weights(name)
    load_into(build_network(weights.card.architecture, **weights.card.options), weights)
    return weights.card.model_id


ACTIONS = {
    "list": ("the detectors that come with the package, or the files of a folder", _list_arguments, _list),
    "inspect": ("show the card and the tensors of a weight file", _inspect_arguments, _inspect),
    "verify": ("compare weight files with their cards, and with their architecture", _verify_arguments, _verify),
    "average": ("weights between those of two trainings of the same networks", _average_arguments, _average),
    "statistics": (
        "put onto a detector's card what standardized_max_logit needs: each class's max logits on images it was "
        "trained on",
        _statistics_arguments,
        _statistics,
    ),
    "import": (
        "the ICCV 2019 authors' checkpoints, converted to weight files",
        weights_import.add_arguments,
        weights_import.run,
    ),
}
"""Action -> what it does, its arguments, itself."""
