"""The training loop: one for all tasks. Read `Training` from top to bottom.

To resume, run it again with the same arguments. Random numbers are functions of (seed, epoch, step) and of
(seed, epoch, example), never of what happened before, so a resumed CPU training ends with the same bits.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from contextlib import nullcontext
from pathlib import Path

import torch
import torch.distributed as processes
from torch import Tensor, nn

from unexpected_core.log import LOGGER
from unexpected_core.log import progress as show_progress
from unexpected_core.stopping import stop_requests, until
from unexpected_core.training.engine import sampler
from unexpected_core.training.engine.average import in_use, mean_of_epochs, moving_average
from unexpected_core.training.engine.checkpoint import (
    BEST,
    LAST,
    MEAN,
    STOP,
    Progress,
    fingerprint,
    load_state,
    published_weights,
    remove_leftovers,
    save_state,
    save_weights,
)
from unexpected_core.training.engine.explain import (
    explain_batch_norm,
    explain_memory,
    not_finite,
    tell_nothing_counts,
)
from unexpected_core.training.engine.muon import Muon
from unexpected_core.training.engine.recorder import Recorder
from unexpected_core.training.engine.schedule import Schedule
from unexpected_core.training.engine.setup import (
    Losses,
    leave_at_exit,
    open_fabric,
    parameter_groups,
    synchronise_batch_norms,
)
from unexpected_core.training.engine.task import Batch, Examples, Task
from unexpected_core.training.errors import TrainingError
from unexpected_core.training.settings import TrainingSettings

OPTIMIZERS = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "muon": Muon}
SKIPS = 20
"""Steps in a row that may be skipped for gradients that are not finite."""


class Training:
    """One training in one run folder, up to the epoch limit."""

    def __init__(
        self,
        settings: TrainingSettings,
        task: Task,
        examples: Examples,
        validation: Examples,
        folder: Path,
        outer: Path | None = None,
    ) -> None:
        """outer: see engine.run. Raises TrainingError for batches that cannot be divided, little data, bad states."""
        self.settings, self.task, self.folder = settings, task, folder
        self.examples, self.validation = examples, validation
        self.stop_files = [place / STOP for place in (folder, outer) if place]
        self.options = options = settings.loop
        self.fabric = fabric = open_fabric(options)
        self.on_gpu = fabric.device.type == "cuda"
        self.share = sampler.Share(options.batch, options.accumulate, fabric.global_rank, fabric.world_size)
        self.steps = sampler.steps_per_epoch(len(examples), options.batch, options.epoch_examples)
        if not len(validation):
            raise TrainingError("no validation examples: name a split that has some (data.val), or use more data")
        self.build()
        self.skipped = 0
        if fabric.is_global_zero:
            remove_leftovers(folder)
        self.recorder = Recorder(folder, fabric.is_global_zero)
        self.progress = load_state(folder, self.moving) or Progress()  # go on where the saved state ends

    def build(self) -> None:
        """Networks, optimiser, schedule, and perhaps an average of the weights; `moving`: what a state holds."""
        task, fabric, options, o = self.task, self.fabric, self.options, self.settings.optimizer
        torch.manual_seed(sampler.seed_of(options.seed))
        self.networks = task.build()
        if fabric.world_size > 1 and self.on_gpu:
            synchronise_batch_norms(self.networks)
        trained = parameter_groups(self.networks, getattr(task, "rates", {}), o.learning_rate)
        optimizer = OPTIMIZERS[o.method](trained, lr=o.learning_rate, betas=o.betas, weight_decay=o.weight_decay)
        self.schedule = Schedule(o, optimizer, options.epochs, self.steps)
        self.losses, self.optimizer = fabric.setup(Losses(task, self.networks), optimizer)
        self.average = moving_average(self.networks, options.average)
        self.moving = {"networks": self.networks, "optimizer": optimizer, "schedule": self.schedule}
        self.moving |= {"precision": fabric.strategy.precision}
        self.moving |= {"average": self.average} if self.average else {}
        self.mean = mean_of_epochs(self.networks) if getattr(options, "publish", "") == MEAN else None
        self.moving |= {MEAN: self.mean} if self.mean else {}

    def run(self) -> Progress:
        """Train until the epoch limit or the stop file. Raises TrainingError; the saved state is then intact."""
        if self.progress.started and self.progress.epoch >= self.options.epochs:
            self.restore_weights()
            return self.progress
        # What is recorded at the step of the saved state is whole: the state was saved after it.
        self.recorder.start(self.progress.log_bytes, self.done_steps + self.progress.started)
        alone = self.fabric.world_size == 1  # several processes could not leave at the same step
        with (
            explain_memory(self.settings),
            explain_batch_norm(self.options, self.share),
            stop_requests() if alone else nullcontext(lambda: False) as self.asked,
        ):
            if not self.progress.started:
                self.start()
            elif self.progress.epoch or self.progress.step:
                LOGGER.info("resuming after %d epochs and %d steps", self.progress.epoch, self.progress.step)
                self.tell_other_data()
                self.tell_other_validation()
            self.note_data()
            while self.progress.epoch < self.options.epochs and not self.stop_asked():
                self.learn_epoch(self.progress.epoch + 1)
        self.recorder.close()
        leave_at_exit()
        return self.progress

    def start(self) -> None:
        """Say what is learned from, and measure the untrained networks: the first to beat."""
        self.recorder.line(
            f"{self.settings.name}: {len(self.examples)} examples, {self.steps} steps of "
            f"{self.options.batch} per epoch, {len(self.validation)} validation examples"
        )
        self.progress.started = True
        self.note_data()
        self.finish_epoch(0, {})

    def note_data(self) -> None:
        """Note what is learned from, for the run that goes on from the saved state."""
        self.progress.examples, self.progress.keys = len(self.examples), fingerprint(self.examples.keys)
        self.progress.validation = fingerprint(self.validation.keys)

    def tell_other_data(self) -> None:
        """Where the data are others since the state was saved: say so, and begin the epoch anew, in their order."""
        progress, now = self.progress, len(self.examples)
        others = progress.keys not in ("", fingerprint(self.examples.keys))
        if others or progress.examples not in (0, now):
            before = f"{progress.examples}{' other' if progress.examples == now else ''} examples"
            LOGGER.warning("%s learned from %s, now there are %d", self.folder, before, now)
            text = f"from epoch {progress.epoch + 1} on: {now} examples, {self.steps} steps of {self.options.batch}"
            self.recorder.line(f"{text} per epoch (there were {before})")
            progress.step, progress.sums = 0, {}

    def tell_other_validation(self) -> None:
        """Where other examples validate than before, what went is not to be compared: say so, and measure it anew."""
        progress, now = self.progress, len(self.validation)
        if progress.validation in ("", fingerprint(self.validation.keys)):
            return
        LOGGER.warning("%s was validated with other examples than the %d there are now", self.folder, now)
        found = self.validate()
        self.check_finite(found, progress.epoch, None)
        self.schedule.begin_from(found["loss"])
        progress.best, progress.best_epoch = found["loss"], progress.epoch
        text = f"from epoch {progress.epoch + 1} on: {now} other validation examples, loss {found['loss']:.8g} to beat"
        self.recorder.line(text)
        self.note_data()
        self.save_weights(best=True)
        self.save_state()

    def learn_epoch(self, epoch: int) -> None:
        """The rest of an epoch (all of it, unless resumed), its validation and its checkpoint."""
        progress, options, remaining = self.progress, self.options, range(self.progress.step, self.steps)
        batches = sampler.training_batches(
            *(self.examples, self.share, options.seed, epoch, remaining, options.workers, self.on_gpu)
        )
        if self.fabric.is_global_zero:
            batches = show_progress(batches, f"epoch {epoch}", len(remaining))
        saved = time.monotonic()
        for step, parts in zip(remaining, until(self.asked, batches), strict=False):
            losses = self.learn_step(parts, epoch, step)
            progress.step = step + 1
            progress.sums = {name: progress.sums.get(name, 0.0) + value for name, value in losses.items()}
            if time.monotonic() - saved >= options.checkpoint_seconds and progress.step < self.steps:
                self.save_state()
                saved = time.monotonic()
        self.leave_if_asked()  # a validation may take longer than whoever asked will wait
        self.finish_epoch(epoch, {name: total / self.steps for name, total in progress.sums.items()})
        self.leave_if_asked()

    def leave_if_asked(self) -> None:
        """Where a signal has asked to stop: save what was learned, and raise KeyboardInterrupt."""
        if not self.asked():
            return
        if self.progress.epoch or self.progress.step:
            self.save_state()
        done = f"{self.progress.epoch} epochs and {self.progress.step} steps"
        LOGGER.info("stopped after %s; the same command goes on from there", done)
        raise KeyboardInterrupt

    def learn_step(self, parts: list[Batch], epoch: int, step: int) -> dict[str, float]:
        """One optimiser step; returns the losses before it, means over the whole batch."""
        self.networks.train()
        self.schedule.before_step(epoch, step)
        values = self.gradients(parts, epoch, step)
        self.check_finite(values, epoch, step)
        if self.clipped(epoch, step):
            self.optimizer.step()
        self.optimizer.zero_grad()
        if self.average:
            self.average.update_parameters(self.networks)
        return values

    def gradients(self, parts: list[Batch], epoch: int, step: int) -> dict[str, float]:
        """Forward and backward through all parts of a batch; returns the mean losses of all processes."""
        losses: dict[str, Tensor] = {}
        for number, part in enumerate(parts):
            torch.manual_seed(sampler.seed_of(self.options.seed, epoch, step, number, self.fabric.global_rank))
            with self.fabric.no_backward_sync(self.losses, enabled=number < len(parts) - 1):
                found = self.losses(self.fabric.to_device(part))
                self.fabric.backward(found["loss"] / len(parts))
            losses = {name: losses.get(name, 0) + value.detach() / len(parts) for name, value in found.items()}
        means = self.fabric.all_reduce(torch.stack([value.double() for value in losses.values()]), reduce_op="mean")
        return dict(zip(losses, means.tolist(), strict=True))

    def clipped(self, epoch: int, step: int) -> bool:
        """Clip the gradients, if asked to; False where they are not finite, so that the step must be skipped.

        Some processors compute some half-precision gradients wrongly, now and then. Raises TrainingError where no other
        come.
        """
        limit = self.settings.optimizer.clip or math.inf
        norm = self.fabric.clip_gradients(self.losses, self.optimizer, max_norm=limit, error_if_nonfinite=False)
        if math.isfinite(norm):
            self.skipped = 0
            return True
        self.skipped += 1
        if scaler := getattr(self.fabric.strategy.precision, "scaler", None):  # 16-mixed: too great a scale is normal
            scaler.update()
        LOGGER.warning("gradients of step %d in epoch %d are not finite: skipped", step + 1, epoch)
        if self.skipped == SKIPS:
            self.check_finite({"gradient": float(norm)}, epoch, step)
        return False

    def finish_epoch(self, epoch: int, means: dict[str, float]) -> None:
        """Validate, record, and save everything. Until the validation ends, all steps of the epoch are its progress."""
        progress = self.progress
        found = self.validate()
        self.check_finite(found, epoch, None)
        tell_nothing_counts(epoch, means, found)
        self.schedule.after_validation(found["loss"])
        best = found["loss"] < progress.best
        if best:
            progress.best, progress.best_epoch = found["loss"], epoch
        progress.epoch, progress.step, progress.sums = epoch, 0, {}
        if self.mean:
            self.mean.update_parameters(self.networks_in_use)
        self.record(epoch, means, found, best)
        self.save_weights(best)
        self.save_state()

    def record(self, epoch: int, means: dict[str, float], found: dict[str, float], best: bool) -> None:
        """An epoch's curves, pictures and line. means, found: losses of the training and of the validation."""
        values = {f"train_{name}": value for name, value in means.items()}
        values |= {f"val_{name}": value for name, value in found.items()}
        values["learning_rate"] = self.schedule.rate
        self.recorder.scalars(values, self.done_steps)
        self.draw_frames(epoch)
        text = ", ".join(f"{name} {value:.8g}" for name, value in values.items())
        self.recorder.line(f"epoch {epoch}: {text}{', best so far' if best else ''}")

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Mean losses over the validation examples."""
        rank, world, o = self.fabric.global_rank, self.fabric.world_size, self.options
        networks = self.networks_in_use.eval()
        sums: Counter[str] = Counter()
        batches = sampler.validation_batches(self.validation, o.batch_val, o.seed, rank, world, o.workers, self.on_gpu)
        for number, batch in enumerate(until(self.asked, batches)):
            torch.manual_seed(sampler.seed_of(o.seed, 0, number * world + rank))
            with self.fabric.autocast():
                found = self.task.losses(networks, self.fabric.to_device(batch))
            count = len(next(iter(batch.values())))
            sums.update({name: value.item() * count for name, value in found.items()})
        self.leave_if_asked()
        total = sum_over_processes(sums, world)
        return {name: value / len(self.validation) for name, value in total.items()}

    @torch.no_grad()
    def draw_frames(self, epoch: int) -> None:
        """Pictures of the sample frames, by the first process."""
        if not self.fabric.is_global_zero:
            return
        frames = [i for i in self.options.frames if i < len(self.validation)]
        for key, batch in sampler.some_examples(self.validation, frames, self.options.seed):
            torch.manual_seed(sampler.seed_of(self.options.seed, 0))
            with self.fabric.autocast():
                pictures = self.task.pictures(self.networks_in_use.eval(), self.fabric.to_device(batch))
            self.recorder.pictures(epoch, self.done_steps, key, {kind: images[0] for kind, images in pictures.items()})

    @property
    def networks_in_use(self) -> nn.ModuleDict:
        """What is validated and published: the averaged networks where there are some."""
        return in_use(self.networks, self.average)

    @property
    def done_steps(self) -> int:
        """Optimiser steps since the beginning."""
        return self.progress.epoch * self.steps + self.progress.step

    def restore_weights(self) -> None:
        """Write chk_last.pth, and chk_best.pth where these are the best weights, if somebody has deleted them."""
        if self.fabric.is_global_zero and not (self.folder / LAST).exists():
            self.save_weights(self.progress.best_epoch == self.progress.epoch and not (self.folder / BEST).exists())

    def save_weights(self, best: bool) -> None:
        """What use needs, by the first process."""
        if self.fabric.is_global_zero:
            weights = published_weights(self.networks_in_use, self.task.published)
            save_weights(self.folder, weights, self.progress, self.recorder.run_name, best)

    def save_state(self) -> None:
        """What resuming needs, by the first process."""
        if self.fabric.is_global_zero:
            self.progress.log_bytes = self.recorder.log_bytes
            save_state(self.folder, self.progress, self.moving)

    def stop_asked(self) -> bool:
        """Whether a stop file was there; it is deleted. All processes get the same answer."""
        asked = self.fabric.is_global_zero and any(file.exists() for file in self.stop_files)
        if asked:
            for file in self.stop_files:
                file.unlink(missing_ok=True)
            LOGGER.info("stop file found: ended after epoch %d; the same command goes on", self.progress.epoch)
        return self.fabric.broadcast(asked)

    def check_finite(self, losses: dict[str, float], epoch: int, step: int | None) -> None:
        """Raise TrainingError when a loss is NaN or infinite, before it reaches weights or files.

        step: 0, 1, ..., or None for the validation.
        """
        if all(map(math.isfinite, losses.values())):
            return
        where = "in the validation"
        if step is not None:
            keys = sampler.keys_of_step(self.examples, self.options.seed, epoch, step, self.options.batch)
            where = f"at step {step + 1} (examples {', '.join(keys)})"
        raise not_finite(losses, f"in epoch {epoch} {where}", self.schedule.rate, self.options, self.folder)


def sum_over_processes(sums: Counter[str], world: int) -> Counter[str]:
    """Sums of this process -> those of all `world` processes."""
    if world == 1:
        return sums
    everyone: list[Counter[str]] = [sums] * world
    processes.all_gather_object(everyone, sums)
    total: Counter[str] = Counter()
    for theirs in everyone:
        total.update(theirs)  # `+` would drop what is not above 0
    return total
