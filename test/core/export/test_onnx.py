"""Exported detectors do what the scorers do, in every runtime there is, and need no torch."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import Tensor

from unexpected_core import load_detector
from unexpected_core.cli.evaluating.networks import Networks
from unexpected_core.cli.main import main
from unexpected_core.config import SettingsError
from unexpected_core.devices import DeviceError
from unexpected_core.images import trial_image, write_image
from unexpected_core.labels import CITYSCAPES
from unexpected_core.pipeline import runtimes
from unexpected_core.pipeline.onnx_runner import _providers
from unexpected_core.scorers import SCORERS, build_scorer, fingerprint
from unexpected_core.scorers.base import Scorer
from unexpected_core.structs import Scores
from unexpected_core.weights.cards import Card, WeightsError, read_card, write_card
from unexpected_core.weights.reading import write_weights

onnx = pytest.importorskip("onnx", reason="pip install onnx")
pytest.importorskip("onnxscript", reason="pip install onnxscript")
pytest.importorskip("onnxruntime", reason="pip install onnxruntime")
from unexpected_core.export.check import Difference, compare, sizes_to_check  # noqa: E402
from unexpected_core.export.onnx_file import ExportError, export_onnx  # noqa: E402


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A detector's weights (those of the toy), and the file exported from them."""
    folder = tmp_path_factory.mktemp("exported")
    card = Card(name="toy", architecture="random", threshold=0.37, working_height=96)
    write_weights(folder / "toy.safetensors", build_scorer("random").state_dict(), card)
    assert main(["export", str(folder / "toy.safetensors"), "--onnx", str(folder / "toy.onnx")]) == 0
    return folder


def other_toy() -> Scorer:
    toy = build_scorer("random").eval()
    toy.load_state_dict({key: 0.7 * value for key, value in toy.state_dict().items()})
    return toy


@pytest.fixture
def eager(folder):
    return load_detector(folder / "toy.safetensors", "cpu", runtime="eager", precision="float32")


@pytest.mark.parametrize("runtime", ["onnx", "openvino"])
def test_it_detects_what_the_weights_detect(folder, eager, runtime):
    pytest.importorskip("onnxruntime" if runtime == "onnx" else runtime)
    detector = load_detector(folder / "toy.onnx", runtime=runtime)
    assert detector.runtime == runtime and detector.description.endswith(runtime)
    assert detector.model_id == eager.model_id and detector.settings.detect.threshold == 0.37
    images = [trial_image(*size) for size in ((96, 192), (201, 333), (64, 64), (96, 192))]
    for image, one, other in zip(images, detector.detect_batch(images), eager.detect_batch(images), strict=True):
        np.testing.assert_allclose(one.score, other.score, atol=1e-4)
        assert np.mean(one.labels != other.labels) < 1e-3
        assert np.abs(one.resynthesis.astype(int) - other.resynthesis).max() <= 1
        assert len(one.regions) == len(other.regions) and one.score.shape == image.shape[:2]
    assert detector.detect(images[0], resynthesis=False).resynthesis is None


def test_a_file_from_before_images_were_stretched_pads_nothing(folder, tmp_path):
    """It does not say the step of its networks; what they pad themselves misleads them."""
    proto, scores = onnx.load(folder / "toy.onnx"), {}
    said = json.loads(proto.metadata_props[0].value)
    assert said.pop("step") == 4
    for name, steps in {"old": {}, "of 32": {"step": 32}, "of 4": {"step": 4}}.items():
        onnx.helper.set_model_props(proto, {"unexpected": json.dumps(said | steps)})
        onnx.save(proto, tmp_path / f"{name}.onnx")
        scores[name] = load_detector(tmp_path / f"{name}.onnx").detect(trial_image(100, 75)).score
    assert np.array_equal(scores["old"], scores["of 32"]) and not np.array_equal(scores["old"], scores["of 4"])


def test_it_says_what_it_is(folder):
    entries = {p.key: p.value for p in onnx.load(folder / "toy.onnx").metadata_props}
    said = json.loads(entries["unexpected"])
    assert (said["name"], said["threshold"], said["working_height"], said["opset"]) == ("random", 0.37, 96, 18)
    assert said["card"]["name"] == "toy" and said["sha256"] == said["card"]["sha256"]
    assert said["labels"] == [label.name for label in CITYSCAPES if label.train_id < 19]


def test_it_needs_no_torch(folder):
    code = (
        "import sys, numpy as np; from unexpected_core import load_detector; "
        f"d = load_detector({str(folder / 'toy.onnx')!r}); "
        "found = d.detect(np.zeros((40, 60, 3), np.uint8)); "
        "print(found.score.shape, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[0] == "(40, 60) False"


@pytest.mark.parametrize("runtime", ["onnx", "openvino"])
def test_it_takes_as_many_threads_as_torch_would(folder, runtime):
    """Several workers on one machine share its processors (`python -m unexpected_ros.bags --workers`)."""
    pytest.importorskip("onnxruntime" if runtime == "onnx" else runtime)
    code = (
        "import os, numpy as np; from unexpected_core import load_detector; "
        f"d = load_detector({str(folder / 'toy.onnx')!r}, runtime={runtime!r}); "
        "d.detect(np.zeros((40, 60, 3), np.uint8)); "
        "print(d.description.split(', ')[2], len(os.listdir('/proc/self/task')))"
    )
    said, held = {}, {}
    for number in ("1", "4"):
        environment = os.environ | {"OMP_NUM_THREADS": number, "OPENBLAS_NUM_THREADS": "1"}
        done = subprocess.run([sys.executable, "-P", "-c", code], env=environment, capture_output=True, text=True)
        said[number], _, held[number] = done.stdout.strip().rpartition(" ")
    assert said == {"1": "1 threads", "4": "4 threads"}, done.stderr
    assert int(held["4"]) > int(held["1"])


def test_beside_the_weights_it_is_taken_where_torch_is_not_faster(folder, tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(runtimes, "processor_flags", lambda: {"avx2"})
    for name in ("toy.safetensors", "toy.json", "toy.onnx"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    detector = load_detector(tmp_path / "toy.safetensors", "cpu")
    assert detector.runtime == "onnx" and detector.settings.detect.threshold == 0.37
    assert load_detector(tmp_path / "toy.safetensors", "cpu", runtime="eager").runtime == "eager"
    monkeypatch.setattr(runtimes, "processor_flags", lambda: {"avx2", "avx512_bf16"})
    assert load_detector(tmp_path / "toy.safetensors", "cpu").runtime == "eager"
    assert load_detector(tmp_path / "toy.safetensors", "cpu", runtime="onnx").runtime == "onnx"
    monkeypatch.setattr(runtimes, "processor_flags", set)
    assert load_detector(tmp_path / "toy.safetensors", "cpu", scorer="softmax").runtime == "eager"
    given = read_card(tmp_path / "toy.safetensors")
    write_card(tmp_path / "toy.safetensors", given.model_copy(update={"threshold": 0.9}))
    changed = load_detector(tmp_path / "toy.safetensors", "cpu")
    assert changed.runtime == "onnx" and changed.settings.detect.threshold == 0.9
    write_card(tmp_path / "toy.safetensors", given.model_copy(update={"calibration": (2.0, 0.0)}))
    assert load_detector(tmp_path / "toy.safetensors", "cpu").runtime == "eager"
    card = Card(name="other", architecture="random")
    write_weights(tmp_path / "toy.safetensors", other_toy().state_dict(), card)
    assert load_detector(tmp_path / "toy.safetensors", "cpu").runtime == "eager"
    load_detector(tmp_path / "toy.safetensors", "cpu", runtime="onnx")
    assert "was exported from other weights or with another card; export it again; going on with torch" in caplog.text
    (tmp_path / "toy.onnx").write_bytes(b"cut off")
    for runtime in ("auto", "onnx"):
        assert load_detector(tmp_path / "toy.safetensors", "cpu", runtime=runtime).runtime == "eager"
    assert "runtime=onnx: cannot read" in caplog.text


def test_it_is_judged_beside_others(folder, tmp_path, monkeypatch):
    """Behind a comma the shell leaves ~ as it is."""
    monkeypatch.setenv("HOME", str(folder))
    obstacle = np.zeros((40, 60), np.uint8)
    obstacle[20:30, 20:40] = 1
    write_image(tmp_path / "set/images/0.png", trial_image(40, 60))
    write_image(tmp_path / "set/obstacle/0.png", obstacle)
    command = ["evaluate", "random,~/toy.onnx", f"obstacle_folder={tmp_path / 'set'}", "--out", str(tmp_path / "out")]
    main([*command, "--workers", "1"])  # the doctor has something to say of random weights
    assert "\n| toy |" in (tmp_path / "out/table.md").read_text()


def test_what_is_no_exported_detector_is_refused(folder, tmp_path):
    with pytest.raises(WeightsError, match=r"no file .*nowhere\.onnx: 'unexpected export' makes one"):
        load_detector(tmp_path / "nowhere.onnx")
    (tmp_path / "half.onnx").write_bytes((folder / "toy.onnx").read_bytes()[:5000])
    with pytest.raises(WeightsError, match=r"cannot read .*half\.onnx: "):
        load_detector(tmp_path / "half.onnx")
    proto = onnx.load(folder / "toy.onnx")
    del proto.metadata_props[:]
    onnx.save(proto, tmp_path / "foreign.onnx")
    with pytest.raises(WeightsError, match=r"foreign\.onnx was not made by 'unexpected export'"):
        load_detector(tmp_path / "foreign.onnx")
    for damaged in ("{", "5"):
        onnx.helper.set_model_props(proto, {"unexpected": damaged})
        onnx.save(proto, tmp_path / "damaged.onnx")
        with pytest.raises(WeightsError, match=r"damaged\.onnx: its entry 'unexpected' is damaged"):
            load_detector(tmp_path / "damaged.onnx")
    with pytest.raises(WeightsError, match=r"exported files end in \.onnx, found one that ends in '\.bin'"):
        export_onnx(build_scorer("random"), tmp_path / "toy.bin")


def test_a_runtime_of_weights_cannot_run_a_file_and_says_so(folder, caplog):
    assert load_detector(folder / "toy.onnx", runtime="compile").runtime == "onnx"
    assert "runtime=compile runs weights, toy.onnx is exported; going on with onnx" in caplog.text


@pytest.mark.parametrize("runtime", ["onnx", "openvino"])
def test_what_a_file_cannot_change_is_refused_or_said(folder, caplog, runtime):
    pytest.importorskip("onnxruntime" if runtime == "onnx" else runtime)
    for name, value in {"scorer": "softmax", "segmenter": "fast", "compat": True, "random_weights": True}.items():
        message = rf"^{name}={value}: toy\.onnx holds one method, 'random', as it was exported; leave it out, or give"
        with pytest.raises(SettingsError, match=message):
            load_detector(folder / "toy.onnx", runtime=runtime, **{name: value})
    assert load_detector(folder / "toy.onnx", runtime=runtime, scorer="random", precision="float32").precision
    assert "precision" not in caplog.text
    load_detector(folder / "toy.onnx", runtime=runtime, precision="float16")
    assert "precision=float16: toy.onnx computes in float32" in caplog.text
    with pytest.raises(DeviceError, match="unknown device 'gpu': expected auto, cpu, cuda or cuda:N"):
        load_detector(folder / "toy.onnx", "gpu", runtime=runtime)
    if runtime == "openvino":
        load_detector(folder / "toy.onnx", "cuda:1", runtime=runtime)
        assert "device=cuda:1: toy.onnx runs on cpu" in caplog.text


def test_a_gpu_by_its_number():
    both = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    for device, number in {"auto": 0, "cuda": 0, "cuda:1": 1}.items():
        assert _providers(device, both) == [("CUDAExecutionProvider", {"device_id": number}), "CPUExecutionProvider"]
    assert _providers("cpu", both) == _providers("auto", both[1:]) == ["CPUExecutionProvider"]
    with pytest.raises(DeviceError, match="unknown device 'cuda:one': expected auto, cpu, cuda or cuda:N"):
        _providers("cuda:one", both)
    with pytest.raises(DeviceError, match="device 'cuda:1' is not available"):
        _providers("cuda:1", both[1:])


def test_a_file_that_differs_is_not_taken_for_the_detector(folder, tmp_path, monkeypatch, capsys):
    for name in ("toy.safetensors", "toy.json", "toy.onnx"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    before = (tmp_path / "toy.onnx").read_bytes()
    monkeypatch.setattr("unexpected_core.export.check.SCORE", -1.0)  # so that no file is near enough
    command = ["export", str(tmp_path / "toy.safetensors"), "--onnx", str(tmp_path / "toy.onnx"), "--size", "96x64"]
    assert main(command) == 1 and (tmp_path / "toy.onnx").read_bytes() == before
    assert "TOO MUCH" in (said := capsys.readouterr().out) and "it stays" in said
    assert (tmp_path / "toy.unchecked.onnx").is_file()
    monkeypatch.undo()
    assert main(command) == 0 and (tmp_path / "toy.onnx").read_bytes() != before
    assert not (tmp_path / "toy.unchecked.onnx").exists()


def test_the_check_finds_a_file_of_other_weights(folder, tmp_path):
    _, module = export_onnx(other_toy(), tmp_path / "other.onnx")
    batches = [(1, (64, 96))]
    (same,) = compare(module, tmp_path / "other.onnx", batches)
    (other,) = compare(module, folder / "toy.onnx", batches)
    assert same.fits and same.score < 1e-5 and not other.fits and other.score > 1e-3
    said = "2 x 96 rows of 163: score 1e-06, labels 0.00%, resynthesis 0.5 levels"
    assert str(Difference(2, (96, 163), 1e-6, 0.0, 0.5)) == said
    assert sizes_to_check(None, (32, 64)) == [(1, (32, 64)), (2, (32, 64))]


def test_what_depends_on_the_size_in_python_is_written_for_one_size(tmp_path):
    class ByHeight(Scorer):
        name = "by_height"

        def forward(self, images: Tensor) -> Scores:
            return Scores(images.mean(1) / round(images.shape[2] / 14))

    with pytest.raises(ExportError, match=r"by_height cannot be written as ONNX \(.*with one size .*\(--size\)"):
        export_onnx(ByHeight().eval(), tmp_path / "h.onnx")
    assert not list(tmp_path.iterdir())
    exported, module = export_onnx(ByHeight().eval(), tmp_path / "h.onnx", size=(64, 96))
    assert exported.name == "by_height" and module.names == ("score",)
    assert all(difference.fits for difference in compare(module, tmp_path / "h.onnx", sizes_to_check(None, (64, 96))))


@pytest.mark.parametrize("runtime", ["onnx", "openvino"])
def test_images_of_any_size_are_stretched_to_the_one_that_was_exported(tmp_path, runtime):
    pytest.importorskip("onnxruntime" if runtime == "onnx" else runtime)

    class Red(Scorer):
        name, working_height = "red", 64

        def forward(self, images: Tensor) -> Scores:
            return Scores(images[:, 0])

    export_onnx(Red().eval(), tmp_path / "red.onnx", size=(64, 96))
    detector = load_detector(tmp_path / "red.onnx", runtime=runtime)
    photo = np.zeros((130, 200, 3), np.uint8)
    photo[65:, 100:, 0] = 255
    found = detector.detect(photo, settings=detector.settings.detect.model_copy(update={"scale": 0.5}))
    assert found.labels.min() == 255 and found.score[70:, 104:].min() == 1 and not found.score[:60].any()
    detector.update(roi="0.5,0 1,0 1,0.8 0.5,0.8")
    part = detector.detect(photo)
    assert np.array_equal(part.score[:100], found.score[:100] * (np.arange(200) >= 100)) and not part.score[110:].any()
    detector.update(roi="road")
    assert np.array_equal(detector.detect(photo).score, found.score)


def test_numbers_of_a_file_of_one_size_are_of_no_other_scale(tmp_path):
    """detect.scale changes nothing there."""
    for name, size, scale in (("one", (64, 96), None), ("any", None, 0.5)):
        file = tmp_path / f"{name}.onnx"
        export_onnx(other_toy(), file, size=size)
        networks = Networks("fast", settings={"scale": 0.5})
        assert networks.identity(str(file), networks.open(str(file)), limited=False).scale == scale


def test_a_file_that_takes_one_number_of_images_only_is_refused(tmp_path):
    class Counts(Scorer):
        name = "counts"

        def forward(self, images: Tensor) -> Scores:
            first, second = torch.cat([images, images.flip(-1)]).chunk(2)
            return Scores((first - second).abs().mean(1))

    with pytest.raises(
        ExportError, match=r"counts cannot be written as ONNX for any number of images: .* made it 2 for"
    ):
        export_onnx(Counts().eval(), tmp_path / "counts.onnx", size=(64, 96))
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, entry in SCORERS.items() if entry.published])
def test_the_methods_of_the_paper_are_written_for_one_size(name, tmp_path):
    """With random weights, whose features are large: sums in another order show in the fourth digit of the score."""
    scorer = build_scorer(name, **SCORERS[name].small).eval()
    _, module = export_onnx(scorer, tmp_path / "published.onnx", size=(64, 128))
    for difference in compare(module, tmp_path / "published.onnx", sizes_to_check(None, (64, 128))):
        assert difference.score < 1e-3 and difference.labels < 1e-3 and difference.resynthesis < 0.01, str(difference)
    detector = load_detector(tmp_path / "published.onnx")
    assert detector.random_weights and detector.detect(trial_image(90, 150)).score.shape == (90, 150)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, entry in SCORERS.items() if entry.published])
def test_the_methods_of_the_paper_are_written_for_any_size(name, tmp_path):
    """Sizes that the networks pad and pool unevenly, none of them the example's."""
    scorer = build_scorer(name, **SCORERS[name].small).eval()
    exported, module = export_onnx(scorer, tmp_path / "published.onnx")
    assert exported.size is None
    for difference in compare(module, tmp_path / "published.onnx", [(2, (96, 163)), (1, (131, 200)), (3, (48, 50))]):
        assert difference.score < 1e-3 and difference.labels < 1e-3 and difference.resynthesis < 0.01, str(difference)


def test_bench_says_at_which_scale_a_file_of_one_size_was_measured(tmp_path):
    """That of --scale, which changes nothing there; and of three detectors of one name there was one line."""
    export_onnx(other_toy(), tmp_path / "fixed.onnx", size=(64, 96))
    words = ["--detector", str(tmp_path / "fixed.onnx"), "--against", str(tmp_path / "fixed.onnx")]
    words += ["--runtime", "auto", "onnx", "--scale", "0.5", "--sizes", "96x64", "--seconds", "0.05"]
    assert main(["bench", *words, "--out", str(tmp_path / "bench.jsonl")]) == 0
    lines = [json.loads(line) for line in (tmp_path / "bench.jsonl").read_text().splitlines()]
    assert [line["detector"] for line in lines] == [f"fixed onnx float32{more}" for more in ("", " #2", " #3")]
    assert {line["scale"] for line in lines} == {1.0}


def test_eight_bits(folder, tmp_path, eager, capsys):
    for seed in range(8):
        write_image(tmp_path / "frames" / f"{seed}.png", trial_image(96, 160, seed))
    command = ["export", str(folder / "toy.safetensors"), "--onnx", str(tmp_path / "toy.onnx")]
    assert main([*command, "--int8", str(tmp_path / "frames")]) == 0
    detector = load_detector(tmp_path / "toy_int8.onnx")
    assert detector.description.startswith("cpu, int8, ") and "toy_int8.onnx" in capsys.readouterr().out
    image = trial_image(96, 160, 9)
    difference = np.abs(detector.detect(image).score - eager.detect(image).score)
    assert 0 < difference.mean() < 0.05
    (tmp_path / "frames" / "0.png").unlink()
    assert main([*command, "--int8", str(tmp_path / "frames")]) == 2
    assert "int8 needs at least 8 frames to take ranges from, found 7" in capsys.readouterr().err


def test_a_file_can_be_detected_with_and_judged(folder, tmp_path):
    write_image(tmp_path / "photo.png", trial_image(60, 90))
    toy = str(folder / "toy.onnx")
    assert main(["detect", str(tmp_path / "photo.png"), "--out", str(tmp_path / "out"), "--detector", toy]) == 0
    line = json.loads((tmp_path / "out" / "regions.jsonl").read_text().splitlines()[0])
    assert line["model_id"].startswith("toy-") and line["threshold"] == 0.37


def test_scores_of_a_file_are_stale_when_the_code_around_it_changes(folder, tmp_path, monkeypatch, caplog):
    command = ["evaluate", str(folder / "toy.onnx"), "drawn", "--split", "obstacle", "--option", "count=1"]
    command += ["--option=height=64", "--option=width=112", "--out", str(tmp_path), "--resamples", "9"]
    main(command)
    monkeypatch.setattr(fingerprint, "own_code", lambda: "the code of tomorrow")
    main(command)
    assert "1 of 1 stored scores are computed again: they were made otherwise (scorer code" in caplog.text


def test_an_opset_that_it_is_not_written_in_is_not_claimed(tmp_path):
    with pytest.raises(ExportError, match="random cannot be written in opset 3, only in 18; leave out --opset"):
        export_onnx(build_scorer("random").eval(), tmp_path / "toy.onnx", opset=3)
    assert not (tmp_path / "toy.onnx").exists()
