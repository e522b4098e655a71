"""The segmenter alone first, then all together: one command, one folder, and it goes on where it ended."""

import operator
import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision.models import squeezenet1_1

from unexpected_core.cli.main import main
from unexpected_core.config import SettingsError, override
from unexpected_core.training import stages
from unexpected_core.training.command import command_of
from unexpected_core.training.engine import sampler
from unexpected_core.training.engine.checkpoint import read_progress
from unexpected_core.training.engine.loop import Training
from unexpected_core.training.errors import TrainingError
from unexpected_core.training.presets import PRESETS
from unexpected_core.training.publish import publish_fast
from unexpected_core.training.stages import first_stage, run
from unexpected_core.training.tasks.fast_examples import fast_examples
from unexpected_core.training.tasks.perceptual import SqueezeNetDistance
from unexpected_core.training.tasks.settings_fast import FirstStage
from unexpected_core.weights.reading import read_weights

TWO_STAGES = runpy.run_path(str(Path(__file__).with_name("two_stages.py")))
changes, draw_roads, settings = (TWO_STAGES[name] for name in ("changes", "draw_roads", "settings"))


@pytest.fixture(scope="module")
def roads(tmp_path_factory):
    return draw_roads(tmp_path_factory.mktemp("roads"))


def test_the_segmenter_learns_alone_and_then_with_the_others(roads, tmp_path):
    last, trained = run(settings(roads), tmp_path)
    assert trained and last.task.start == str(tmp_path / "segmenter/fast.safetensors")
    reached = torch.load(tmp_path / "segmenter/optimizer.pth", weights_only=True)["networks"]
    alone = read_weights(tmp_path / "segmenter").state
    card = read_weights(tmp_path / "segmenter").card
    assert card.options == {"size": "nano"} and card.command == command_of(settings(roads), tmp_path)
    assert all(torch.allclose(alone[key].float(), value.float(), atol=1e-3) for key, value in reached.items())
    log = (tmp_path / "segmenter/training.log").read_text()
    assert "train_labels" in log and "train_compare" not in log
    assert "8 examples" in log  # two plain frames, and three times two squeezed ones
    log = (tmp_path / "training.log").read_text()
    assert all(f"train_{part}" in log for part in ("labels", "paint", "compare", "direct"))
    again, trained = run(settings(roads), tmp_path)
    assert again == last and not trained


def test_what_is_finished_says_what_goes_on(roads, tmp_path, caplog):
    caplog.set_level("INFO")
    run(settings(roads), tmp_path)
    for path in tmp_path.glob("*.pth"):  # as after a kill before the second stage learned
        path.unlink()
    run(settings(roads, "first.epochs=2"), tmp_path)
    assert read_progress(tmp_path / "segmenter").epoch == 2
    assert "is finished" not in caplog.text
    run(settings(roads, "first.epochs=2", "loop.epochs=2"), tmp_path)
    assert [message for message in caplog.messages if "is finished" in message] == [
        f"{tmp_path}/segmenter is finished: a higher first.epochs goes on, until what comes after it has learned"
    ]
    run(settings(roads, "first.epochs=2", "loop.epochs=2"), tmp_path)
    assert caplog.messages[-1] == f"{tmp_path} is finished: a higher loop.epochs goes on"


def test_a_training_with_a_start_has_no_first_stage(roads):
    assert first_stage(settings(roads, "first.epochs=0")) is None
    assert first_stage(settings(roads, "task.start=fast")) is None
    first = first_stage(settings(roads, "task.perceptual=1"))
    assert first.task.learn == ("segmenter",) and not first.task.paste and not first.task.perceptual


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("task.pastes.things=/nowhere/cutouts", "no folder /nowhere/cutouts"),
        ("task.teacher=/nowhere/exp", "no weight file /nowhere/exp"),
        ("task.perceptual=0.5", "task.perceptual_weights: no file ''; give the state dict of"),
    ],
)
def test_what_the_second_stage_would_miss_is_refused_before_the_first(change, message, roads, tmp_path):
    """Hours later, it would cost the first stage: its settings may not change any more."""
    with pytest.raises(ValueError, match=message):
        run(settings(roads, change), tmp_path)
    assert not (tmp_path / "segmenter").exists()
    assert run(settings(roads), tmp_path)[1], "set right, the same folder is trained in"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("loop.batch=3 loop.accumulate=2 first.batch=2", r"loop\.batch=3 cannot be divided over 1 processes times"),
        ("loop.batch=9 loop.epoch_examples=8", "an epoch has 8 examples, fewer than one batch of 9: lower loop.batch"),
        ("loop.batch=9 loop.epoch_examples=0", "an epoch has 8 examples, fewer than one batch of 9: lower loop.batch"),
    ],
)
def test_batches_of_the_second_stage_are_counted_before_the_first(change, message, roads, tmp_path):
    with pytest.raises(TrainingError, match=message):
        run(settings(roads, *change.split()), tmp_path)
    assert not (tmp_path / "segmenter").exists()


@pytest.mark.parametrize("preset", ["fast", "fast_baselines", "fast_cues"])
def test_crops_that_the_networks_do_not_take_are_refused_at_once(preset):
    """A crop of the second stage would be found out after all of the first."""
    for setting in ("task.crop", *(["first.crop"] if preset == "fast" else [])):
        with pytest.raises(SettingsError, match=rf"'{setting}\.1' = 200: Input should be a multiple of 32"):
            override(PRESETS[preset], [f"{setting}=[96,200]"])
        for size in ("0", "-32"):
            with pytest.raises(SettingsError, match=rf"'{setting}\.0' = {size}: Input should be greater than 0"):
                override(PRESETS[preset], [f"{setting}=[{size},64]"])


def test_a_finished_training_does_not_ask_for_what_taught_it(roads, tmp_path):
    judge = tmp_path / "judge.pth"
    torch.save(squeezenet1_1(weights=None).state_dict(), judge)
    asked = settings(roads, "task.perceptual=0.5", f"task.perceptual_weights={judge}")
    assert run(asked, tmp_path / "run")[1]
    judge.unlink()
    assert not run(asked, tmp_path / "run")[1]


def test_the_first_stage_may_be_the_teacher_of_the_second(roads, tmp_path):
    run(settings(roads, f"task.teacher={tmp_path / 'segmenter'}"), tmp_path)
    assert "val_taught" in (tmp_path / "training.log").read_text()


def test_weights_of_another_network_do_not_judge_the_painting(tmp_path):
    torch.save({"conv.weight": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(TrainingError, match=r"other\.pth' is of another network, or damaged; give the state dict of"):
        SqueezeNetDistance(str(tmp_path / "other.pth"))


def test_a_slip_in_the_name_of_a_data_set_is_told(roads, tmp_path, caplog):
    """The frames would stay squeezed, or come once."""
    changes = ("task.aspects={squezed: 3.0}", "task.repeats={squeezed: 3, squezed: 9}", "task.coarse=[squezed, plain]")
    run(settings(roads, *changes, "first.epochs=0"), tmp_path)
    told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert told == [
        f"task.{table}: 'squezed' changes nothing, no data set and no folder of one is called so; there are "
        "paired_folder, plain, squeezed"
        for table in ("aspects", "repeats", "coarse")
    ]


def test_the_folder_of_a_data_set_with_few_classes_may_be_named(roads):
    asked = settings(roads, "task.coarse=[squeezed]")
    assert [[source.coarse for source in examples.sources] for examples in fast_examples(asked)] == [[False, True]] * 2


def test_a_data_set_that_comes_no_times_teaches_nothing(roads):
    """Nor does it come for its rare classes; it still validates."""
    learned, validated = fast_examples(
        settings(roads, "task.repeats={squeezed: 0}", "task.rare=1", "data.val_examples=0")
    )
    keys = {learned.key_of(0, np.random.default_rng(seed)) for seed in range(20)}
    assert keys == {"plain-train/0", "plain-train/1"} == {*learned.keys}
    assert validated.keys == ["plain-val/2", "squeezed-val/2"]
    with pytest.raises(SettingsError, match=r"task\.repeats\.plain' = -3: .* greater than or equal to 0"):
        settings(roads, "task.repeats={plain: -3}")


@pytest.mark.parametrize("where", [".", "segmenter"])
def test_a_stop_file_in_the_first_stage_ends_the_training(where, roads, tmp_path):
    """What comes after would stand on a segmenter that has not learned."""
    stop = tmp_path / where / "stop"
    stop.parent.mkdir(exist_ok=True)
    stop.touch()
    command = ["train", "nano", "--run", str(tmp_path)]
    command += [word for change in changes(roads) for word in ("--set", change)]
    assert main(command) == 0
    assert read_progress(tmp_path / "segmenter").epoch == 0
    assert not stop.exists() and not list(tmp_path.rglob("*.safetensors")) and not (tmp_path / "optimizer.pth").exists()
    assert main(command) == 0
    assert [read_progress(folder).epoch for folder in (tmp_path / "segmenter", tmp_path)] == [1, 1]
    stop.parent.joinpath("stop").touch()
    run(settings(roads, "loop.epochs=2"), tmp_path)
    assert read_progress(tmp_path).epoch == (1 if where == "." else 2), "the finished first stage takes no notice"


@pytest.mark.parametrize("stage", ["only", "first", "second"])
def test_a_second_command_leaves_the_stop_file_to_the_training_that_it_is_refused_for(
    stage, roads, tmp_path, monkeypatch
):
    monkeypatch.setattr("unexpected_core.training.engine.alone.PATIENCE", 0.0)
    asked, learn_step, refused = settings(roads, f"first.epochs={int(stage != 'only')}"), Training.learn_step, []

    def another_command_meanwhile(self, *step):
        if (self.folder == tmp_path) == (stage != "first"):
            (tmp_path / "stop").touch()
            with pytest.raises(TrainingError, match=rf"another process is training in {tmp_path}: "):
                run(asked, tmp_path)
            refused.append((tmp_path / "stop").exists())
        return learn_step(self, *step)

    monkeypatch.setattr(Training, "learn_step", another_command_meanwhile)
    run(asked, tmp_path)
    assert refused == [True]
    assert not (tmp_path / "stop").exists()


LEAVING = """
import atexit, sys
import torch.distributed as processes
atexit.register(lambda: print("still in it" if processes.is_initialized() else "left"))  # the first is the last called
from unexpected_core.cli.main import main
processes.init_process_group("gloo", store=processes.HashStore(), rank=0, world_size=1)
assert main(sys.argv[1:]) == 0
"""


def test_who_is_stopped_in_the_first_stage_leaves_the_group_of_processes(roads, tmp_path):
    (tmp_path / "stop").touch()
    words = [word for change in changes(roads) for word in ("--set", change)]
    command = [sys.executable, "-c", LEAVING, "train", "nano", "--run", str(tmp_path), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.stdout.splitlines()[-1:] == ["left"], done.stderr
    assert read_progress(tmp_path / "segmenter").epoch == 0


def test_what_was_stopped_before_it_learned_is_not_published(roads, tmp_path):
    (tmp_path / "stop").touch()
    command = ["train", "nano", "--run", str(tmp_path)]
    command += [word for change in changes(roads, "first.epochs=0") for word in ("--set", change)]
    assert main(command) == 0
    assert read_progress(tmp_path).epoch == 0 and not list(tmp_path.glob("*.safetensors"))
    assert main(command) == 0
    assert list(tmp_path.glob("*.safetensors"))


def test_a_training_that_was_moved_goes_on(roads, tmp_path):
    run(settings(roads), tmp_path / "here")
    (tmp_path / "here").rename(tmp_path / "there")
    last, trained = run(settings(roads), tmp_path / "there")
    assert not trained and Path(last.task.start).is_file()
    assert run(settings(roads, "loop.epochs=2"), tmp_path / "there")[1]
    with pytest.raises(
        TrainingError, match=r"task\.start was .*there/segmenter/fast\.safetensors, now .*other/fast\.saf"
    ):
        run(settings(roads, f"task.start={tmp_path / 'other/fast.safetensors'}"), tmp_path / "there")


def test_the_first_stage_is_left_alone_where_the_second_could_not_go_on(roads, tmp_path):
    run(settings(roads, "loop.epochs=2"), tmp_path)
    with pytest.raises(TrainingError, match=r"other settings: first\.epochs was 1, now 2\. Use another"):
        run(settings(roads, "loop.epochs=3", "first.epochs=2"), tmp_path)
    assert read_progress(tmp_path / "segmenter").epoch == 1
    shutil.rmtree(tmp_path / "segmenter")  # nobody needs it any more
    assert not run(settings(roads, "loop.epochs=2"), tmp_path)[1]
    assert not (tmp_path / "segmenter").exists()


def test_errors_of_the_first_stage_name_the_settings_that_cure_them(roads, tmp_path):
    (tmp_path / "stop").touch()
    with pytest.raises(
        TrainingError, match=r"fewer than one batch of 3: lower first\.batch or raise loop\.epoch_examples"
    ):
        run(settings(roads, "first.batch=3"), tmp_path)
    assert not (tmp_path / "stop").exists(), "it would end the next training"
    asked = settings(roads, "first.batch=4", "first.crop=[32,96]", "first.balance=0.7", "first.rare=0.6")
    stage = first_stage(asked)
    for setting, name in stages.NAMES.items():
        assert operator.attrgetter(setting)(stage) == operator.attrgetter(name)(asked)
    assert set(stages.NAMES.values()) == {f"first.{name}" for name in FirstStage.model_fields}


CURES = ("loop.accumulate=2", "first.crop=[32,96]", "task.compare=3", "task.pastes.known=0.1")


def test_a_finished_first_stage_is_taken_as_it_is_with_the_cures_of_the_second(roads, tmp_path, caplog):
    """Less memory at once, other weights of the second stage: it had cost the first one."""
    run(settings(roads), tmp_path)
    for path in tmp_path.glob("*.*"):  # as where the second stage ran out of memory before a step
        path.unlink()
    kept = {path: path.read_bytes() for path in (tmp_path / "segmenter").glob("*.*")}
    assert run(settings(roads, *CURES), tmp_path)[1]
    assert {path: path.read_bytes() for path in (tmp_path / "segmenter").glob("*.*")} == kept
    assert (
        f"{tmp_path}/segmenter is taken as it was trained: loop.accumulate was 1, now 2; first.crop was [32, 64], now "
        "[32, 96]. To train it anew, use another --run"
    ) in caplog.messages
    with pytest.raises(TrainingError, match=r"other settings: loop\.accumulate was 2, now 1\. Use another"):
        run(settings(roads, *CURES[1:], "loop.epochs=2"), tmp_path)


def test_a_first_stage_goes_on_where_only_what_it_does_not_use_is_other(roads, tmp_path):
    """Also one whose config.json holds what the whole training was begun with."""
    before = first_stage(settings(roads, "task.perceptual_weights=old.pth", "task.pastes.most=9", "task.coarse=[]"))
    stages.engine.run(before, tmp_path / "segmenter")
    asked = settings(roads, "first.epochs=2", *CURES[2:])
    with pytest.raises(TrainingError, match=r"other settings: loop\.accumulate was 1, now 2; first\.crop was"):
        run(override(asked, CURES[:2]), tmp_path)
    assert run(asked, tmp_path)[1]
    assert read_progress(tmp_path / "segmenter").epoch == 2


@pytest.mark.parametrize("change", ["task.object_weight=9", "task.sources=9", "task.coarse=[]", "task.compare=9"])
def test_what_the_first_stage_does_not_use_changes_no_bit_of_it(change, roads, tmp_path):
    for name, more in (("before", []), ("after", [change])):
        stages.engine.run(first_stage(settings(roads, *more)), tmp_path / name)
    before, after = (torch.load(tmp_path / n / "chk_last.pth", weights_only=True) for n in ("before", "after"))
    assert all(torch.equal(value, after["weights"][key]) for key, value in before["weights"].items())
    assert before["state"]["best_loss_val"] == after["state"]["best_loss_val"]


@pytest.mark.slow
@pytest.mark.parametrize("torchrun", [False, True])
def test_two_processes_train_both_stages(torchrun, roads, tmp_path):
    """The second process begins the second stage when the first has published the segmenter, and not before."""
    more = [] if torchrun else ["loop.devices=2"]
    words = [word for change in changes(roads, *more) for word in ("--set", change)]
    program = ["torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m"] if torchrun else []
    command = [sys.executable, "-m", *program, "unexpected_core.cli.main", "train", "nano", *words]
    there = os.environ | {"DIR_EXPERIMENTS": str(tmp_path)}
    done = subprocess.run(command, env=there, capture_output=True, text=True, timeout=600)
    folder = tmp_path / "nano"
    assert done.returncode == 0, done.stderr
    assert [read_progress(stage).epoch for stage in (folder / "segmenter", folder)] == [1, 1]
    assert (folder / "fast.safetensors").is_file()


def test_parts_that_learn_in_no_stage_must_come_from_somewhere(roads, tmp_path):
    for parts, first, random in (("comparer", 0, "segmenter, generator, direct"), ("generator", 1, "comparer, direct")):
        asked = settings(roads, f"task.learn=[{parts}]", f"first.epochs={first}")
        with pytest.raises(TrainingError, match=rf"{random} would keep random weights.*task\.start=fast"):
            run(asked, tmp_path)
    publish_fast(run(settings(roads, "task.learn=[generator, comparer, direct]"), tmp_path)[0], tmp_path)
    before, after = (read_weights(folder).state for folder in (tmp_path / "segmenter", tmp_path))
    assert all(torch.equal(after[key], value) for key, value in before.items() if key.startswith("segmenter."))


def test_an_example_met_again_in_an_epoch_is_another():
    class Numbers:
        keys = ("a", "b", "c")

        def __len__(self):
            return 3

        def example(self, index, random):
            return {"index": np.array(index), "number": np.array(random.integers(2**40))}

    batches = sampler.training_batches(Numbers(), sampler.Share(3), 0, 1, range(4), 0)
    found = [part for (part,) in batches]
    assert all(sorted(part["index"].tolist()) == [0, 1, 2] for part in found)
    assert len({number for part in found for number in part["number"].tolist()}) == 12
    later = list(sampler.training_batches(Numbers(), sampler.Share(3), 0, 1, range(2, 4), 0))
    assert torch.equal(later[0][0]["number"], found[2]["number"])  # resumed in the middle: the same


def test_squeezenet_sees_no_difference_between_equal_pictures(tmp_path):
    torch.manual_seed(0)
    torch.save(squeezenet1_1(weights=None).state_dict(), tmp_path / "s.pth")
    judge, photo = SqueezeNetDistance(str(tmp_path / "s.pth")), torch.rand(2, 3, 40, 56)
    assert judge(photo, photo) == 0
    painted = photo.flip(3).requires_grad_()
    judge(painted, photo).backward()
    assert painted.grad.abs().sum() > 0 and not any(weight.requires_grad for weight in judge.parameters())
    with pytest.raises(TrainingError, match=r"task\.perceptual_weights: no file 'x\.pth'; give the state dict of"):
        SqueezeNetDistance("x.pth")
