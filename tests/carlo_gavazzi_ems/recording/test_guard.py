"""R1: what a counter shows after wrong readings, and that no reading is held back for ever."""

from itertools import pairwise
import math

import pytest

from custom_components.carlo_gavazzi_ems.recording.guard import (
    Accepted,
    Before,
    CounterGuard,
    Event,
    PastReading,
)

from .meter import POLL, Meter


@pytest.mark.parametrize("first", [None, 1234.567])
def test_r01_what_no_counter_can_read_is_never_believed(first: float | None) -> None:
    """1e300 kWh are not shown: not as the first reading, and not after hours."""
    meter = Meter(first)
    assert meter.read(1e300, times=1000) == first
    assert meter.read(1234.570) == 1234.570
    assert meter.events == []


@pytest.mark.parametrize("wrong", [0.0, None, math.nan, math.inf, -math.inf, -1234.567, 1234.5, 1234.0, 617.0, 1e9])
def test_r01_one_wrong_reading_is_not_shown(wrong: float | None) -> None:
    """The counter stays where it was, and goes on with the next good reading."""
    meter = Meter()
    assert meter.read(wrong) == 1234.567
    assert meter.read(1234.570) == 1234.570
    assert not meter.guard.holding
    assert meter.events == []
    assert sum(after - before for before, after in pairwise(filter(None, meter.shown))) == pytest.approx(0.003)


def test_r01_a_reset_is_accepted_when_history_has_it_too() -> None:
    """After three readings in a minute that history confirms; then it is reported once."""
    meter = Meter(history=0.0)
    assert meter.read(0.0, times=6) == 1234.567
    assert meter.guard.holding
    assert meter.read(0.0) == 0.0
    assert meter.events == [Event.RESET]
    assert meter.last is not None
    assert meter.last.change == pytest.approx(-1234.567)
    assert meter.read(0.5) == 0.5
    assert meter.events == [Event.RESET]


@pytest.mark.parametrize(
    ("past", "at", "event"),
    [
        # A row of the outage, and the meter has counted on from it.
        (5.0, 1500.0, Event.RESET),
        # The meter stands where that row has it, as a wrong reading may, or below it.
        (6.0, 1500.0, None),
        (7.0, 1500.0, None),
        # It does not contradict, and neither does a row from before the last good reading confirm.
        (501.0, 1500.0, None),
        (5.0, 999.0, None),
        # A row since the doubt began.
        (6.0, 2011.0, Event.RESET),
    ],
)
def test_r01_a_row_of_an_outage_can_confirm(past: float, at: float, event: Event | None) -> None:
    """A meter was reset in an outage, and history has no row yet since Home Assistant is back."""
    guard = CounterGuard("kWh")
    guard.restore(500.0, 1000.0, 2000.0)
    accepted = []
    for now in range(2010, 2080, 10):
        guard.check_history(PastReading(past, at), now)
        if (found := guard.read(6.0, now)) is not None:
            accepted.append(found.event)
    assert accepted == ([event] if event else [])
    for now in range(2080, 2920, 10):
        guard.check_history(PastReading(past, at), now)
        guard.read(6.0, now)
    assert guard.shown == 6.0


def test_r01_a_reset_waits_for_history_that_tells_nothing() -> None:
    """After fifteen minutes it is accepted all the same."""
    meter = Meter()
    assert meter.read(0.0, times=90) == 1234.567
    assert meter.read(0.0) == 0.0
    assert meter.events == [Event.RESET]


@pytest.mark.parametrize(("wrong", "times"), [(0.0, 15), (0.75 * 1234.567, 30), (0.0, 1000), (1e7, 1000)])
def test_r01_a_wrong_reading_that_lasts_is_not_shown_where_history_goes_on(wrong: float, times: int) -> None:
    """History contradicts it for minutes or hours; the counter goes on where it was."""
    meter = Meter(history=1234.6)
    assert meter.read(wrong, times=times) == 1234.567
    assert meter.read(1234.7) == 1234.7
    assert meter.events == []


def test_r01_history_that_contradicts_freezes_nothing_for_ever() -> None:
    """After a day the reading counts."""
    meter = Meter(history=1234.6)
    assert meter.read(0.0, times=24, seconds=3600) == 1234.567
    assert meter.read(0.0, times=3, seconds=3600) == 0.0


@pytest.mark.parametrize("wrong", [0.0, 900.0, 5e6])
def test_r01_a_counter_that_returns_tells_since_when_it_was_wrong(wrong: float) -> None:
    """The accepted reading in between was wrong; the old one counts again at once."""
    meter = Meter(history=wrong)
    begun = meter.now + POLL
    meter.read(wrong, times=30)
    assert meter.guard.shown == wrong
    meter.history = None
    assert meter.read(1235.0) == 1235.0
    assert meter.events[-1] is Event.RETURNED
    assert meter.last is not None
    assert meter.last.since == begun
    assert meter.read(1235.1) == 1235.1
    assert len(meter.events) == 2


def test_r01_what_falls_by_itself_is_no_reset() -> None:
    """A reading that keeps falling is no counter that began anew; after 15 minutes it is shown all the same."""
    meter = Meter()
    values = [600.0 - step for step in range(90)]
    for value in values:
        assert meter.read(value) == 1234.567
    assert meter.read(500.0) == 500.0
    assert meter.events == [Event.CORRECTED]


def test_r01_a_reset_broken_off_counts_anew() -> None:
    """A good reading between wrong ones restarts the count."""
    meter = Meter()
    for _ in range(20):
        assert meter.read(0.0, times=5) == 1234.567
        assert meter.read(1234.567) == 1234.567
    assert meter.events == []


def test_r01_missing_readings_neither_prove_nor_disprove() -> None:
    """A reset is also detected with missing readings in between."""
    meter = Meter(history=0.0)
    for _ in range(3):
        meter.read(0.0)
        meter.read(None, times=3)
    assert meter.read(0.0) == 0.0


@pytest.mark.parametrize(
    ("before", "dip"), [(544.587493, 544.587), (1234.567, 1234.5), (5.987, 5.0), (99.96, 99.9), (1e6, 999_999.5)]
)
def test_r01_a_tiny_dip_is_held_until_it_is_passed(before: float, dip: float) -> None:
    """Lost decimals do not change the value shown, however long they are lost."""
    meter = Meter(before)
    assert meter.read(dip, times=1000) == before
    assert not meter.guard.holding
    assert meter.read(before + 0.001) == before + 0.001
    assert meter.events == []


def test_r01_a_dip_between_is_held_for_15_minutes() -> None:
    """Neither tiny nor a reset: held, then accepted and told with what is missing."""
    meter = Meter(1000.0)
    assert meter.read(950.0, times=90) == 1000.0
    assert meter.read(950.0) == 950.0
    assert meter.events == [Event.CORRECTED]
    assert meter.last is not None
    assert meter.last.change == pytest.approx(-50.0)


def test_r01_a_dip_between_that_heals_is_not_told() -> None:
    """A counter that is back within 15 minutes never showed the dip."""
    meter = Meter(1000.0)
    meter.read(950.0, times=89)
    assert meter.read(1000.2) == 1000.2
    assert meter.events == []
    assert set(meter.shown) == {1000.0, 1000.2}


def test_r01_a_negative_counter_shows_nothing() -> None:
    """One negative reading is a glitch; a counter that stays negative has no value that could be shown."""
    meter = Meter()
    assert meter.read(-5.0, times=90) == 1234.567
    assert meter.read(-5.0, times=5) is None
    assert meter.read(0.0) == 0.0

    back = Meter()
    back.read(-5.0, times=100)
    assert back.read(1234.6) == 1234.6
    assert Meter(-1.0).read(-2.0) is None
    assert Meter(-1.0).read(0.0) == 0.0


def test_r02_a_restored_reading_is_guarded_at_once() -> None:
    """The first reading after a restart is judged by the last one before it."""
    guard = CounterGuard("kWh")
    guard.restore(500.0, 1000.0, 2000.0)
    for value, now, shown in ((None, 2000.0, 500.0), (0.0, 2000.0, 500.0), (500.2, 2010.0, 500.2)):
        assert guard.read(value, now) is None
        assert guard.shown == shown
    assert (guard.last, guard.changed_at) == (500.2, 2010.0)


def test_r01_a_wrong_reading_that_was_accepted_before_a_restart() -> None:
    """The counter returns to where it was before; that is no rise that no installation can make."""
    guard = CounterGuard("kWh")
    guard.restore(0.0, 10_000.0, 20_000.0, Before(500.0, 9_900.0))
    assert guard.read(501.0, 20_010.0) == Accepted(Event.RETURNED, 501.0, 9_900.0)
    assert guard.shown == 501.0


@pytest.mark.parametrize("value", [math.nan, math.inf, -1.0])
def test_r02_what_is_no_reading_is_not_restored(value: float) -> None:
    """Nonsense from a damaged file is left out."""
    guard = CounterGuard("kWh")
    guard.restore(value, 1000.0, 2000.0)
    assert guard.last is None
    guard.read(3.0, 2000.0)
    assert guard.shown == 3.0
