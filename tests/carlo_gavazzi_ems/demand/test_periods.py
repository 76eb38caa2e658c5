"""The periods of the clock in all time zones, also when summer time begins or ends."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.carlo_gavazzi_ems.demand.arithmetic import Periods

ZONES = (
    "UTC",
    "Europe/Rome",
    "Europe/Dublin",
    "America/St_Johns",
    "America/New_York",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Adelaide",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "America/Santiago",
)
MINUTES = (15, 30, 60)


def at(text: str, zone: str = "UTC") -> float:
    """Return a time as seconds since 1970."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


@given(
    st.sampled_from(ZONES),
    st.sampled_from(MINUTES),
    st.floats(at("2026-01-01"), at("2028-01-01"), allow_nan=False),
)
def test_r32_each_instant_lies_in_one_period_that_begins_on_the_clock(zone: str, minutes: int, instant: float) -> None:
    """The next period begins where one ends, both begin at a mark of the clock, and no mark lies between."""
    periods = Periods(ZoneInfo(zone), minutes * 60.0)
    start = periods.start(instant)
    end = periods.end(start)
    assert start <= instant < end
    assert end - start >= minutes * 60
    assert periods.start(start) == start
    assert periods.start(end) == end
    for mark in (start, end):
        local = datetime.fromtimestamp(mark, UTC).astimezone(ZoneInfo(zone))
        assert (local.minute % minutes, local.second, local.microsecond) == (0, 0, 0)
    if zone != "Australia/Lord_Howe":
        assert end - start == minutes * 60


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("minutes", MINUTES)
def test_r32_a_year_has_no_gap(zone: str, minutes: int) -> None:
    """All periods of a year follow each other, the changes of the clock included."""
    periods = Periods(ZoneInfo(zone), minutes * 60.0)
    first = periods.start(at("2026-01-01"))
    starts = list(periods.between(first, at("2027-01-02")))
    assert all(periods.end(start) == following for start, following in pairwise(starts))
    assert len(starts) >= 366 * 24 * 60 / minutes - 4


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)], ids=["spring", "autumn", "summer"]
)
def test_r32_a_day_on_which_the_clock_is_moved(day: str, hours: int) -> None:
    """It has 92 or 100 quarter-hours; in UTC they follow each other as always."""
    periods = Periods(ZoneInfo("Europe/Rome"), 900.0)
    begin = at(day, "Europe/Rome")
    end = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo("Europe/Rome")) + timedelta(days=1)
    assert len(list(periods.between(begin, end.timestamp()))) == 4 * hours
    assert {periods.day(start) for start in periods.between(begin, end.timestamp())} == {begin}


@pytest.mark.parametrize(
    ("around", "hours"), [("2026-04-05 01:00", 1.5), ("2026-10-04 01:00", 1.5), ("2026-10-04 03:00", 1.0)]
)
def test_r32_half_an_hour_on_lord_howe(around: str, hours: float) -> None:
    """The hour in which the clock is moved by half an hour lasts 90 minutes."""
    periods = Periods(ZoneInfo("Australia/Lord_Howe"), 3600.0)
    start = at(around, "Australia/Lord_Howe")
    assert periods.end(start) - start == hours * 3600
    assert periods.kw(start, 3.0) == pytest.approx(3.0 / hours)


@pytest.mark.parametrize("zone", ZONES)
def test_r32_days_and_months_begin_at_midnight_there(zone: str) -> None:
    """Not at midnight in UTC."""
    periods = Periods(ZoneInfo(zone), 900.0)
    noon = at("2026-07-15 12:00", zone)
    assert periods.day(noon) == at("2026-07-15", zone)
    assert periods.month(noon) == at("2026-07-01", zone)
    assert periods.start(periods.month(noon)) == periods.month(noon)
