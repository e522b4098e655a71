"""A training that is killed and resumed ends with the same bits; so does one with other workers or processes."""

import multiprocessing
import os
import random
import re
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from unexpected_core.config import override
from unexpected_core.training.engine import sampler
from unexpected_core.training.engine.checkpoint import read_progress
from unexpected_core.training.engine.loop import Training

pytestmark = pytest.mark.timeout(1800)  # these seconds become minutes on a busy machine
TINY = Path(__file__).with_name("tiny_training.py")


@pytest.fixture(scope="module")
def processes():
    """Starts programs in fresh processes that have torch loaded already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["unexpected_core.training.engine.loop", "torch.utils.tensorboard"])
    return context


def start(processes, folder, *assignments, kind="stochastic"):
    arguments = [str(folder), kind, *assignments]
    process = processes.Process(target=runpy.run_path, args=(str(TINY), {"ARGUMENTS": arguments}, "__main__"))
    process.start()
    return process


def train(processes, folder, *assignments, kind="stochastic"):
    process = start(processes, folder, *assignments, kind=kind)
    process.join(600)
    assert process.exitcode == 0
    return folder


def content(folder):
    """All that must be the same bits: published weights, everything that moves, the log."""
    files = [torch.load(folder / f"{name}.pth", weights_only=True) for name in ("chk_best", "chk_last", "optimizer")]
    for weights in files[:2]:
        weights["state"].pop("run_name")  # holds the date
    return flat(files), (folder / "training.log").read_text()


def flat(value):
    if isinstance(value, torch.Tensor):
        return str(value.dtype), tuple(value.shape), value.numpy().tobytes()
    if isinstance(value, dict):
        return [(key, flat(each)) for key, each in value.items()]
    return [flat(each) for each in value] if isinstance(value, list | tuple) else value


def kill_at_random_moment(process, folder, moments):
    """While starting, or up to 0.15 s after it has saved its first state; returns whether it was still running."""
    state = folder / "optimizer.pth"
    before = state.stat().st_mtime_ns if state.exists() else 0
    if moments.random() < 0.25:
        process.join(0.4 * moments.random())
    else:
        while process.is_alive() and (not state.exists() or state.stat().st_mtime_ns == before):
            process.join(0.002)
        process.join(0.15 * moments.random())
    alive = process.is_alive()
    if alive:
        os.kill(process.pid, signal.SIGKILL)
    process.join()
    return alive


@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.slow)])
def test_killed_and_resumed_is_the_same_to_the_last_bit(processes, tmp_path, kills):
    epochs, moments = f"loop.epochs={max(12, 2 * kills)}", random.Random(kills)
    uninterrupted = train(processes, tmp_path / "uninterrupted", epochs)
    folder = tmp_path / "killed"
    killed = sum(kill_at_random_moment(start(processes, folder, epochs), folder, moments) for _ in range(kills))
    assert killed == kills
    train(processes, folder, epochs)
    assert content(folder) == content(uninterrupted)
    assert not list(folder.rglob(".*")), "temporary files of killed processes stayed behind"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_training_after_the_step_that_it_is_at(processes, tmp_path, number):
    """Sent to its helpers, too, as a terminal's Ctrl-C is, at whatever moment after the first state was saved."""
    options = ["loop.epochs=2", "loop.epoch_examples=800", "loop.checkpoint_seconds=600", "loop.workers=2"]
    uninterrupted = train(processes, tmp_path / "uninterrupted", *options)
    folder, state = tmp_path / "stopped", tmp_path / "stopped/optimizer.pth"
    command = [sys.executable, str(TINY), str(folder), "stochastic", *options]
    heeds = signal.signal(signal.SIGINT, signal.default_int_handler)  # tests in the background of a script do not
    try:
        stopped = subprocess.Popen(command, start_new_session=True, stderr=subprocess.PIPE, text=True)
    finally:
        signal.signal(signal.SIGINT, heeds)
    try:
        while stopped.poll() is None and not (state.exists() and read_progress(folder).epoch == 0):
            time.sleep(0.01)
        os.killpg(stopped.pid, number)
        errors = stopped.communicate(timeout=120)[1]
    finally:
        stopped.kill()
    assert stopped.returncode and "KeyboardInterrupt" in errors and "DataLoader" not in errors.splitlines()[-1], errors
    train(processes, folder, *options)
    assert content(folder) == content(uninterrupted)


@pytest.mark.parametrize(
    ("moment", "times", "there"),
    [
        ((False, 1), 1, None),  # at the untrained networks' validation, which is made again
        ((True, 2), 1, (0, 2)),
        ((True, 2), 2, (0, 2)),  # timeout(1) sends it to the process and to its group
        ((True, 3), 1, (0, 3)),  # the epoch's last step: the validation waits
        ((False, 5), 1, (0, 3)),  # within the validation at its end
        ((False, 9), 1, (1, 3)),
    ],
)
def test_what_was_learned_by_the_time_of_a_signal_is_saved_and_gone_on_with(tmp_path, moment, times, there):
    """moment: (in a step, the so-manieth call of `losses` of that kind); there: epochs and steps that are saved."""
    tiny, calls = runpy.run_path(str(TINY)), {True: 0, False: 0}
    settings = override(tiny["SETTINGS"], ["loop.epochs=2", "loop.checkpoint_seconds=600", "loop.batch_val=2"])

    class Signalled(tiny["TinyTask"]):
        def losses(self, networks, batch):
            calls[torch.is_grad_enabled()] += 1
            if (torch.is_grad_enabled(), calls[torch.is_grad_enabled()]) == moment:
                for _ in range(times):
                    signal.raise_signal(signal.SIGTERM)
            return super().losses(networks, batch)

    def learn(task, folder):
        Training(settings, task, *(tiny["TinyExamples"](count, "stochastic") for count in (13, 7)), folder).run()

    learn(tiny["TinyTask"]("stochastic"), tmp_path / "uninterrupted")
    folder = tmp_path / "stopped"
    with pytest.raises(KeyboardInterrupt):
        learn(Signalled("stochastic"), folder)
    assert calls[moment[0]] == moment[1], "it went on after the signal"
    progress = read_progress(folder)
    assert (progress and (progress.epoch, progress.step)) == there
    learn(tiny["TinyTask"]("stochastic"), folder)
    assert content(folder) == content(tmp_path / "uninterrupted")


def test_a_signal_to_all_processes_leaves_the_loaders_workers_to_the_first(tmp_path):
    """Else their end is an exception in the first one, in whatever it does: a step, or the validation."""
    tiny = runpy.run_path(str(TINY))
    batches = sampler.training_batches(tiny["TinyExamples"](40, "plain"), sampler.Share(2), 1, 1, range(20), 2)
    found = [next(batches)]  # of one worker: the other may be starting
    workers = multiprocessing.active_children()
    subprocess.run(["kill", "-TERM", *(str(worker.pid) for worker in workers)], check=True)
    assert len(workers) == 2 and len([*found, *batches]) == 20
    batches.close()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0]


def test_the_first_process_ends_workers_at_once():
    tiny = runpy.run_path(str(TINY))
    batches = sampler.training_batches(tiny["TinyExamples"](40, "plain"), sampler.Share(2), 1, 1, range(20), 1)
    next(batches)
    (worker,) = multiprocessing.active_children()
    worker.terminate()
    worker.join(60)
    assert worker.exitcode == 0


def test_same_seed_same_bits_whatever_the_number_of_workers(processes, tmp_path):
    one = train(processes, tmp_path / "one", "loop.epochs=1")
    assert content(train(processes, tmp_path / "workers", "loop.epochs=1", "loop.workers=2")) == content(one)
    assert content(train(processes, tmp_path / "seed", "loop.epochs=1", "loop.seed=1")) != content(one)


def curves(folder):
    """The numbers of the log's epoch lines."""
    lines = [line for line in (folder / "training.log").read_text().splitlines() if line.startswith("epoch ")]
    return [[float(x) for x in re.findall(r" (-?[\d.]+(?:e-?\d+)?)", line.partition(":")[2])] for line in lines]


def test_two_processes_learn_as_one(processes, tmp_path):
    """The same batches of 4 in one process and, started by torchrun, in two."""
    (tmp_path / "two").mkdir()
    steady = ["loop.epochs=4", "optimizer.clip=0.5"]
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", str(TINY)]
    two = subprocess.Popen([*command, str(tmp_path / "two"), "steady", *steady], stderr=subprocess.PIPE, text=True)
    try:
        train(processes, tmp_path / "one", *steady, kind="steady")
        _, errors = two.communicate(timeout=600)
    finally:
        two.terminate()  # torchrun ends its processes; nothing to do where all went well
    assert two.returncode == 0, errors
    one, two = curves(tmp_path / "one"), curves(tmp_path / "two")
    assert [len(epoch) for epoch in one] == [3, 5, 5, 5, 5]  # losses, sharpness, learning rate
    assert one[-1][0] < one[1][0], "it does not learn"
    for first, second in zip(one, two, strict=True):
        assert second == pytest.approx(first, abs=1e-5)


def test_a_batch_in_parts_is_learned_as_in_one_piece(processes, tmp_path):
    one = curves(train(processes, tmp_path / "one", kind="plain"))
    parts = curves(train(processes, tmp_path / "parts", "loop.accumulate=4", kind="plain"))
    for first, second in zip(one, parts, strict=True):
        assert second == pytest.approx(first, abs=1e-5)
