"""Images and calibrations come apart, and each image counts with its own."""

import threading
import time

import numpy as np
import pytest

from unexpected_ros.inputs import pairing
from unexpected_ros.inputs.pairing import Calibrations
from unexpected_ros.scene.geometry import Camera


def camera(focal):
    return Camera(97, 130, np.array([[focal, 0.0, 65], [0, focal, 48], [0, 0, 1]]), np.zeros(0), "")


def told(*stamps):
    """Calibrations with the stamp as focal length."""
    calibrations = Calibrations()
    for stamp in stamps:
        calibrations.tell(stamp, camera(stamp))
    return calibrations


def focal(calibrations, stamp):
    found = calibrations.of(stamp)
    return found and found.matrix[0, 0]


def seconds(call):
    began = time.monotonic()
    call()
    return time.monotonic() - began


@pytest.fixture
def patient(monkeypatch):
    monkeypatch.setattr(pairing, "WAIT_S", 10.0)


def test_one_that_comes_behind_its_image_is_waited_for_where_each_image_has_one(patient):
    calibrations = told(10)
    assert focal(calibrations, 10) == 10
    late = threading.Timer(0.2, lambda: calibrations.tell(20, camera(20)))
    late.start()
    assert focal(calibrations, 20) == 20
    late.join()


def test_one_that_always_comes_behind_is_waited_for_from_the_second_image_on(patient):
    calibrations = told(10)
    assert focal(calibrations, 20) == 10
    calibrations.tell(20, camera(20))
    late = threading.Timer(0.2, lambda: calibrations.tell(30, camera(30)))
    late.start()
    assert focal(calibrations, 30) == 30
    late.join()


def test_one_that_comes_later_than_the_wait_is_not_waited_for(monkeypatch):
    calibrations = told(10)
    monkeypatch.setattr(pairing, "WAIT_S", -1.0)  # any time is longer
    assert focal(calibrations, 20) == 10
    calibrations.tell(20, camera(20))
    monkeypatch.setattr(pairing, "WAIT_S", 10.0)
    assert seconds(lambda: focal(calibrations, 30)) < 5


def test_one_that_is_lost_is_not_waited_for_once_the_next_is_there(patient):
    calibrations = told(10)
    assert focal(calibrations, 10) == 10
    calibrations.tell(30, camera(30))
    assert seconds(lambda: focal(calibrations, 20)) < 5


def test_where_images_have_none_of_their_own_nothing_is_waited_for(patient):
    for calibrations in (told(), told(0), told(3)):
        assert seconds(lambda at=calibrations: [focal(at, stamp) for stamp in (10, 20)]) < 5


def test_the_wait_has_an_end():
    calibrations = told(10)
    assert focal(calibrations, 10) == 10
    assert seconds(lambda: focal(calibrations, 20)) < 5
    assert focal(calibrations, 20) == 10
