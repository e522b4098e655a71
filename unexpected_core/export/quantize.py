"""Static quantisation: convolutions in 8-bit integers, their ranges taken from frames (Nagel et al., 2021)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import onnx

from unexpected_core.export.onnx_file import ExportError
from unexpected_core.files import atomic_path
from unexpected_core.weights.exported import KEY, Exported, from_metadata

LEAST_FRAMES = 8


def quantize(source: str | Path, target: str | Path, images: Iterable[np.ndarray]) -> Exported:
    """An exported float32 file -> one with 8-bit convolutions, written whole or not at all.

    images: RGB uint8 [h, w, 3] at the working size, all of one size, like those it will meet. Raises ExportError.
    """
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

    exported = from_metadata({p.key: p.value for p in onnx.load(source).metadata_props}, str(source))
    frames = _Frames(images)
    with atomic_path(target) as temporary, tempfile.TemporaryDirectory() as folder:
        quantized = Path(folder) / "quantized.onnx"
        quantize_static(
            str(source),
            str(quantized),
            frames,
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv"],
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
        )
        if frames.given < LEAST_FRAMES:
            raise ExportError(f"int8 needs at least {LEAST_FRAMES} frames to take ranges from, found {frames.given}")
        proto = onnx.load(quantized)
        del proto.metadata_props[:]
        exported = exported.model_copy(update={"precision": "int8"})
        onnx.helper.set_model_props(proto, {KEY: exported.model_dump_json()})
        onnx.save(proto, temporary)
    return exported


class _Frames:
    """What ONNX Runtime's quantisation asks of a reader of frames."""

    def __init__(self, images: Iterable[np.ndarray]) -> None:
        self._images: Iterator[np.ndarray] = iter(images)
        self.given = 0

    def get_next(self) -> dict[str, np.ndarray] | None:
        """The next input, None at the end."""
        image = next(self._images, None)
        if image is None:
            return None
        self.given += 1
        return {"images": image[None]}
