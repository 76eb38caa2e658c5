"""Readings become hours: whatever their order, their length and their holes."""

from datetime import datetime, timedelta
from itertools import pairwise
import math
import random
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.carlo_gavazzi_ems.history.arithmetic.rows import (
    HOUR,
    CounterRow,
    Reading,
    RunningSum,
    counted,
    counter_rows,
    floor_hour,
    hour_of,
    hours,
    in_order,
    measured_rows,
    resolution,
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
    running = RunningSum(100.0, 0.0, increasing=True)
    minutes = [Reading(begin.timestamp() + 60 * (i + 1), 100 + (i + 1) / 60, 0, 0) for i in range(60 * count)]
    rows = counter_rows(running, minutes)
    assert [row.start for row in rows] == span
    assert [row.sum for row in rows] == pytest.approx(list(range(1, count + 1)), abs=1e-9)


def test_order_and_repeats_do_not_matter() -> None:
    """Pages may come newest first, and may overlap."""
    straight = readings(1, 2, 3, 4)
    assert in_order([*reversed(straight), *straight]) == straight
    assert counted(reversed(straight)) == straight


@pytest.mark.parametrize("wrong", [0.0, 400.0, -7.0, 9000.0])
def test_a_reading_that_is_taken_back_never_was(wrong: float) -> None:
    """A counter that reads nonsense for a moment has counted nothing."""
    kept = counted(readings(500, 501, wrong, 502, 503))
    assert [reading.value for reading in kept] == [500, 501, 502, 503]


def test_r03_a_reset_is_told_from_a_dip() -> None:
    """After a reset all that was counted stays counted; a dip is held until it is passed."""
    kept = counted(readings(500, 550, 1, 2, 3, 4, 5))
    assert len(kept) == 7
    running = RunningSum(500.0, 10.0, increasing=True)
    (row,) = counter_rows(running, kept)
    assert row == CounterRow(0.0, 5, 10 + 50 + 5)
    assert running.resets == 1
    assert running.add(4.9) == 65
    assert running.add(5.1) == pytest.approx(65.1)


def test_a_net_counter_runs_back() -> None:
    """What is exported is taken off again, and a fall is no reset."""
    running = RunningSum(500.0, 10.0, increasing=False)
    assert running.add(100.0) == -390
    assert running.resets == 0


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


def test_resolution() -> None:
    """The finest step that was seen."""
    assert resolution(readings(1, 1, 1.5, 3)) == 0.5
    assert resolution(readings(1, 1)) == 0.0


@given(
    increments=st.lists(st.integers(0, 5000), min_size=1, max_size=600),
    resets=st.sets(st.integers(1, 599), max_size=3),
    missing=st.sets(st.integers(0, 598)),
    seed=st.integers(0, 1000),
)
def test_r03_the_hours_add_up_to_the_meter(
    increments: list[int], resets: set[int], missing: set[int], seed: int
) -> None:
    """Over whatever holes, orders and resets: the last sum is all that was counted and seen."""
    value, truth, made = 1000.0, 0.0, list[Reading]()
    unseen = False
    for index, watts in enumerate(increments):
        value, truth = value + watts / 1000, truth + watts / 1000
        # A counter that is set back shows it only where it was read just before, and read again below.
        if index in resets and made and not unseen and not missing & {index - 1, index, index + 1}:
            truth -= watts / 1000
            value = 0.0
        unseen = index in missing and index != len(increments) - 1
        if not unseen:
            made.append(Reading((index + 1) * 60.0, value, value, value))
    random.Random(seed).shuffle(made)  # an order, not a key
    first = min(made)
    rows = counter_rows(RunningSum(first.value, 0.0, increasing=True), in_order(made))
    assert rows == sorted(rows)
    assert all(after.sum >= before.sum for before, after in pairwise(rows))
    counted_before_first = first.value - 1000.0 if first.value >= 1000 else first.value
    assert math.isclose(rows[-1].sum, truth - counted_before_first, abs_tol=1e-9) or first.value < 1000
