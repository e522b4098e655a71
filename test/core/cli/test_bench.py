"""`unexpected bench`: what it measures, by turns, and what each line of its numbers belongs to."""

import json

import numpy as np
import pytest

from unexpected_core.cli.main import main
from unexpected_core.memory import resident_mb
from unexpected_core.pipeline.measuring import circumstances, side_by_side, speed_of
from unexpected_core.scorers import build_scorer
from unexpected_core.weights.cards import Card
from unexpected_core.weights.reading import write_weights


def bench(*words):
    return main(["bench", "--detector", "random", "--device", "cpu", "--seconds", "0.05", *words])


def test_one_line_for_each_detector_size_and_number_of_cameras(tmp_path, capsys):
    out = tmp_path / "lines" / "bench.jsonl"
    words = ["--sizes", "96x64", "60x40", "--cameras", "1", "2", "--against", "fast", "--out", str(out)]
    assert bench(*words) == 0
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(lines) == 2 * 2 * 2
    assert {(line["height"], line["width"]) for line in lines} == {(64, 96), (40, 60)}
    for line in lines:
        assert (
            line["processor"] > 0
            and 0 < line["best"] <= line["median"] <= line["p95"] <= line["p99"]
            and line["calls"] >= 3
        )
        assert line["images_per_second"] == pytest.approx(1e3 * line["cameras"] / line["median"], rel=0.01)
        assert list(line["stages"]) == ["prepare", "score", "restore", "regions"]
        assert line["date"] and line["cpu"] and line["torch"] and line["resident_mb"] > 50
    assert [line["times_first"] for line in lines[::2]] == [1] * 4
    printed = capsys.readouterr().out
    assert "64 rows of 96, 2 camera(s)" in printed and "random eager float32" in printed
    assert bench("--sizes", "60x40", "--out", str(out)) == 0
    assert len(out.read_text().splitlines()) == 9


@pytest.mark.parametrize("precision", ["float32", "auto"])  # auto may choose another for each
def test_two_weight_files_of_one_name_are_two_detectors(tmp_path, precision):
    for folder in ("old", "new"):
        card = Card(name="toy", architecture="random", working_height=96)
        write_weights(tmp_path / folder / "toy.safetensors", build_scorer("random").state_dict(), card)
    files = [str(tmp_path / folder / "toy.safetensors") for folder in ("old", "new")]
    out = tmp_path / "bench.jsonl"
    arguments = ["--detector", files[0], "--against", files[1], "--precision", precision]
    assert bench(*arguments, "--sizes", "60x40", "--out", str(out)) == 0
    names = [json.loads(line)["detector"].split()[0] for line in out.read_text().splitlines()]
    assert names == files


def test_a_runtime_that_is_not_there_is_left_out_and_said(capsys, caplog):
    assert bench("--sizes", "60x40", "--runtime", "eager", "cuda_graph") == 1
    assert "runtime=cuda_graph needs a GPU" in caplog.text
    assert "random eager" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("bench --detector random --onnx toy.onnx", "--onnx is measured with --runtime onnx, openvino or all"),
        ("bench --sizes 60x0", "argument --sizes: expected WIDTHxHEIGHT such as 1024x512, found '60x0'"),
        ("data discrepancy drawn --generator fast --out d --limit -1", "expected a whole number of 1 or more"),
    ],
)
def test_what_would_change_nothing_or_cannot_be_is_refused(words, told, capsys):
    try:
        code = main(words.split())
    except SystemExit as left:
        code = left.code
    assert code == 2 and told in capsys.readouterr().err


def test_where_no_runtime_is_there_that_was_asked_for_nothing_is_measured(capsys, caplog):
    assert (
        main(["bench", "--detector", "random", "--device", "cpu", "--runtime", "cuda_graph", "--sizes", "96x64"]) == 1
    )
    assert "needs a GPU" in caplog.text and "milliseconds" not in capsys.readouterr().out


def test_regions_are_timed_on_maps_that_hold_so_many(tmp_path, capsys):
    out = tmp_path / "bench.jsonl"
    assert bench("--sizes", "512x256", "--scale", "0.5", "--regions", "1", "7", "64", "--out", str(out)) == 0
    whole, *regions = (json.loads(line) for line in out.read_text().splitlines())
    assert whole["scale"] == 0.5 and [line["regions"] for line in regions] == [1, 7, 64]
    assert all(line["step"] == "regions" and line["best"] > 0 and line["date"] for line in regions)
    assert "256 rows of 512,  64 region(s)" in capsys.readouterr().out


def test_functions_take_turns():
    calls = []
    found = side_by_side({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, seconds=0.0, warm_up=2)
    assert calls == ["a", "a", "b", "b", *["a", "b"] * found["a"].calls]
    assert found["a"].calls == found["b"].calls == 3


def test_speed_written_out():
    speed = speed_of([1.0, 2.0, 3.0, 4.0, 100.0])
    assert (speed.median, speed.best, speed.calls) == (3.0, 1.0, 5)
    assert np.isnan(speed.processor) and speed_of([2.0], [5.0, 4.0]).processor == 4.0
    assert speed.p95 == pytest.approx(80.8) and speed.p99 == pytest.approx(96.16)


def test_what_a_measurement_belongs_to():
    facts = circumstances()
    assert facts["processors"] >= 1 and facts["numpy"] and facts["date"].startswith("20")
    assert 20 < resident_mb() < 1e5
