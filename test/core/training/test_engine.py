"""Pieces of the training engine: half precision, frames of several sizes, shared batch norms, rates, averages."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins.precision import MixedPrecision
from torch import nn
from torch.utils.data import DataLoader

from unexpected_core.config import override
from unexpected_core.images import write_image
from unexpected_core.networks.bayes_segnet import BayesSegNet
from unexpected_core.training.engine import loop, sampler
from unexpected_core.training.engine import run as engine
from unexpected_core.training.engine.average import moving_average
from unexpected_core.training.engine.schedule import Schedule
from unexpected_core.training.engine.settings import OptimizerSettings
from unexpected_core.training.engine.setup import parameter_groups, synchronise_batch_norms
from unexpected_core.training.errors import TrainingError
from unexpected_core.training.presets import PRESETS

TINY = runpy.run_path(str(Path(__file__).with_name("tiny_training.py")))
run = TINY["run"]


@pytest.mark.parametrize("clip", [0.0, 5.0])
def test_half_precision_finds_its_scale(clip, tmp_path, monkeypatch):
    """Steps that overflow are skipped and lower the scale, with clipped gradients too. As on a GPU, but slowly."""
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**22)
    fabric = Fabric(accelerator="cpu", devices=1, plugins=[MixedPrecision("16-mixed", "cpu", scaler)])
    monkeypatch.setattr(loop, "open_fabric", lambda _: fabric)
    run(tmp_path, [f"optimizer.clip={clip}"])
    losses = [float(x) for x in re.findall(r"train_loss ([\d.]+)", (tmp_path / "training.log").read_text())]
    assert losses[-1] < losses[0]
    assert 2.0**8 < scaler.get_scale() < 2.0**21


def test_half_precision_goes_on_where_there_was_nothing_to_scale(tmp_path, monkeypatch):
    """Begun on a CPU, gone on with on a GPU: a CPU's state has no scale."""
    run(tmp_path, ["loop.precision=16-mixed", "loop.epochs=1"])
    assert torch.load(tmp_path / "optimizer.pth", weights_only=True)["precision"] == {}
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10)
    fabric = Fabric(accelerator="cpu", devices=1, plugins=[MixedPrecision("16-mixed", "cpu", scaler)])
    monkeypatch.setattr(loop, "open_fabric", lambda _: fabric)
    assert run(tmp_path, ["loop.precision=16-mixed", "loop.epochs=2"]).epoch == 2


@pytest.mark.parametrize("clip", [0.0, 5.0])
def test_gradients_that_are_no_numbers_reach_no_weights(clip, tmp_path):
    class Rooted(TINY["TinyTask"]):
        def losses(self, networks, batch):
            found = super().losses(networks, batch)
            zero = found["loss"] - found["loss"].detach()
            return found | {"loss": found["loss"] + zero.abs().sqrt()}  # slope 0 times infinity

    examples = TINY["TinyExamples"](8, "steady")
    settings = override(TINY["SETTINGS"], ["loop.epochs=20", f"optimizer.clip={clip}"])
    with pytest.raises(TrainingError, match=r"gradient = nan in epoch 10 at step 2"):
        loop.Training(settings, Rooted("steady"), examples, examples, tmp_path).run()
    state = torch.load(tmp_path / "optimizer.pth", weights_only=True)["networks"]
    assert all(value.isfinite().all() for value in state.values())


@pytest.mark.parametrize(("label", "silent"), [(255, False), (10, False), (0, True)])
def test_a_training_that_learns_from_nothing_says_so(label, silent, tmp_path, caplog):
    """A loss of 0 looks perfect; here no patch is road."""
    for split in ("train", "val"):
        picture = np.random.default_rng(0).integers(0, 256, (32, 48, 3), np.uint8)
        write_image(tmp_path / "data" / split / "a.png", picture)
        write_image(tmp_path / "data" / split / "a_trainIds.png", np.full((32, 48), label, np.uint8))
    small = ["loop.epochs=2", "loop.batch=1", "loop.device=cpu", "loop.frames=[]"]
    engine.run(
        override(PRESETS["0525_rbm_road"], [*small, f"data.sources=[paired_folder={tmp_path}/data]"]), tmp_path / "run"
    )
    told = [message for message in caplog.messages if "is exactly 0" in message]
    assert [message.split(":")[0] for message in told] == (
        ["loss is exactly 0 in the validation", "loss is exactly 0 in a whole epoch"] if not silent else []
    )


def test_one_module_stays_one_when_its_batch_norm_sees_all_processes():
    """BayesSegNet applies modules several times; two of one would each keep statistics of their own."""
    networks = nn.ModuleDict({"network": BayesSegNet(width=2)})
    keys, norms = list(networks.state_dict()), modules(networks, nn.BatchNorm2d)
    synchronise_batch_norms(networks)
    assert list(networks.state_dict()) == keys
    assert not modules(networks, nn.BatchNorm2d) and modules(networks, nn.SyncBatchNorm) == norms
    dec5 = networks["network"].dec5
    assert dec5[2] is dec5[5] is dec5[8] is dec5[11]


def modules(networks, kind):
    """Names of the modules of a kind, by module."""
    found = {}
    for name, module in networks.named_modules(remove_duplicate=False):
        if isinstance(module, kind):
            found.setdefault(module, []).append(name)
    return list(found.values())


def test_the_rate_that_is_told_is_one_that_something_learns_at():
    """Where only a part with a rate of its own learns, the group of the others is empty."""
    networks = nn.ModuleDict({"segmenter": nn.Linear(2, 3)})
    optimizer = torch.optim.AdamW(parameter_groups(networks, {"segmenter": 0.5}, 2e-3), lr=2e-3)
    schedule = Schedule(OptimizerSettings(learning_rate=2e-3, schedule="constant"), optimizer, 1, 1)
    schedule.before_step(1, 0)
    assert schedule.rate == 1e-3


def test_an_average_forgets_the_first_steps_of_a_short_training():
    """And moves by 1 - decay at each step of a long one."""
    networks = nn.ModuleDict({"a": nn.Linear(1, 1)})
    average = moving_average(networks, 0.998)
    for step in range(200):
        nn.init.constant_(networks["a"].weight, float(step > 0))
        average.update_parameters(networks)
    assert average.module["a"].weight.item() > 0.99
    average.n_averaged.fill_(10_000)
    nn.init.constant_(networks["a"].weight, 2.0)
    before = average.module["a"].weight.item()
    average.update_parameters(networks)
    assert average.module["a"].weight.item() == pytest.approx(before + 0.002 * (2 - before), abs=1e-6)


class Sized:
    """Numbered images of these widths."""

    def __init__(self, *widths):
        self.widths = widths
        self.keys = [str(width) for width in widths]

    def __len__(self):
        return len(self.widths)

    def example(self, index, random):
        return {"image": np.full((3, 2, self.widths[index]), index, np.uint8)}


@pytest.mark.parametrize("workers", [0, 1])
def test_validation_takes_frames_of_several_sizes_as_they_come(workers):
    batches = sampler.validation_batches(Sized(4, 4, 4, 6, 6, 4, 4), 3, 0, 0, 1, workers)
    shapes = [(batch["image"].shape[0], batch["image"].shape[3]) for batch in batches]
    assert shapes == [(3, 4), (2, 6), (1, 4), (1, 4)]


@pytest.fixture
def two_sizes(tmp_path):
    """`data.sources` of roads 32x64 and 40x80."""
    for height, width in ((32, 64), (40, 80)):
        for name in ("train/a", "train/b", "val/a"):
            write_image(tmp_path / f"{height}/{name}.png", np.full((height, width, 3), 90, np.uint8))
            write_image(tmp_path / f"{height}/{name}_trainIds.png", np.zeros((height, width), np.uint8))
    return f"data.sources=[paired_folder={tmp_path / '32'}, paired_folder={tmp_path / '40'}]"


def test_sets_of_several_sizes_are_joined_where_crops_have_one(two_sizes, tmp_path):
    small = ["loop.epochs=1", "loop.batch=4", "loop.batch_val=2", "loop.device=cpu", "loop.frames=[]", two_sizes]
    settings = override(PRESETS["0525_rbm_road"], small)
    assert engine.run(override(settings, ["data.crop=[32,64]"]), tmp_path / "crops")
    with pytest.raises(
        TrainingError, match=r"one batch .*found (32x64, 40x80|40x80, 32x64): .*data\.crop.*loop\.batch=1"
    ):
        engine.run(settings, tmp_path / "whole")
    assert engine.run(override(settings, ["loop.batch=1"]), tmp_path / "whole")


LEAVING = """
import atexit, sys
import torch.distributed as processes
atexit.register(lambda: print("still in it" if processes.is_initialized() else "left"))  # the first is the last called
import tiny_training
processes.init_process_group("gloo", store=processes.HashStore(), rank=0, world_size=1)
for folder, rows in zip(sys.argv[1:], (13, 0)):
    tiny_training.run(folder, ["loop.epochs=1"], train=rows)
"""


@pytest.mark.parametrize(("folders", "said", "code"), [(["well"], "left", 0), (["well", "badly"], "still in it", 1)])
def test_only_who_ended_well_leaves_the_group_of_processes(tmp_path, folders, said, code):
    """Who failed must not wait for the others."""
    command = [sys.executable, "-c", LEAVING, *(str(tmp_path / folder) for folder in folders)]
    here = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    done = subprocess.run(command, env=here, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (code, said), done.stderr


def test_a_training_on_the_processor_pins_no_memory_for_a_gpu(tmp_path, monkeypatch):
    """That would make a context on one that is there, of hundreds of mebibytes."""
    pinned = []

    class Loader(DataLoader):
        def __init__(self, *arguments, pin_memory, **options):
            pinned.append(pin_memory)
            super().__init__(*arguments, **options)

    monkeypatch.setattr(sampler, "DataLoader", Loader)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(loop.Training, "learn_step", lambda *_: {"loss": 1.0})  # PyTorch's own would ask the GPU
    run(tmp_path, ["loop.epochs=1"])
    assert pinned == [False] * 3  # two validations and an epoch
