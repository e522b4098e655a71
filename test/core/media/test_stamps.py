"""Stamped values: each picture gets its own, or what was valid before."""

from unexpected_core.media.stamps import BACK_NS, KEPT, StampedCache

SECOND = 10**9


def cache(*stamps):
    """Each stamp came with its place in the order as value."""
    cache = StampedCache()
    for n, stamp in enumerate(stamps):
        cache.add(stamp, n)
    return cache


def test_the_own_one_counts_whenever_it_came():
    assert [cache(3, 1, 2).valid_at(stamp) for stamp in (1, 2, 3)] == [1, 2, 0]
    assert cache(7, 7).valid_at(7) == 1  # what came again, counts


def test_else_the_newest_before_counts():
    assert [cache(10, 20, 15).valid_at(stamp) for stamp in (12, 15, 19, 99)] == [0, 2, 2, 1]


def test_where_clocks_do_not_agree_it_is_what_came_last():
    assert cache(10, 20).valid_at(9) == 1
    assert cache(10, 20).valid_at(0) == 1  # a picture without a stamp
    assert cache(0, 0).valid_at(9) == 1  # it came once or always, without one
    assert cache().valid_at(9) is None


def test_what_is_past_or_there_is_not_waited_for():
    kept = cache(10, 20)
    assert (kept.has(15), kept.has(20)) == (False, True)
    assert (kept.has_newer(15), kept.has_newer(20), kept.has_newer(21)) == (True, False, False)


def test_time_that_begins_anew_forgets_what_was_before():
    assert cache(5 * SECOND, 6 * SECOND, 1 * SECOND).valid_at(5 * SECOND) == 2
    assert cache(5 * SECOND, 6 * SECOND, 6 * SECOND - BACK_NS).valid_at(6 * SECOND) == 1  # overtaken on its way


def test_it_does_not_grow():
    stamps = range(1, 2 * KEPT + 1)
    assert (cache(*stamps).has(KEPT), cache(*stamps).has(KEPT + 1)) == (False, True)
