"""Settings that no training could use are refused when they are read."""

import pytest

from unexpected_core.config import SettingsError, override
from unexpected_core.training.engine import run as engine
from unexpected_core.training.errors import TrainingError
from unexpected_core.training.presets import PRESETS


@pytest.mark.parametrize(
    ("preset", "change", "message"),
    [
        ("fast", "task.pastes.smallest=1.5", r"task\.pastes\.largest' = 1\.2: .* expected at least smallest=1\.5"),
        ("fast", "task.pastes.known_scale=[1.4,0.7]", "two positive numbers, the smaller one first"),
        ("fast", "task.pastes.known_scale=[0,1]", "two positive numbers, the smaller one first"),
        ("fast", "task.pastes.recolour_gain=[1.4,0.6]", "two positive numbers, the smaller one first"),
        ("fast", "task.pastes.recolour_gain=[-0.5,1]", "two positive numbers, the smaller one first"),
        ("fast", "task.heights=[0,900]", r"task\.heights' = .*: .*two positive numbers, the smaller one first"),
        ("fast", "task.heights=[900,256]", "two positive numbers, the smaller one first"),
        ("fast", "task.aspects={a: -2}", r"task\.aspects\.a' = -2: .* greater than or equal to 0"),
        ("fast", "data.drawn.size=[0,64]", r"data\.drawn\.size\.0' = 0: .* greater than 0"),
        ("fast", "optimizer.betas=[1,0.9]", r"optimizer\.betas\.0' = 1: .* less than 1"),
        ("fast", "loop.frames=[-9]", r"loop\.frames\.0' = -9: .* greater than or equal to 0"),
        ("0521_discrepancy_full", "data.scale=[2,0.5]", "two positive numbers, the smaller one first"),
        ("0521_discrepancy_full", "data.scale=[0,.inf]", "two positive numbers, the smaller one first"),
        ("0521_discrepancy_full", "task.class_weights=[-1,2]", "greater than or equal to 0"),
    ],
)
def test_ranges_without_order_and_numbers_out_of_bounds_are_refused(preset, change, message):
    """They gave tracebacks, no numbers, or one end of the range for all."""
    with pytest.raises(SettingsError, match=message):
        override(PRESETS[preset], [change])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("name=my_{x}", r"name=my_\{x\}: braces may only hold the member"),
        ("name=my_{", "braces may only hold the member"),
        ('name="{member.x}"', "braces may only hold the member"),
        ('name="{member[0]}"', "braces may only hold the member"),
        ("name=", r"the training has no name, and would be written into exp: set one, or --run"),
    ],
)
def test_a_name_that_names_no_folder_is_refused(change, message, monkeypatch):
    monkeypatch.delenv("DIR_EXPERIMENTS", raising=False)
    with pytest.raises(TrainingError, match=message):
        engine.run_folder(engine.resolve(override(PRESETS["fast"], [change])))
