"""Which runtime serves a detector: the one asked for, or the best there is; always with a reason, and a way out."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from unexpected_core.config import SettingsError
from unexpected_core.devices import choose_device, processor_flags
from unexpected_core.files import expand_home
from unexpected_core.log import LOGGER
from unexpected_core.pipeline.onnx_runner import ExportedRunner, OnnxRunner, OpenVinoRunner
from unexpected_core.pipeline.runner import Runner, RuntimeMissing
from unexpected_core.pipeline.settings import PUBLISHED, ModelSettings
from unexpected_core.scorers import load_scorer
from unexpected_core.weights.cards import WeightsError, read_card
from unexpected_core.weights.catalog import find_weights
from unexpected_core.weights.exported import SUFFIX, Exported

if TYPE_CHECKING:
    from unexpected_core.pipeline.torch_runner import TorchRunner
    from unexpected_core.scorers.base import Scorer

OF_FILES = ("onnx", "openvino")
"""Runtimes of exported detectors; the others run torch."""


def open_runner(model: ModelSettings) -> Runner:
    """The networks that the settings name, in the runtime that they name. Raises WeightsError, DeviceError, ...

    An exported file runs in ONNX Runtime or OpenVINO; weights run in torch, or by the exported file beside them. What
    was asked for and cannot be is said in the log, and the next best is taken.
    """
    if model.path.endswith(SUFFIX):
        return _with_reason(_open_file(expand_home(model.path), model), "an exported detector")
    try:
        return _open_beside(model)
    except RuntimeMissing as missing:
        if model.runtime in OF_FILES:
            LOGGER.warning("runtime=%s: %s; going on with torch", model.runtime, missing)
        return torch_runner(_load(model), model, f"not onnx: {missing}")


def _open_file(file: Path, model: ModelSettings) -> ExportedRunner:
    if not file.is_file():
        raise WeightsError(f"no file {file}: 'unexpected export' makes one")
    if model.runtime not in ("auto", *OF_FILES):
        LOGGER.warning("runtime=%s runs weights, %s is exported; going on with onnx", model.runtime, file.name)
    runner = _in_its_runtime(file, model)
    _refuse_another_method(runner.exported, file, model)
    if model.precision not in ("auto", runner.precision):
        LOGGER.warning("precision=%s: %s computes in %s", model.precision, file.name, runner.precision)
    if model.device.startswith("cuda") and runner.device == "cpu":
        LOGGER.warning("device=%s: %s runs on %s", model.device, file.name, runner.device)
    return runner


def _in_its_runtime(file: Path, model: ModelSettings) -> ExportedRunner:
    if model.runtime != "openvino":
        return OnnxRunner(file, model.device)
    try:
        return OpenVinoRunner(file, model.device, model.precision)
    except RuntimeMissing as missing:
        LOGGER.warning("runtime=openvino: %s; going on with onnx", missing)
        return OnnxRunner(file, model.device)


def _refuse_another_method(exported: Exported, file: Path, model: ModelSettings) -> None:
    """Raises SettingsError for a setting that was fixed when the file was exported."""
    for name in ("scorer", *PUBLISHED):
        value = getattr(model, name)
        if value != ModelSettings.model_fields[name].default and (name, value) != ("scorer", exported.name):
            raise SettingsError(
                f"{name}={value}: {file.name} holds one method, '{exported.name}', as it was exported; leave it out, "
                "or give weights in place of the file"
            )


def _open_beside(model: ModelSettings) -> Runner:
    """The exported file beside the weights. Raises RuntimeMissing saying why it is not for these settings."""
    if model.runtime not in ("auto", *OF_FILES):
        raise RuntimeMissing(f"runtime={model.runtime}")
    if model.scorer or any(getattr(model, name) != ModelSettings.model_fields[name].default for name in PUBLISHED):
        raise RuntimeMissing("an exported file holds one method, as it was exported")
    plain = model.device in ("auto", "cpu") and model.precision in ("auto", "float32")
    if model.runtime == "auto" and not plain:
        raise RuntimeMissing(f"device={model.device}, precision={model.precision}")
    try:
        weights = find_weights(model.path)
    except WeightsError:
        raise RuntimeMissing(f"'{model.path}' has no weight file") from None
    file = weights.with_suffix(SUFFIX)
    if not file.is_file():
        raise RuntimeMissing(f"no {file.name} beside the weights ('unexpected export {model.path} --onnx {file}')")
    if model.runtime == "auto" and (faster := _faster_torch(model.device)):
        raise RuntimeMissing(faster)
    try:
        runner, card = _open_file(file, model), read_card(weights)
    except WeightsError as error:  # the weights are there all the same
        raise RuntimeMissing(str(error)) from error
    if runner.exported.card is None or runner.exported.card.decides != card.decides:
        raise RuntimeMissing(f"{file} was exported from other weights or with another card; export it again")
    runner.threshold = card.threshold  # it may have been changed since
    return _with_reason(runner, f"{file.name} stands beside the weights")


def _faster_torch(device: str) -> str:
    """Why torch would be faster than an exported file here, '' if it would not; found out without importing it."""
    if importlib.util.find_spec("torch") is None:
        return ""
    if device != "cpu" and any(Path(place).exists() for place in ("/dev/nvidiactl", "/dev/dxg")):
        return "there is a GPU"
    if processor_flags() & {"avx512_bf16", "amx_bf16"}:
        return "this processor has bfloat16, which torch is the fastest with"
    return ""


def _load(model: ModelSettings) -> Scorer:
    scorer = load_scorer(model.path, model.scorer, **model.model_dump(include=set(PUBLISHED)))
    scorer.fuse()
    return scorer


def torch_runner(scorer: Scorer, model: ModelSettings, reason: str = "") -> Runner:
    """A scorer in torch, as the settings say. Raises DeviceError."""
    from unexpected_core.pipeline.torch_runner import TorchRunner

    device = choose_device(model.device)
    if device.type == "cuda":
        from unexpected_core.pipeline.cuda_runner import CudaRunner

        eager, compiled = model.runtime == "eager", model.runtime == "compile"
        runner: TorchRunner = CudaRunner(scorer, device, model.precision, compiled, graph=not eager)
    else:
        runner = TorchRunner(scorer, device, model.precision)
        _choose_program(runner, model.runtime)
    how = "compiled for this machine" if runner.runtime == "compile" else ""
    return _with_reason(runner, "; ".join(filter(None, (reason, how, runner.why_precision))))


def _choose_program(runner: TorchRunner, runtime: str) -> None:
    """Eager or compiled: made where that is asked for, else taken where it was made before."""
    if runtime == "cuda_graph":
        LOGGER.warning("runtime=cuda_graph needs a GPU, this is %s; going on with eager", runner.device)
    elif runtime != "eager":
        try:
            runner.take_program(make=runtime == "compile")
        except RuntimeMissing as missing:
            LOGGER.warning("runtime=%s: %s; going on with eager", runtime, missing)


def _with_reason(runner: Runner, reason: str) -> Runner:
    runner.reason = reason
    return runner
