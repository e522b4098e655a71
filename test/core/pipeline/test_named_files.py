"""What results depend on beside settings: the pictures and weights that these name, which may be written anew."""

import json
import os
import shutil

import numpy as np
import pytest

from unexpected_core.images import write_image
from unexpected_core.pipeline.named_files import named_files
from unexpected_core.pipeline.settings import DetectSettings, ModelSettings
from unexpected_core.scorers import build_scorer
from unexpected_core.weights.cards import Card, read_card, write_card
from unexpected_core.weights.catalog import find_weights
from unexpected_core.weights.reading import read_weights, write_weights


def of(**settings):
    model = {name: value for name, value in settings.items() if name in ModelSettings.model_fields}
    detect = {name: value for name, value in settings.items() if name in DetectSettings.model_fields}
    return named_files(ModelSettings(**{"path": "random", **model}), DetectSettings(**detect))


def test_without_files_there_is_nothing():
    assert of() == of(roi="road") == of(roi="0,0.5 1,0.5 1,1", ego_mask="0,0.9 1,0.9 1,1; 0,0 1,0 1,0.1") == {}


@pytest.mark.parametrize("name", ["roi", "ego_mask"])
def test_a_mask_that_is_painted_anew_is_another(tmp_path, name):
    mask, empty = str(tmp_path / "car.png"), np.zeros((10, 20), np.uint8)
    write_image(mask, empty)
    before = of(**{name: mask})
    write_image(mask, empty)
    assert of(**{name: mask}) == before and set(before) == {name}
    write_image(mask, empty + 255)
    assert of(**{name: mask}) != before


def test_weights_that_were_trained_anew_and_cards_that_were_edited_are_others(tmp_path):
    file, scorer = tmp_path / "mine.safetensors", build_scorer("random")
    card = Card(name="mine", architecture="random")
    write_weights(file, scorer.state_dict(), card)
    before = of(path=str(tmp_path))
    assert before == json.loads(json.dumps(before)) == of(path=str(file))
    write_card(file, read_card(file).model_copy(update={"scores": {"drawn": 1.0}}))  # says what it scored, not more
    assert of(path=str(file)) == before
    write_card(file, read_card(file).model_copy(update={"max_logit_weight": 0.5}))
    assert of(path=str(file)) != before
    write_weights(file, {key: tensor + 1 for key, tensor in scorer.state_dict().items()}, card)
    assert of(path=str(file)) != before


def test_baselines_that_were_trained_anew_are_others(tmp_path):
    for name in ("fast", "fast_baselines"):
        for suffix in (".safetensors", ".json"):
            shutil.copy(find_weights(name).with_suffix(suffix), tmp_path)
    path = str(tmp_path / "fast.safetensors")
    before = of(path=path, scorer="fast_ensemble")
    assert before["path"] == of(path=path)["path"] and "baselines" not in of(path=path, scorer="softmax")
    beside = tmp_path / "fast_baselines.safetensors"
    state, card = read_weights(beside)
    write_weights(beside, {key: tensor + 1 for key, tensor in state.items()}, card)
    after = of(path=path, scorer="fast_ensemble")
    assert after != before and after["path"] == before["path"]


def test_exported_files_and_folders_of_experiments_go_by_size_and_time(tmp_path):
    exported, chosen = tmp_path / "mine.onnx", tmp_path / "0121_a" / "chk_best.pth"
    chosen.parent.mkdir()
    for file in (exported, chosen):
        file.write_bytes(b"weights")
        os.utime(file, ns=(1, 1))
    published = {"path": "dropout", "weights": str(tmp_path)}
    before = of(path=str(exported)), of(**published)
    assert before[0] == {"path": [1, 7]} and before[1]["weights"] == [
        ["0121_a/chk_best.pth", [1, 7]],
        ["mine.onnx", [1, 7]],
    ]
    for file in (exported, chosen):
        os.utime(file, ns=(2, 2))
    assert before[0] != of(path=str(exported)) and before[1] != of(**published)
