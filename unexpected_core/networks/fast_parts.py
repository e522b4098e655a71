"""The four networks of a `fast` detector by the names that its weights bear."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from unexpected_core.networks.choices import SIZE, Size
from unexpected_core.networks.fast_comparer import CUES, Cue, FastComparer, direct_head
from unexpected_core.networks.fast_generator import FastGenerator
from unexpected_core.networks.fast_segmenter import FastSegmenter


def fast_parts(size: Size = SIZE, cues: Sequence[Cue] = CUES) -> dict[str, nn.Module]:
    """From random weights. cues: what the comparer looks at; the direct head compares nothing."""
    return {
        "segmenter": FastSegmenter(size=size),
        "generator": FastGenerator(size=size),
        "comparer": FastComparer(size=size, cues=cues),
        "direct": direct_head(size),
    }
