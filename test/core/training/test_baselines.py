"""The baselines of a `fast` detector: what learns, whose they are, how they score."""

import runpy
from pathlib import Path

import pytest
import torch

from unexpected_core.cli.main import main
from unexpected_core.networks.fast_baselines import DropoutHead, FastBaselines
from unexpected_core.networks.fast_segmenter import FastSegmenter
from unexpected_core.networks.rbm import Reconstruction
from unexpected_core.scorers import build_scorer, load_scorer
from unexpected_core.scorers.base import ScorerError
from unexpected_core.scorers.baselines import SubEnsembleScorer
from unexpected_core.scorers.fast import FastScorer
from unexpected_core.training.engine import run as engine
from unexpected_core.training.engine.sampler import seed_of
from unexpected_core.training.errors import TrainingError
from unexpected_core.training.publish import publish_baselines
from unexpected_core.training.tasks.baselines import BaselinesTask
from unexpected_core.training.tasks.losses import redrawing_loss
from unexpected_core.training.tasks.rbm import road_patches
from unexpected_core.training.tasks.settings_fast import BaselineSettings
from unexpected_core.weights.cards import Card, WeightsError
from unexpected_core.weights.catalog import find_baselines, shipped
from unexpected_core.weights.reading import read_weights, verify, write_weights

TINY = runpy.run_path(str(Path(__file__).with_name("tiny_fast.py")))
detector, tiny = TINY["detector"], TINY["tiny"]
BASELINES = ("fast_retrained", "fast_generator_only", "fast_labels_only", "fast_ensemble", "fast_dropout", "fast_rbm")


@pytest.fixture(scope="module")
def trained(roads, tmp_path_factory):
    """A folder with a detector and, beside it, its baselines after two steps; and their run folder."""
    folder = tmp_path_factory.mktemp("detector")
    settings = tiny("fast_baselines", roads, detector(folder))
    engine.run(settings, folder / "run")
    path = publish_baselines(settings, folder / "run")
    assert path.name == "fast_baselines.safetensors" and path.stat().st_size < 2e6
    for file in (path, path.with_suffix(".json")):
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


def test_baselines_move_and_their_detector_does_not(trained):
    moving = torch.load(trained / "run/optimizer.pth", weights_only=True)["networks"]
    base = read_weights(trained / "fast.safetensors").state
    assert all(torch.equal(value, base[key]) for key, value in moving.items() if not key.startswith("baselines."))
    learned = read_weights(trained / "fast_baselines.safetensors")
    assert set(learned.state) == set(FastBaselines().state_dict())
    assert learned.card.stands_on == read_weights(trained).card.sha256  # a folder's detector is not its baselines
    assert learned.card.training_data == ["photographs", "paired_folder"], "they learned from what the detector sees"
    torch.manual_seed(seed_of(0))
    first = BaselinesTask(BaselineSettings(start=str(trained))).build()["baselines"].state_dict()
    last = torch.load(trained / "run/chk_last.pth", weights_only=True)["weights"]
    assert [key for key, value in first.items() if torch.equal(value, last[key])] == []


def test_baselines_are_those_that_were_trained(trained):
    image = torch.rand(1, 3, 64, 128)
    scores = {name: load_scorer(trained, name)(image).score for name in BASELINES}
    untrained = build_scorer("fast_labels_only", load_scorer(trained)).eval()
    assert torch.equal(scores["fast_labels_only"], untrained(image).score)
    assert len({round(score.mean().item(), 6) for score in scores.values()}) == len(BASELINES)
    model_id = load_scorer(trained, "fast_rbm").model_id
    assert [part[:5] for part in model_id.split("/")] == ["fast-", "fast_", "fast_"]


def test_the_max_logit_counts_in_the_retrained_comparer_as_in_the_detector(trained):
    """Else what is held against the detector would lack more than its training; the paper's two see no such thing."""
    image, base = torch.rand(1, 3, 64, 128), load_scorer(trained)
    base.max_logit_weight = 0.0
    without = {name: build_scorer(name, base).eval()(image).score for name in BASELINES[:3]}
    base.max_logit_weight = 0.3
    weighed = {name: build_scorer(name, base).eval()(image).score for name in BASELINES[:3]}
    changed = {name for name in without if not torch.equal(weighed[name], without[name])}
    assert changed == {"fast_retrained"}


def test_baselines_of_another_detector_are_refused(trained, tmp_path):
    base = detector(tmp_path, seed=1)
    with pytest.raises(
        WeightsError,
        match=r"no baselines of the detector .*: expected fast_baselines.safetensors "
        r"beside it. To train them: unexpected train fast_baselines --set task",
    ):
        load_scorer(base, "fast_ensemble")
    for name in ("fast_baselines.safetensors", "fast_baselines.json"):
        (tmp_path / name).write_bytes((trained / name).read_bytes())
    with pytest.raises(WeightsError, match=r"was trained on a detector with sha256 .*, but .*fast.safetensors has"):
        load_scorer(base, "fast_ensemble")
    with pytest.raises(ScorerError, match="stand on a detector of the kind 'fast', 'random' is another"):
        load_scorer("random", "fast_ensemble")


@pytest.mark.parametrize(
    ("architecture", "size", "found"), [("fast", "nano", "task.size=nano"), ("random", "fast", "architecture='random'")]
)
def test_no_training_is_advised_that_would_be_refused(architecture, size, found, tmp_path, capsys):
    card = Card(name="other", architecture=architecture, options={"size": size})
    write_weights(tmp_path / "other.safetensors", FastScorer(size).state_dict(), card)
    message = f"{found}: there are baselines and cue heads only for 'fast' detectors of task.size=fast\n"
    assert main(["evaluate", "paper", "drawn", "--detector", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err.endswith(message)
    start = ["--set", f"task.start={tmp_path}", "--data", f"paired_folder={tmp_path}"]
    assert main(["train", "fast_baselines", "--run", str(tmp_path / "run"), *start]) == 2
    assert capsys.readouterr().err.endswith(message)


def test_a_detector_that_changed_during_the_training_is_noticed(roads, trained, tmp_path):
    settings = tiny("fast_baselines", roads, detector(tmp_path, seed=1))
    with pytest.raises(TrainingError, match=r"is no longer the detector that .*run began with"):
        publish_baselines(settings, trained / "run")


def test_the_papers_comparison_is_one_command(roads, trained, tmp_path, capsys):
    command = [
        "evaluate",
        "paper",
        "obstacle_folder",
        "--root",
        str(roads / "test"),
        "--out",
        str(tmp_path),
        "--resamples",
        "20",
        "--workers",
        "1",
        "--device",
        "cpu",
        "--detector",
    ]
    assert main([*command, str(trained)]) in (0, 1)  # the doctor may well doubt a detector after two steps
    table = capsys.readouterr().out
    assert all(f"| {name} |" in table for name in ("resynthesis", *BASELINES, "direct", "softmax", "max_logit"))
    assert (tmp_path / "roc.png").read_bytes().startswith(b"\x89PNG")
    assert main([*command, str(detector(tmp_path / "alone"))]) == 2
    assert "unexpected train fast_baselines --set task.start=" in capsys.readouterr().err


@pytest.mark.parametrize(
    "name", [name for name, path in shipped().items() if path.with_stem(path.stem + "_baselines").is_file()]
)
def test_shipped_baselines_stand_on_the_shipped_detector(name):
    card = verify(find_baselines(shipped()[name]))
    assert card.training_data and card.command and card.commit and card.licence
    assert load_scorer(name, "fast_rbm").model_id.startswith(load_scorer(name).model_id)


def test_members_that_are_sure_of_different_classes_score_one():
    """Two members, certain: variance 1/2 in each of the two classes. Where they agree: 0."""

    class Sure(torch.nn.Module):
        def __init__(self, left, right):
            super().__init__()
            self.labels = left, right

        def forward(self, joined):
            logits = torch.zeros(1, 19, *joined.shape[-2:])
            half = joined.shape[-1] // 2
            logits[:, self.labels[0], :, :half] = logits[:, self.labels[1], :, half:] = 99
            return logits

    scorer = SubEnsembleScorer(FastSegmenter(), torch.nn.ModuleList([Sure(3, 7), Sure(3, 9)])).eval()
    scores = scorer(torch.rand(1, 3, 32, 64))
    assert scores.score[0, :, :28].abs().max() < 1e-6 and (scores.score[0, :, 36:] - 1).abs().max() < 1e-6
    assert (scores.labels[0, :, :32] == 3).all()


def test_dropout_masks_are_the_same_for_the_same_seed_and_keep_the_mean():
    head = DropoutHead(joined=1000)
    masks = head.draw_masks(16, 0)
    assert torch.equal(masks, head.draw_masks(16, 0)) and not torch.equal(masks, head.draw_masks(16, 1))
    assert set(masks.unique().tolist()) == {0.0, 2.0} and abs(masks.mean() - 1) < 0.05
    assert len({tuple(mask.flatten().tolist()) for mask in masks}) == 16


def test_patches_that_are_road_in_all_pixels_count():
    labels = torch.zeros(1, 14, 20, dtype=torch.uint8)  # patches 8x8 begin at rows 0, 6 and columns 0, 6, 12
    labels[0, 13, 19] = 255
    assert road_patches(labels).tolist() == [[True, True, True, True, True, False]]
    ones, zeros = torch.ones(3, 192), torch.zeros(3, 192)
    assert redrawing_loss(Reconstruction(ones, zeros, zeros[:, :1])) == 1
    assert redrawing_loss(Reconstruction(ones[:0], zeros[:0], zeros[:0, :1])) == 0
