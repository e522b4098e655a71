"""Whether half precision pays on this processor, and agrees: a trial at load."""

from __future__ import annotations

from collections.abc import Callable
from time import thread_time
from typing import Any

import torch

from unexpected_core.images import trial_image
from unexpected_core.log import LOGGER, first_line
from unexpected_core.scorers.base import Scorer
from unexpected_core.scorers.served import Served

SECONDS = 0.15
"""About how long is measured where the answer is not clear, of processor time."""
AGREES = 0.02
"""Greatest difference of scores in [0, 1] that all but a thousandth of the pixels may show."""
PAYS = 1.15
"""Half precision must be so many times as fast."""
CLEAR = 1.25
"""How far from that, as a factor, a single measurement leaves no doubt."""
SIZE = (192, 384)


def try_bfloat16(scorer: Scorer) -> tuple[str, str]:
    """What a scorer in float32 on the CPU is better computed in, 'bfloat16' or 'float32', and why."""
    if scorer.random_weights:
        return "float32", "untrained networks agree with nothing"
    if scorer.working_height is None:
        return "float32", "made for no size, so none to test bfloat16 at"
    try:
        return _compare(scorer)
    except Exception as error:  # a method that half precision breaks is no reason not to load it
        LOGGER.debug("bfloat16 failed", exc_info=True)
        return "float32", f"bfloat16 failed: {first_line(error)}"


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
    """How many times as fast `fast` is, on one thread and by its own time: other programs hardly disturb that.

    One turn of both is enough where the answer is clear; near PAYS the best of several counts.
    """
    best = [float("inf"), float("inf")]
    end = thread_time() + SECONDS
    while True:
        for i, run in enumerate((slow, fast)):
            start = thread_time()
            run()
            best[i] = min(best[i], thread_time() - start)
        gain = best[0] / best[1]
        if thread_time() >= end or not PAYS / CLEAR < gain < PAYS * CLEAR:
            return gain
