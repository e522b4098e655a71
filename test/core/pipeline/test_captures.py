"""A CUDA graph must not copy between processor and device: shown on a GPU that torch only pretends to have."""

import gc
import traceback
import weakref
from functools import partial

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from unexpected_core.pipeline.cuda_runner import FrameGraph, Resize, pays_a_graph, resized, whole_frame
from unexpected_core.scorers import SCORERS, build_scorer
from unexpected_core.scorers.served import Served
from unexpected_core.structs import Scores

SIZE, WORKING = (97, 163), (64, 107)
CPU, GPU = torch.device("cpu"), torch.device("cuda")
CAPTURED = {
    "fast": torch.float16,
    "dropout": torch.float16,
    "iccv2019": torch.float32,
}  # its half needs autocast, which wants a real GPU
COPIES = ("aten.to.", "aten._to_copy.", "aten.copy_.")


class Crossings(TorchDispatchMode):
    """Remembers every operation on tensors of both devices. Single numbers are passed by value: those are no copies."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        result = operation(*args, **(kwargs or {}))
        tensors = [x for x in tree_leaves((args, kwargs, result)) if isinstance(x, torch.Tensor)]
        if len({x.device.type for x in tensors if x.ndim or str(operation).startswith(COPIES)}) > 1:
            ours = [f"{f.filename}:{f.lineno}" for f in traceback.extract_stack() if "unexpected_core" in f.filename]
            self.found.append(f"{operation} at {ours[-1] if ours else 'unknown'}")
        return result


def onto_pretended_gpu(module: nn.Module, dtype: torch.dtype) -> nn.Module:
    for part in module.modules():
        for tensors, wrap in ((part._parameters, lambda x: nn.Parameter(x, False)), (part._buffers, lambda x: x)):
            for name, x in tensors.items():
                if x is not None:
                    kind = dtype if x.is_floating_point() else x.dtype
                    tensors[name] = wrap(torch.empty(x.shape, dtype=kind, device="cuda"))
    return module


def crossings(scorer: nn.Module, dtype: torch.dtype) -> tuple[list[str], tuple]:
    """A whole frame on a pretended GPU -> what crossed between the devices, and the outputs."""
    scorer = scorer.eval().requires_grad_(False)
    with FakeTensorMode(allow_non_fake_inputs=True), torch.inference_mode():
        program = Served(onto_pretended_gpu(scorer, dtype), dtype)
        there = tuple(Resize(a, b, GPU) for a, b in zip(SIZE, WORKING, strict=True))
        back = tuple(Resize(a, b, GPU) for a, b in zip(WORKING, SIZE, strict=True))
        images = torch.zeros((2, *SIZE, 3), dtype=torch.uint8, device="cuda")
        with Crossings() as seen:
            outputs = whole_frame(program, there, back, True, images)
    return seen.found, outputs


@pytest.mark.parametrize("name", CAPTURED)
def test_a_frame_stays_on_its_device(name):
    scorer = build_scorer(name, **SCORERS[name].small).eval()
    scorer.fuse()
    found, outputs = crossings(scorer, CAPTURED[name])
    assert not found, "\n".join(found)
    outputs = [x for x in outputs if x is not None]
    assert all(x.device.type == "cuda" and x.is_contiguous() for x in outputs)
    assert [x.dtype for x in outputs] == [torch.float32, torch.uint8, torch.uint8][: len(outputs)]
    assert [tuple(x.shape) for x in outputs] == [(2, *SIZE), (2, *SIZE), (2, *SIZE, 3)][: len(outputs)]


class Pretended:
    """What FrameGraph needs of streams, events and graphs, on a processor."""

    def __init__(self, *arguments, **options) -> None:
        pass

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None

    def nothing(self, *arguments) -> None:
        pass

    wait_stream = synchronize = record = replay = nothing


def test_a_graph_keeps_what_it_reads(monkeypatch):
    """A captured graph holds addresses only: matrices that were freed after the capture are read all the same."""
    for name in ("Stream", "stream", "current_stream", "CUDAGraph", "graph", "Event"):
        monkeypatch.setattr(torch.cuda, name, Pretended)
    empty = torch.empty
    monkeypatch.setattr(torch, "empty", lambda *shape, pin_memory=False, **options: empty(*shape, **options))
    axes = tuple(Resize(a, b, CPU) for a, b in zip(SIZE, WORKING, strict=True))
    matrix = weakref.ref(axes[0].weights)
    graph = FrameGraph(partial(resized_only, axes), (1, *SIZE, 3), CPU, (0, 0))
    del axes
    gc.collect()
    assert matrix() is not None
    del graph
    gc.collect()
    assert matrix() is None


def test_kinds_of_batches_that_come_by_turns_are_captured_while_there_is_room():
    front, rear, left = ("front",), ("rear",), ("left",)
    assert not pays_a_graph(front, [], True) and pays_a_graph(front, [rear, front], True)
    assert pays_a_graph(front, [rear, front, rear], True) and not pays_a_graph(left, [front, rear], True)
    assert pays_a_graph(front, [rear, front], False) and not pays_a_graph(front, [front, rear], False)


def resized_only(axes, images):
    return (resized(images, axes),)


def test_what_crosses_is_found():
    class Picks(nn.Module):
        calibration = None

        def forward(self, images):
            return Scores(images[:, [0, 2]].mean(1))

    found, _ = crossings(Picks(), torch.float32)
    assert len(found) == 1 and found[0].startswith(COPIES) and "served.py" in found[0]
