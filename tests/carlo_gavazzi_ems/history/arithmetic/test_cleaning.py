"""Wrong readings in a counter's history, and the highest rate of a counter."""

from collections.abc import Sequence

import pytest

from custom_components.carlo_gavazzi_ems.history.arithmetic.cleaning import pace, without_wrong_readings
from custom_components.carlo_gavazzi_ems.history.arithmetic.rows import Reading

#: The highest rates of a house and of an idle counter, in kWh a second.
HOUSE, KILOWATT = 25 / 3600, 1 / 3600


def minutes(values: Sequence[float]) -> list[Reading]:
    """Return a reading a minute."""
    return [Reading(60.0 * (minute + 1), value, value, value) for minute, value in enumerate(values)]


def cleaned(values: Sequence[float]) -> list[float]:
    """Return the values that are left."""
    readings = minutes(values)
    usual = max(pace(readings, HOUSE, 1.0), KILOWATT)
    return [reading.value for reading in without_wrong_readings(readings, usual, 1.0)]


@pytest.mark.parametrize("wrong", [0.0, 0.75 * 14185.617, 429496729.5, 2147483.647])
@pytest.mark.parametrize("lasting", [1, 2, 30])
@pytest.mark.parametrize("times", [1, 3])
def test_a_counter_that_stands_still(wrong: float, lasting: int, times: int) -> None:
    """Its only rises are those of wrong readings; they say nothing about how fast it counts."""
    good = [14185.617] * 20
    values = good + ([wrong] * lasting + good) * times
    assert cleaned(values) == good * (times + 1)


def test_a_counter_that_rises() -> None:
    """Its own rises are its pace, those of wrong readings are not."""
    before = [100 + 0.1 * minute for minute in range(30)]
    after = [106 + 0.1 * minute for minute in range(30)]
    readings = minutes([*before, *[0.0] * 30, *after])
    assert pace(readings, HOUSE, 1.0) == pytest.approx(0.1 / 60)
    assert cleaned([*before, *[0.0] * 30, *after]) == [*before, *after]


def test_a_meter_that_is_replaced() -> None:
    """It does not come back to the reading of the old one."""
    values = [*[14185.617] * 20, *[0.1 * minute for minute in range(40)]]
    assert cleaned(values) == values


@pytest.mark.parametrize("lasting", [1, 3])
@pytest.mark.parametrize("part", [0.0, 0.5, 0.75, 0.9])
def test_a_counter_of_little_is_read_wrong(part: float, lasting: int) -> None:
    """It fell by no more than a house draws in a minute, but returns to its former reading: a wrong reading."""
    good = [0.5 + 0.02 * minute + (0.1 if minute > 5 else 0.0) for minute in range(40)]
    values = [*good[:20], *[part * good[20]] * lasting, *good[20 + lasting :]]
    assert cleaned(values) == [*good[:20], *good[20 + lasting :]]


@pytest.mark.parametrize("at", [0.004, 0.01, 0.5])
def test_a_counter_of_little_begins_anew(at: float) -> None:
    """It goes on from 0 as fast as ever, and soon reads what it had read."""
    before = [at + 0.002 * minute for minute in range(20)]
    after = [0.0015 + 0.002 * minute for minute in range(400)]
    assert cleaned([*before, *after]) == [*before, *after]
