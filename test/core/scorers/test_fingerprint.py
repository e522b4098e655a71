"""A scorer's fingerprint: changes with all that changes scores, and with nothing else."""

from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from unexpected_core.files import statements
from unexpected_core.scorers import SCORERS, build_scorer
from unexpected_core.scorers.fingerprint import fingerprint, has_unknown_code, quick_fingerprint
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
    assert a["function"] == '"unexpected_core.scorers.logits.functions.max_logit"' and "function" in changed(a, b)


def test_buffers_that_no_file_holds_count():
    scorer = RandomScorer()
    scorer.register_buffer("masks", torch.zeros(3), persistent=False)
    before = fingerprint(scorer)
    scorer.masks += 1
    assert changed(before, fingerprint(scorer)) == {"tensors"}


def own_function(logits):
    return -logits.amax(1)


class Own(LogitsScorer):
    """A scorer of somebody's own."""

    def __init__(self):
        super().__init__(nn.Conv2d(3, 19, 1), max_logit)
        self.segmenter.weight.data.zero_(), self.segmenter.bias.data.zero_()
        self.table, self._share = {"road": [1, None]}, 0.5


def hooked(scorer):
    scorer.segmenter[0].register_forward_hook(lambda module, inputs, output: 2 * output)
    return scorer


def holding(value):
    scorer = RandomScorer()
    scorer.held = value
    return scorer


class Twice(nn.Module):
    def forward(self, images):
        return 2 * images


IMAGE = torch.zeros(1, 3, 4, 4)
ITSELF = []
ITSELF.append(ITSELF)
ELSEWHERE = {
    "a class": Own,
    "a function": lambda: LogitsScorer(nn.Identity(), own_function),
    "a lambda": lambda: LogitsScorer(nn.Identity(), lambda logits: -logits.amax(1)),
    "a partial one": lambda: LogitsScorer(nn.Identity(), partial(max_logit)),
    "a hook": lambda: hooked(RandomScorer()),
    "an array": lambda: holding(np.zeros(3)),
    "a list in itself": lambda: holding(ITSELF),
    "a traced segmenter": lambda: LogitsScorer(torch.jit.trace(Twice(), IMAGE), max_logit),
    "a graph": lambda: LogitsScorer(torch.fx.symbolic_trace(Twice()), max_logit),
    "an exported segmenter": lambda: LogitsScorer(torch.export.export(Twice(), (IMAGE,)).module(), max_logit),
    "a function in a table": lambda: holding({"road": [own_function]}),
}


@pytest.mark.parametrize("made", ELSEWHERE.values(), ids=ELSEWHERE)
def test_a_scorer_with_anything_from_elsewhere_is_never_the_same_without_a_revision(made):
    scorer = made()
    assert has_unknown_code(scorer) and changed(fingerprint(scorer), fingerprint(scorer)) == {"revision"}
    assert quick_fingerprint(scorer) != quick_fingerprint(scorer)
    scorer.revision = "1"
    before, quick = fingerprint(scorer), quick_fingerprint(scorer)
    assert fingerprint(scorer) == before and quick_fingerprint(scorer) == quick
    scorer.revision = "2"
    assert changed(before, fingerprint(scorer)) == {"revision"} and quick_fingerprint(scorer) != quick


def test_a_revision_may_be_a_number():
    """Fingerprints are texts: a ledger shows what of them changed."""
    scorer = Own()
    scorer.revision = 2
    assert fingerprint(scorer)["revision"] == "2"


def test_a_method_put_in_the_place_of_this_packages_is_from_elsewhere(monkeypatch):
    monkeypatch.setattr(RandomScorer, "forward", lambda self, images: images)
    assert has_unknown_code(RandomScorer())


@pytest.mark.parametrize(("name", "value"), [("table", {"road": [2, None]}), ("_share", 0.6), ("_", 1)])
def test_plain_values_of_a_scorer_of_ones_own_count_beside_its_revision(name, value):
    scorer = Own()
    scorer._, scorer.revision = 0, "1"
    before = fingerprint(scorer)
    setattr(scorer, name, value)
    assert changed(before, fingerprint(scorer)) == {name}


@pytest.mark.parametrize("name", [name for name, entry in SCORERS.items() if not entry.baseline])
def test_all_of_this_package_is_known(name):
    """As they are built, and as detectors fold them."""
    scorer = build_scorer(name, **SCORERS[name].small)
    before = fingerprint(scorer)
    assert fingerprint(scorer) == before and all(isinstance(text, str) for text in before.values())
    scorer.eval().fuse()
    assert not has_unknown_code(scorer)


def test_the_syntax_of_a_file_without_docstrings(tmp_path):
    a, b = tmp_path / "a.py", tmp_path / "b.py"
    a.write_text('class A:\n    """Doc."""\n\n    x = 1\n')
    b.write_text("class A:\n    x = 1\n")
    assert statements(a) == statements(b)
