"""Names of cameras, as the node's settings have them."""

import pytest

from unexpected_ros.settings import parse_cameras


def test_names_and_weights_are_read():
    assert parse_cameras("") == {}
    assert parse_cameras(" front:2, rear left ") == {"front": 2, "rear": 1, "left": 1}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("front, front", "named twice"),
        ("2nd", "no name"),
        ("a/b", "no name"),
        ("a:0", "weight of 1"),
        ("a:x", "weight"),
    ],
)
def test_what_is_no_camera_is_refused(text, words):
    with pytest.raises(ValueError, match=words):
        parse_cameras(text)
