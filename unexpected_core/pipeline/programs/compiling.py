"""Makes a scorer's program with AOTInductor, and tries it before anybody trusts it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from unexpected_core.images import trial_images
from unexpected_core.pipeline.precision import AGREES
from unexpected_core.pipeline.programs.program import Program, side_step
from unexpected_core.pipeline.runner import RuntimeMissing
from unexpected_core.scorers.served import Named, Served

CACHE = "TORCHINDUCTOR_CACHE_DIR"
"""What names the folder that Inductor compiles in."""
EXACT = 1e-4
"""Greatest difference of scores to eager in float32; in half precision AGREES, for 999 pixels of 1000."""
TRIALS = ((1, (96, 160)), (2, (75, 131)))
"""(images, (height, width)) that a new program is tried on."""


def compiler() -> str | None:
    """The C++ compiler that Inductor will use; None where it is not there."""
    return shutil.which(os.environ.get("CXX", "g++").split()[0])


@torch.no_grad()
def compile_program(eager: Served, target: Path, key: str) -> None:
    """Write the program for any number and size of images that `Program` lets through."""
    step = side_step(eager)
    sides = {1: step * torch.export.Dim("rows", min=2), 2: step * torch.export.Dim("columns", min=2)}
    free = {0: torch.export.Dim("batch", min=1)} | sides
    images = torch.from_numpy(trial_images(2, (256, 448)))
    named = Named(eager, images[:, :64, :64])
    options = {
        "freezing": True,  # weights become constants, laid out as the processor likes them
        "cpp.dynamic_threads": True,  # as many threads as run it, not as compiled it
        "compile_threads": 1,  # no processes that stay
        "aot_inductor.metadata": {"key": key, "outputs": " ".join(named.names)},
    }
    with _cache_of_its_own():
        graph = torch.export.export(named, (images,), dynamic_shapes={"images": free})
        torch._inductor.aoti_compile_and_package(graph, package_path=str(target), inductor_configs=options)


@contextmanager
def _cache_of_its_own() -> Iterator[None]:
    """The compiler's cache in a folder that is gone afterwards; by default it is one below /tmp that stays."""
    before = os.environ.get(CACHE)
    with tempfile.TemporaryDirectory(prefix="unexpected-") as folder:
        os.environ[CACHE] = folder
        try:
            yield
        finally:
            os.environ.pop(CACHE)
            if before is not None:
                os.environ[CACHE] = before


@torch.inference_mode()
def check(program: Program, eager: Served) -> None:
    """Raises RuntimeMissing where a program does not give what eager gives."""
    share, most = (1.0, EXACT) if eager.dtype == torch.float32 else (0.999, AGREES)
    for count, size in TRIALS:
        images = torch.from_numpy(trial_images(count, size))
        difference = (program(images, False)[0] - eager(images, False)[0]).abs().flatten().quantile(share)
        if not difference <= most:
            raise RuntimeMissing(f"its scores differ by {difference:.2g} from those of eager")
