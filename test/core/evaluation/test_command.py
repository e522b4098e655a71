"""`unexpected evaluate` on a small folder of frames: what it writes, prints and refuses."""

import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import h5py
import numpy as np
import pytest

from unexpected_core.cli.main import main
from unexpected_core.datasets import open_dataset
from unexpected_core.datasets.drawn import Drawn
from unexpected_core.evaluation.errors import PredictionError
from unexpected_core.evaluation.hdf5 import read_prediction, write_prediction
from unexpected_core.evaluation.results import read_results
from unexpected_core.evaluation.source import open_source
from unexpected_core.evaluation.store import read_score, stored_scores, write_score
from unexpected_core.images import write_image

SIZE = (33, 57)
CPU = ("--device", "cpu")


def evaluate(*words):
    """What `unexpected evaluate WORDS` returns, in short and without more processes."""
    return main(["evaluate", *map(str, words), "--resamples", "50", "--workers", "1"])


def test_scores_of_a_set_without_ground_truth_are_written_for_its_benchmark(root, tmp_path, capsys):
    pytest.importorskip("torch")
    assert evaluate("random", f"image_folder={root / 'images'}", "--store", "hdf5", *CPU, "--out", tmp_path) == 0
    folder = tmp_path / "anomaly_p" / "random" / "images"
    assert f"random: 5 scores in {folder}" in capsys.readouterr().out and len(list(folder.glob("*.hdf5"))) == 5


def test_command_line_on_stored_scores(root, tmp_path, capsys, scored):
    scored(root, tmp_path / "bright" / root.name)
    arguments = ("obstacle_folder", "--root", root, "--from-scores", tmp_path, "--out", tmp_path / "judged")
    assert evaluate("bright", *arguments, "--camera", 1.5, 2, 0.1) == 0 and "| bright |" in capsys.readouterr().out
    lines = read_results(tmp_path / "judged").methods["bright"].recall_by_distance
    assert [line["obstacles"] for line in lines] == [4, 0, 0, 0, 0]
    assert "metres, on a flat road" in (tmp_path / "judged" / "report.html").read_text()
    assert main(["doctor", str(tmp_path / "judged")]) == 0 and "0 alarms" in capsys.readouterr().out
    path = tmp_path / "judged" / "results.json"
    path.write_text(path.read_text().replace('"frames_expected": 5', '"frames_expected": 6'))
    assert main(["doctor", str(path)]) == 1 and "5 of 6 frames were judged" in capsys.readouterr().out
    for wrong, message in (
        (["--mode", "smyic"], "unknown metric mode 'smyic'; did you mean 'smiyc'"),
        (["--camera", "0", "2", "0.1"], "height and focal length must be above 0, found 0 and 2"),
        (["--camera", "nan", "2", "0.1"], "height and focal length must be above 0, found nan and 2"),
        (["--camera", "1", "2", "nan"], "the row of the horizon must be a number, found nan"),
        (["--camera", "1.4", "1000", "240"], "found 1000 and 240: divide pixels by the image height"),
        (["--camera", "1.4", "2", "50"], "found 2 and 50: divide pixels by the image height"),
        (["--option", "count"], "--option expects NAME=VALUE, found 'count'"),
        (["--option", "root=x"], "--option root is none of a data set's own: give the folder as NAME=ROOT or --root"),
        (["--option", "size=[3,4]"], "--option size is none of a data set's own"),
        (["--option", "count=["], "--option count: cannot read '[' as a YAML value (expected the node content, but "),
        (["--option", "x={a: 1, a: 2}"], "cannot read '{a: 1, a: 2}' as a YAML value ('a' stands twice); quote it"),
        (["--threshold", "weights"], "expected a number, or 'weights' where a detector runs"),
        (["--normal-root", root], "give them without --threshold and --from-scores"),
        (["--from-scores", tmp_path / "no"], "no folder of scores: looked for"),
    ):
        assert evaluate("bright", *arguments, *wrong) == 2 and message in capsys.readouterr().err
    assert evaluate("a.x,a.x", *arguments) == 2 and "of different names" in capsys.readouterr().err
    assert evaluate("random", "--out", tmp_path) == 2 and "no data set" in capsys.readouterr().err
    assert evaluate("random", "drawn", "--data", "camvid", "--out", tmp_path) == 2
    assert "two data sets, 'drawn' and --data camvid: give one" in capsys.readouterr().err
    assert main(["doctor", str(tmp_path)]) == 2 and "no results at" in capsys.readouterr().err


def test_command_line_runs_a_detector_and_the_doctor_sees_random_weights(root, tmp_path, capsys):
    pytest.importorskip("torch")
    data = ("--data", f"obstacle_folder={root}", "--limit", 2)
    assert evaluate("random", *data, "--store", "16bit", *CPU, "--out", tmp_path) == 1
    assert "the weights are random" in capsys.readouterr().out
    assert len(list((tmp_path / "random" / root.name / "scores").glob("*.npz"))) == 2


def test_results_say_the_scale_and_the_options_that_they_are_of(tmp_path, capsys):
    """Without them two tables of other numbers would claim the same weights on the same frames."""
    pytest.importorskip("torch")
    words = ["evaluate", "random", "--data", "drawn", "--split", "obstacle", "--out", str(tmp_path)]
    for option in ("count=2", "height=64", "width=112"):
        words += ["--option", option]
    words += ["--resamples", "50", "--workers", "1", "--device", "cpu"]
    for scale, named in (("0.5", "random (scale 0.5)"), ("1", "random")):
        main([*words, "--scale", scale])
        shown = capsys.readouterr().out
        assert "count 2, height 64, width 112, 2 frames; " in shown and f"\n| {named} | " in shown
        assert f"\n{named} & " in (tmp_path / "table.tex").read_text()
        assert f">{named}<" in (tmp_path / "report.html").read_text()
        results = read_results(tmp_path)
        assert results.dataset.options == {"count": 2, "height": 64, "width": 112}
        assert results.methods["random"].scale == (0.5 if scale == "0.5" else None)


def test_normal_driving_in_a_folder_of_the_same_name_leaves_the_judged_scores_as_they_are(root, tmp_path):
    """Both folders are data sets of the folder's name, with frames of the same keys."""
    pytest.importorskip("torch")
    for i in range(20):
        write_image(tmp_path / "other" / root.name / f"{i:02d}.png", np.full((*SIZE, 3), 10 * i, np.uint8))
    words = ("random", f"obstacle_folder={root}", *CPU)
    evaluate(*words, "--out", tmp_path / "alone")
    evaluate(*words, "--out", tmp_path / "out", "--normal-root", tmp_path / "other" / root.name)
    alone, both = (read_results(tmp_path / out).methods["random"] for out in ("alone", "out"))
    assert both.threshold.source == "normal_driving" and both.pixel == alone.pixel


def test_a_drawn_frame_is_drawn_once_whatever_asks_for_it(tmp_path, monkeypatch, capsys):
    pytest.importorskip("torch")
    drawn, draw = [], Drawn.load
    monkeypatch.setattr(Drawn, "load", lambda self, index: drawn.append(self.keys[index]) or draw(self, index))
    small = ("--option", "count=3", "--option", "height=64", "--option", "width=96", "--limit", 2)
    evaluate("random,softmax", "drawn", "--split", "obstacle", *small, "--random-weights", *CPU, "--out", tmp_path)
    assert "| softmax |" in capsys.readouterr().out and drawn == ["obstacle/0/00000", "obstacle/0/00001"]
    recall = read_results(tmp_path).methods["random"].recall_by_distance  # drawn frames know their camera
    assert sum(line["obstacles"] for line in recall) > 0


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["softmax,sofmax"], "unknown scorer 'sofmax'; did you mean 'softmax'"),
        (["softmax", "--threshold", "high"], "expected a number, or 'weights' where a detector runs, found 'high'"),
        (["softmax", "--threshold", "nan"], "expected a number, or 'weights' where a detector runs, found 'nan'"),
        (["softmax", "--normal-root", "nowhere"], "nowhere (the root given) is not a folder"),
        (["softmax", "--normal-data", "drawn", "--false-alarms", "0.001"], "it takes 999 or more"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_scored(arguments, message, root, tmp_path, capsys, scored):
    pytest.importorskip("torch")
    data = ("--data", "obstacle_folder", "--root", root)
    assert evaluate(*arguments, *data, "--random-weights", *CPU, "--out", tmp_path / "o") == 2
    assert message in capsys.readouterr().err and not (tmp_path / "o").exists()


@pytest.mark.parametrize(
    ("methods", "segmenter", "missing"),
    [
        ("iccv2019,rbm", "fast", "no rbm in"),
        ("iccv2019,dropout", "fast", "no bayes_segnet in"),
        ("iccv2019,ensemble", "fast", "no pspnet in"),
        ("iccv2019,iccv2019_labels_only", "fast", "no discrepancy_labels_only in"),
        ("iccv2019", "pspnet", "no pspnet in"),
        ("paper", "fast", "no discrepancy_generator_only in"),
        ("iccv2019", "fats", "unknown detector 'fats'; did you mean 'fast'"),
    ],
)
def test_experiments_that_are_missing_are_told_before_anything_is_scored(
    methods, segmenter, missing, root, tmp_path, capsys
):
    """Not after hours of the methods that come before."""
    pytest.importorskip("torch")
    for name in ("0405_x", "0521_x"):
        (tmp_path / "exp" / name).mkdir(parents=True)
        (tmp_path / "exp" / name / "chk_best.pth").touch()
    (tmp_path / "exp/0405_x/chk_best.pth").rename(tmp_path / "exp/0405_x/latest_net_G.pth")
    words = ["evaluate", methods, f"obstacle_folder={root}", "--weights", str(tmp_path / "exp")]
    assert main([*words, "--segmenter", segmenter, "--out", str(tmp_path / "o")]) == 2
    assert missing in capsys.readouterr().err and not (tmp_path / "o").exists()


def test_missing_weights_are_asked_for_by_an_option_that_is_there(root, tmp_path, monkeypatch, capsys):
    pytest.importorskip("torch")
    monkeypatch.delenv("DIR_EXPERIMENTS", raising=False)
    words = ("iccv2019", "obstacle_folder", "--root", root, "--out", tmp_path / "o")
    assert evaluate(*words) == 2 and "give it with --weights DIR" in capsys.readouterr().err
    assert evaluate(*words, "--weights", "nowhere") == 2 and "no folder of weights nowhere" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path.write_bytes(b"no"), "cannot read .*bad.npy: not scores, or damaged"),
        (lambda path: np.save(path, np.zeros((2, 3, 4))), r"expected one score per pixel .*found shape \(2, 3, 4\)"),
    ],
)
def test_damaged_scores_are_named(make, message, tmp_path):
    make(tmp_path / "bad.npy")
    with pytest.raises(PredictionError, match=message):
        read_score(tmp_path / "bad.npy")


def test_unusable_files_are_named(root, tmp_path):
    (tmp_path / "x.hdf5").write_bytes(b"no")
    with pytest.raises(PredictionError, match="not an HDF5 file, or damaged"):
        read_prediction(tmp_path / "x.hdf5")
    with h5py.File(tmp_path / "y.hdf5", "w") as stream:
        stream["scores"] = np.zeros((2, 3))
    with pytest.raises(PredictionError, match="has scores; expected a data set 'value'"):
        read_prediction(tmp_path / "y.hdf5")
    with pytest.raises(PredictionError, match=r"scores up to 1e\+06 do not fit into float16"):
        write_prediction(tmp_path / "z.hdf5", np.full((2, 3), 1e6, np.float32))
    with pytest.raises(PredictionError, match="scores that are not finite numbers have no 16-bit code; store float32"):
        write_score(tmp_path / "nothing", "z", np.array([[0, np.nan]]), "16bit")
    with pytest.raises(PredictionError, match=r"no scores .* below"):
        stored_scores(tmp_path / "nothing")
    np.save(tmp_path / "x.npy", np.zeros((2, 3)))
    with pytest.raises(PredictionError, match="frame 'x' has two files"):
        stored_scores(tmp_path)
    write_score(tmp_path / "other", "elsewhere", np.zeros((2, 3)), "float32")
    with pytest.raises(PredictionError, match="no name is in both"):
        open_source(open_dataset("obstacle_folder", root), tmp_path / "other")


def test_example_adds_a_scorer_in_twenty_lines(root, tmp_path, capsys, caplog):
    """Which is asked again each time: its code may have changed, and nothing tells."""
    torch = pytest.importorskip("torch")
    from unexpected_core.scorers import SCORERS

    path = Path(__file__).resolve().parents[3] / "examples" / "03_add_a_scorer.py"
    assert sum(bool(line) for line in path.read_text().splitlines()) <= 20
    spec = spec_from_file_location("add_a_scorer", path)
    sys.modules["add_a_scorer"] = example = module_from_spec(spec)
    try:
        spec.loader.exec_module(example)
        logits = torch.tensor([[2.0, 2.0, 2.0], [2.0, -50.0, 1.0]]).reshape(1, 2, 1, 3)
        assert example.margin(logits)[0, 0].tolist() == pytest.approx([1, 0, 1 - np.tanh(0.5)])
        for _ in range(2):
            evaluate(
                "margin", "obstacle_folder", "--root", root, "--random-weights", "--limit", 1, *CPU, "--out", tmp_path
            )
        assert "| margin |" in capsys.readouterr().out
        assert "margin has code from elsewhere, whose changes are not seen: its scores are not" in caplog.text
        assert "1 of 1 stored scores are computed again: they were made otherwise (scorer revision none-" in caplog.text
    finally:
        del SCORERS["margin"], sys.modules["add_a_scorer"]


def test_judging_needs_no_torch():
    program = "import sys, unexpected_core.evaluation.judge; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).resolve().parents[3])
