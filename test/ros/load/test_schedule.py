"""Whose turn it is."""

from collections import Counter

from unexpected_ros.load.schedule import Schedule


def test_of_cameras_that_all_wait_each_gets_its_weight_and_none_waits_long():
    schedule = Schedule({"front": 2, "rear": 1, "left": 1})
    served = [schedule.pick({"rear", "front", "left"})[0] for _ in range(40)]
    assert Counter(served) == {"front": 20, "rear": 10, "left": 10}
    assert all(set(served[i : i + 4]) == {"front", "rear", "left"} for i in range(0, 40, 4))


def test_who_does_not_wait_is_not_served_and_saves_nothing_up():
    schedule = Schedule({"front": 1, "rear": 1, "silent": 50})
    assert [schedule.pick({"front", "rear"})[0] for _ in range(4)] == ["front", "rear", "front", "rear"]
    assert [schedule.pick({"rear"})[0] for _ in range(100)] == ["rear"] * 100
    served = Counter(schedule.pick({"front", "rear"})[0] for _ in range(20))
    assert min(served.values()) >= 9, "a camera that was alone for long owes nothing"


def test_several_are_picked_together_in_turn():
    schedule = Schedule({"a": 1, "b": 1, "c": 1})
    picks = [schedule.pick({"a", "b", "c"}, most=2) for _ in range(6)]
    assert all(len(set(pick)) == 2 for pick in picks)
    assert Counter(name for pick in picks for name in pick) == {"a": 4, "b": 4, "c": 4}
    assert sorted(schedule.pick({"c", "a"}, most=9)) == ["a", "c"]
