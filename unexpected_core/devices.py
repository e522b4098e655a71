"""Where networks run, and with which numbers. Torch is imported when it is needed: exported files do without."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


class DeviceError(ValueError):
    """A device that is not there; the message names those that are."""


def choose_device(name: str = "auto") -> torch.device:
    """'auto' -> CUDA when there is one, else CPU; otherwise the named device. Raises DeviceError."""
    import torch

    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        device = None
    if device is None or device.type not in ("cpu", "cuda"):
        raise DeviceError(f"unknown device '{name}': expected auto, cpu, cuda or cuda:N")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        found = ", ".join(f"cuda:{i}" for i in range(torch.cuda.device_count())) or "no CUDA device"
        raise DeviceError(f"device '{name}' is not available: found cpu and {found}; device=auto takes what is there")
    return device


def native_bfloat16(device: torch.device) -> bool:
    """Whether the device has instructions for bfloat16; without them it is many times slower than float32."""
    import torch

    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    used = getattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: False)  # by the library that convolves
    there = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return torch.backends.mkldnn.is_available() and bool(used()) and there


def choose_precision(wanted: str, device: torch.device, trial: Callable[[], tuple[str, str]]) -> tuple[str, str]:
    """The setting `precision` of a detector -> what its networks compute in, and why.

    auto: float16 on CUDA; on a CPU that has bfloat16, what the trial of these networks says.
    """
    if wanted != "auto":
        return wanted, "as set"
    if device.type == "cuda":
        return "float16", "CUDA computes it faster"
    return trial() if native_bfloat16(device) else ("float32", "this processor has no instructions for bfloat16")


def is_out_of_memory(error: Exception) -> bool:
    """Whether torch found no memory, on a GPU or on the processor (there it is a bare RuntimeError)."""
    import torch

    return isinstance(error, torch.OutOfMemoryError) or "allocate memory" in str(error)


def describe_device(device: torch.device, precision: str) -> str:
    """One line for logs: 'cpu, float32, 2 threads' or 'cuda:0 (name), float16'."""
    import torch

    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)}), {precision}"
    return f"{device}, {precision}, {torch.get_num_threads()} threads"


def processor_flags() -> set[str]:
    """Names of its instruction sets ('avx2', 'avx512_bf16', 'asimd', ...), as Linux gives them; empty elsewhere."""
    return set(" ".join(_values("flags") or _values("Features")).split())


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processor_name() -> str:
    """'AMD EPYC', or at least 'x86_64'."""
    return next(iter(_values("model name")), "") or platform.processor() or platform.machine()


def _values(key: str) -> list[str]:
    """What /proc/cpuinfo says of the first processor under a key: at most one value."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return []
    return [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith(key)][:1]
