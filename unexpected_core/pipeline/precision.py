"""Which numbers the networks compute in. Half precision is taken where a test at load shows that it pays and agrees."""

from __future__ import annotations

from collections.abc import Callable
from time import thread_time
from typing import Any

import numpy as np
import torch

from unexpected_core.images import trial_image
from unexpected_core.log import LOGGER
from unexpected_core.scorers.base import Scorer
from unexpected_core.scorers.served import Served

SECONDS = 0.15
"""About what the test may cost, of processor time."""
AGREES = 0.02
"""Greatest difference of scores in [0, 1] that all but a thousandth of the pixels may show."""
PAYS = 1.15
"""Half precision must be so many times as fast."""
SIZE = (192, 384)


def choose_precision(wanted: str, scorer: Scorer, device: torch.device) -> tuple[str, str]:
    """The setting `precision` -> what to compute in, and why. auto: float16 on CUDA; on the CPU what the test says.

    scorer: on the device, in float32.
    """
    if wanted != "auto":
        return wanted, "as set"
    if device.type == "cuda":
        return "float16", "CUDA computes it faster"
    if scorer.random_weights:
        return "float32", "untrained networks agree with nothing"
    if scorer.working_height is None:
        return "float32", "made for no size, so none to test bfloat16 at"
    if not torch.backends.mkldnn.is_available() or not _has_bfloat16():
        return "float32", "this processor has no instructions for bfloat16"
    try:
        return _compare(scorer)
    except Exception as error:  # a method that half precision breaks is no reason not to load it
        LOGGER.debug("bfloat16 failed", exc_info=True)
        return "float32", f"bfloat16 failed: {str(error).splitlines()[0]}"


def _has_bfloat16() -> bool:
    supported: Callable[[], Any] = getattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: False)
    return bool(supported()) and bool(getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)())


@torch.inference_mode()
def _compare(scorer: Scorer) -> tuple[str, str]:
    full = Served(scorer)
    half = Served(scorer, torch.bfloat16)
    photo = torch.from_numpy(trial_image(*SIZE))[None]
    score, rounded = full(photo, False)[0], half(photo, False)[0]
    difference = float((score - rounded).abs().flatten().quantile(0.999))
    if not difference <= AGREES:
        return "float32", f"bfloat16 differs by {difference:.3f}"
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        gain = _gain(lambda: full(photo, False), lambda: half(photo, False))
    finally:
        torch.set_num_threads(threads)
    said = f"bfloat16 is {gain:.1f} times as fast, and differs by {difference:.4f}"
    return ("bfloat16" if gain >= PAYS else "float32"), said


def _gain(slow: Callable[[], Any], fast: Callable[[], Any]) -> float:
    """How many times as fast `fast` is, on one thread and by its own time: other programs hardly disturb that."""
    best = [float("inf"), float("inf")]
    end = thread_time() + SECONDS
    while thread_time() < end or not np.isfinite(best).all():
        for i, run in enumerate((slow, fast)):
            start = thread_time()
            run()
            best[i] = min(best[i], thread_time() - start)
    return best[0] / best[1]
