"""Which networks `unexpected evaluate` judges, and how its options are read."""

import argparse
import json
import logging
from pathlib import Path

import numpy as np
import pytest

from unexpected_core.cli.arguments import check_apart, given
from unexpected_core.cli.errors import UsageError
from unexpected_core.cli.evaluate import add_arguments
from unexpected_core.cli.evaluating.methods import FAST_PAPER, PAPER, read_methods
from unexpected_core.cli.evaluating.networks import Networks
from unexpected_core.cli.evaluating.options import check_thresholds, check_used
from unexpected_core.cli.main import main
from unexpected_core.config import SettingsError, build
from unexpected_core.datasets import open_dataset
from unexpected_core.datasets.cache import Spilled
from unexpected_core.datasets.frames import folders_of
from unexpected_core.evaluation.settings import FORMATS, EvaluationSettings
from unexpected_core.images import write_image
from unexpected_core.metrics.components import TRACK_SIZES
from unexpected_core.structs import RoadCamera
from unexpected_core.weights.cards import Card, WeightsError, write_card
from unexpected_core.weights.catalog import shipped


def parsed(*words):
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(["x", "drawn", "--out", "o", *words])


def settings(*words):
    return build(EvaluationSettings, given(parsed(*words), EvaluationSettings))


def test_options_are_the_fields_of_the_settings():
    assert settings() == EvaluationSettings()
    words = "--mode smiyc,pooled --sizes anomaly --threshold 0.7 --camera 1.5 2 0.4 --resamples 9"
    chosen = settings(*words.split())
    assert chosen.mode == ("exact", "smiyc", "pooled") and chosen.sizes == TRACK_SIZES["anomaly"]
    assert (chosen.threshold, chosen.camera, chosen.resamples) == (0.7, RoadCamera(1.5, 2, 0.4), 9)
    assert settings("--threshold", "weights").threshold == "weights"
    assert not settings().from_normal_driving and settings("--normal-data", "camvid").from_normal_driving
    assert EvaluationSettings.model_fields["store"].annotation.__args__ == tuple(FORMATS)
    for wrong in ("--resamples 0", "--workers many", "--limit -1", "--false-alarms 1", "--frame-rate 0"):
        with pytest.raises(SettingsError, match=f"setting '{wrong.split()[0][2:].replace('-', '_')}'"):
            settings(*wrong.split())


def test_methods_stand_on_the_detector_named_and_not_on_the_shipped_one(tmp_path):
    pytest.importorskip("torch")
    from unexpected_core.weights.reading import read_weights, write_weights

    path = tmp_path / "mine.safetensors"
    weights = read_weights("fast")
    state = {key: 0.5 * tensor if tensor.is_floating_point() else tensor for key, tensor in weights.state.items()}
    card = write_weights(path, state, weights.card)
    networks = Networks(str(path), settings={"device": "cpu", "warmup": False})
    for name in ("fast", "softmax", "resynthesis"):
        detector = networks.open(name)
        assert networks.identity(name, detector, False).weights_sha256 == card.sha256
        assert card.sha256[:8] in detector.model_id
    shipped_sha = json.loads(shipped()["fast"].with_suffix(".json").read_text())["sha256"]
    default = Networks("fast", settings=networks.settings)
    assert default.identity("fast", default.open("fast"), False).weights_sha256 == shipped_sha


def test_random_networks_are_known_as_such_whatever_their_name():
    pytest.importorskip("torch")
    networks = Networks("fast", {"random_weights": True}, {"device": "cpu", "warmup": False})
    for name in ("fast", "softmax", "random"):
        assert networks.identity(name, networks.open(name), False).random_weights


def test_an_environment_variable_does_not_change_what_the_paper_is_compared_on(monkeypatch, caplog):
    """Trainings write where $DIR_EXPERIMENTS says; other networks are judged only when --weights asks for them."""
    monkeypatch.setenv("DIR_EXPERIMENTS", "/somewhere")
    paper = parsed()
    paper.methods, paper.from_scores = "paper", Path("stored")  # the baselines' weights need not be there
    with caplog.at_level(logging.INFO):
        assert tuple(read_methods(paper, Networks("fast"))) == FAST_PAPER
    assert "for that of the networks in $DIR_EXPERIMENTS: --weights /somewhere" in caplog.text
    paper.weights = "/somewhere"
    assert tuple(read_methods(paper, Networks("fast"))) == PAPER


@pytest.mark.parametrize(
    ("methods", "words", "message"),
    [
        ("fast", "--false-alarms 0.01", "--false-alarms would change nothing: no frames of normal driving"),
        ("fast", "--normal-data image_folder", "--normal-data would change nothing: no frames of normal driving"),
        ("fast", "--normal-split val", "--normal-split would change nothing"),
        ("fast", "--segmenter bayes_segnet", "--segmenter would change nothing: no method of the paper is judged"),
        ("fast", "--weights exp", "--weights would change nothing"),
        (
            "nano,random",
            "--detector mine",
            "--detector would change nothing: no method here stands on another's networks",
        ),
        ("nano", "--random-weights", "--random-weights would change nothing: each method here has weights of its own"),
        ("theirs", "--from-scores d --device cpu", "--device would change nothing: stored scores are judged as they"),
        ("theirs", "--from-scores d --store hdf5", "--store would change nothing"),
        ("theirs", "--from-scores d --false-alarms 0.01", "--false-alarms would change nothing: no frames of normal"),
        ("theirs", "--from-scores d --threshold weights", "or 'weights' where a detector runs"),
        ("fast,softmax,rbm", "--threshold weights", "no card has a threshold of softmax, rbm; give a number"),
        ("random", "--threshold weights", "no card has a threshold of random"),
    ],
)
def test_what_would_change_nothing_or_be_a_guess_is_refused(methods, words, message):
    with pytest.raises(UsageError, match=message):
        check(methods, words)


@pytest.mark.parametrize(
    ("methods", "words"),
    [
        ("nano,fast,resynthesis,exp/mine.safetensors", "--threshold weights"),
        ("softmax,nano", "--detector mine --device cpu --store 16bit"),
        ("fast,rbm", "--weights exp --random-weights"),
        ("fast", "--normal-root d --false-alarms 0.01"),
        ("theirs", "--from-scores d --threshold 0.5 --mode smiyc"),
    ],
)
def test_options_that_have_something_to_act_on_are_taken(methods, words):
    check(methods, words)


def test_the_papers_comparison_of_stored_scores_is_chosen_by_its_weights():
    check("paper", "--from-scores d --weights exp")
    with pytest.raises(UsageError, match="--scale would change nothing"):
        check("paper", "--from-scores d --weights exp --scale 0.5")


def check(methods, words):
    chosen, names = parsed(*words.split()), methods.split(",")
    chosen.methods = methods
    check_used(chosen, settings(*words.split()), names)
    check_thresholds(names, settings(*words.split()), bool(chosen.from_scores))


def read(methods, networks):
    chosen = parsed()
    chosen.methods = methods
    return read_methods(chosen, networks)


def test_a_folder_without_weights_is_refused_before_other_methods_are_scored(tmp_path):
    with pytest.raises(WeightsError, match=r"must hold exactly one \.safetensors file, found none"):
        read(f"softmax,{tmp_path}", Networks("fast"))


def test_spaces_between_methods_do_not_matter():
    assert read("fast, softmax,", Networks("fast")) == ["fast", "softmax"]


@pytest.mark.parametrize(
    ("methods", "networks", "message"),
    [
        ("softmax,fast_rbm", {"detector": "{mine}"}, "no baselines of the detector"),
        ("nano,softmax", {"detector": "{mine}.gone"}, "no weight file"),
        ("fast,rbm", {"detector": "fast", "published": {"weights": "nowhere"}}, "no folder of weights nowhere"),
    ],
)
def test_networks_that_are_not_there_are_missed_before_other_methods_are_scored(methods, networks, message, tmp_path):
    mine = tmp_path / "mine.safetensors"
    mine.touch()
    write_card(mine, Card(name="mine", architecture="fast"))
    networks["detector"] = networks["detector"].format(mine=mine)
    with pytest.raises(WeightsError, match=message):
        read(methods, Networks(**networks))
    assert read(methods, Networks("random", {"random_weights": True})) == methods.split(",")


@pytest.mark.parametrize(
    ("data", "inside", "outside"),
    [
        ("obstacle_folder", "images/res", "res"),  # of frames in folders, their names begin with those
        ("paired_folder", "train/res", "val/res"),
        ("image_folder", "res", "../res"),
    ],
)
def test_results_are_not_written_among_the_frames_of_a_set(data, inside, outside, tmp_path, capsys):
    root = tmp_path / "set"
    for file in ("images/a/1.png", "obstacle/a/1.png", "train/1.png", "train/1_trainIds.png"):
        write_image(root / file, np.zeros((32, 48, 3), np.uint8) if "images" in file else np.zeros((32, 48), np.uint8))
    for words in (
        ["evaluate", "random", data],
        ["data", "show", "--data", data],
        ["data", "discrepancy", "--data", data],
    ):
        words += ["--root", str(root), *(["--generator", "x"] if "discrepancy" in words else [])]
        assert main([*words, "--out", str(root / inside)]) == 2
        assert f"--out {root / inside} lies among the frames of {root}" in capsys.readouterr().err
        assert not (root / inside).exists()
    check_apart(folders_of(open_dataset(data, root)), root / outside)


def test_sets_without_files_have_no_folders():
    assert folders_of(Spilled(open_dataset("drawn", count=1))) == set()
