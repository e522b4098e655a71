"""A bag, and the detector that goes over it."""

import runpy
from pathlib import Path

import pytest

from unexpected_core import load_detector
from unexpected_ros.bags import create_bag


@pytest.fixture(scope="module")
def detector():
    return load_detector("random", device="cpu", threshold=0.3, min_area=200, warmup=False)


@pytest.fixture
def source(tmp_path):
    with create_bag(tmp_path / "in.mcap") as bag:
        runpy.run_path(str(Path(__file__).with_name("made_bags.py")))["write_source"](bag)
    return tmp_path / "in.mcap"
