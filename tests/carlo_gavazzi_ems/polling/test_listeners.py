"""Which signals are updated, and when."""

from functools import partial
import math

from hypothesis import given, strategies as st
import pytest

from custom_components.carlo_gavazzi_ems.polling.listeners import SignalListeners
from custom_components.carlo_gavazzi_ems.polling.throttle import Throttle

type Values = dict[int, float | None]


def nothing() -> None:
    """Show nothing."""


class Screen:
    """The values that listeners show, updated as by the coordinator."""

    def __init__(
        self, rows: int, *, factor: float = 1.0, start: float = 0.0, punctual: bool = False, **first: float | None
    ) -> None:
        """Listen to signals `s<uid>`, each with its first value."""
        self.throttle = Throttle(factor=factor)
        self.listeners = SignalListeners(self.throttle)
        self.shown: Values = {int(name[1:]): value for name, value in first.items()}
        for uid in self.shown:
            self.throttle.register(uid, rows, start, punctual=punctual)
            self.listeners.add(uid, nothing, self.shown)

    def poll(self, now: float, values: Values, *, is_last: bool = False) -> set[int]:
        """Update the signals that are due; return their UIDs."""
        due = self.listeners.due(values, now, is_last=is_last)
        for update in self.listeners.updates(due, values):
            update()
        for uid in due:
            self.shown.pop(uid, None)
            if uid in values:
                self.shown[uid] = values[uid]
        return set(due)


def hour(screen: Screen, start: float, step: float) -> int:
    """Return how often signal 1 is updated in an hour in which every poll changes it."""
    times = [start + number * step for number in range(1, int(3600 / step) + 1)]
    return sum(1 in screen.poll(now, {1: now}, is_last=300 - now % 300 <= step + 2) for now in times)


@pytest.mark.parametrize("rows", [20, 60, 120])
@pytest.mark.parametrize("step", [2.0, 10.0, 9.97, 30.0, 61.0])
@pytest.mark.parametrize("start", [0.0, 12_345.6, 59.9, 1e9])
def test_r21_never_more_than_the_budget_in_any_hour(rows: int, step: float, start: float) -> None:
    """Its first value included; and not much less either, where polls are frequent."""
    shown = 1 + hour(Screen(rows, start=start, s1=0.0), start, step)
    assert shown <= rows
    if step <= 10:
        assert shown >= rows * 0.9


def test_r21_what_waits_is_shown_in_its_turn_and_once() -> None:
    """A value that changed once is updated in its turn; a value that never changes is never due."""
    screen = Screen(61, s1=0.0, s2=0.0)
    assert screen.poll(10.0, {1: 5.0, 2: 0.0}) == set()
    assert screen.poll(59.0, {1: 5.0, 2: 0.0}) == set()
    assert screen.poll(60.0, {1: 5.0, 2: 0.0}) == {1}
    assert screen.poll(120.0, {1: 5.0, 2: 0.0}) == set()


def test_a_value_that_goes_back_while_it_waits_is_not_shown_and_costs_no_turn() -> None:
    """What counts is what is shown, not what was read last."""
    screen = Screen(61, s1=0.0)
    assert screen.poll(70.0, {1: 5.0}) == {1}
    assert screen.poll(80.0, {1: 0.0}) == set()
    assert screen.poll(90.0, {1: 5.0}) == set()
    assert screen.poll(125.0, {1: 5.0}) == set()
    assert screen.poll(126.0, {1: 6.0}) == {1}


def test_what_comes_or_goes_does_not_wait() -> None:
    """No number, no value at all, and the first number after that."""
    screen = Screen(61, s1=0.0)
    answers: list[Values] = [{1: None}, {1: 7.0}, {}, {1: None}, {1: 8.0}]
    for now, values in enumerate(answers):
        assert screen.poll(1.0 + now, values) == {1}
    assert screen.poll(7.0, {1: 9.0}) == set()


def test_r21_0_switches_it_off() -> None:
    """Every change is shown; a factor stretches, a budget of 0 knows no limit."""
    assert hour(Screen(60, factor=0, s1=0.0), 0.0, 10.0) == 360
    assert 25 <= hour(Screen(60, factor=2, s1=0.0), 0.0, 10.0) <= 30
    assert hour(Screen(0, s1=0.0), 0.0, 10.0) == 360


def test_a_punctual_signal_is_shown_at_the_last_poll_before_five_minutes_end() -> None:
    """The recorder computes the energy of the hour from that value; it counts in the hour's budget."""
    screen = Screen(60, punctual=True, s1=0.0)
    screen.poll(270.0, {1: 1.0})
    assert screen.poll(280.0, {1: 2.0}) == set()
    assert screen.poll(290.0, {1: 2.0}, is_last=True) == {1}
    assert Screen(60, s1=0.0).poll(1.0, {1: 2.0}, is_last=True) == set()
    assert 1 + hour(Screen(60, start=5.0, punctual=True, s1=0.0), 5.0, 10.0) <= 60


def test_whoever_has_gone_is_not_called() -> None:
    """Also between being due and being called."""
    screen = Screen(0, s1=0.0, s2=0.0)
    due = screen.listeners.due({1: 1.0, 2: 1.0}, 1.0)
    screen.listeners.remove(1, nothing)
    assert len(list(screen.listeners.updates(due, {1: 1.0, 2: 1.0}))) == 1
    assert screen.listeners.uids == {2}


def test_two_listeners_of_a_signal_are_both_called() -> None:
    """A power and the production computed from it; one is still called after the other was removed."""
    screen, called = Screen(61, s1=0.0), list[str]()
    screen.poll(10.0, {1: 5.0})
    for name in ("first", "second"):
        screen.listeners.add(1, partial(called.append, name), {1: 5.0})
    assert screen.poll(70.0, {1: 5.0}) == {1}
    assert called == ["first", "second"]
    screen.listeners.remove(1, nothing)
    assert screen.poll(140.0, {1: 6.0}) == {1}
    assert called == ["first", "second"] * 2


ANSWERS = st.dictionaries(st.sampled_from([1, 2]), st.sampled_from([None, 0.0, 5.0, 7.5]))


@given(st.lists(st.tuples(st.sampled_from([0.0, 1.0, 10.0, 61.0]), ANSWERS), max_size=30), st.sampled_from([0, 61]))
def test_what_is_shown_is_what_was_read_or_no_older_than_its_interval(
    polls: list[tuple[float, Values]], rows: int
) -> None:
    """For random values: without a budget at once, with one after the interval; a number only if there is one."""
    screen, now, differs_since = Screen(rows, s1=0.0, s2=None), 0.0, dict.fromkeys((1, 2), math.inf)
    for passed, values in polls:
        now += passed
        screen.poll(now, values)
        for uid in (1, 2):
            if values.get(uid, "missing") == screen.shown.get(uid, "missing"):
                differs_since[uid] = math.inf
                continue
            assert rows, "there is nothing to wait for"
            assert None not in {values.get(uid), screen.shown.get(uid)}
            differs_since[uid] = min(differs_since[uid], now)
            assert now - differs_since[uid] < 60.0
