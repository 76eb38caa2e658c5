"""Recorded hours of a counter, compared with its history."""

from custom_components.carlo_gavazzi_ems.history.arithmetic.curve import Curve
from custom_components.carlo_gavazzi_ems.history.arithmetic.judging import Judge, Judgement
from custom_components.carlo_gavazzi_ems.history.arithmetic.plan import RecordedState
from custom_components.carlo_gavazzi_ems.history.arithmetic.rows import HOUR, CounterRow, Reading

from .minutes import LAG, World, repair, span


def test_r03_statistics_that_go_on_from_a_state_of_before_their_first_hour() -> None:
    """The state may have been written half an hour before the recorder's first five minutes: the hour is right."""
    world = World(hours=6)
    readings = world.readings()
    before, end = readings[3 * 60 - 31].value, readings[4 * 60 - 1].value
    rows = [CounterRow(3 * HOUR, end, end - before)]
    judge = Judge(Curve(readings, increasing=True, kilowatt=1 / HOUR), rows, LAG)
    assert judge.judge(0.0, 4 * HOUR, None) == Judgement(checked=4 * HOUR)


def test_r03_history_that_ended_before_home_assistant_did() -> None:
    """What Home Assistant saw after the last row is not counted again: no hour ends with less than it began with."""
    world = World(off=span("12:05", "15:34"), silent=span("11:04", "15:34"))
    last = next(row for row in world.rows() if row.start == 14 * HOUR)
    value = world.shown[15 * 60 + 34]
    live = RecordedState(CounterRow(15 * HOUR, value, last.sum + value - last.state), 15 * HOUR + 35 * 60)
    done = repair(world, 15, live)
    states = [done.rows[start].state for start in sorted(done.rows)]
    assert states == sorted(states)
    assert states[-1] == last.state


def test_r03_more_was_seen_before_a_new_meter_than_any_row_has() -> None:
    """The row after the replacement has the new meter's reading only: the hour after gets no negative bar."""
    values = (500.0, 501.0, 502.0, 123.0, 123.4, 124.0)
    readings = [Reading((index + 1) * HOUR, value, value, value) for index, value in enumerate(values)]
    rows = [CounterRow(2 * HOUR, 502.0, 2.0), CounterRow(3 * HOUR, 503.6, 3.6), CounterRow(4 * HOUR, 123.4, 127.0)]
    judge = Judge(Curve(readings, increasing=True, kilowatt=1 / HOUR), rows, LAG)
    plan = judge.judge(4 * HOUR, 5 * HOUR, None).plan
    assert plan.after(rows[-1]).sum - rows[-2].sum > -1e-9
