"""Lint and format of the whole checkout: what `make lint` says, so that neither drifts."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]], ids=["lint", "format"])
def test_the_checkout_is_clean(repository, command):
    ruff = subprocess.run([sys.executable, "-m", "ruff", *command, "."], cwd=repository, capture_output=True, text=True)
    assert ruff.returncode == 0, ruff.stdout + ruff.stderr
