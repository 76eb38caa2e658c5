"""Recorded hours of a counter, held against its history."""

from custom_components.carlo_gavazzi_ems.history.arithmetic.curve import Curve
from custom_components.carlo_gavazzi_ems.history.arithmetic.judging import Judge, Judgement
from custom_components.carlo_gavazzi_ems.history.arithmetic.rows import HOUR, CounterRow

from .minutes import LAG, World


def test_r03_statistics_that_go_on_from_a_state_of_before_their_first_hour() -> None:
    """The state may have been written half an hour before the recorder's first five minutes: the hour is right."""
    world = World(hours=6)
    readings = world.readings()
    before, end = readings[3 * 60 - 31].value, readings[4 * 60 - 1].value
    rows = [CounterRow(3 * HOUR, end, end - before)]
    judge = Judge(Curve(readings, increasing=True, kilowatt=1 / HOUR), rows, LAG)
    assert judge.judge(0.0, 4 * HOUR, None) == Judgement(checked=4 * HOUR)
