"""A scorer's fingerprint: changes with all that changes scores, and with nothing else."""

import pytest
import torch
from torch import nn

from unexpected_core.scorers import SCORERS, build_scorer
from unexpected_core.scorers.fingerprint import _statements, fingerprint
from unexpected_core.scorers.logits.functions import energy, max_logit
from unexpected_core.scorers.logits.scorer import LogitsScorer
from unexpected_core.scorers.random import RandomScorer


def changed(before, after):
    return {name for name in before if before[name] != after[name]}


def test_each_part_speaks_of_its_own_change():
    scorer = RandomScorer()
    before = fingerprint(scorer)
    assert fingerprint(RandomScorer()) == before and changed(before, fingerprint(RandomScorer(seed=1))) == {"tensors"}
    scorer.name, scorer.model_id, scorer.threshold, scorer.sha256 = "other", "other-1", 0.9, "f" * 64
    assert fingerprint(scorer) == before
    scorer.calibration = (2.0, 0.0)
    assert changed(before, fingerprint(scorer)) == {"calibration"}
    scorer.calibration = None
    scorer.segmenter[0].stride = (2, 2)
    assert changed(before, fingerprint(scorer)) == {"layers"}


def test_options_of_the_card_and_functions_count():
    fast = build_scorer("fast")
    before = fingerprint(fast)
    fast.working_height = 96
    assert changed(before, fingerprint(fast)) == {"working_height"}
    a, b = (fingerprint(LogitsScorer(nn.Conv2d(3, 19, 1), function)) for function in (max_logit, energy))
    assert a["function"] == "unexpected_core.scorers.logits.functions.max_logit" and "function" in changed(a, b)


def test_buffers_that_no_file_holds_count():
    scorer = RandomScorer()
    scorer.register_buffer("masks", torch.zeros(3), persistent=False)
    before = fingerprint(scorer)
    scorer.masks += 1
    assert changed(before, fingerprint(scorer)) == {"tensors"}


def test_code_from_elsewhere_counts_but_not_its_comments(tmp_path, monkeypatch):
    path = tmp_path / "my_scores.py"
    monkeypatch.syspath_prepend(str(tmp_path))
    path.write_text("def doubt(logits):\n    return -logits.amax(1)\n")
    import my_scores

    scorer = LogitsScorer(nn.Conv2d(3, 19, 1), my_scores.doubt)
    before = fingerprint(scorer)
    path.write_text('"""Scores."""\n\n\ndef doubt(logits):  # minus the greatest\n    return -logits.amax(1)\n')
    assert fingerprint(scorer) == before
    path.write_text("def doubt(logits):\n    return -2 * logits.amax(1)\n")
    assert changed(before, fingerprint(scorer)) == {"code"}


def test_the_syntax_of_a_file_without_docstrings(tmp_path):
    a, b = tmp_path / "a.py", tmp_path / "b.py"
    a.write_text('class A:\n    """Doc."""\n\n    x = 1\n')
    b.write_text("class A:\n    x = 1\n")
    assert _statements(a) == _statements(b)


@pytest.mark.parametrize("name", [name for name, entry in SCORERS.items() if not entry.baseline])
def test_every_scorer_has_a_fingerprint_of_text(name):
    entry = SCORERS[name]
    assert all(isinstance(text, str) for text in fingerprint(build_scorer(name, **entry.small)).values())
