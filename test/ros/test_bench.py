"""The tools of bench/ that press the live node, in short: the long versions are for people."""

import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

pytestmark = pytest.mark.ros
pytest.importorskip("rclpy")


@pytest.fixture
def tools(repository, monkeypatch, driver):
    """The folder bench/ to import from; `driver` has begun ROS."""
    monkeypatch.syspath_prepend(str(repository / "bench"))


@pytest.mark.parametrize("transport", ["raw", pytest.param("compressed", marks=pytest.mark.slow)])
def test_hostile_messages_cost_no_good_frame(tools, tmp_path, transport):
    from fuzz_node import fuzz

    facts = fuzz(transport, 40, 1, tmp_path)
    assert facts["worked on"] >= 20 and facts["processed"] >= 20


@pytest.mark.slow
def test_nothing_grows_in_a_short_soak(tools, tmp_path):
    from soak import grown, soak

    samples, lost, code, traceback = soak(12, 10, (120, 200), "random", tmp_path, samples=20)
    assert not grown(samples) and not lost and not code and not traceback
    assert samples[-1].received > 60 and samples[-1].shared > 0


def test_a_leak_would_be_seen(tools):
    from soak import Sample, grown

    def samples(more, segment=0):
        return [Sample(n, 1e8 + more * n, 9, 20, 5 + segment * n, n, 1.0) for n in range(40)]

    assert not grown(samples(0)) and not grown(samples(1e5))
    assert grown(samples(2e6)).keys() == {"memory"} and grown(samples(0, 1)).keys() == {"shared"}
    assert "soak" in sys.modules


def test_a_lost_frame_would_be_seen(tools, monkeypatch):
    """The docstring promised it, and nothing was compared."""
    import soak

    monkeypatch.setattr(soak, "QUIET_S", 0.1)
    monkeypatch.setattr(soak.rclpy, "spin_once", lambda *_, timeout_sec: time.sleep(timeout_sec))
    camera = SimpleNamespace(ros=None, sent=12, answered={1: 0.0}, last=SimpleNamespace(received=10))
    assert soak._missing(camera) == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tool", "words", "expected"),
    [
        ("arrival", ["--images", "2"], "score  our memory   2 of 2 arrived"),
        ("node_overhead", ["--frames", "2", "--detector", "random"], "everything     detection"),
    ],
)
def test_it_measures(repository, tmp_path, tool, words, expected):
    command = [sys.executable, str(repository / "bench" / f"{tool}.py"), *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr[-2000:]
    assert expected in done.stdout
