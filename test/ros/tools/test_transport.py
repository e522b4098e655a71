"""The tape deck, told the time by the test."""

import math

from unexpected_ros.tools.transport import MAX_SPEED, Transport


def test_it_runs_at_its_speed_from_where_it_is():
    deck = Transport(now=10.0, speed=2.0)
    assert deck.position(10.5) == 1.0
    assert deck.wait(3.0, 10.5) == 1.0
    deck.set_speed(0.5, 11.0)
    assert deck.position(11.0) == 2.0 and deck.position(13.0) == 3.0
    assert deck.wait(1.0, 13.0) == 0.0
    deck.set_speed(1e9, 13.0)
    assert deck.speed == MAX_SPEED


def test_paused_it_shows_nothing_but_what_is_stepped_to():
    deck = Transport(now=0.0, paused=True)
    assert deck.wait(0.0, 100.0) == math.inf
    deck.step(100.0)
    deck.step(100.0)
    for time in (0.0, 0.1):
        assert deck.wait(time, 101.0) == 0.0
        deck.shown(time, 101.0)
    assert deck.wait(0.2, 1e6) == math.inf
    deck.pause(False, 200.0)
    assert deck.position(200.0) == 0.1 and deck.wait(0.2, 200.0) == 0.1


def test_a_step_while_it_runs_stops_it_there():
    deck = Transport(now=0.0)
    deck.step(1.0)
    assert deck.paused and deck.wait(5.0, 1.0) == 0.0
    deck.shown(5.0, 1.0)
    assert deck.position(9.0) == 5.0 and deck.wait(5.1, 9.0) == math.inf


def test_a_jump_is_told_once_and_shows_the_frame_there_while_it_stands():
    deck = Transport(now=0.0, paused=True)
    assert deck.sought() is None
    deck.seek(4.0, 1.0)
    assert (deck.sought(), deck.sought()) == (4.0, None)
    assert deck.wait(4.1, 1.0) == 0.0
    deck.shown(4.1, 1.0)
    assert deck.position(2.0) == 4.1 and deck.wait(4.2, 2.0) == math.inf
    deck.seek(-3.0, 2.0)
    assert deck.sought() == 0.0 and deck.position(2.0) == 0.0
    running = Transport(now=0.0)
    running.seek(2.0, 1.0)
    assert running.wait(2.5, 1.0) == 0.5
    running.rewind(0.0, 1.0)  # as at the beginning: the jump was asked for before
    assert (running.position(1.0), running.sought()) == (2.0, 2.0)
    running.rewind(0.0, 1.0)
    assert running.position(1.0) == 0.0
