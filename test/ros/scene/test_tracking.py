"""What is followed from frame to frame, against the answer written out."""

import numpy as np

from unexpected_core.structs import Detection, Region
from unexpected_ros.scene.tracking import Track, Tracker, persistent

S = 1_000_000_000


def region(x, y=10, width=20, height=10, area=200):
    return Region(x, y, width, height, x + width / 2, y + height / 2, area, 0.8, 0.9, 1.0, 0)


def test_a_track_keeps_its_id_while_boxes_overlap():
    tracker = Tracker()
    assert tracker.update(1, [region(0), region(100)]) == [Track(1, 1), Track(2, 1)]
    assert tracker.update(2, [region(103), region(200), region(2)]) == [Track(2, 2), Track(3, 1), Track(1, 2)]


def test_a_track_survives_two_missed_frames_and_not_three():
    tracker = Tracker()
    tracker.update(1, [region(0), region(100)])
    assert tracker.update(2, [region(101)]) == [Track(2, 2)]
    assert tracker.update(3, []) == []
    assert tracker.update(4, [region(3)]) == [Track(1, 2)]
    assert tracker.update(5, [region(3), region(100)]) == [Track(1, 3), Track(2, 3)], "each missed twice"
    for stamp in (6, 7, 8):
        tracker.update(stamp, [region(3)])
    assert tracker.update(9, [region(100)]) == [Track(3, 1)]


def test_of_two_overlaps_the_greater_takes_the_track():
    tracker = Tracker()
    tracker.update(1, [region(0)])
    assert tracker.update(2, [region(8), region(1)]) == [Track(2, 1), Track(1, 2)]


def test_tracks_are_forgotten_when_a_bag_begins_anew():
    tracker = Tracker()
    tracker.update(10 * S, [region(0)])
    assert tracker.update(5 * S, [region(0)]) == [Track(2, 1)]


def test_frames_that_overtake_one_another_keep_their_tracks():
    tracker = Tracker()
    stamps = (1.0, 1.2, 1.1, 1.4, 1.3, 1.3)
    assert [tracker.update(int(s * S), [region(0)]) for s in stamps] == [[Track(1, n)] for n in range(1, 7)]


def test_what_was_seen_before_a_long_gap_is_not_seen_again():
    tracker = Tracker()
    tracker.update(0, [region(0)])
    assert tracker.update(10 * S, [region(0)]) == [Track(1, 2)]
    tracker.update(11 * S, [region(0)])
    assert tracker.update(21 * S + 1, [region(0)]) == [Track(2, 1)]


def test_frames_that_are_always_far_apart_have_tracks_from_the_second_gap_on():
    tracker, minutes = Tracker(), (0, 1, 2, 4, 5, 10)  # the last one after more than thrice as long
    ages = [tracker.update(60 * S * minute, [region(0)])[0].age for minute in minutes]
    assert ages == [1, 1, 2, 3, 4, 1]


def test_regions_that_are_too_new_leave_the_mask_too():
    mask = np.zeros((30, 60), bool)
    mask[2:6, 3:13] = mask[10:20, 30:50] = True
    regions = (region(30, 10, 20, 10, 200), region(3, 2, 10, 4, 40))
    detection = Detection(mask.astype(np.float32), mask, np.zeros((30, 60), np.uint8), None, regions)
    shown, tracks = persistent(detection, [Track(1, 1), Track(2, 3)], 2)
    assert shown.regions == regions[1:] and tracks == [Track(2, 3)]
    assert shown.mask.sum() == 40 and shown.mask[2:6, 3:13].all()
    assert detection.mask.sum() == 240
    none, _ = persistent(detection, [Track(1, 1), Track(2, 1)], 2)
    assert none.regions == () and not none.mask.any()
