"""Which frames are taken as of one sequence: what the data set says comes first."""

import pytest

from unexpected_core.datasets import open_dataset
from unexpected_core.evaluation.measure.sequences import sequence_of


@pytest.mark.parametrize(
    ("split", "key", "sequences"),
    [
        ("clips", "clips/0/001/000", ("clips/0/001", "clips/0/001")),
        ("obstacle", "obstacle/0/00120", ("obstacle/0/00120", "obstacle/0")),
    ],
)
def test_a_frame_is_alone_unless_the_set_or_the_user_says_otherwise(split, key, sequences):
    dataset = open_dataset("drawn", split=split, count=121)
    assert tuple(sequence_of(dataset, key, clips) for clips in (False, True)) == sequences
