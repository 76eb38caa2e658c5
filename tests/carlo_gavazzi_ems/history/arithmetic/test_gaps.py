"""Missed hours are found and filled, to the last digit, or left alone with a reason."""

from dataclasses import replace
from itertools import pairwise

import pytest

from custom_components.carlo_gavazzi_ems.history.arithmetic.gaps import (
    Counter,
    measured_gaps,
    measured_repair,
    missed_counter_hours,
)
from custom_components.carlo_gavazzi_ems.history.arithmetic.plan import HistoryMismatchError, Plan, RecordedState
from custom_components.carlo_gavazzi_ems.history.arithmetic.rows import HOUR, CounterRow, Reading
from tests.carlo_gavazzi_ems.history.worlds import RULES, World, assert_true, carried_out, repair, span


@pytest.mark.parametrize(
    ("world", "missed"),
    [
        (World(off=span("11:20", "17:01")), {11, 12, 13, 14, 15, 16}),
        (World(unreachable=span("11:20", "15:02")), {11, 12, 13, 14}),
        (World(off=span("11:58", "12:03")), set()),
        (World(watts=(0,)), set()),
    ],
    ids=["off", "unreachable", "short", "idle"],
)
def test_r03_missed_hours_are_seen_in_the_rows(world: World, missed: set[int]) -> None:
    """Hours without a row, hours without a change before a jump; an idle meter is not suspect."""
    rows = list(world.rows())
    assert {hour / HOUR for hour in missed_counter_hours(rows)} >= missed
    assert bool(missed_counter_hours(rows)) == bool(missed)


@pytest.mark.parametrize(
    "world",
    [
        World(off=span("11:20", "17:01")),
        World(unreachable=span("11:20", "15:02")),
        World(off=span("11:50", "12:30")),
        World(off=span("11:20", "13:01"), unreachable=span("15:30", "18:10")),
        World(off=span("11:00", "13:00"), resets={12 * 60 + 30}),
        World(unreachable=span("11:30", "15:30"), resets={11 * 60 + 40, 13 * 60, 15 * 60 + 10}),
        World(off=span("11:00", "13:00"), resets={10 * 60 + 30, 14 * 60 + 30}),
        World(hours=400, unreachable=set(range(700, 20_000)), purged_at=15_000),
        World(off=span("02:10", "05:00"), watts=(0, 0, 7000, 13)),
    ],
    ids=["off", "unreachable", "over the hour", "two", "reset", "resets", "resets outside", "purged", "uneven"],
)
def test_r03_each_hour_is_the_meters(world: World) -> None:
    """After the repair every hour has its energy, and a second repair finds nothing to do."""
    plan = repair(world)
    assert plan.rows
    assert_true(world, plan)
    again = Counter(world.readings(), RULES).repair(
        sorted(carried_out(world, plan).values()),
        world.hours * HOUR,
        None,
    )
    assert again == Plan()


@pytest.mark.parametrize("minute", [11 * 60 + 20, 11 * 60 + 30, 11 * 60 + 39], ids=["first", "middle", "last"])
def test_r03_a_reset_in_an_outage_that_misses_no_hour(minute: int) -> None:
    """What was counted between the last poll and the reset is in the history only; it is put into its hour."""
    world = World(off=span("11:20", "11:40"), resets={minute})
    assert 11 * HOUR in missed_counter_hours(list(world.rows()))
    plan = repair(world)
    assert plan.rows == []
    lost = (minute - (11 * 60 + 20)) * 2000 / 60_000
    assert [start for start, _ in plan.adjustments] == ([11 * HOUR] if lost else [])
    assert sum(by for _, by in plan.adjustments) == pytest.approx(lost, abs=1e-9)
    assert_true(world, plan)


def test_r03_nothing_is_touched_where_nothing_was_missed() -> None:
    """A day without an outage needs no row."""
    assert repair(World(resets={700})) == Plan()


def test_r03_a_gap_in_the_gateways_history_stays_a_gap() -> None:
    """Its energy shows in the first hour after it; all the other hours are right."""
    world = World(unreachable=span("11:20", "17:02"), silent=span("12:30", "14:30"))
    plan = repair(world)
    assert_true(world, plan, but=(12, 14))
    rows = carried_out(world, plan)
    assert 13 * HOUR not in rows
    assert rows[14 * HOUR].sum - rows[12 * HOUR].sum == pytest.approx(5.0)


def test_r03_a_row_made_up_in_a_gap_of_the_history_is_carried_along() -> None:
    """Where Home Assistant made up a row, it must not fall behind the row before it."""
    world = World(off=span("11:20", "17:02"), silent=span("12:30", "14:30"))
    plan = repair(world)
    assert_true(world, plan, but=(12, 13, 14))
    rows = carried_out(world, plan)
    assert rows[13 * HOUR].sum == rows[12 * HOUR].sum


def test_r03_up_to_the_running_hour() -> None:
    """After a start the newest state stands for the hour that is not over yet."""
    world = World(off=span("11:20", "15:02"), resets={13 * 60})
    rows = list(world.rows())
    live = RecordedState(CounterRow(15 * HOUR, world.shown[15 * 60 + 4], rows[10].sum + 0.0), 15 * HOUR + 300)
    before = rows[11]
    total = before.sum + world.shown[15 * 60 + 4]
    plan = repair(world, until=15, live=replace(live, row=live.row._replace(sum=total)))
    ((start, by),) = plan.adjustments
    assert start == 15 * HOUR
    lost = world.shown[13 * 60 - 1] - before.state
    assert by == pytest.approx(lost, abs=1e-9)
    assert_true(world, plan)
    with pytest.raises(HistoryMismatchError, match="no state was recorded"):
        repair(world, until=15)


def test_r03_when_the_recorded_states_are_of_another_meter() -> None:
    """Nothing is planned, and the reason tells the number."""
    world = World(off=span("11:20", "15:02"))
    rows = [row._replace(state=row.state - 200) for row in world.rows()]
    with pytest.raises(HistoryMismatchError, match=r"308 was recorded before the gap"):
        Counter(world.readings(), RULES).repair(
            rows[3:], 24 * HOUR, RecordedState(CounterRow(24 * HOUR, 548.1, 0), 24.1 * HOUR)
        )


def test_r03_when_the_state_after_the_gap_is_too_high() -> None:
    """A state that the meter had not reached yet is not believed."""
    world = World(off=span("11:20", "15:02"))
    rows = [row if row.start < 15 * HOUR else row._replace(state=row.state + 100) for row in world.rows()]
    with pytest.raises(HistoryMismatchError, match="no state was recorded after the gap"):
        Counter(world.readings(), RULES).repair(rows[:23], 23 * HOUR, None)


def test_r03_when_the_sums_do_not_fit() -> None:
    """A sum that neither a reset nor a restart explains is not moved."""
    world = World(off=span("11:20", "15:02"))
    rows = [row if row.start < 15 * HOUR else row._replace(sum=row.sum + 500) for row in world.rows()]
    with pytest.raises(HistoryMismatchError, match="off by 500"):
        Counter(world.readings(), RULES).repair(rows, 24 * HOUR, None)


def test_r03_no_hour_runs_back_by_a_rounding_error() -> None:
    """A meter that stood still has hours of 0, not of -0: the sums on both sides of a gap are floats of their own."""
    values = [0.1 + 0.1 * min(minute, 700) / 7 for minute in range(24 * 60)]
    made = [Reading((minute + 1) * 60.0, value, value, value) for minute, value in enumerate(values)]
    rows, total = list[CounterRow](), 0.3
    for hour in range(24):
        if 11 <= hour < 15:
            continue
        # As the recorder counts: it adds what a state has more than the last one.
        total += values[hour * 60 + 59] - (rows[-1].state if rows else 0.1)
        rows.append(CounterRow(hour * HOUR, values[hour * 60 + 59], total))
    for off in (0.0, 3e-13, -3e-13):
        moved = [row._replace(sum=row.sum + off) if row.start >= 15 * HOUR else row for row in rows]
        plan = Counter(made, RULES).repair(moved, 24 * HOUR, None)
        assert [row.start / HOUR for row in plan.rows] == [11, 12, 13, 14]
        sums = [row.sum for row in sorted([*moved, *plan.rows])]
        assert sums == sorted(sums)


def test_r03_a_net_counter_is_repaired_too() -> None:
    """It may run back, in the gap as well."""
    rules = replace(RULES, increasing=False)
    values = [100 + abs(minute % 200 - 100) / 3 - minute / 50 for minute in range(24 * 60)]
    made = [Reading((minute + 1) * 60.0, value, value, value) for minute, value in enumerate(values)]
    full = [CounterRow(hour * HOUR, values[hour * 60 + 59], values[hour * 60 + 59] - 7) for hour in range(24)]
    cut = values[11 * 60 + 20]
    rows = [row._replace(state=cut, sum=cut - 7) if 11 <= row.start / HOUR <= 14 else row for row in full]
    plan = Counter(made, rules).repair(rows, 24 * HOUR, None)
    assert plan.adjustments == []
    # A made-up row may happen to be right already.
    repaired = {row.start: row for row in rows} | {row.start: row for row in plan.rows}
    assert [repaired[row.start].sum for row in full] == pytest.approx([row.sum for row in full], abs=0.05)
    assert len(plan.rows) >= 3


def test_r04_before_the_first_row() -> None:
    """Hours from before Home Assistant was there join what it counted since; the first books only its own."""
    world = World(resets={300})
    first = CounterRow(20 * HOUR, world.shown[20 * 60 + 59], 0.7)
    plan = Counter(world.readings(), RULES).before(first, 2 * HOUR)
    assert [row.start for row in plan.rows] == [hour * HOUR for hour in range(2, 20)]
    assert plan.rows[0].sum == pytest.approx(world.kwh(2 * HOUR, 3 * HOUR), abs=1e-9)
    for before, row in pairwise(plan.rows):
        assert row.sum - before.sum == pytest.approx(world.kwh(row.start, row.start + HOUR), abs=1e-9)
    ((start, by),) = plan.adjustments
    assert start == first.start
    assert first.sum + by - plan.rows[-1].sum == pytest.approx(world.kwh(20 * HOUR, 21 * HOUR), abs=1e-9)


def test_r04_before_the_first_row_there_may_be_nothing() -> None:
    """A gateway without older history adds no row."""
    world = World(silent=span("00:00", "20:30"))
    first = CounterRow(20 * HOUR, world.shown[20 * 60 + 40], 0.0)
    assert Counter(world.readings(), RULES).before(first, 0.0) == Plan()
    assert Counter([], RULES).before(first, 0.0) == Plan()


def test_r03_missed_hours_of_a_measured_value() -> None:
    """Hours without a row, hours in which nothing moved while nobody was there; neighbours only if history is whole."""
    recorded = {0.0: (1.0, 2.0), HOUR: (2.0, 2.0), 3 * HOUR: (5.0, 5.0), 4 * HOUR: (1.0, 9.0)}
    assert measured_gaps(recorded, 0.0, 5 * HOUR, 2 * HOUR) == {HOUR, 2 * HOUR}
    made = [Reading((minute + 1) * 60.0, minute, minute, minute) for minute in range(30, 300)]
    rows = measured_repair(made, {HOUR, 2 * HOUR})
    assert [row.start / HOUR for row in rows] == [1, 2, 3]
    assert rows[0][1:4] == (89.5, 60.0, 119.0)
