"""Readings become hours, in any order, of any length and with gaps."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from custom_components.carlo_gavazzi_ems.history.arithmetic.rows import (
    HOUR,
    Reading,
    floor_hour,
    hour_of,
    hours,
    in_order,
    measured_rows,
)


def readings(*values: float, start: float = 0.0, period: float = 60.0) -> list[Reading]:
    """Return readings of periods that follow each other from `start` on."""
    return [Reading(start + (index + 1) * period, value, value, value) for index, value in enumerate(values)]


def test_r03_a_reading_on_the_hour_belongs_to_the_hour_before() -> None:
    """12:00:00 closes the hour of 11, a second later the hour of 12 has begun."""
    assert hour_of(12 * HOUR) == 11 * HOUR
    assert hour_of(12 * HOUR + 1) == 12 * HOUR
    assert floor_hour(12 * HOUR) == 12 * HOUR


@pytest.mark.parametrize(("day", "count"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-07-01", 24)])
def test_r03_a_day_of_a_change_of_clocks(day: str, count: int) -> None:
    """The day on which the clocks change has 23 or 25 hours, and each has its own row and its own energy."""
    begin = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo("Europe/Rome"))
    end = (begin + timedelta(days=1)).timestamp()
    span = hours(begin.timestamp(), end)
    assert len(span) == count


def test_order_and_repeats_do_not_matter() -> None:
    """Pages may come newest first, and may overlap."""
    straight = readings(1, 2, 3, 4)
    assert in_order([*reversed(straight), *straight]) == straight


def test_r03_the_mean_has_the_weight_of_its_time() -> None:
    """A quarter of an hour counts fifteen times a minute; what is missing is not made up."""
    minutes = readings(*[100.0] * 30)
    quarters = [Reading(2700.0, 200.0, 150.0, 250.0), Reading(3600.0, 200.0, 200.0, 300.0)]
    (row,) = measured_rows(minutes + quarters)
    assert row.mean == pytest.approx(150.0)
    assert (row.low, row.high, row.covered) == (100.0, 300.0, 3600.0)
    (thin,) = measured_rows(readings(1.0, 2.0) + readings(6.0, 6.0, start=3000.0))
    assert thin.mean == pytest.approx(15 / 4)
    assert thin.covered == 240.0


def test_the_mean_lies_between_the_extremes_though_they_are_missing() -> None:
    """A gateway that gives no extremes of a period has at least its value."""
    (row,) = measured_rows([Reading(60.0, 5.0, 5.0, 5.0), Reading(120.0, 7.0, 9.0, 3.0)])
    assert row.low == 5.0
    assert row.high == 7.0


def test_a_single_reading_stands_for_the_time_since_the_hour_began() -> None:
    """Alone it has no neighbour that tells how long its period is."""
    (row,) = measured_rows([Reading(900.0, 5.0, 4.0, 6.0)])
    assert row == (0.0, 5.0, 4.0, 6.0, 900.0)
