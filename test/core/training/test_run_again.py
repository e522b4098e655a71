"""The same command again: what is finished is left alone, what failed goes on, what an error advises is accepted."""

import re
import shutil
import time

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from unexpected_core.cli.main import main
from unexpected_core.config import override
from unexpected_core.images import write_image
from unexpected_core.training import stages
from unexpected_core.training.engine.checkpoint import STATE, load, read_progress, save
from unexpected_core.training.engine.explain import explain_batch_norm
from unexpected_core.training.engine.loop import Training
from unexpected_core.training.engine.run import run
from unexpected_core.training.engine.sampler import Share
from unexpected_core.training.errors import TrainingError
from unexpected_core.training.presets import PRESETS


@pytest.fixture(scope="module")
def roads(tmp_path_factory):
    """Road and nothing else, 32x64, in train and val."""
    folder, random = tmp_path_factory.mktemp("roads"), np.random.default_rng(0)
    for name in ("train/a", "train/b", "val/a"):
        write_image(folder / f"{name}.png", random.integers(0, 256, (32, 64, 3), np.uint8))
        write_image(folder / f"{name}_trainIds.png", np.zeros((32, 64), np.uint8))
    return folder


def settings(roads, *changes):
    """The road autoencoder: a step of it takes milliseconds."""
    small = ["loop.epochs=2", "loop.batch=1", "loop.batch_val=1", "loop.device=cpu", "loop.frames=[0]"]
    return override(PRESETS["0525_rbm_road"], [*small, f"data.sources=[paired_folder={roads}]", *changes])


def contents(folder):
    """Every file with its bytes and the time it was written."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def test_a_finished_run_is_left_as_it_is(roads, tmp_path):
    assert run(settings(roads), tmp_path)
    before = contents(tmp_path)
    assert not run(settings(roads), tmp_path)
    assert contents(tmp_path) == before
    (tmp_path / "chk_last.pth").unlink()
    run(settings(roads), tmp_path)
    again = torch.load(tmp_path / "chk_last.pth", weights_only=True)
    assert again["state"]["epoch_idx"] == 2
    before.pop("chk_last.pth")
    assert before.items() <= contents(tmp_path).items()


@pytest.mark.parametrize("noted", [True, False])
def test_a_least_loss_of_other_validation_frames_is_no_mark_to_beat(noted, roads, tmp_path, caplog):
    """Nor does the learning rate fall because these are harder. A state that has not noted them says nothing."""
    data, folder = tmp_path / "data", tmp_path / "run"
    shutil.copytree(roads, data)
    run(settings(data), folder)
    for path in list((data / "val").iterdir()):
        path.rename(path.with_name(f"new_{path.name}"))
    state = load(folder / STATE)
    state["progress"]["best"] = state["schedule"]["best"] = 1e-9  # easy frames
    state["schedule"]["num_bad_epochs"] = 5
    if not noted:
        del state["progress"]["validation"]  # one of before
    save(folder / STATE, state)
    rate = settings(data).optimizer.learning_rate
    assert run(settings(data, "loop.epochs=3"), folder)
    progress, after = read_progress(folder), load(folder / STATE)
    assert ("was validated with other examples than the" in caplog.text) == noted
    assert ("other validation examples, loss" in (folder / "training.log").read_text()) == noted
    assert (progress.best > 1e-9) == noted == (after["optimizer"]["param_groups"][0]["lr"] == rate)
    assert progress.best_epoch == load(folder / "chk_best.pth")["state"]["epoch_idx"]
    caplog.clear()
    assert run(settings(data, "loop.epochs=4"), folder) and "validated with other" not in caplog.text


def test_a_run_says_that_other_data_did_not_teach_it(roads, tmp_path, caplog):
    assert run(settings(roads), tmp_path / "run")
    before = contents(tmp_path / "run")
    other = tmp_path / "other"
    other.symlink_to(roads)
    assert not run(settings(other), tmp_path / "run")
    said = f"has learned from paired_folder={roads}: if paired_folder={other} is other data, another run folder"
    assert said in caplog.text
    assert contents(tmp_path / "run") == before  # config.json says what it learned from
    caplog.clear()
    assert run(settings(other, "loop.epochs=3"), tmp_path / "run") and said in caplog.text
    assert str(other) in (tmp_path / "run/config.json").read_text()
    (tmp_path / "run/config.json").unlink()
    caplog.clear()
    assert not run(settings(roads), tmp_path / "run") and "learned from" not in caplog.text  # nobody knows


def test_a_finished_detector_is_not_published_anew(roads, tmp_path):
    command = ["train", "fast", "--data", f"paired_folder={roads}", "--run", str(tmp_path)]
    small = ["loop.epochs=1", "loop.batch=1", "loop.batch_val=1", "loop.device=cpu", "loop.frames=[]"]
    small += [
        "loop.workers=0",
        "loop.average=0",
        "first.epochs=0",
        "loop.epoch_examples=1",
        "task.crop=[32,64]",
        "task.heights=[32,32]",
        "task.sources=1",
    ]
    command += [word for change in small for word in ("--set", change)]
    assert main(command) == 0
    before = contents(tmp_path)
    assert "fast.safetensors" in before
    assert main(command) == 0
    assert contents(tmp_path) == before
    (tmp_path / "fast.safetensors").write_bytes(b"cut off")
    assert main(command) == 0
    assert contents(tmp_path)["fast.safetensors"][1] == before["fast.safetensors"][1]


@pytest.mark.parametrize("name", ["chk_last.pth", "chk_best.pth", "optimizer.pth"])
@pytest.mark.parametrize("damage", ["junk", "one flipped bit", "of another epoch"])
def test_damaged_results_of_a_finished_run_are_noticed(name, damage, roads, tmp_path):
    run(settings(roads), tmp_path)
    path = tmp_path / name
    data = bytearray(path.read_bytes())
    if damage == "of another epoch":
        content = torch.load(path, weights_only=True)
        content.setdefault("state", {})["epoch_idx"] = 7
        torch.save(content, path)
    else:
        data[len(data) // 2] ^= 1
        path.write_bytes(data if damage == "one flipped bit" else b"junk")
    if (name, damage) == ("optimizer.pth", "of another epoch"):
        return
    with pytest.raises(TrainingError, match=rf"{re.escape(name)}.*Restore it, or delete it"):
        run(settings(roads), tmp_path)


@pytest.mark.parametrize("other", ["loop.batch=1", "loop.batch=2"])  # goes on, or starts anew
@pytest.mark.parametrize("kind", ["ours", "without its epoch", "published"])
@pytest.mark.parametrize("name", ["chk_last.pth", "chk_best.pth"])
def test_weights_without_a_state_are_not_replaced(name, kind, other, roads, tmp_path):
    """A published archive unpacks into the run folder of its preset; or optimizer.pth, the largest, was deleted."""
    run(settings(roads), tmp_path)
    (tmp_path / "optimizer.pth").unlink()
    for each in {"chk_last.pth", "chk_best.pth"} - {name}:
        (tmp_path / each).unlink()
    content = {"weights": {}, "state": {"epoch_idx": 41} if kind != "without its epoch" else {}}
    torch.save(content, tmp_path / name, _use_new_zipfile_serialization=kind != "published")
    before = contents(tmp_path)
    epoch = "epoch 41" if kind == "ours" else "an unknown epoch"
    said = rf"{name} is of {epoch}, and no optimizer\.pth is there.* Use another --run, or move it away"
    with pytest.raises(TrainingError, match=said):
        stages.run(settings(roads, other), tmp_path)
    assert contents(tmp_path) == before
    (tmp_path / name).unlink()
    assert run(settings(roads, other), tmp_path)


@pytest.mark.parametrize("name", ["fast.safetensors", "model.safetensors", "config.json"])
def test_files_of_others_in_a_run_folder_are_not_replaced(name, roads, tmp_path):
    (tmp_path / name).write_text('{"architecture": "of another program"}')
    with pytest.raises(TrainingError, match=f"{name} .*replace.*se another --run"):
        run(settings(roads), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert "another program" in (tmp_path / name).read_text()


def test_untrained_weights_without_a_state_are_written_anew(roads, tmp_path, monkeypatch):
    """As after a kill before the first state was saved."""
    with monkeypatch.context() as patch:
        patch.setattr(Training, "save_state", lambda self: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run(settings(roads), tmp_path)
    assert (tmp_path / "chk_last.pth").exists() and not (tmp_path / "optimizer.pth").exists()
    assert run(settings(roads), tmp_path)


@pytest.mark.parametrize("content", [{"state": {}, "epoch_idx": 41}, {"progress": {"steps": 3}}, [1]])
def test_the_state_of_another_program_is_named(content, roads, tmp_path):
    torch.save(content, tmp_path / "optimizer.pth")
    before = contents(tmp_path)
    with pytest.raises(
        TrainingError,
        match=r"optimizer\.pth is not the state of such.*Use another --run, or .* move chk_best\.pth and chk_last\.pth",
    ):
        run(settings(roads), tmp_path)
    assert contents(tmp_path) == before


def test_tensorboard_keeps_every_finished_epoch(roads, tmp_path):
    for epochs in (1, 2, 3):
        run(settings(roads, f"loop.epochs={epochs}"), tmp_path)
        time.sleep(1)  # TensorBoard orders files by second, process and number, where 10 comes before 9
    (log,) = tmp_path.glob("*_log")
    board = EventAccumulator(str(log)).Reload()
    lines = [line for line in (tmp_path / "training.log").read_text().splitlines() if line.startswith("epoch ")]
    told = [float(re.search(r"val_loss ([^,]+)", line)[1]) for line in lines]
    kept = board.Scalars("val_loss")
    assert [each.step for each in kept] == [0, 2, 4, 6]
    assert [each.value for each in kept] == pytest.approx(told)


@pytest.mark.parametrize("when", ["before", "with the last epoch", "after a failure", "finished"])
def test_a_stop_file_does_not_wait_for_the_next_training(when, roads, tmp_path, monkeypatch):
    stop = tmp_path / "stop"
    if when == "before":
        stop.touch()
    if when == "with the last epoch":
        monkeypatch.setattr(Training, "save_state", lambda self: stop.touch())
    if when == "finished":
        run(settings(roads), tmp_path)
        stop.touch()
    if when == "after a failure":
        stop.touch()
        with pytest.raises(TrainingError, match="no data to train on"):
            run(settings(roads, "data.sources=[]"), tmp_path)
    else:
        run(settings(roads), tmp_path)
    assert not stop.exists()


def test_what_an_error_advises_is_accepted(roads, tmp_path, monkeypatch):
    """A run that has not finished a step starts anew with other settings; one that has is safe."""
    with monkeypatch.context() as patch:
        patch.setattr(Training, "learn_step", lambda *_: torch.empty(2**52))
        with pytest.raises(
            TrainingError,
            match=r"out of memory.*raise loop\.accumulate.* lower loop\.batch.*with a new --run once a step",
        ):
            run(settings(roads, "loop.batch=2"), tmp_path)
    assert run(settings(roads, "loop.batch=1"), tmp_path)
    assert len(list(tmp_path.glob("*_log"))) == 1
    assert "out of memory" in (tmp_path / "interrupted.log").read_text()
    with pytest.raises(TrainingError, match=r"other settings: loop\.batch was 1, now 2\. Use another"):
        run(settings(roads, "loop.batch=2"), tmp_path)


def narrow_pspnet(roads, *changes):
    small = ["loop.batch=1", "loop.device=cpu", "loop.frames=[]", "task.small=true", "data.crop=0"]
    return override(PRESETS["0121_psp_ensemble_bdd"], [*small, f"data.sources=[paired_folder={roads}]", *changes])


def test_a_start_that_cannot_be_had_may_be_left_away(roads, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "empty"))
    monkeypatch.setattr("torch.hub.download_url_to_file", no_network)
    asked = narrow_pspnet(roads, "loop.epochs=0")
    with pytest.raises(TrainingError, match=r"or begin without them: --set task\.start=random"):
        run(asked, tmp_path / "run")
    assert run(override(asked, ["task.start=random"]), tmp_path / "run")


def no_network(*_, **__):
    raise OSError("no network")


def test_one_example_is_too_few_for_batch_norm(roads, tmp_path):
    asked = narrow_pspnet(roads, "task.start=random")
    with pytest.raises(TrainingError, match=r"needs two examples at once, here it gets 1: loop\.batch=1 over 1"):
        run(asked, tmp_path)
    with pytest.raises(ValueError, match="of something else"), explain_batch_norm(asked.loop, Share(1)):
        raise ValueError("of something else")


def test_a_partial_data_set_is_taken_when_told_and_counted(tmp_path, caplog, capsys):
    for split in ("train", "val"):
        name = f"{split}/aachen/aachen_000000_000019"
        write_image(tmp_path / f"leftImg8bit/{name}_leftImg8bit.png", np.full((32, 64, 3), 90, np.uint8))
        write_image(tmp_path / f"gtFine/{name}_gtFine_labelIds.png", np.full((32, 64), 7, np.uint8))
    command = ["train", "0525_rbm_road", "--data", f"cityscapes={tmp_path}", "--run", str(tmp_path / "run")]
    command += [word for change in ("loop.epochs=0", "loop.batch=1", "loop.frames=[]") for word in ("--set", change)]
    assert main(command) == 2
    error = capsys.readouterr().err
    assert "'cityscapes-train' has 2975 frames, found 1" in error and "in trainings --partial" in error
    with caplog.at_level("INFO"):
        assert main([*command, "--partial"]) == 0
    assert "cityscapes-train: 1 frames to learn from" in caplog.text
    assert "cityscapes-val: 1 frames to validate with" in caplog.text
