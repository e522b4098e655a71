"""Surprising things. Training families and test families share no builder, no texture and no outline."""

from __future__ import annotations

from functools import lru_cache
from random import Random

from unexpected_core.drawing.model.shapes import Shape
from unexpected_core.drawing.things.objects_big import BIG_TEST_FAMILIES
from unexpected_core.drawing.things.objects_small import SMALL_TEST_FAMILIES
from unexpected_core.drawing.things.objects_train import TRAIN_FAMILIES

TEST_FAMILIES = SMALL_TEST_FAMILIES | BIG_TEST_FAMILIES
FAMILIES = TRAIN_FAMILIES | TEST_FAMILIES


@lru_cache(maxsize=1024)
def obstacle(family: str, variant: int) -> Shape:
    """One object of a family, the same for the same variant."""
    return FAMILIES[family](Random(f"{family} {variant}"))
