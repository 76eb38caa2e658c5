"""How often a gateway is asked, how values are spread over an hour, and which loads are old: the rules by themselves."""

from collections.abc import Iterable

import pytest

from custom_components.carlo_gavazzi_ems.api import Sample, Signal
from custom_components.carlo_gavazzi_ems.polling.pacing import Pace, Patience, retry_interval
from custom_components.carlo_gavazzi_ems.polling.staleness import Staleness, age_limit
from custom_components.carlo_gavazzi_ems.polling.throttle import Throttle
from custom_components.carlo_gavazzi_ems.recording.budget import rows_per_hour
from custom_components.carlo_gavazzi_ems.signals.quantities import QUANTITIES


def test_r11_five_slow_answers_double_the_interval_and_quick_ones_bring_it_back() -> None:
    """To five minutes at most; back to what was wanted, step by step."""
    pace = Pace(10)
    for _ in range(4):
        pace.answered(6)
    pace.answered(1)
    for _ in range(4):
        pace.answered(6)
    assert pace.interval == 10
    pace.answered(6)
    assert pace.interval == 20
    for _ in range(50):
        pace.answered(200)
    assert pace.interval == 300
    for _ in range(24):
        pace.answered(1)
    assert pace.interval == 18.75
    for _ in range(6):
        pace.answered(1)
    assert pace.interval == 10


def test_r11_the_interval_does_not_swing() -> None:
    """A gateway that is too slow for half of the interval keeps it."""
    pace = Pace(10)
    for _ in range(100):
        pace.answered(6)
    assert pace.interval == 20


def test_r11_patience_doubles_at_once() -> None:
    """Each 429 or 503 counts; an interval that a person chose is never shortened."""
    pace = Pace(200)
    pace.refused()
    assert pace.interval == 300
    slow = Pace(300)
    slow.refused()
    assert slow.interval == 300
    slower = Pace(400)
    slower.refused()
    assert slower.interval == 400


def test_r10_three_failures_or_90_seconds() -> None:
    """Whichever comes first; a success begins anew."""
    patience = Patience()
    assert [patience.failed(now) for now in (0, 10, 20)] == [False, False, True]
    patience.answered()
    assert [patience.failed(now) for now in (100, 189)] == [False, False]
    patience.answered()
    assert [patience.failed(now) for now in (200, 290)] == [False, True]
    assert (retry_interval(300), retry_interval(10)) == (30, 10)


@pytest.mark.parametrize(
    ("key", "rows"),
    [
        ("energy_import", 60),
        ("run_hours", 60),
        ("gas", 60),
        ("energy_net", 60),
        ("active_power", 120),
        ("current_l1", 120),
        ("voltage_l1", 20),
        ("line_voltage_l1_l2", 20),
        ("frequency", 20),
        ("power_factor", 20),
        ("temperature", 20),
        ("tariff", 0),
        ("alarm", 0),
    ],
)
def test_r21_rows_an_hour(key: str, rows: int) -> None:
    """The budget of each kind of quantity."""
    assert rows_per_hour(QUANTITIES[key]) == rows


def test_r21_a_code_without_a_name_has_the_budget_of_a_power() -> None:
    """It may be any."""
    assert rows_per_hour(None) == 120


def _hour(throttle: Throttle, start: float, step: float, changed: Iterable[int] = (1,)) -> int:
    """Return how often signal 1 is shown in an hour of polls that all change it."""
    return sum(1 in throttle.due(changed, start + number * step) for number in range(1, int(3600 / step) + 1))


@pytest.mark.parametrize("rows", [20, 60, 120])
@pytest.mark.parametrize("step", [2.0, 10.0, 9.97, 30.0, 61.0])
@pytest.mark.parametrize("start", [0.0, 12_345.6, 59.9, 1e9])
def test_r21_never_more_than_the_budget_in_any_hour(rows: int, step: float, start: float) -> None:
    """Its first value included; and not much less either, where polls are frequent."""
    throttle = Throttle()
    throttle.register(1, rows, start)
    shown = 1 + _hour(throttle, start, step)
    assert shown <= rows
    if step <= 10:
        assert shown >= rows * 0.9


def test_r21_what_waits_is_shown_in_its_turn_and_once() -> None:
    """A value that changed and then stayed is not forgotten; what never changes is never due."""
    throttle = Throttle()
    throttle.register(1, 61, 0.0)
    assert throttle.due({1}, 10.0) == set()
    assert throttle.due((), 59.0) == set()
    assert throttle.due((), 60.0) == {1}
    assert throttle.due((), 120.0) == set()
    assert throttle.due({2}, 120.0) == {2}
    throttle.attentive.add(1)
    assert throttle.due((), 121.0) == {1}


def test_r21_0_switches_it_off() -> None:
    """Every change is shown; a factor stretches, a budget of 0 knows no limit."""
    off = Throttle(factor=0)
    off.register(1, 60, 0.0)
    assert _hour(off, 0.0, 10.0) == 360
    half = Throttle(factor=2)
    half.register(1, 60, 0.0)
    assert 25 <= _hour(half, 0.0, 10.0) <= 30
    status = Throttle()
    status.register(1, 0, 0.0)
    assert _hour(status, 0.0, 10.0) == 360


SIGNALS = {uid: Signal(uid=uid, code=1, load_uid=uid // 10 if uid < 90 else None) for uid in (11, 12, 21, 31, 90)}


def samples(**stamps: float | None) -> dict[int, Sample]:
    """Return values with these times, by `s<uid>`."""
    return {
        int(name[1:]): Sample(uid=int(name[1:]), code=1, value=1.0, timestamp=stamp) for name, stamp in stamps.items()
    }


def test_r05_five_intervals_but_two_minutes_at_least() -> None:
    """The limit grows with the interval."""
    assert (age_limit(2), age_limit(10), age_limit(60)) == (120, 120, 300)


def test_r05_a_load_is_as_old_as_its_newest_value() -> None:
    """Told once when it falls silent and once when it is back; without a time nothing is old."""
    staleness = Staleness()
    assert staleness.update(samples(s11=1000, s12=1000, s21=1000, s31=None, s90=1000, s99=9e9), SIGNALS, 120) == set()
    assert staleness.update(samples(s11=1000, s12=1200, s21=1000, s31=None), SIGNALS, 120) == {2}
    assert (staleness.is_stale(1), staleness.is_stale(2), staleness.is_stale(3)) == (False, True, None)
    assert staleness.update(samples(s11=1000, s12=1210, s21=1000), SIGNALS, 120) == set()
    assert staleness.update(samples(s12=1220, s21=1220), SIGNALS, 120) == {2}
    assert staleness.stale == set()


def test_r05_an_answer_in_which_no_time_moves_changes_nothing() -> None:
    """A gateway that samples more rarely than it is asked."""
    staleness = Staleness()
    staleness.update(samples(s11=1000, s21=800), SIGNALS, 120)
    assert staleness.stale == {2}
    assert staleness.update(samples(s11=1000, s21=800), SIGNALS, 120) == set()
    assert staleness.stale == {2}


def test_r05_a_clock_set_back_does_not_age_the_others() -> None:
    """The load that fell silent while the clock was an hour ahead is not what the others are measured by."""
    staleness = Staleness()
    staleness.update(samples(s11=4600, s21=4600, s31=4600), SIGNALS, 120)
    assert staleness.update(samples(s11=1010, s21=4600, s31=1010), SIGNALS, 120) == set()
    assert staleness.stale == set()


def test_r05_a_load_that_was_just_fresh_enough_is_judged_by_the_answer_before() -> None:
    """While all is new nothing is found out load by load, but what moved since is known when it is needed."""
    staleness = Staleness()
    staleness.update(samples(s11=4600, s21=4600), SIGNALS, 120)
    assert staleness.update(samples(s11=4700, s21=4600), SIGNALS, 120) == set()
    # The clock is set back by an hour; load 1 has been silent since.
    assert staleness.update(samples(s11=4700, s21=1000), SIGNALS, 120) == set()
    assert staleness.update(samples(s11=1100, s21=1000), SIGNALS, 120) == set()
    assert staleness.update(samples(s11=1130, s21=1000), SIGNALS, 120) == {2}


def test_r05_which_loads_have_a_time_is_known_from_answer_to_answer() -> None:
    """Also where all of it is new; for as long as they are the same it is the same object."""
    staleness = Staleness()
    staleness.update(samples(s11=1000, s21=1000), SIGNALS, 120)
    dated = staleness.dated
    assert dated == {1, 2}
    staleness.update(samples(s11=1010, s21=1010), SIGNALS, 120)
    assert staleness.dated is dated
    staleness.update(samples(s11=1020, s21=None), SIGNALS, 120)
    assert (staleness.is_stale(1), staleness.is_stale(2)) == (False, None)
    staleness.update(samples(s11=1030, s31=1030), SIGNALS, 120)
    assert (staleness.is_stale(2), staleness.is_stale(3)) == (None, False)
