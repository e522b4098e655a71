"""`unexpected train`: one training from a preset or a YAML file. To resume, run the same command again."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from unexpected_core.cli.arguments import to_path
from unexpected_core.config import SettingsError, override, read_yaml, unknown_name
from unexpected_core.training.presets import FROM_NOTHING, PRESETS, RENAMED, derive
from unexpected_core.training.settings import TrainingSettings
from unexpected_core.yaml_values import format_yaml

EXAMPLES = """examples:
  unexpected train fast --data drawn                       # a detector from nothing, in minutes
  unexpected train 0521_discrepancy_full --data cityscapes_small=/data/ctc --set loop.workers=4
  unexpected train 0521_discrepancy_full --class-weights  # what its data would be weighted with
  unexpected train my_variant.yaml --run runs/my_variant   # a YAML file with 'base: <preset>'
  unexpected train 0525_rbm_road --dry-run                 # print the settings and stop
To resume, run the same command again. A file named 'stop' in the run folder ends the training after the epoch.
Several devices or machines: torchrun --nproc-per-node 4 -m unexpected_core.cli.main train PRESET ...
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See cli.main."""
    parser.epilog = EXAMPLES
    add = parser.add_argument
    add("preset", help=f"a preset ({', '.join(PRESETS)}) or a YAML file")
    change = "change a setting, such as loop.epochs=10"
    add("--set", action="append", default=[], metavar="NAME=VALUE", help=change)
    data = "learn from this data set instead of the preset's; several are joined"
    add("--data", action="append", default=[], metavar="NAME[=ROOT]", help=data)
    folder = "run folder (default: $DIR_EXPERIMENTS/<name>, or exp/<name>)"
    add("--run", dest="folder", type=to_path, metavar="DIR", help=folder)
    add("--partial", action="store_true", help="take data sets that are not complete as they are")
    add("--dry-run", action="store_true", help="print the settings as YAML and stop")
    weights = "print 1 / ln(1.02 + share of pixels) for the classes of the training data and stop"
    add("--class-weights", action="store_true", help=weights)


def run(arguments: argparse.Namespace) -> int:
    """See cli.main."""
    from unexpected_core.memory import keep_freed
    from unexpected_core.training.engine import run as engine

    keep_freed(of_any_size=True)
    settings = _settings(arguments.preset, arguments.data, [*["data.partial=true"] * arguments.partial, *arguments.set])
    settings = engine.resolve(settings)
    folder = engine.run_folder(settings, arguments.folder)
    if arguments.dry_run:
        print(_as_yaml(settings, folder))
    elif arguments.class_weights:
        from unexpected_core.training.tasks.frequencies import describe_weights

        print(describe_weights(settings))
    else:
        _train(settings, folder)
    return 0


def _train(settings: TrainingSettings, folder: Path) -> None:
    """All stages, then whatever is published of such a task, and judged."""
    from unexpected_core.training import stages
    from unexpected_core.training.engine.alone import is_first_process
    from unexpected_core.training.publish import is_published

    ended, publish = stages.run(settings, folder), PUBLISH.get(settings.task.kind)
    if not ended or not publish or not is_first_process():
        return
    last, trained = ended
    if trained or not is_published(last, folder):
        publish(last, folder, settings)
    if settings.task.kind == "fast" and "drawn" in settings.data.names:
        from unexpected_core.cli.judge_drawn import is_judged, judge_drawn

        if not is_judged(folder):
            print(judge_drawn(folder, settings.data.drawn.size))


def _publish_cues(settings: TrainingSettings, folder: Path, _: TrainingSettings) -> None:
    """Heads, to be measured by bench/cues.py."""
    from unexpected_core.training.publish import publish_cues

    judge = f"python bench/cues.py {folder} OBSTACLE_FOLDER ... --detector {settings.task.start}"
    print(f"wrote {publish_cues(settings, folder)}: {judge} measures what each cue is worth")


def _publish_baselines(settings: TrainingSettings, folder: Path, _: TrainingSettings) -> None:
    """Weights to lie beside the detector's."""
    from unexpected_core.training.publish import publish_baselines
    from unexpected_core.weights.cards import card_path
    from unexpected_core.weights.catalog import find_weights

    weights, beside = publish_baselines(settings, folder), find_weights(settings.task.start).parent
    print(f"wrote {weights}: cp {weights} {card_path(weights)} {beside} lets the detector's baselines be scored")


def _publish_fast(settings: TrainingSettings, folder: Path, whole: TrainingSettings) -> None:
    """Weights for the detector."""
    from unexpected_core.training.publish import publish_fast

    weights = publish_fast(settings, folder, whole)
    print(f"wrote {weights}: unexpected detect --detector {folder} IMAGES --out DIR")


PUBLISH = {"fast": _publish_fast, "fast_cues": _publish_cues, "fast_baselines": _publish_baselines}
"""Kind of task -> what is done with what it learned."""


def _settings(preset: str, data: list[str], assignments: list[str]) -> TrainingSettings:
    """Preset or YAML file, then --data, then --set. Raises SettingsError."""
    names = tuple(text.partition("=")[0] for text in data)
    preset = FROM_NOTHING.get((preset, names), RENAMED.get(preset, preset))
    if preset in PRESETS:
        settings = PRESETS[preset]
    elif preset.endswith((".yaml", ".yml")):
        settings = read_yaml(preset, PRESETS)
    else:
        raise SettingsError(f"{unknown_name('preset', preset, PRESETS)} (or give a .yaml file)")
    if data:
        settings = derive(settings, data={"sources": data})
    return override(settings, assignments)


def _as_yaml(settings: TrainingSettings, folder: Path) -> str:
    text = format_yaml(json.loads(settings.model_dump_json()))
    return f"# run folder: {folder}\n{text}".rstrip()
