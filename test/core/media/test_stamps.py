"""What was told with stamps: each picture gets its own, or what held before."""

from unexpected_core.media.stamps import BACK_NS, KEPT, Told

SECOND = 10**9


def told(*stamps):
    """Each stamp was told with its place in the order."""
    told = Told()
    for n, stamp in enumerate(stamps):
        told.tell(stamp, n)
    return told


def test_the_own_one_counts_whenever_it_came():
    assert [told(3, 1, 2).holding(stamp) for stamp in (1, 2, 3)] == [1, 2, 0]
    assert told(7, 7).holding(7) == 1  # what was told again, counts


def test_else_the_newest_before_counts():
    assert [told(10, 20, 15).holding(stamp) for stamp in (12, 15, 19, 99)] == [0, 2, 2, 1]


def test_where_clocks_do_not_agree_it_is_what_was_told_last():
    assert told(10, 20).holding(9) == 1
    assert told(10, 20).holding(0) == 1  # a picture without a stamp
    assert told(0, 0).holding(9) == 1  # told once or always, without one
    assert told().holding(9) is None


def test_what_is_past_or_there_is_not_waited_for():
    assert (told(10, 20).has(15), told(10, 20).has(20)) == (False, True)
    assert (told(10, 20).is_past(15), told(10, 20).is_past(20), told(10, 20).is_past(21)) == (True, False, False)


def test_time_that_begins_anew_forgets_what_was_before():
    assert told(5 * SECOND, 6 * SECOND, 1 * SECOND).holding(5 * SECOND) == 2
    assert told(5 * SECOND, 6 * SECOND, 6 * SECOND - BACK_NS).holding(6 * SECOND) == 1  # overtaken on its way


def test_it_does_not_grow():
    stamps = range(1, 2 * KEPT + 1)
    assert (told(*stamps).has(KEPT), told(*stamps).has(KEPT + 1)) == (False, True)
