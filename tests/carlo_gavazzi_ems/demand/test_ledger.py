"""The periods of a month: known ones, missing ones, and the highest."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from custom_components.carlo_gavazzi_ems.demand.arithmetic import Peak, Periods
from custom_components.carlo_gavazzi_ems.demand.hours import NewHours
from custom_components.carlo_gavazzi_ems.demand.ledger import Ledger
from custom_components.carlo_gavazzi_ems.history.arithmetic.rows import MeasuredRow

ROME = ZoneInfo("Europe/Rome")
QUARTER = 900.0


def at(text: str) -> float:
    """Return a time in Rome."""
    return datetime.fromisoformat(text).replace(tzinfo=ROME).timestamp()


@pytest.fixture
def ledger() -> Ledger:
    """A ledger with three quarter-hours of the last evening of October, and two of November."""
    ledger = Ledger(Periods(ROME, QUARTER))
    for text, kwh in (
        ("2026-10-31 23:15", 3.0),
        ("2026-10-31 23:30", 1.0),
        ("2026-10-31 23:45", 2.0),
        ("2026-11-01 00:00", 0.5),
        ("2026-11-01 00:30", 0.5),
    ):
        ledger.enter(at(text), kwh)
    return ledger


def test_r32_the_highest_and_its_times(ledger: Ledger) -> None:
    """The first of several that are equal; of a day and of a month their own."""
    assert ledger.peak(at("2026-10-01")) == Peak(at("2026-10-31 23:15"), at("2026-10-31 23:30"), 12.0)
    assert ledger.peak(at("2026-11-01")) == Peak(at("2026-11-01 00:00"), at("2026-11-01 00:15"), 2.0)
    assert ledger.peak(at("2026-11-02")) is None


@pytest.mark.parametrize(
    ("zone", "minutes", "kwh"),
    [
        ("Europe/Rome", 30, {"2026-10-31 23:30": 3.0, "2026-11-01 01:00": None}),
        ("Europe/Rome", 60, {"2026-11-01 01:00": None}),
        ("Europe/Rome", 15, {"2026-11-01 01:15": None, "2026-10-31 23:15": 3.0}),
        ("Europe/Lisbon", 30, {"2026-10-31 23:30": 3.0, "2026-11-01 01:00": None}),
        ("Asia/Kathmandu", 30, {"2026-10-31 23:15": 4.0, "2026-10-31 23:45": 2.5, "2026-11-01 01:15": None}),
    ],
)
def test_r32_what_is_known_of_other_periods(
    ledger: Ledger, zone: str, minutes: int, kwh: dict[str, float | None]
) -> None:
    """Quarter-hours make half-hours, in another time zone too; an unknown one leaves none, and a part is not enough."""
    ledger.enter(at("2026-11-01 01:15"), None)
    new = Ledger(Periods(ZoneInfo(zone), minutes * 60.0))
    new.take_over(ledger.kwh, ledger.periods)
    expected = {at(text): each for text, each in kwh.items()}
    assert {start: new.kwh.get(start) for start in expected} == expected
    assert expected.keys() <= new.kwh.keys()
    assert len(new.kwh) == (len(ledger.kwh) if minutes == 15 else len(kwh))


def test_r32_the_last_month_is_kept_for_a_week(ledger: Ledger) -> None:
    """What is missing at its end is asked for in the first days of the new one; after a week all of it is dropped."""
    now = at("2026-11-01 00:00") + 20
    assert not ledger.begin_month(now)
    assert ledger.missing(now, now - 60)[-1] == at("2026-10-31 23:00")
    now = at("2026-11-08 00:00") + 20
    assert ledger.begin_month(now)
    assert min(ledger.kwh) == at("2026-11-01 00:00")
    assert not ledger.begin_month(now)


def test_r32_what_is_missing(ledger: Ledger) -> None:
    """Quarter-hours that are over; one that cannot be known is not missing."""
    now, until = at("2026-11-08 01:10"), at("2026-11-01 01:10")
    assert ledger.missing(now, until) == [at("2026-11-01 00:15"), at("2026-11-01 00:45")]
    ledger.mark_unknown(at("2026-11-01 00:20"), at("2026-11-01 00:46"))
    assert ledger.missing(now, until) == []
    assert ledger.peak(at("2026-11-01")) == Peak(at("2026-11-01 00:00"), at("2026-11-01 00:15"), 2.0)
    ledger.forget(at("2026-11-01 00:35"))
    assert ledger.missing(now, until) == [at("2026-11-01 00:30"), at("2026-11-01 00:45")]
    assert ledger.missing(now, at("2026-11-01 00:45")) == [at("2026-11-01 00:30")], "the clock was set back"
    assert ledger.missing(now, at("2026-11-01 01:15"))[-1] == at("2026-11-01 01:00")


def test_r32_it_is_stored_as_it_is(ledger: Ledger) -> None:
    """In order, unknown periods included."""
    ledger.enter(at("2026-11-01 00:15"), None)
    again = Ledger(ledger.periods, {start: kwh for start, kwh in ledger.as_list() if start is not None})
    assert again.kwh == ledger.kwh
    assert [start for start, _ in ledger.as_list()] == sorted(ledger.kwh)


def test_r32_hours_that_are_over(ledger: Ledger) -> None:
    """Once each, and once more where something has changed; what is not known is left out of mean and peak."""
    hours = NewHours()
    last, first = at("2026-10-31 23:00"), at("2026-11-01 00:00")
    assert hours.take(ledger) == [MeasuredRow(last, 8.0, 4.0, 12.0)], "of a quarter-hour nothing may ever be known"
    assert hours.take(ledger) == []
    ledger.enter(last, 2.0)
    assert hours.take(ledger) == [MeasuredRow(last, 8.0, 4.0, 12.0)]
    ledger.enter(at("2026-10-31 23:15"), None)
    (again,) = hours.take(ledger)
    assert again.mean == pytest.approx(20 / 3)
    assert (again.low, again.high) == (4.0, 8.0)
    ledger.enter(at("2026-11-01 00:15"), 0.5)
    assert hours.take(ledger) == [], "it goes on"
    ledger.enter(at("2026-11-01 00:45"), 0.5)
    assert hours.take(ledger) == [MeasuredRow(first, 2.0, 2.0, 2.0)], "with its last quarter-hour it is over"
    for minutes in (0, 15, 30, 45):
        ledger.enter(at(f"2026-11-01 01:{minutes:02}"), None)
    assert hours.take(ledger) == [], "nothing is known"


@pytest.mark.parametrize("minutes", [15, 30, 60])
@pytest.mark.parametrize("zone", ["Europe/Rome", "Asia/Kathmandu", "Asia/Kolkata", "Australia/Lord_Howe"])
def test_r32_every_period_is_in_one_hour(zone: str, minutes: int) -> None:
    """Also where the clock is not ahead by whole hours, and on the days on which it is moved."""
    periods = Periods(ZoneInfo(zone), minutes * 60.0)
    for day in ("2026-03-28", "2026-04-04", "2026-10-03", "2026-10-24"):
        ledger = Ledger(periods)
        begin = periods.start(at(f"{day} 00:00"))
        for number, start in enumerate(periods.between(begin, begin + 48 * 3600)):
            ledger.enter(start, float(number))
        rows = NewHours().take(ledger)
        assert len(rows) >= 47
        peaks = {
            max(kw for start in ledger.kwh if row.start <= start < row.start + 3600 if (kw := ledger.kw(start)))
            for row in rows
            if row.high
        }
        assert {row.high for row in rows if row.high} == peaks
