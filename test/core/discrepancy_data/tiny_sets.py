"""Six small streets as Cityscapes keeps them, and discrepancy sets made of them."""

import numpy as np

from unexpected_core.datasets import open_dataset
from unexpected_core.discrepancy_data.generate import generate
from unexpected_core.discrepancy_data.swaps import RECIPES
from unexpected_core.images import write_image
from unexpected_core.labels import TRAIN_TO_FULL


def paint(labels, photo=None):
    """A deterministic stand-in for a generator."""
    return np.stack([labels * 13, 255 - labels, labels // 2], 2)


def write_streets(folder, scene):
    """Six Cityscapes-like frames with four objects each; one of them has no object."""
    rng = np.random.default_rng(1)
    labels, instances = scene
    for i in range(6):
        stem = f"ulm/ulm_{i:06d}_000019"
        full = TRAIN_TO_FULL[np.roll(labels, i, 1)]
        full[:, 0] = 2  # rectification border
        write_image(
            folder / "ctc/leftImg8bit/train" / f"{stem}_leftImg8bit.png",
            rng.integers(0, 256, (20, 30, 3)).astype(np.uint8),
        )
        write_image(folder / "ctc/gtFine/train" / f"{stem}_gtFine_labelIds.png", full)
        separate = np.roll(instances, i, 1).astype(np.uint16) * (i != 3)
        write_image(folder / "ctc/gtFine/train" / f"{stem}_gtFine_instanceIds.png", separate)
    return open_cityscapes(folder)


def open_cityscapes(folder):
    return open_dataset("cityscapes", folder / "ctc", instances=True, check_counts=False)


def make(source, out, recipe=RECIPES["swap_uniform"], **options):
    return generate(source, out, recipe, paint, generator="stand-in", split="train", **options)


def contents(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
