"""Missed hours are found and filled, to the last digit, or left alone with a reason."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.carlo_gavazzi_ems.history.gaps import (
    Counter,
    Disagreement,
    Junction,
    Plan,
    Rules,
    measured_gaps,
    measured_repair,
    suspects,
)
from custom_components.carlo_gavazzi_ems.history.rows import HOUR, CounterRow, Reading

RULES = Rules(increasing=True, lag=60.0, kept=10 * 86_400.0)


@dataclass
class World:
    """A meter, its gateway and a Home Assistant, minute by minute, with what went wrong."""

    hours: int = 24
    off: set[int] = field(default_factory=set)
    """Minutes in which Home Assistant was not running."""
    unreachable: set[int] = field(default_factory=set)
    """Minutes in which the gateway could not be reached."""
    silent: set[int] = field(default_factory=set)
    """Minutes of which the gateway has no history."""
    resets: set[int] = field(default_factory=set)
    purged_at: int | None = None
    """The minute at which Home Assistant forgets what it counts on from."""
    watts: tuple[int, ...] = (2000,)
    truth: list[int] = field(default_factory=list)
    """All that was counted, in units of 1/60 Wh, at the end of each minute."""
    shown: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Let the meter run."""
        total, since = 30_000_000, 0
        for minute in range(self.hours * 60):
            if minute in self.resets:
                since = total
            total += self.watts[minute % len(self.watts)]
            self.truth.append(total)
            self.shown.append((total - since) / 60_000)

    def readings(self) -> list[Reading]:
        """Return the gateway's history in kWh."""
        return [
            Reading((minute + 1) * 60.0, value, value, value)
            for minute, value in enumerate(self.shown)
            if minute not in self.silent
        ]

    def rows(self) -> Iterator[CounterRow]:
        """Yield the hours as Home Assistant's recorder writes them."""
        state, total, seen = 0.0, 0.0, False
        for minute in range(self.hours * 60):
            if minute == self.purged_at:
                seen, total = False, 0.0
            if not minute % 60:
                there = False
            if minute not in self.off | self.unreachable:
                value = self.shown[minute]
                if seen:
                    total += value if value < 0.9 * state else value - state
                state, seen = value, True
                there = True
            # After a start Home Assistant makes up rows for the time it was off, without a change.
            there = there or (seen and minute in self.off)
            if minute % 60 == 59 and there:
                yield CounterRow((minute // 60) * HOUR, state, total)

    def kwh(self, start: float, end: float) -> float:
        """Return what the meter truly counted."""
        return (self.truth[round(end / 60) - 1] - self.truth[round(start / 60) - 1]) / 60_000


def repair(world: World, until: int | None = None, live: Junction | None = None) -> Plan:
    """Plan for all hours of a world."""
    rows = [row for row in world.rows() if until is None or row.start < until * HOUR]
    return Counter(reversed(world.readings()), RULES).repair(rows, (until or world.hours) * HOUR, live)


def carried_out(world: World, plan: Plan) -> dict[float, CounterRow]:
    """Return the rows after a plan, as the recorder carries it out."""
    rows = {row.start: row for row in world.rows()}
    for start, by in plan.adjustments:
        rows |= {key: row._replace(sum=row.sum + by) for key, row in rows.items() if row.start >= start}
    return rows | {row.start: row for row in plan.rows}


def span(start: str, end: str) -> set[int]:
    """Return the minutes between two times of the first day, `11:00` to `15:01`."""
    begin, stop = (int(text[:2]) * 60 + int(text[3:]) for text in (start, end))
    return set(range(begin, stop))


def assert_true(world: World, plan: Plan, *, but: tuple[int, ...] = ()) -> None:
    """Every hour has the meter's own energy."""
    rows = carried_out(world, plan)
    before = rows[0.0]
    for start in sorted(rows)[1:]:
        if start / HOUR not in but:
            assert rows[start].sum - before.sum == pytest.approx(world.kwh(before.start + HOUR, start + HOUR), abs=1e-9)
        before = rows[start]
    assert before.sum - rows[0.0].sum == pytest.approx(world.kwh(HOUR, before.start + HOUR), abs=1e-9)


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
    assert {hour / HOUR for hour in suspects(rows)} >= missed
    assert bool(suspects(rows)) == bool(missed)


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
    live = Junction(CounterRow(15 * HOUR, world.shown[15 * 60 + 4], rows[10].sum + 0.0), 15 * HOUR + 300)
    before = rows[11]
    total = before.sum + world.shown[15 * 60 + 4]
    plan = repair(world, until=15, live=replace(live, row=live.row._replace(sum=total)))
    ((start, by),) = plan.adjustments
    assert start == 15 * HOUR
    lost = world.shown[13 * 60 - 1] - before.state
    assert by == pytest.approx(lost, abs=1e-9)
    assert_true(world, plan)
    with pytest.raises(Disagreement, match="no state was recorded"):
        repair(world, until=15)


def test_r03_when_the_recorded_states_are_of_another_meter() -> None:
    """Nothing is planned, and the reason tells the number."""
    world = World(off=span("11:20", "15:02"))
    rows = [row._replace(state=row.state - 200) for row in world.rows()]
    with pytest.raises(Disagreement, match=r"308 was recorded before the gap"):
        Counter(world.readings(), RULES).repair(
            rows[3:], 24 * HOUR, Junction(CounterRow(24 * HOUR, 548.1, 0), 24.1 * HOUR)
        )


def test_r03_when_the_state_after_the_gap_is_too_high() -> None:
    """A state that the meter had not reached yet is not believed."""
    world = World(off=span("11:20", "15:02"))
    rows = [row if row.start < 15 * HOUR else row._replace(state=row.state + 100) for row in world.rows()]
    with pytest.raises(Disagreement, match="no state was recorded after the gap"):
        Counter(world.readings(), RULES).repair(rows[:23], 23 * HOUR, None)


def test_r03_when_the_sums_do_not_fit() -> None:
    """A sum that neither a reset nor a restart explains is not moved."""
    world = World(off=span("11:20", "15:02"))
    rows = [row if row.start < 15 * HOUR else row._replace(sum=row.sum + 500) for row in world.rows()]
    with pytest.raises(Disagreement, match="off by 500"):
        Counter(world.readings(), RULES).repair(rows, 24 * HOUR, None)


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


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_r03_random_outages_lose_nothing(data: st.DataObject) -> None:
    """Outages of Home Assistant and of the gateway, resets, holes in the history: the sum is the meter's."""
    total = 5 * 24 * 60

    def spans(most: int) -> set[int]:
        found = set[int]()
        for _ in range(data.draw(st.integers(0, 3))):
            start = data.draw(st.integers(180, total - 200))
            found.update(range(start, min(start + data.draw(st.integers(1, most)), total - 180)))
        return found

    world = World(
        hours=120,
        off=spans(1500),
        unreachable=spans(1500),
        silent=spans(300) if data.draw(st.booleans()) else set(),
        watts=tuple(data.draw(st.lists(st.integers(1, 4000), min_size=1, max_size=7))),
    )
    down = world.off | world.unreachable
    # A reset is seen by history, or by Home Assistant: nobody can know of one that both have missed.
    if data.draw(st.booleans()) and (times := sorted(down - {m + d for m in world.silent for d in (-1, 0, 1)})):
        world = replace(world, resets={data.draw(st.sampled_from(times))}, truth=[], shown=[])
    plan = repair(world)
    rows = carried_out(world, plan)
    first, last = rows[min(rows)], rows[max(rows)]
    repaired = {row.start for row in plan.rows}
    # A reset within an outage that missed no full hour: what was counted between the last poll and it is lost.
    unseen = {minute // 60 * HOUR for minute in world.resets} - repaired
    lost = 61 * 4000 / 60_000 if unseen else 1e-9
    assert last.sum - first.sum == pytest.approx(world.kwh(first.start + HOUR, last.start + HOUR), abs=lost)
    quiet = {minute // 60 * HOUR for minute in world.silent} | {minute // 60 * HOUR + HOUR for minute in world.silent}
    for start in sorted(rows)[1:]:
        if start - HOUR in rows and not {start, start - HOUR} & (quiet | unseen):
            change = rows[start].sum - rows[start - HOUR].sum
            assert change == pytest.approx(world.kwh(start, start + HOUR), abs=2 * 4000 / 60_000)
        if not quiet & {start}:
            assert start in rows
    for start in repaired:
        if start - HOUR in repaired and not {start, start - HOUR} & quiet:
            change = rows[start].sum - rows[start - HOUR].sum
            assert change == pytest.approx(world.kwh(start, start + HOUR), abs=1e-9)
