"""Training the `fast` detector and parts of it: what moves, what stays, what the files are for."""

import runpy
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision.models import squeezenet1_1

from unexpected_core.config import SettingsError, override
from unexpected_core.scorers import load_scorer
from unexpected_core.scorers.fast import FastScorer
from unexpected_core.training import stages
from unexpected_core.training.engine import run as engine
from unexpected_core.training.engine.checkpoint import LAST, load, save
from unexpected_core.training.engine.sampler import Share, seed_of
from unexpected_core.training.engine.setup import parameter_groups
from unexpected_core.training.errors import TrainingError
from unexpected_core.training.presets import PRESETS, derive
from unexpected_core.training.publish import publish_fast
from unexpected_core.training.tasks.fast import FastTask, thinned
from unexpected_core.training.tasks.settings_fast import FastSettings
from unexpected_core.weights.cards import Card, WeightsError, read_card
from unexpected_core.weights.reading import read_weights, write_weights

TINY = runpy.run_path(str(Path(__file__).with_name("tiny_fast.py")))
detector, tiny, STATISTICS = (TINY[name] for name in ("detector", "tiny", "STATISTICS"))


@pytest.mark.parametrize("part", ["segmenter", "generator", "comparer"])
def test_a_part_learns_and_the_others_stand_still(part, roads, tmp_path):
    """To the last bit, batch norm's statistics too; and what is published is a whole detector with its road prior."""
    base = detector(tmp_path)
    settings = derive(tiny(f"fast_{part}", roads, base), task={"max_logit_weight": 0.2})
    engine.run(settings, tmp_path / "run")
    before, after = read_weights(base).state, torch.load(tmp_path / "run/chk_last.pth", weights_only=True)["weights"]
    moved = {key for key, value in before.items() if not torch.equal(value, after[key])}
    assert moved == {key for key in before if key.startswith(f"{part}.")}
    published = publish_fast(settings, tmp_path / "run")
    scorer = load_scorer(published.parent)
    assert isinstance(scorer, FastScorer) and scorer.max_logit_weight == 0.2
    assert read_card(published).training_data == ["photographs", "paired_folder"]


@pytest.mark.parametrize(
    ("changes", "height", "weight"),
    [({}, 64, 0), ({"working_height": 96, "max_logit_weight": 0.2}, 96, 0.2), ({"learn": ["direct"]}, 64, 0)],
)
def test_a_part_works_at_the_height_and_with_the_max_logit_of_its_detector(changes, height, weight, roads, tmp_path):
    """Unless the settings say otherwise; the usual 448 and 0.3 are those of a detector that learns as a whole."""
    settings = derive(tiny("fast_comparer", roads, detector(tmp_path)), task=changes)
    content = {"weights": FastScorer().state_dict(), "state": {"best_loss_val": 1.0, "epoch_idx": 2}}
    save(tmp_path / LAST, content)
    card = read_card(publish_fast(settings, tmp_path))
    assert (card.working_height, card.max_logit_weight) == (height, weight)
    assert (card.logit_statistics == STATISTICS) == (height == 64)  # at another height the logits are others


def test_a_whole_training_gives_its_detector_the_usual_height_and_max_logit(roads, tmp_path):
    save(tmp_path / LAST, {"weights": FastScorer().state_dict(), "state": {"best_loss_val": 1.0, "epoch_idx": 2}})
    card = read_card(publish_fast(tiny("fast", roads, detector(tmp_path)), tmp_path))
    assert (card.working_height, card.max_logit_weight) == (448, 0.3)


def test_a_height_that_no_card_takes_is_refused_before_the_training():
    with pytest.raises(SettingsError, match=r"task.working_height' = 5000: .* less than or equal to 4096"):
        override(PRESETS["fast"], ["task.working_height=5000"])


def test_a_teacher_pulls_the_labels_to_its_own(roads, tmp_path):
    """With no other loss than that; the teacher itself stands still, and is no part of what is published."""
    (tmp_path / "teacher").mkdir()
    start, teacher = detector(tmp_path), detector(tmp_path / "teacher", seed=1)
    settings = tiny("fast_segmenter", roads, start)
    settings = derive(settings, task={"teacher": str(teacher), "labels": 0.0}, optimizer={"learning_rate": 0.02})
    learned = {epochs: taught_loss(settings, epochs, tmp_path) for epochs in (1, 8)}
    assert learned[8] < 0.9 * learned[1]
    published = publish_fast(settings, tmp_path / "8")
    assert set(read_weights(published).state) == set(read_weights(start).state)


class Painting(torch.nn.Module):
    """A generator that paints whatever its weights are."""

    def __init__(self):
        super().__init__()
        self.pixels = torch.nn.Parameter(torch.rand(1, 3, 32, 64))

    def forward(self, logits, seen):
        return self.pixels


@pytest.mark.parametrize("counts", ["paint", "perceived"])
def test_nobody_learns_to_paint_the_obstacles_that_a_frame_has_of_its_own(counts, tmp_path):
    """Neither the colours nor the judge of the painting pull there; all around both do."""
    torch.manual_seed(0)
    torch.save(squeezenet1_1(weights=None).state_dict(), tmp_path / "judge.pth")
    settings = FastSettings(learn=["generator"], perceptual=0.5, perceptual_weights=str(tmp_path / "judge.pth"))
    task = FastTask(settings)
    networks, own = task.build().eval(), torch.zeros(1, 64, 128, dtype=torch.uint8)
    networks["generator"] = Painting()
    own[:, 20:41, 30:71] = 1
    batch = {name: torch.randint(0, 256, (1, 3, 64, 128), dtype=torch.uint8) for name in ("image", "photo")}
    maps = dict.fromkeys(("labels", "discrepancy", "photo_discrepancy"), own)
    task.losses(networks, {**batch, **maps})[counts].backward()
    pulled = networks["generator"].pixels.grad.abs().sum((0, 1)) > 0
    obstacle = torch.zeros(32, 64, dtype=torch.bool)
    obstacle[10:21, 15:36] = True
    assert not pulled[obstacle].any() and pulled[~obstacle].float().mean() > 0.9


def test_a_teacher_that_cannot_teach_is_refused_before_data_are_read(tmp_path):
    start = detector(tmp_path)
    for preset, teacher, message in (
        ("fast_comparer", start, "segmenter, which is not in task.learn"),
        ("fast_segmenter", tmp_path / "none.safetensors", "no weight file"),
    ):
        settings = derive(tiny(preset, tmp_path / "nothing_here", start), task={"teacher": str(teacher)})
        with pytest.raises((TrainingError, WeightsError), match=message):
            engine.run(settings, tmp_path / preset)


def taught_loss(settings, epochs, folder):
    engine.run(derive(settings, loop={"epochs": epochs}), folder / str(epochs))
    return load(folder / str(epochs) / LAST)["state"]["best_loss_val"]


def test_drawings_do_not_free_a_detector_that_began_with_photographs(tmp_path):
    """What it learned from first still decides what it may be used for."""
    save(
        tmp_path / "chk_last.pth",
        {"weights": FastScorer().state_dict(), "state": {"best_loss_val": 1.0, "epoch_idx": 2}},
    )
    (tmp_path / "before").mkdir()
    for start, licence in (("", "Apache-2.0"), (str(detector(tmp_path / "before")), "for research")):
        settings = derive(PRESETS["fast_drawn"], task={"start": start})
        assert licence in read_card(publish_fast(settings, tmp_path)).licence


@pytest.mark.parametrize(
    ("changes", "more"),
    [
        ({"pastes": {"things": "~/photographs/cutouts/"}}, ["cut-outs cutouts"]),
        ({"pastes": {"things": "cutouts"}, "paste": False}, []),
        ({"perceptual": 0.5, "perceptual_weights": "there/squeezenet1_1.pth"}, ["judge squeezenet1_1.pth"]),
        ({"perceptual_weights": "there/squeezenet1_1.pth"}, []),
    ],
)
def test_photographs_beside_the_drawings_are_on_the_card(changes, more, tmp_path):
    """Cut-outs and a judge that learned from ImageNet are no drawings of ours: the licence says so."""
    content = {"weights": FastScorer().state_dict(), "state": {"best_loss_val": 1.0, "epoch_idx": 2}}
    save(tmp_path / LAST, content)
    card = read_card(publish_fast(derive(PRESETS["fast_drawn"], task=changes), tmp_path))
    assert card.training_data == ["drawn", *more]
    assert ("Apache-2.0" in card.licence) == (not more)


@pytest.mark.parametrize("which", ["best", "last"])
def test_the_detector_has_the_weights_that_were_asked_for(which, tmp_path):
    for name in ("best", "last"):
        save(
            tmp_path / f"chk_{name}.pth",
            {"weights": FastScorer().state_dict(), "state": {"best_loss_val": 1.0, "epoch_idx": 2}},
        )
    published = read_weights(publish_fast(derive(PRESETS["fast"], loop={"publish": which}), tmp_path)).state
    for name in ("best", "last"):
        there = torch.load(tmp_path / f"chk_{name}.pth", weights_only=True)["weights"]["comparer.decide.weight"]
        assert torch.allclose(there, published["comparer.decide.weight"].float(), atol=1e-3) == (name == which)


def test_the_mean_is_that_of_the_start_and_of_each_epochs_end(roads, tmp_path):
    """Also where the training was stopped between, and of all that is published: batch norm's statistics, too."""
    start = detector(tmp_path)
    settings = derive(tiny("fast", roads, start), loop={"publish": "mean", "average": 0.5}, first={"epochs": 0})
    states = [read_weights(start).state]
    for epochs in (1, 2):
        settings = derive(settings, loop={"epochs": epochs})
        engine.run(settings, tmp_path / "run")
        states.append(torch.load(tmp_path / "run/chk_last.pth", weights_only=True)["weights"])
    published = read_weights(publish_fast(settings, tmp_path / "run")).state
    assert published.keys() == states[-1].keys()
    for name, value in published.items():
        if value.is_floating_point():
            expected = sum(state[name].float() for state in states) / 3
            assert torch.allclose(value.float(), expected, rtol=2e-3, atol=2e-3), name
    moved = "comparer.decide.weight"
    assert not torch.allclose(published[moved].float(), states[-1][moved], rtol=1e-3, atol=1e-5)


def test_no_mean_with_random_weights(roads, tmp_path):
    with pytest.raises(TrainingError, match="publish=mean would average random weights"):
        stages.run(derive(tiny("fast", roads, ""), loop={"publish": "mean"}), tmp_path)


def test_start_names_a_detector_and_nothing_else(roads, tmp_path):
    write_weights(tmp_path / "w.safetensors", torch.nn.Conv2d(3, 8, 1).state_dict(), Card(name="w", architecture="x"))
    with pytest.raises(WeightsError, match=r"weights 'w' do not fit ModuleDict: .* missing"):
        engine.run(tiny("fast_comparer", roads, tmp_path / "w.safetensors"), tmp_path / "run")
    with pytest.raises(WeightsError, match="unknown detector 'fats'; did you mean 'fast'"):
        engine.run(tiny("fast_comparer", roads, "fats"), tmp_path / "other")


@pytest.mark.parametrize("kind", ["fast", "fast_baselines"])
def test_a_start_that_is_not_there_is_refused_before_data_are_read(kind, tmp_path):
    settings = tiny(kind, tmp_path / "no_data_either", tmp_path / "no_start.safetensors")
    with pytest.raises(WeightsError, match=r"no_start\.safetensors"):
        engine.run(settings, tmp_path / "run")


@pytest.mark.parametrize("step", [2, 4])
def test_thinning_ids_moves_nothing_on_average(step):
    rows = torch.arange(8).view(1, 8, 1).expand(4, 8, 8)
    assert (thinned(rows, step).float() + 0.5).mean() == 4.0
    upper = list(range(step // 2 - 1, 8, step))
    lower = [row + 1 for row in upper]
    for seed, ways in enumerate([(upper, lower), (lower, upper)]):
        torch.manual_seed(seed)
        assert thinned(rows, step)[:, :, 0].tolist() == [upper, lower] * 2, "whatever the seed"
        assert thinned(rows[:1], step)[0, :, 0].tolist() == ways[0]
        assert thinned(rows[:3], step)[:, 0, 0].tolist() == [ways[i][0] for i in (0, 1, 0)]


@pytest.mark.parametrize(("batch", "accumulate", "world"), [(8, 8, 1), (8, 1, 8), (1, 1, 1), (6, 2, 1)])
def test_targets_of_parts_with_one_example_lie_on_the_photo(batch, accumulate, world):
    """Over the steps of a training; which half begins is the loop's seed to say, as it is for dropout."""
    rows, found = torch.arange(8).view(1, 8, 1).expand(3, 8, 8), []
    for step in range(400):
        for rank in range(world):
            for number, part in enumerate(Share(batch, accumulate, rank, world).parts(np.arange(batch))):
                torch.manual_seed(seed_of(0, 1, step, number, rank))
                before = torch.get_rng_state()
                found.append(thinned(rows[: len(part)], 2).float().mean().item() + 0.5)
                assert torch.equal(torch.get_rng_state(), before)
    assert np.mean(found) == pytest.approx(4.0, abs=0.08)


def test_parameters_are_grouped_by_their_rate():
    networks = torch.nn.ModuleDict({"a": torch.nn.Linear(2, 3), "b": torch.nn.Linear(2, 3), "c": torch.nn.Linear(2, 3)})
    networks["c"].requires_grad_(False)
    one, ten = parameter_groups(networks, {"b": 10.0}, 0.1)
    assert one["params"] == list(networks["a"].parameters()) and (one["lr"], one["rate"]) == (0.1, 1.0)
    assert ten["params"] == list(networks["b"].parameters()) and (ten["lr"], ten["rate"]) == (1.0, 10.0)


def test_a_narrow_detector_learns_from_a_wide_one(roads, tmp_path):
    teacher = detector(tmp_path)
    settings = derive(tiny("nano", roads, ""), first={"epochs": 0}, task={"teacher": str(teacher)})
    engine.run(settings, tmp_path / "run")
    assert "train_taught" in (tmp_path / "run/training.log").read_text()
    state = read_weights(publish_fast(settings, tmp_path / "run")).state
    wide = read_weights(teacher).state
    assert state["segmenter.classify.weight"].shape != wide["segmenter.classify.weight"].shape


@pytest.mark.parametrize(
    ("preset", "message"),
    [
        ("fast", r"narrow\.safetensors has task\.size=nano, expected fast: --set task.size=nano"),
        ("fast_baselines", r"narrow\.safetensors has task\.size=nano: there are baselines and cue heads only for"),
        ("fast_cues", r"narrow\.safetensors has task\.size=nano: there are baselines and cue heads only for"),
    ],
)
def test_a_start_of_another_size_is_refused_with_the_cure(preset, message, roads, tmp_path):
    card = Card(name="narrow", architecture="fast", options={"size": "nano"})
    write_weights(tmp_path / "narrow.safetensors", FastScorer("nano").state_dict(), card)
    with pytest.raises((TrainingError, WeightsError), match=message):
        engine.run(tiny(preset, roads, tmp_path / "narrow.safetensors"), tmp_path / "run")
