"""Weight files and their cards: written, checked, found by name, averaged; never a pickle."""

import json
import pickle

import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

from unexpected_core.cli.main import main
from unexpected_core.files import commit
from unexpected_core.images import write_image
from unexpected_core.scorers import SCORERS, load_scorer
from unexpected_core.scorers.base import ScorerError
from unexpected_core.scorers.fast import FastScorer
from unexpected_core.scorers.logits.standardized import class_statistics, mean_and_std
from unexpected_core.scorers.random import RandomScorer
from unexpected_core.weights import catalog
from unexpected_core.weights.cards import Card, WeightsError, card_path, read_card, write_card
from unexpected_core.weights.catalog import find_weights
from unexpected_core.weights.experiments import find_network
from unexpected_core.weights.reading import load_into, read_weights, verify, write_weights

CARD = Card(
    name="toy",
    architecture="random",
    working_height=96,
    threshold=0.7,
    calibration=(2.0, -1.0),
    training_data=["nothing"],
    command="none",
)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "toy.safetensors"
    write_weights(path, RandomScorer(seed=5).state_dict(), CARD)
    return path


def test_a_detector_comes_back_from_disk_with_all_its_card_says(file):
    scorer = load_scorer(file)
    fingerprint = read_card(file).sha256
    assert (scorer.name, scorer.model_id) == ("random", f"toy-{fingerprint[:8]}")
    assert (scorer.working_height, scorer.threshold, scorer.calibration) == (96, 0.7, (2.0, -1.0))
    assert not scorer.training
    image = torch.rand(1, 3, 40, 60)
    expected = RandomScorer(seed=5).eval()(image).score
    assert (scorer(image).score - expected).abs().max() < 1e-3
    assert (RandomScorer(seed=6)(image).score - expected).abs().max() > 1e-2
    assert load_scorer(file.parent).model_id == scorer.model_id
    derived = load_scorer(file, "softmax")
    assert (derived.name, derived.model_id) == ("softmax", f"{scorer.model_id}/softmax")
    assert derived.calibration is None and derived.threshold == 0.5  # those of the card are for its own score


def test_half_precision_is_for_kernels_only_and_wide_vectors_survive(tmp_path):
    state = {"kernel": torch.rand(4, 3, 3, 3), "running_var": torch.tensor([1e-9, 1e9]), "count": torch.tensor(7)}
    write_weights(tmp_path / "w.safetensors", state, CARD)
    back = read_weights(tmp_path / "w.safetensors").state
    assert torch.equal(back["running_var"], state["running_var"]) and back["count"] == 7
    assert back["kernel"].dtype == torch.float32 and torch.equal(back["kernel"], state["kernel"].half().float())
    write_weights(tmp_path / "w.safetensors", state, CARD, half=False)
    assert torch.equal(read_weights(tmp_path / "w.safetensors").state["kernel"], state["kernel"])


def test_broken_training_results_are_not_written(tmp_path):
    for bad in (float("nan"), float("inf"), 1e6):
        with pytest.raises(WeightsError, match="'kernel' holds NaN, infinite or too great values: not written"):
            write_weights(tmp_path / "w.safetensors", {"kernel": torch.full((2, 2), bad)}, CARD)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(WeightsError, match=r"weight files end in \.safetensors, found w\.pth"):
        write_weights(tmp_path / "w.pth", {}, CARD)


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda _: b"", lambda data: data[:-1] + b"x"])
def test_damaged_files_are_refused(file, damage):
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(WeightsError, match=r"toy\.safetensors is damaged, or not the file its card is for: .* both"):
        load_scorer(file)


def test_a_file_that_was_damaged_before_its_card_was_written_is_refused_too(file):
    file.write_bytes(b"not tensors")
    from unexpected_core.files import sha256

    card_path(file).write_text(CARD.model_copy(update={"sha256": sha256(file)}).model_dump_json())
    with pytest.raises(WeightsError, match=r"cannot read .*toy\.safetensors: .*; get the file again"):
        read_weights(file)


def test_cards_are_needed_and_checked(file):
    text = card_path(file).read_text()
    for broken, message in [
        (text[:50], "not valid JSON"),
        ("[1]", "cannot use card"),
        (text.replace('"threshold": 0.7', '"threshold": 7'), "setting 'threshold' = 7"),
        (text.replace('"threshold"', '"treshold"'), "did you mean 'threshold'"),
    ]:
        card_path(file).write_text(broken)
        with pytest.raises(WeightsError, match=message):
            read_card(file)
    card_path(file).write_text(text.replace('"threshold": 0.7', '"threshold": 7, "treshold": 1'))
    with pytest.raises(WeightsError, match=r"^.*'treshold'.*$") as found:
        read_card(file)
    assert "'threshold' = 7" in str(found.value) and "\n" not in str(found.value)
    card_path(file).unlink()
    with pytest.raises(WeightsError, match=r"no card toy\.json beside .* copy both files"):
        verify(file)


def test_pickles_are_never_opened(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (tmp_path / "exploded").touch, ()

    for name in ("bomb.pth", "bomb.safetensors"):
        (tmp_path / name).write_bytes(pickle.dumps(Bomb()))
        with pytest.raises(WeightsError):
            read_weights(tmp_path / name)
    assert not (tmp_path / "exploded").exists()


def test_weights_of_another_network_are_refused_key_by_key(file):
    weights = read_weights(file)
    wrong = torch.nn.ModuleDict({"segmenter": torch.nn.Conv2d(3, 8, 3)})
    message = (
        r"'toy' do not fit ModuleDict: 2 missing \(segmenter.weight; segmenter.bias\), 8 left over \(.*\); "
        "the card says architecture 'random'"
    )
    with pytest.raises(WeightsError, match=message):
        load_into(wrong, weights)
    smaller = RandomScorer()
    smaller.generator = torch.nn.Conv2d(18, 3, 1)
    message = r"1 of another shape \(generator.weight \[3, 19, 1, 1\], expected \[3, 18, 1, 1\]\)"
    with pytest.raises(WeightsError, match=message):
        load_into(smaller, weights)


@pytest.mark.parametrize(
    ("about", "message"),
    [
        ({"architecture": "rbm"}, r"toy\.safetensors holds 'rbm', which is no detector"),
        ({"architecture": "fast_baselines"}, "holds 'fast_baselines', which is no detector"),
        ({"architecture": "softmax"}, "holds 'softmax', which is no detector"),
        (
            {"options": {"width": 7}},
            r"the card of .*toy\.safetensors asks for options .* 'random' does not have: .*width",
        ),
    ],
)
def test_cards_of_what_is_no_detector_are_refused(file, about, message):
    write_card(file, read_card(file).model_copy(update=about))
    with pytest.raises(WeightsError, match=message):
        load_scorer(file)


def test_names_and_places_that_do_not_exist(tmp_path, file, monkeypatch):
    monkeypatch.setattr(catalog, "shipped", lambda: {"fast": file})
    assert find_weights("fast") == file
    with pytest.raises(WeightsError, match=r"toy\.safetensors has architecture='random': there are baselines and"):
        find_weights("fast_baselines")
    with pytest.raises(WeightsError, match=r"unknown detector 'fats'; did you mean 'fast'\? Known: fast; or give"):
        find_weights("fats")
    with pytest.raises(WeightsError, match=r"^'random' has no weight file: expected a shipped name \(fast\), .*empty$"):
        find_weights("random")
    with pytest.raises(WeightsError, match=r"unknown detector 'rndom'; did you mean 'random'\? Known: random, fast;"):
        load_scorer("rndom")  # which takes it
    with pytest.raises(WeightsError, match=r"no weight file .*gone\.safetensors: expected a shipped name \(fast\)"):
        find_weights(tmp_path / "gone.safetensors")
    (tmp_path / "old.pth").write_bytes(b"x")
    with pytest.raises(WeightsError, match=r"old\.pth is not a \.safetensors file: import other formats with"):
        find_weights(tmp_path / "old.pth")
    (tmp_path / ".toy.safetensors.k1ll3d.safetensors").write_bytes(b"half a file")
    assert find_weights(tmp_path) == file
    write_weights(tmp_path / "second.safetensors", {}, CARD)
    with pytest.raises(WeightsError, match=r"exactly one \.safetensors file, found second\.safetensors, toy"):
        find_weights(tmp_path)


def test_a_name_with_a_fingerprint_means_those_very_weights(file, monkeypatch):
    card = read_card(file)
    monkeypatch.setattr(catalog, "shipped", lambda: {"toy": file})
    assert find_weights(card.model_id) == find_weights(f"toy-{card.sha256}") == file
    with pytest.raises(WeightsError, match=rf"'toy-0123abcd' is not what comes .*, which has {card.model_id}: take"):
        find_weights("toy-0123abcd")
    with pytest.raises(WeightsError, match="unknown detector 'toy-main'"):
        find_weights("toy-main")


def test_the_commit_is_written_onto_every_card(tmp_path):
    assert write_weights(tmp_path / "a.safetensors", {}, CARD).commit == read_card(tmp_path / "a").commit == commit()
    told = CARD.model_copy(update={"commit": "0123abcd"})
    assert write_weights(tmp_path / "b.safetensors", {}, told).commit == "0123abcd"


@pytest.mark.parametrize("name", catalog.shipped())
def test_every_shipped_detector_is_whole_and_says_where_it_comes_from(name):
    card = verify(catalog.shipped()[name])
    assert card.name == name and card.architecture in SCORERS
    assert card.training_data and card.command and card.commit and card.scores and card.licence
    assert load_scorer(name).model_id == card.model_id


def test_logit_statistics_are_of_the_height_that_a_card_works_at():
    """The same weights see other logits in fewer rows; `fast`'s on nano's card made standardized_max_logit worse."""
    cards = [read_card(path) for path in catalog.shipped().values()]
    heights = {(card.sha256, card.working_height) for card in cards}
    assert len({(card.sha256, card.logit_statistics) for card in cards if card.logit_statistics}) == len(heights)


def test_cards_are_written_for_people(file):
    assert json.loads(card_path(file).read_text())["calibration"] == [2.0, -1.0]
    assert card_path(file).read_text().count("\n") > 10


def test_the_command_lists_shows_and_verifies(file, capsys):
    assert main(["weights", "list", str(file.parent)]) == 0
    assert "toy" in (listed := capsys.readouterr().out) and "random, height 96, threshold 0.7" in listed
    assert main(["weights", "inspect", str(file), "--tensors"]) == 0
    shown = capsys.readouterr().out
    assert '"architecture": "random"' in shown and "generator.weight" in shown and "[3, 19, 1, 1]" in shown
    assert main(["weights", "verify", str(file)]) == 0
    file.write_bytes(file.read_bytes()[:-1])
    assert main(["weights", "verify", str(file)]) == 1
    assert "is damaged" in capsys.readouterr().out
    assert main(["weights", "inspect", str(file)]) == 2
    assert capsys.readouterr().err.startswith("unexpected weights: ")


def test_a_shipped_name_is_the_same_detector_to_every_action(file, monkeypatch, capsys):
    (file.parent / "fast").mkdir()
    file.rename(file.parent / "fast" / file.name)
    card_path(file).rename(card_path(file.parent / "fast" / file.name))
    monkeypatch.chdir(file.parent)
    assert main(["weights", "list", "fast"]) == 0
    listed = capsys.readouterr().out
    assert listed.startswith("fast ") and "toy" not in listed
    assert main(["weights", "inspect", "fast"]) == 0 and '"name": "fast"' in capsys.readouterr().out
    fingerprint = read_card(find_weights("fast")).sha256[:8]
    assert main(["weights", "verify", "fast"]) == 0 and f"(fast-{fingerprint})" in capsys.readouterr().out
    (file.parent / "fast").rename(f"fast-{fingerprint}")
    assert main(["weights", "list", f"fast-{fingerprint}"]) == 0 and "toy" not in capsys.readouterr().out


def test_verify_names_what_is_no_weight_file_and_goes_on(file, capsys):
    assert main(["weights", "verify", "nowhere", str(file.parent)]) == 1
    nowhere, toy = capsys.readouterr().out.splitlines()
    assert nowhere.startswith("nowhere: unknown detector 'nowhere'") and toy.startswith(f"{file}: whole")


def test_average_lies_between_two_trainings_and_refuses_other_networks(tmp_path, capsys):
    first = {"w": torch.tensor([0.0, 4.0]), "n": torch.tensor(3)}
    second = {"w": torch.tensor([8.0, 4.0]), "n": torch.tensor(5)}
    write_weights(tmp_path / "a.safetensors", first, CARD)
    write_weights(
        tmp_path / "b.safetensors", second, CARD.model_copy(update={"training_data": ["more"], "licence": "mine"})
    )
    write_weights(tmp_path / "c.safetensors", {"v": torch.zeros(2)}, CARD)
    command = [
        "weights",
        "average",
        str(tmp_path / "a.safetensors"),
        str(tmp_path / "b.safetensors"),
        "--share",
        "0.25",
        "--out",
        str(tmp_path / "between.safetensors"),
    ]
    assert main(command) == 0
    state, card = read_weights(tmp_path / "between.safetensors")
    assert state["w"].tolist() == [2.0, 4.0] and state["n"] == 5
    assert card.name == "between" and card.training_data == ["nothing", "more"] and not card.scores
    assert card.licence == f"{CARD.licence}; mine"
    command[3], command[-1] = str(tmp_path / "c.safetensors"), str(tmp_path / "neither.safetensors")
    assert main(command) == 2
    assert "different networks" in capsys.readouterr().err


@pytest.mark.parametrize("out", ["a/fast.safetensors", "b/../b/fast.safetensors", "c/fast.safetensors"])
def test_an_average_is_not_written_over_other_weights(out, tmp_path, capsys):
    for name in ("a", "b", "c"):
        write_weights(tmp_path / name / "fast.safetensors", {"w": torch.zeros(2)}, CARD)
    before = (tmp_path / out).read_bytes()
    command = ["weights", "average", str(tmp_path / "a"), str(tmp_path / "b"), "--out", str(tmp_path / out)]
    assert main(command) == 2
    assert f"{tmp_path / out} exists, and would be lost: give --out another" in capsys.readouterr().err
    assert (tmp_path / out).read_bytes() == before


def test_nor_over_a_file_of_others_in_the_place_of_its_card(tmp_path, capsys):
    for name in "ab":
        write_weights(tmp_path / f"{name}.safetensors", {"w": torch.zeros(2)}, CARD)
    (tmp_path / "results.json").write_text("of a week")
    out = tmp_path / "results.safetensors"
    assert main(["weights", "average", *(str(tmp_path / f"{n}.safetensors") for n in "ab"), "--out", str(out)]) == 2
    assert f"{tmp_path / 'results.json'} exists, and would be lost: give --out another" in capsys.readouterr().err
    assert (tmp_path / "results.json").read_text() == "of a week" and not out.exists()


def test_average_of_one_part_leaves_the_others_as_the_second_has_them(tmp_path, capsys):
    for name, value in (("a", 0.0), ("b", 8.0)):
        state = {"eye.w": torch.full((2,), value), "eyelid.w": torch.full((2,), value)}
        write_weights(tmp_path / f"{name}.safetensors", state, CARD)
    files = [str(tmp_path / f"{name}.safetensors") for name in ("a", "b")]
    out = tmp_path / "between.safetensors"
    assert main(["weights", "average", *files, "--part", "eye", "--out", str(out)]) == 0
    state, card = read_weights(out)
    assert state["eye.w"].tolist() == [4, 4] and state["eyelid.w"].tolist() == [8, 8]
    assert "--part eye" in card.command
    assert main(["weights", "average", *files, "--part", "ear", "--out", str(tmp_path / "other.safetensors")]) == 2
    assert "no part 'ear'; its parts are eye, eyelid" in capsys.readouterr().err


def test_statistics_put_onto_the_card_what_standardized_max_logit_asks_for(tmp_path, capsys):
    torch.manual_seed(0)
    path = tmp_path / "run" / "fast.safetensors"
    path.parent.mkdir()
    card = CARD.model_copy(update={"architecture": "fast", "working_height": 64})
    torch.manual_seed(0)
    scorer = FastScorer("fast")
    torch.nn.init.normal_(scorer.segmenter.classify.weight)  # classes far apart: rounding decides none
    write_weights(path, scorer.state_dict(), card)
    images = [np.random.default_rng(i).integers(0, 256, (64, 96, 3), np.uint8) for i in range(5)]
    for i, image in enumerate(images):
        write_image(tmp_path / "photos" / f"{i}.png", image)
    command = [
        "weights",
        "statistics",
        str(path.parent),
        "--dataset",
        "image_folder",
        "--root",
        str(tmp_path / "photos"),
    ]
    with pytest.raises(ScorerError, match="unexpected weights statistics"):
        load_scorer(path, "standardized_max_logit")
    assert main([*command, "--limit", "3"]) == 0
    assert "logit_statistics of 3 images" in capsys.readouterr().out
    segmenter, seen = load_scorer(path).segmenter, []
    for image in images[::2]:
        logits = segmenter(torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255).logits
        seen.append(class_statistics(interpolate(logits, size=(64, 96), mode="bilinear")))
    mean, std = mean_and_std(*(sum(parts) for parts in zip(*seen, strict=True)))
    written = read_card(path).logit_statistics
    assert np.allclose(written[0], mean.detach(), atol=1e-3) and np.allclose(written[1], std.detach(), atol=1e-3)
    assert load_scorer(path, "standardized_max_logit").name == "standardized_max_logit"


def test_an_experiment_and_its_import_are_one(tmp_path):
    """Of an ensemble, one member would count twice."""
    for i in range(3):
        (tmp_path / f"0121_PSPEns_BDD_0{i}").mkdir()
        (tmp_path / f"0121_PSPEns_BDD_0{i}" / "chk_best.pth").touch()
    (tmp_path / "0121_PSPEns_BDD_01.safetensors").touch()
    (tmp_path / "0121_PSPEns_BDD_03.safetensors").touch()
    (tmp_path / "0121_PSPEns_BDD_04").mkdir()  # begun, nothing in it
    (tmp_path / "0121_PSPEns_BDD_04.safetensors").touch()
    found = [str(file.relative_to(tmp_path)) for file in find_network(tmp_path, "pspnet")]
    assert found == [
        *(f"0121_PSPEns_BDD_0{i}/chk_best.pth" for i in range(3)),
        *(f"0121_PSPEns_BDD_0{i}.safetensors" for i in (3, 4)),
    ]
