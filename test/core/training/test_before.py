"""A training that is done before another, in one command: `task.start` names its file."""

import json
import runpy
from pathlib import Path

import pytest
import torch

from unexpected_core.cli.main import main
from unexpected_core.config import override
from unexpected_core.training.presets import PRESETS
from unexpected_core.weights.reading import read_weights
from unexpected_core.yaml_values import format_yaml

TWO_STAGES = runpy.run_path(str(Path(__file__).with_name("two_stages.py")))
changes, draw_roads = (TWO_STAGES[name] for name in ("changes", "draw_roads"))


@pytest.fixture(scope="module")
def roads(tmp_path_factory):
    return draw_roads(tmp_path_factory.mktemp("roads"))


@pytest.fixture
def two_courses(roads, tmp_path):
    """Words of a training whose start is a training of two stages, in a file."""
    file = tmp_path / "course.yaml"
    given = {"base": "nano"} | expanded(changes(roads))
    file.write_text(format_yaml(given))
    return ["train", "nano", "--run", str(tmp_path / "run"), *sets(roads, f"task.start={file}", "loop.publish=mean")]


def expanded(assignments):
    return json.loads(override(PRESETS["nano"], assignments).model_dump_json())


def sets(roads, *more):
    return [word for change in changes(roads, *more) for word in ("--set", change)]


def test_a_training_goes_on_from_one_that_is_done_before(two_courses, tmp_path):
    """In one command, which also its card tells; a stop file of the whole ends what goes before, and it goes on."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "stop").touch()
    assert main(two_courses) == 0 and not (folder / "stop").exists() and not list(folder.glob("*.safetensors"))
    assert main(two_courses) == 0
    start = read_weights(folder / "before").state
    assert start.keys() == read_weights(folder).state.keys()
    begun = torch.load(folder / "before/chk_best.pth", weights_only=True)["weights"]
    assert all(torch.allclose(start[name].float(), begun[name].float(), atol=1e-3) for name in start)
    card = read_weights(folder).card
    assert f"task.start={tmp_path / 'course.yaml'}" in card.command and "loop.publish=mean" in card.command
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.*")}
    assert main(two_courses) == 0
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.*")} == before


def test_only_a_detectors_training_can_go_before(two_courses, tmp_path, capsys):
    (tmp_path / "course.yaml").write_text("base: 0525_rbm_road\n")
    assert main(two_courses) == 2
    assert "course.yaml is a training of rbm, expected fast" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("task.size=fast", "course.yaml trains task.size=nano, expected fast: set both alike"),
        ("data.sources=[paired_folder=/nope]", "/nope"),
        ("data.val=nope", "nope"),
    ],
)
def test_what_the_last_training_would_miss_is_refused_before_the_one_before(
    change, message, two_courses, tmp_path, capsys
):
    assert main([*two_courses, "--set", change]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "run/before").exists()


@pytest.mark.parametrize("between", [[], ["between.yaml"]], ids=["it", "one_before"])
def test_no_training_comes_before_itself(between, two_courses, tmp_path, capsys):
    names = ["course.yaml", *between]
    for name, start in zip(names, [*between, "course.yaml"], strict=True):
        (tmp_path / name).write_text(f"base: nano\ntask: {{start: {tmp_path / start}}}\n")
    assert main(two_courses) == 2
    assert f"task.start={tmp_path / 'course.yaml'} would come before itself" in capsys.readouterr().err
    assert not (tmp_path / "run" / "before").exists()
