"""Runs exported detectors with ONNX Runtime or OpenVINO. No torch."""

from __future__ import annotations

import os
import re
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from unexpected_core.devices import DeviceError, processors
from unexpected_core.log import first_line
from unexpected_core.pipeline.resizing import to_working
from unexpected_core.pipeline.runner import DetectorError, Maps, Runner, RuntimeMissing
from unexpected_core.weights.cards import WeightsError
from unexpected_core.weights.exported import KEY, OUTPUTS, Exported, from_metadata

MOST_SHAPES = 4
"""Programs that OpenVINO keeps, one for each count and size of images."""


def threads() -> int:
    """Threads of a frame, as in torch: OMP_NUM_THREADS, or one for each processor that this process may use."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdecimal() and int(asked):
        return int(asked)
    return processors()


class ExportedRunner(Runner):
    """What the two runtimes have in common: who the networks are, and images as the graph takes them."""

    def __init__(self, exported: Exported, device: str, precision: str) -> None:
        self.name, self.model_id = exported.name, exported.model_id
        self.working_height, self.step, self.fixed_size = exported.working_height, exported.step, exported.size
        self.threshold, self.random_weights = exported.threshold, exported.random_weights
        self.exported, self.device, self.precision = exported, device, precision

    @property
    def description(self) -> str:
        """Device, precision and runtime in words: 'cpu, float32, 2 threads, onnx'."""
        return f"{self.device}, {self.precision}, {threads()} threads, {self.runtime}"

    def prepare(self, images: Sequence[np.ndarray], working: tuple[int, int]) -> np.ndarray:
        """See Runner.prepare: uint8 [B, h, w, 3]."""
        return to_working(images, working)


class OnnxRunner(ExportedRunner):
    """An exported detector in ONNX Runtime, on the CPU or on CUDA."""

    runtime = "onnx"
    prepares_sizes = False

    def __init__(self, file: str | Path, device: str) -> None:
        try:
            import onnxruntime as ort
        except ImportError:
            raise RuntimeMissing("onnxruntime is not installed: pip install onnxruntime") from None
        providers = _providers(device, ort.get_available_providers())
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads()
        options.add_session_config_entry("session.intra_op.spin_duration_us", "50")  # see unexpected_core/__init__.py
        options.log_severity_level = 3  # it is loud about what is only slow
        options.enable_cpu_mem_arena = False  # half the memory between frames, for a tenth of the time at most
        try:
            self._session = ort.InferenceSession(str(file), options, providers=providers)
        except Exception as error:  # its own error types have no common base
            raise WeightsError(f"cannot read {file}: {first_line(error)}; export it again") from None
        entries = self._session.get_modelmeta().custom_metadata_map
        on_cuda = "CUDA" in self._session.get_providers()[0]
        exported = from_metadata(entries, str(file))
        super().__init__(exported, f"cuda:{_index(device)}" if on_cuda else "cpu", exported.precision)
        self._outputs = [output.name for output in self._session.get_outputs()]

    def score(self, batch: np.ndarray, resynthesis: bool = True) -> Maps:
        """See Runner.score: maps at the working size."""
        names = [name for name in self._outputs if resynthesis or name != "resynthesis"]
        try:
            found = dict(zip(names, self._session.run(names, {"images": batch}), strict=True))
        except Exception as error:
            raise DetectorError(f"ONNX Runtime failed: {first_line(error)}") from error
        return self.checked(Maps(*(found.get(name) for name in OUTPUTS)))


class OpenVinoRunner(ExportedRunner):
    """An exported detector in OpenVINO, on the CPU whatever `device` asks for; compiled anew for each count and size of
    images. precision: bfloat16, or that of the file.
    """

    runtime = "openvino"

    def __init__(self, file: str | Path, device: str, precision: str) -> None:
        _check_device(device)
        try:
            import openvino
        except ImportError:
            raise RuntimeMissing("openvino is not installed: pip install openvino") from None
        self._core = openvino.Core()
        try:
            self._model = self._core.read_model(str(file))
        except RuntimeError as error:
            raise WeightsError(f"cannot read {file}: {first_line(error)}; export it again") from None
        place = ["framework", KEY]
        entries = {KEY: str(self._model.get_rt_info(place).value)} if self._model.has_rt_info(place) else {}
        exported = from_metadata(entries, str(file))
        half = precision == "bfloat16" and exported.precision == "float32"
        super().__init__(exported, "cpu", precision if half else exported.precision)
        self._compiled: OrderedDict[tuple[int, ...], object] = OrderedDict()

    def score(self, batch: np.ndarray, resynthesis: bool = True) -> Maps:
        """See Runner.score: maps at the working size."""
        try:
            found = self._program(batch.shape)([batch])
        except RuntimeError as error:
            raise DetectorError(f"OpenVINO failed: {first_line(error)}") from error
        named = {key.get_any_name(): np.array(value) for key, value in found.items()}  # it reuses its memory
        if not resynthesis:
            named.pop("resynthesis", None)
        return self.checked(Maps(*(named.get(name) for name in OUTPUTS)))

    def _program(self, shape: tuple[int, ...]) -> Any:
        if shape not in self._compiled:
            while len(self._compiled) >= MOST_SHAPES:
                self._compiled.popitem(last=False)
            self._model.reshape(list(shape))
            kind = "bf16" if self.precision == "bfloat16" else "f32"  # of what is not in 8 bits anyhow
            options = {"INFERENCE_PRECISION_HINT": kind, "PERFORMANCE_HINT": "LATENCY"}
            options["INFERENCE_NUM_THREADS"] = str(threads())
            self._compiled[shape] = self._core.compile_model(self._model, "CPU", options)
        self._compiled.move_to_end(shape)
        return self._compiled[shape]


def _check_device(device: str) -> None:
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", device):
        raise DeviceError(f"unknown device '{device}': expected auto, cpu, cuda or cuda:N")


def _providers(device: str, available: Sequence[str]) -> list[str | tuple[str, dict[str, int]]]:
    _check_device(device)
    cuda = "CUDAExecutionProvider" in available
    if device.startswith("cuda") and not cuda:
        raise DeviceError(f"device '{device}' is not available: this onnxruntime has {', '.join(available)}")
    if device == "cpu" or not cuda:
        return ["CPUExecutionProvider"]
    return [("CUDAExecutionProvider", {"device_id": _index(device)}), "CPUExecutionProvider"]


def _index(device: str) -> int:
    """Of the GPU that is meant: of 'cuda:1' 1, else the first."""
    return int(device.partition(":")[2] or 0)
