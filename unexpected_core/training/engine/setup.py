"""What a training is made of before its first step: processes, what is trained at which rate, losses as a module."""

from __future__ import annotations

import atexit
import os
from collections.abc import Mapping

import torch
import torch.distributed as processes
from lightning_fabric import Fabric
from torch import Tensor, nn

from unexpected_core.devices import choose_device, native_bfloat16
from unexpected_core.training.engine.settings import LoopSettings
from unexpected_core.training.engine.task import Batch, Task


def parameter_groups(networks: nn.Module, rates: Mapping[str, float], learning_rate: float) -> list[dict]:
    """What is trained, one group for each factor on the learning rate. rates: see task.Task."""
    groups = {1.0: []} | {rate: [] for rate in rates.values()}
    for name, parameter in networks.named_parameters():
        if parameter.requires_grad:
            groups[next((rate for start, rate in rates.items() if name.startswith(start)), 1.0)].append(parameter)
    return [{"params": parameters, "rate": rate, "lr": rate * learning_rate} for rate, parameters in groups.items()]


def synchronise_batch_norms(networks: nn.Module) -> None:
    """Let batch norms see the batches of all processes, in place. A module that is applied several times stays one."""
    made: dict[nn.Module, nn.Module] = {}
    for parent in list(networks.modules()):
        for name, child in parent._modules.items():  # named_children() would leave out the second place of a child
            if isinstance(child, nn.modules.batchnorm._BatchNorm):
                made[child] = made.get(child) or nn.SyncBatchNorm.convert_sync_batchnorm(child)
                parent._modules[name] = made[child]


class Losses(nn.Module):
    """Networks and task as one module, so that Fabric can wrap them (autocast, DDP)."""

    def __init__(self, task: Task, networks: nn.ModuleDict) -> None:
        super().__init__()
        self.task, self.networks = task, networks

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """See Task.losses."""
        return self.task.losses(self.networks, batch)


def processes_of(options: LoopSettings) -> tuple[int, int]:
    """(machines, processes on each): those that torchrun made, or loop.nodes times loop.devices of our own."""
    local = int(os.environ.get("LOCAL_WORLD_SIZE", options.devices))
    return int(os.environ.get("WORLD_SIZE", options.nodes * local)) // local, local


def open_fabric(options: LoopSettings) -> Fabric:
    """Start the processes; see processes_of."""
    atexit.unregister(_leave)  # of the stage before; this one may fail
    nodes, local = processes_of(options)
    device = choose_device(options.device)
    if device.type == "cuda":
        torch.backends.cudnn.benchmark = True  # crops have one size
    fabric = Fabric(
        accelerator=device.type,
        devices=local,
        num_nodes=nodes,
        strategy="ddp" if local * nodes > 1 else "auto",
        precision=precision_on(device, options.precision),
    )
    fabric.launch()
    return fabric


def leave_at_exit() -> None:
    """After a training that ended well: leave the group of processes before Python ends. Fabric does so for GPUs only.

    A thread of gloo that lets go of a tensor while Python ends would end the process by SIGABRT. One that failed must
    not wait for what it had begun with the others: it would be for half an hour.
    """
    atexit.register(_leave)


def _leave() -> None:
    if processes.is_available() and processes.is_initialized():
        processes.destroy_process_group()


def precision_on(device: torch.device, wanted: str) -> str:
    """What `loop.precision` means on this device."""
    if wanted != "auto":
        return wanted
    return "bf16-mixed" if native_bfloat16(device) else "32-true"
