"""Runs a scorer on a GPU: bytes over the bus, all resizing on the device, and the whole frame as one CUDA graph."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from unexpected_core.pipeline.resizing import nearest_indices, resize_weights
from unexpected_core.pipeline.runner import Maps
from unexpected_core.pipeline.torch_runner import TorchRunner
from unexpected_core.scorers.base import Scorer

MOST_GRAPHS = 4
"""Graphs kept, one for each count, size and choice of outputs; the one that was not used for longest goes."""


class Prepared(NamedTuple):
    """A prepared batch: images of one size (not yet copied), and the size at which they are scored."""

    images: Sequence[np.ndarray]
    working: tuple[int, int]

    @property
    def shape(self) -> tuple[int, ...]:
        """[B, h, w, 3] at the working size."""
        return len(self.images), *self.working, 3


class CudaRunner(TorchRunner):
    """A scorer on a GPU; maps come back at the images' own size.

    compiled: by torch.compile; when that fails, it goes on without. graph: capture each kind of batch as a CUDA graph.
    """

    prepares_sizes = True

    def __init__(
        self, scorer: Scorer, device: torch.device, precision: str, compiled: bool = False, graph: bool = True
    ) -> None:
        super().__init__(scorer, device, precision)
        if compiled:
            self._program, self.runtime = torch.compile(self._eager), "compile"
        elif graph:
            self.runtime = "cuda_graph"
        self._captures, self._recent = graph, deque(maxlen=2 * MOST_GRAPHS)
        self._graphs: OrderedDict[tuple, FrameGraph] = OrderedDict()
        self._pool = torch.cuda.graph_pool_handle() if graph else None

    def prepare(self, images: Sequence[np.ndarray], working: tuple[int, int]) -> Prepared:
        """See Runner.prepare."""
        return Prepared(images, working)

    @torch.inference_mode()
    def score(self, batch: Prepared, resynthesis: bool = True) -> Maps:
        """See Runner.score: maps at the images' size."""
        with torch.cuda.device(self._device):
            found = self._guarded(lambda: self._run(batch, resynthesis), batch.shape)
        return self.checked(Maps(*found))

    def _run(self, batch: Prepared, resynthesis: bool) -> list[np.ndarray | None]:
        size = batch.images[0].shape[:2]
        key = (len(batch.images), size, batch.working, resynthesis)
        pays = key in self._graphs or pays_a_graph(key, self._recent, len(self._graphs) < MOST_GRAPHS)
        self._recent.append(key)
        if not self._captures or not pays:
            program = self._whole(size, batch.working, resynthesis)
            pixels = torch.from_numpy(np.stack(batch.images)).to(self._device)
            with self._convolutions():
                return [None if x is None else x.cpu().numpy() for x in program(pixels)]
        if key not in self._graphs:
            while len(self._graphs) >= MOST_GRAPHS:
                self._graphs.popitem(last=False)
            program = self._whole(size, batch.working, resynthesis)
            with self._convolutions(choose=True):
                self._graphs[key] = FrameGraph(program, (len(batch.images), *size, 3), self._device, self._pool)
            torch.cuda.empty_cache()  # what trying out convolutions took
        self._graphs.move_to_end(key)
        return self._graphs[key](batch.images)

    def _convolutions(self, choose: bool = False) -> AbstractContextManager:
        """float32 means float32, not the 10 bits of TF32. choose: let cuDNN try out which kernels are fastest."""
        exact = self.precision == "float32"
        return torch.backends.cudnn.flags(enabled=True, benchmark=choose, allow_tf32=not exact)

    def _whole(self, size: tuple[int, int], working: tuple[int, int], paint: bool) -> Callable:
        there = tuple(resize(a, b, self._device) for a, b in zip(size, working, strict=True))
        back = tuple(resize(a, b, self._device) for a, b in zip(working, size, strict=True))
        return partial(whole_frame, self._program, there, back, paint)

    def _use_eager(self) -> None:
        super()._use_eager()
        self._captures = False
        self._graphs.clear()


def pays_a_graph(key: tuple, recent: Sequence[tuple], room: bool) -> bool:
    """Whether to capture a kind of batch: the second in a row, or one that comes back while there is room for it.

    A capture takes as long as hundreds of frames, so kinds that come by turns must not drive each other out.
    """
    return key in recent and (room or key == recent[-1])


class Resize:
    """One axis from `source` to `target` pixels, by the rules of images.resize_image and resize_map."""

    def __init__(self, source: int, target: int, device: torch.device) -> None:
        self.same = source == target
        self.weights = torch.from_numpy(resize_weights(source, target)).to(device)  # [target, source]
        self.nearest = torch.from_numpy(nearest_indices(source, target)).to(device)  # [target]


@lru_cache(maxsize=4 * MOST_GRAPHS)
def resize(source: int, target: int, device: torch.device) -> Resize:
    """Resize, made once: where nothing is captured every frame asks for it."""
    return Resize(source, target, device)


Axes = tuple[Resize, Resize]


def whole_frame(
    program: Callable, there: Axes, back: Axes, paint: bool, images: Tensor
) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """RGB uint8 [B, H, W, 3] -> score float32 [B, H, W], labels uint8 [B, H, W], resynthesis uint8 [B, H, W, 3]."""
    score, labels, painted = program(_levels(resized(images, there)), paint)
    score = resized(score[..., None], back)[..., 0]
    if labels is not None:
        labels = labels.index_select(1, back[0].nearest).index_select(2, back[1].nearest)
    if painted is not None:
        painted = _levels(resized(painted, back))
    return score, labels, painted


def resized(values: Tensor, axes: Axes) -> Tensor:
    """[B, H, W, C] -> float32 [B, h, w, C]: each axis is one matrix product; as it is where nothing changes."""
    rows, columns = axes
    if not rows.same:
        values = torch.einsum("hH,bHwc->bhwc", rows.weights, values.float())
    if not columns.same:
        values = torch.einsum("wW,bhWc->bhwc", columns.weights, values.float())
    return values.contiguous()  # matrix products leave axes in an order of their own


def _levels(values: Tensor) -> Tensor:
    return values if values.dtype == torch.uint8 else values.round().clamp(0, 255).to(torch.uint8)


class FrameGraph:
    """One kind of batch captured: page-locked buffers on both sides, a stream of its own for copies and kernels."""

    def __init__(self, program: Callable, shape: Sequence[int], device: torch.device, pool: tuple) -> None:
        self._program = program  # the graph reads its matrices at each replay, but does not keep them
        self._host = torch.empty(tuple(shape), dtype=torch.uint8, pin_memory=True)
        self._input = torch.zeros(tuple(shape), dtype=torch.uint8, device=device)
        self._stream = torch.cuda.Stream(device)
        self._stream.wait_stream(torch.cuda.current_stream(device))
        with torch.cuda.stream(self._stream):
            for _ in range(3):  # libraries choose and prepare their kernels
                program(self._input)
        self._stream.synchronize()
        self._graph = torch.cuda.CUDAGraph()
        # other threads may use the device meanwhile
        with torch.cuda.graph(self._graph, pool=pool, stream=self._stream, capture_error_mode="thread_local"):
            self._outputs = program(self._input)
        self._found = [
            None if x is None else torch.empty(x.shape, dtype=x.dtype, pin_memory=True) for x in self._outputs
        ]
        self._done = torch.cuda.Event(blocking=False)

    def __call__(self, images: Sequence[np.ndarray]) -> list[np.ndarray | None]:
        """RGB uint8 [H, W, 3] each -> copies of the outputs."""
        pixels = self._host.numpy()
        for i, image in enumerate(images):
            pixels[i] = image
        with torch.cuda.stream(self._stream):
            self._input.copy_(self._host, non_blocking=True)
            self._graph.replay()
            for found, output in zip(self._found, self._outputs, strict=True):
                if output is not None:
                    found.copy_(output, non_blocking=True)
            self._done.record(self._stream)
        self._done.synchronize()
        return [None if found is None else found.numpy().copy() for found in self._found]
