"""A scorer as an ONNX file: any number of images of any size, with scaling and calibration inside."""

from __future__ import annotations

import copy
import logging
import warnings
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from unexpected_core.files import atomic_path, commit
from unexpected_core.images import trial_image, trial_images
from unexpected_core.labels import CITYSCAPES
from unexpected_core.scorers.base import Scorer
from unexpected_core.scorers.served import Named, Served
from unexpected_core.weights.cards import WeightsError, card_path, read_card
from unexpected_core.weights.exported import KEY, OPSET, SUFFIX, Exported

MOST_IMAGES, GREATEST_SIDE, LEAST_SIDE = 64, 8192, 32


class ExportError(RuntimeError):
    """A scorer that cannot be written, or a file that does not do what the scorer does; the message says what."""


def export_onnx(
    scorer: Scorer, file: str | Path, size: tuple[int, int] | None = None, opset: int = OPSET
) -> tuple[Exported, nn.Module]:
    """Write a scorer, in eval mode, whole or not at all; returns what the file says of itself, and what it computes.

    size: (height, width) of all images, for networks that cannot be written for any; None = any. Raises ExportError.
    """
    file = Path(file)
    if file.suffix != SUFFIX:
        raise WeightsError(f"exported files end in {SUFFIX}, found one that ends in '{file.suffix}'")
    module = _given(scorer, size or (96, 160))
    images = torch.from_numpy(trial_images(2, size or (256, 448)))
    proto = _to_onnx(module, images, size is None, opset)
    if opset not in (written := [each.version for each in proto.opset_import if not each.domain]):
        raise ExportError(f"{scorer.name} cannot be written in opset {opset}, only in {written[0]}; leave out --opset")
    exported = _describe(scorer, opset, size)
    del proto.metadata_props[:]
    onnx.helper.set_model_props(proto, {KEY: exported.model_dump_json()})
    with atomic_path(file) as temporary:
        onnx.save(proto, temporary)
    return exported, module


def _given(scorer: Scorer, size: tuple[int, int]) -> nn.Module:
    scorer = copy.deepcopy(scorer).cpu().float().eval().requires_grad_(False)
    scorer.fuse()
    return Named(Served(scorer), torch.from_numpy(trial_image(*size))[None]).eval()


def _to_onnx(module: nn.Module, images: Tensor, any_size: bool, opset: int) -> onnx.ModelProto:
    free = {0: torch.export.Dim("batch", min=1, max=MOST_IMAGES)}
    if any_size:
        sides = {1: "height", 2: "width"}
        free |= {axis: torch.export.Dim(name, min=LEAST_SIDE, max=GREATEST_SIDE) for axis, name in sides.items()}
    for name in ("onnxscript", "onnx_ir"):  # they tell of every constant they fold
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                module,
                (images,),
                dynamo=True,
                dynamic_shapes={"images": free},
                input_names=["images"],
                output_names=list(module.names),
                opset_version=opset,
                verbose=False,
            )
    except Exception as error:
        cure = "; with one size for all images (--size) it may go" if any_size else ""
        raise ExportError(f"{module.served.scorer.name} cannot be written as ONNX ({_cause(error)}){cure}") from error
    _check_any_number(program.model_proto, module.served.scorer.name)
    return program.model_proto


def _check_any_number(proto: onnx.ModelProto, name: str) -> None:
    count = proto.graph.input[0].type.tensor_type.shape.dim[0]
    if not count.dim_param:
        raise ExportError(
            f"{name} cannot be written as ONNX for any number of images: something in it counts them in Python, and "
            f"made it {count.dim_value} for good"
        )


def _cause(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0][:200] if lines else ''}"


def _describe(scorer: Scorer, opset: int, size: tuple[int, int] | None) -> Exported:
    card = read_card(scorer.weights) if scorer.weights and card_path(scorer.weights).is_file() else None
    return Exported(
        name=scorer.name,
        model_id=scorer.model_id or scorer.name,
        working_height=scorer.working_height,
        step=scorer.step,
        threshold=scorer.threshold,
        random_weights=scorer.random_weights,
        labels=[label.name for label in sorted(CITYSCAPES, key=lambda label: label.train_id) if label.train_id < 255],
        opset=opset,
        size=size,
        sha256=scorer.sha256,
        commit=commit(),
        card=card,
    )
