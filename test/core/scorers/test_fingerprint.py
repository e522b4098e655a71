"""A scorer's fingerprint: changes with all that changes scores, and with nothing else."""

from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import nn

from unexpected_core.scorers import SCORERS, build_scorer, sources
from unexpected_core.scorers.described import described
from unexpected_core.scorers.fingerprint import _statements, fingerprint, quick_fingerprint
from unexpected_core.scorers.logits.functions import energy, max_logit
from unexpected_core.scorers.logits.scorer import LogitsScorer
from unexpected_core.scorers.random import RandomScorer
from unexpected_core.scorers.sources import foreign_sources


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


def test_code_that_code_from_elsewhere_imports_counts(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    folder = tmp_path / "my_package"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "scores.py").write_text("from . import deep\ndef doubt(logits):\n    return deep.minus(logits)\n")
    (folder / "deep.py").write_text(
        "import my_weights, numpy\ndef minus(x):\n    from .late import y\n    return -x * y\n"
    )
    (folder / "late.py").write_text("y = 1\n")
    (tmp_path / "my_weights.py").write_text("import my_package.scores\n")  # in a circle
    from my_package.scores import doubt

    scorer = LogitsScorer(nn.Conv2d(3, 19, 1), partial(doubt))
    before = fingerprint(scorer)
    for file in (folder / "deep.py", folder / "late.py", tmp_path / "my_weights.py"):
        written = file.read_text()
        file.write_text(f"{written}z = 3\n")
        assert changed(before, fingerprint(scorer)) == {"code"}, file
        file.write_text(written)
    assert fingerprint(scorer) == before
    files = {file.name for file in foreign_sources(scorer)}
    assert files == {"__init__.py", "scores.py", "deep.py", "late.py", "my_weights.py"}  # not NumPy's


@pytest.mark.parametrize(
    ("name", "text"),
    [("not_python.py", b"print 'of long ago'\n"), ("latin.py", "# coding: latin-1\nx = 'ä'\n".encode("latin-1"))],
)
def test_an_imported_file_that_cannot_be_parsed_or_decoded_counts_too(name, text, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / name).write_bytes(text)
    importing = f"try:\n    import {name[:-3]}\nexcept SyntaxError:\n    pass\n"
    (tmp_path / f"uses_{name}").write_text(f"{importing}def doubt(logits):\n    return -logits.amax(1)\n")
    scorer = LogitsScorer(nn.Identity(), import_module(f"uses_{name[:-3]}").doubt)
    before, quick = fingerprint(scorer), quick_fingerprint(scorer)
    (tmp_path / name).write_bytes(text + b"y = 1\n")
    assert changed(before, fingerprint(scorer)) == {"code"} and quick_fingerprint(scorer) != quick


def test_what_would_be_imported_is_found_without_running_it(tmp_path, monkeypatch):
    """Such as a script that a file runs where it is the main one."""
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "my_training.py").write_text("raise SystemExit(3)\n")
    (tmp_path / "my_doubt.py").write_text(
        "def doubt(logits):\n    return -logits.amax(1)\nif __name__ == '__main__':\n    from my_training import main\n"
    )
    scorer = LogitsScorer(nn.Identity(), import_module("my_doubt").doubt)
    assert [file.name for file in foreign_sources(scorer)] == ["my_doubt.py", "my_training.py"]


def test_of_what_is_installed_for_all_only_what_stands_in_its_folder_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "_INSTALLED", (tmp_path,))
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "installed").mkdir()
    (tmp_path / "someone_elses.py").write_text("")
    (tmp_path / "installed/near.py").write_text("")
    (tmp_path / "alone.py").write_text("import someone_elses\ndef doubt(logits):\n    return logits\n")
    (tmp_path / "installed/far.py").write_text(
        "import someone_elses\nfrom . import near\ndef doubt(logits):\n    return logits\n"
    )
    for name, files in {"alone": ["alone.py"], "installed.far": ["far.py", "near.py"]}.items():
        scorer = LogitsScorer(nn.Identity(), import_module(name).doubt)
        assert [file.name for file in foreign_sources(scorer)] == files


def test_the_source_of_a_decorated_function_counts(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "decorated.py").write_text(
        "import torch\n@torch.no_grad()\ndef doubt(logits):\n    return -logits.amax(1)\n"
    )
    scorer = LogitsScorer(nn.Identity(), import_module("decorated").doubt)
    assert [file.name for file in foreign_sources(scorer)] == ["decorated.py"]


FACTOR = 1.0


class Own(LogitsScorer):
    """A scorer of somebody's own: with a table, a weight for itself, and a number of its module."""

    def __init__(self):
        super().__init__(nn.Conv2d(3, 19, 1), max_logit)
        self.segmenter.weight.data.zero_(), self.segmenter.bias.data.zero_()
        self.table, self._share, self.mean = {"road": [1, None]}, 0.5, np.zeros(3)

    def forward(self, images):
        return super().forward(images * FACTOR)


@pytest.mark.parametrize(
    ("name", "value"), [("table", {"road": [2, None]}), ("_share", 0.6), ("mean", np.array([0.0, 0.0, 1e-9]))]
)
def test_whatever_a_scorer_of_ones_own_holds_counts(name, value):
    scorer = Own()
    before = fingerprint(scorer)
    assert fingerprint(Own()) == before
    setattr(scorer, name, value)
    assert changed(before, fingerprint(scorer)) == {name}


class Decorated(LogitsScorer):
    @torch.inference_mode()
    def forward(self, images):
        return super().forward(images * FACTOR)


@pytest.mark.parametrize("kind", [Own, lambda: Decorated(nn.Identity(), max_logit)])
def test_values_that_methods_name_count(kind, monkeypatch):
    before = fingerprint(kind())
    monkeypatch.setitem(globals(), "FACTOR", 2.0)
    assert changed(before, fingerprint(kind())) == {"methods"}


def test_names_of_attributes_may_be_anything():
    scorer = Own()
    scorer._ = 1
    assert fingerprint(scorer)["_"] == "1"


@dataclass
class Choice:
    share: float


@dataclass
class Share:
    share: float


def plain(logits, choice=None):
    return logits.amax(1) * FACTOR


def closure(choice):
    def inside(logits):
        return logits * choice.share

    return inside


@pytest.mark.parametrize(
    "made", [lambda choice: partial(plain, choice=choice), closure, lambda choice: [closure(choice)]]
)
def test_what_functions_hold_counts(made):
    a, same, b = (fingerprint(LogitsScorer(nn.Identity(), made(Choice(share)))) for share in (1.0, 1.0, 0.1))
    assert a == same and changed(a, b) == {"function"}


class Mean(NamedTuple):
    of: int


class Median(NamedTuple):
    of: int


@pytest.mark.parametrize(("value", "other"), [(Mean(3), Median(3)), (Choice(0.5), Share(0.5))])
def test_values_of_two_kinds_are_two(value, other):
    assert described(value) != described(other)


def up(x):
    return TABLE["down"](x)


def down(x):
    return TABLE["up"](x)


TABLE = {"up": up, "down": down}


def ladder(share):
    def higher(x):
        return lower(x)

    def lower(x):
        return higher(x) * share

    return higher


def test_what_names_itself_is_described_once():
    table, name = [1], __name__
    table.append(table)
    assert described(table) == "(1, ...)" and described([table[:1], table[:1]]) == "((1), (1))"
    assert described(up) == f"{name}.up with TABLE=('up', {name}.up, 'down', {name}.down with TABLE=...)"
    assert described(ladder(1.0)) == described(ladder(1.0)) != described(ladder(2.0))


def test_functions_in_functions_are_described_at_once():
    """Not twice for each one that they are in."""
    inside = ladder(1.0)
    for _ in range(40):
        inside = closure_over(inside)
    assert described(inside).count("share=1.0") == 1


def closure_over(inner):
    return lambda x: inner(x)


def test_what_a_closure_keeps_is_not_taken_for_a_global_of_that_name():
    assert described(scaled(1.0)) != described(scaled(2.0))


def scaled(FACTOR):
    return lambda x: x.FACTOR * FACTOR


def test_values_that_functions_name_count(monkeypatch):
    before = fingerprint(LogitsScorer(nn.Identity(), plain))
    monkeypatch.setitem(globals(), "FACTOR", 2.0)
    assert changed(before, fingerprint(LogitsScorer(nn.Identity(), plain))) == {"function"}


def test_the_syntax_of_a_file_without_docstrings(tmp_path):
    a, b = tmp_path / "a.py", tmp_path / "b.py"
    a.write_text('class A:\n    """Doc."""\n\n    x = 1\n')
    b.write_text("class A:\n    x = 1\n")
    assert _statements(a) == _statements(b)


@pytest.mark.parametrize("name", [name for name, entry in SCORERS.items() if not entry.baseline])
def test_every_scorer_has_a_fingerprint_of_text(name):
    entry = SCORERS[name]
    assert all(isinstance(text, str) for text in fingerprint(build_scorer(name, **entry.small)).values())
