"""Where the time of a frame goes."""

from __future__ import annotations

import time

import torch


class Stopwatch:
    """Milliseconds by stage name. On CUDA each lap waits for the device, so that a stage pays for its own work."""

    def __init__(self, device: torch.device):
        self.timings: dict[str, float] = {}
        self._device = device
        self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        """End the stage that began at the last lap."""
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        now = time.perf_counter()
        self.timings[stage] = (now - self._last) * 1e3
        self._last = now
