"""Whether the numbers in a run folder are those of the weights beside them."""

import json
import shutil

import pytest

from unexpected_core.cli.judge_drawn import EVALUATION, is_judged
from unexpected_core.weights.cards import card_path, read_card
from unexpected_core.weights.catalog import find_weights


@pytest.fixture
def folder(tmp_path):
    weights = find_weights("fast")
    shutil.copy(weights, tmp_path)
    shutil.copy(card_path(weights), tmp_path)
    return tmp_path


def test_weights_are_judged_by_numbers_of_their_own(folder):
    assert not is_judged(folder)
    (folder / EVALUATION).write_text(json.dumps({"weights": read_card(find_weights(folder)).sha256}))
    assert is_judged(folder)


@pytest.mark.parametrize("text", ['{"weights": "of an earlier epoch"}', '{"methods": {}}', "[]", "cut of"])
def test_numbers_of_others_do_not_count(text, folder):
    (folder / EVALUATION).write_text(text)
    assert not is_judged(folder)
