"""The command on a card makes the same training again."""

import json
import shlex

import pytest

from unexpected_core.cli.main import main
from unexpected_core.cli.train import _settings
from unexpected_core.config import override, read_yaml
from unexpected_core.training.command import NOT_WHAT, command_of
from unexpected_core.training.presets import PRESETS, derive
from unexpected_core.training.stages import first_stage

CHANGES = ["loop.epochs=3", "task.crop=[64,128]", "task.repeats={a: 5}", "task.size=nano", "task.teacher='0552'"]


def what(settings):
    """All that a training learns, by name."""
    values = json.loads(settings.model_dump_json())
    for name in NOT_WHAT:
        part, _, leaf = name.partition(".")
        values[part].pop(leaf)
    return values


def again(command):
    words = shlex.split(command)
    assert words[:2] == ["unexpected", "train"]
    options = list(zip(words[3::2], words[4::2], strict=True))
    given = ([value for option, value in options if option == name] for name in ("--data", "--set"))
    return _settings(words[2], *given)


@pytest.mark.parametrize(
    "settings",
    [
        PRESETS["fast"],
        override(PRESETS["fast_comparer"], ["task.start=fast", "task.pastes.things='[my things/{a, b'"]),
        override(PRESETS["fast"], CHANGES),
        first_stage(PRESETS["fast_drawn"]),
        override(PRESETS["fast_baselines"], ["name='0.1'", "optimizer.learning_rate=1e-5"]),
        override(PRESETS["fast"], ["data.sources=[drawn]"]),  # with --data drawn, fast means fast_drawn
        derive(PRESETS["fast"], task={"perceptual_weights": "/x/\U0001f600 \x85\n: .pth"}),
    ],
)
def test_the_command_makes_the_same_training(settings, tmp_path):
    assert what(again(command_of(settings, tmp_path))) == what(settings)


def test_a_yaml_file_is_told_as_changes_of_a_preset(repository, tmp_path):
    settings = read_yaml(repository / "config/experiments/fast_course.yaml", PRESETS)
    command = command_of(settings, tmp_path)
    assert command.startswith("unexpected train fast_gpu --data") and what(again(command)) == what(settings)
    assert main([*shlex.split(command)[1:], "--dry-run"]) == 0


def test_where_data_and_stages_lie_is_not_told(tmp_path):
    start = tmp_path / "run/segmenter/fast.safetensors"
    settings = derive(PRESETS["fast"], task={"start": str(start)}, data={"sources": ["camvid=/a", "camvid=/b"]})
    assert command_of(settings, tmp_path / "run") == "unexpected train fast --data camvid"
