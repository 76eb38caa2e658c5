"""Which loads are old, seen by the times in one answer."""

from custom_components.carlo_gavazzi_ems.api import Signal
from custom_components.carlo_gavazzi_ems.polling.staleness import Staleness, age_limit

SIGNALS = {uid: Signal(uid=uid, code=1, load_uid=uid // 10 if uid < 90 else None) for uid in (11, 12, 21, 31, 90)}


def update(staleness: Staleness, **stamps: float | None) -> set[int]:
    """Take in an answer with these times, by `s<uid>`; return the loads that are stale then."""
    staleness.update({int(name[1:]): stamp for name, stamp in stamps.items()}, SIGNALS, 120)
    return set(staleness.stale)


def test_r05_five_intervals_but_two_minutes_at_least() -> None:
    """The limit grows with the interval."""
    assert (age_limit(2), age_limit(10), age_limit(60)) == (120, 120, 300)


def test_r05_a_load_is_as_old_as_its_newest_value() -> None:
    """It falls silent and comes back; without a time nothing is old."""
    staleness = Staleness()
    assert update(staleness, s11=1000, s12=1000, s21=1000, s31=None, s90=1000, s99=9e9) == set()
    assert update(staleness, s11=1000, s12=1200, s21=1000, s31=None) == {2}
    assert (staleness.is_stale(1), staleness.is_stale(2), staleness.is_stale(3)) == (False, True, None)
    assert update(staleness, s11=1000, s12=1210, s21=1000) == {2}
    assert update(staleness, s12=1220, s21=1220) == set()


def test_r05_an_answer_in_which_no_time_moves_changes_nothing() -> None:
    """A gateway that samples more rarely than it is asked."""
    staleness = Staleness()
    assert update(staleness, s11=1000, s21=800) == {2}
    assert update(staleness, s11=1000, s21=800) == {2}


def test_r05_a_clock_set_back_does_not_age_the_others() -> None:
    """The load that fell silent while the clock was an hour ahead is not what the others are measured by."""
    staleness = Staleness()
    update(staleness, s11=4600, s21=4600, s31=4600)
    assert update(staleness, s11=1010, s21=4600, s31=1010) == set()


def test_r05_a_load_that_was_just_fresh_enough_is_judged_by_the_answer_before() -> None:
    """What moved since is known when it is needed."""
    staleness = Staleness()
    update(staleness, s11=4600, s21=4600)
    assert update(staleness, s11=4700, s21=4600) == set()
    # The clock is set back by an hour; load 1 has been silent since.
    assert update(staleness, s11=4700, s21=1000) == set()
    assert update(staleness, s11=1100, s21=1000) == set()
    assert update(staleness, s11=1130, s21=1000) == {2}


def test_r05_which_loads_have_a_time_is_known_from_answer_to_answer() -> None:
    """A load without one is neither old nor new."""
    staleness = Staleness()
    update(staleness, s11=1000, s21=1000)
    assert staleness.dated == {1, 2}
    update(staleness, s11=1020, s21=None)
    assert (staleness.is_stale(1), staleness.is_stale(2)) == (False, None)
    update(staleness, s11=1030, s31=1030)
    assert (staleness.is_stale(2), staleness.is_stale(3)) == (None, False)


def test_r05_a_signal_that_moves_to_another_load_counts_there() -> None:
    """The lists are read anew now and then."""
    staleness = Staleness()
    update(staleness, s11=1000, s21=1000)
    moved = {**SIGNALS, 21: Signal(uid=21, code=1, load_uid=1)}
    staleness.update({11: 1500, 21: 1000}, moved, 120)
    assert not staleness.stale
    assert staleness.dated == {1}
