"""Runs a scorer with torch on the processor: eager or compiled. Exhausted memory is its business too."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from unexpected_core.devices import choose_precision, describe_device, is_out_of_memory
from unexpected_core.log import LOGGER, first_line
from unexpected_core.pipeline.precision import try_bfloat16
from unexpected_core.pipeline.programs.store import open_program
from unexpected_core.pipeline.resizing import to_working
from unexpected_core.pipeline.runner import Maps, OutOfMemory, Runner
from unexpected_core.scorers.base import Scorer
from unexpected_core.scorers.served import Served

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


class TorchRunner(Runner):
    """A scorer on a device, eager until it is given a program."""

    runtime = "eager"
    prepares_sizes = False

    def __init__(self, scorer: Scorer, device: torch.device, precision: str) -> None:
        self._device, self.device = device, str(device)
        self.name, self.model_id = scorer.name, scorer.model_id
        self.working_height, self.step = scorer.working_height, scorer.step
        self.threshold, self.random_weights = scorer.threshold, scorer.random_weights
        scorer = scorer.eval().requires_grad_(False).to(device, memory_format=torch.channels_last)
        self.precision, self.why_precision = choose_precision(precision, device, lambda: try_bfloat16(scorer))
        dtype = DTYPES[self.precision]
        self.scorer = scorer if dtype == torch.bfloat16 else scorer.to(dtype)
        self._eager = Served(self.scorer, dtype).eval()
        self._program: Callable = self._eager

    def take_program(self, make: bool) -> None:
        """Run the compiled program from now on, if there is one; make: compile it otherwise. Raises RuntimeMissing."""
        program = open_program(self._eager, make)
        if program:
            self._program, self.runtime = program, "compile"

    @property
    def description(self) -> str:
        """Device, precision and runtime in words: 'cpu, float32, 2 threads, eager'."""
        return f"{describe_device(self._device, self.precision)}, {self.runtime}"

    def prepare(self, images: Sequence[np.ndarray], working: tuple[int, int]) -> Tensor:
        """See Runner.prepare: uint8 [B, h, w, 3]."""
        return torch.from_numpy(to_working(images, working))

    @torch.inference_mode()
    def score(self, batch: Tensor, resynthesis: bool = True) -> Maps:
        """See Runner.score: maps at the working size."""
        found = self._guarded(lambda: self._program(batch, resynthesis), batch.shape)
        return self.checked(Maps(*(None if x is None else x.contiguous().numpy() for x in found)))

    def _guarded[T](self, run: Callable[[], T], shape: Sequence[int]) -> T:
        """Run; where memory ends say so, and where another runtime than eager fails fall back to that."""
        try:
            return run()
        except Exception as error:
            if is_out_of_memory(error):
                raise self._out_of_memory(shape) from error
            if self.runtime == "eager":
                raise
            LOGGER.warning("%s failed (%s); going on without it", _NAMES[self.runtime], first_line(error))
            self._use_eager()
            return run()

    def _use_eager(self) -> None:
        self._program, self.runtime = self._eager, "eager"

    def _out_of_memory(self, shape: Sequence[int]) -> OutOfMemory:
        torch.cuda.empty_cache()
        count, height, width = shape[:3]
        return OutOfMemory(
            f"{self.device} ran out of memory scoring {count} image(s) at {width}x{height}: "
            "score fewer images at a time, or at a smaller scale"
        )


_NAMES = {"compile": "the compiled program", "cuda_graph": "the CUDA graph"}
