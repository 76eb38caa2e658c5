"""A meter, its gateway and Home Assistant minute by minute, with outages and resets, and the result of a repair."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from custom_components.carlo_gavazzi_ems.history.arithmetic.curve import Curve
from custom_components.carlo_gavazzi_ems.history.arithmetic.judging import Judge, Judgement
from custom_components.carlo_gavazzi_ems.history.arithmetic.plan import Plan, RecordedState
from custom_components.carlo_gavazzi_ems.history.arithmetic.rows import HOUR, CounterRow, Reading

#: Seconds that a recorded state may be old.
LAG = 60.0
_KILOWATT = 1 / 3600
#: More than the gaps of any world.
_ROUNDS = 200


@dataclass
class World:
    """A meter, its gateway and Home Assistant minute by minute, with outages and resets."""

    hours: int = 24
    off: set[int] = field(default_factory=set)
    """Minutes in which Home Assistant was not running."""
    unreachable: set[int] = field(default_factory=set)
    """Minutes in which the gateway could not be reached."""
    silent: set[int] = field(default_factory=set)
    """Minutes of which the gateway has no history."""
    resets: set[int] = field(default_factory=set)
    purged_at: int | None = None
    """The minute at which the recorder loses the sum that it continues."""
    watts: tuple[int, ...] = (2000,)
    truth: list[int] = field(default_factory=list)
    """The energy up to the end of each minute, in units of 1/60 Wh."""
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
        down = self.off | self.unreachable
        for minute in range(self.hours * 60):
            if minute == self.purged_at:
                seen, total = False, 0.0
            if not minute % 60:
                there = False
            if minute not in down:
                value = self.shown[minute]
                if seen:
                    total += value if value < 0.9 * state else value - state
                state, seen = value, True
                there = True
            # After a start Home Assistant adds rows without a change for the time it was off.
            there = there or (seen and minute in self.off)
            if minute % 60 == 59 and there:
                yield CounterRow((minute // 60) * HOUR, state, total)

    def kwh(self, start: float, end: float) -> float:
        """Return the true energy."""
        return (self.truth[round(end / 60) - 1] - self.truth[round(start / 60) - 1]) / 60_000


@dataclass
class Repaired:
    """The result of a repair."""

    rows: dict[float, CounterRow]
    judgement: Judgement
    """The last judgement, which found nothing more to write."""
    written: set[float] = field(default_factory=set)
    """The hours that were written."""
    moved: list[float] = field(default_factory=list)
    """The times from which on sums were adjusted."""


def curve(world: World) -> Curve:
    """Return the history of a world."""
    return Curve(reversed(world.readings()), increasing=True, kilowatt=_KILOWATT)


def repair(world: World, until: int | None = None, live: RecordedState | None = None) -> Repaired:
    """Repair all hours of a world, one gap after the other."""
    end = (until or world.hours) * HOUR
    rows = {row.start: row for row in world.rows() if row.start < end}
    return repair_rows(rows, curve(world), end, live)


def repair_rows(
    rows: dict[float, CounterRow], history: Curve, end: float, live: RecordedState | None = None
) -> Repaired:
    """Repair recorded rows."""
    since, done = 0.0, Repaired(dict(rows), Judgement(checked=0.0))
    for _ in range(_ROUNDS):
        done.judgement = Judge(history, sorted(done.rows.values()), LAG).judge(since, end, live)
        since, plan = done.judgement.checked, done.judgement.plan
        if plan == Plan():
            return done
        for start, by in plan.adjustments:
            done.rows |= {key: row._replace(sum=row.sum + by) for key, row in done.rows.items() if row.start >= start}
            done.moved.append(start)
            if live is not None and start <= live.row.start:
                live = RecordedState(live.row._replace(sum=live.row.sum + by), live.end)
        done.rows |= {row.start: row for row in plan.rows}
        done.written |= {row.start for row in plan.rows}
    raise AssertionError("the repair does not end")


def span(start: str, end: str) -> set[int]:
    """Return the minutes between two times of the first day, `11:00` to `15:01`."""
    begin, stop = (int(text[:2]) * 60 + int(text[3:]) for text in (start, end))
    return set(range(begin, stop))


def assert_true(world: World, done: Repaired, *, but: tuple[int, ...] = ()) -> None:
    """Expect the true energy in every hour."""
    rows = done.rows
    before = rows[0.0]
    for start in sorted(rows)[1:]:
        if start / HOUR not in but:
            assert rows[start].sum - before.sum == pytest.approx(world.kwh(before.start + HOUR, start + HOUR), abs=1e-9)
        before = rows[start]
    assert before.sum - rows[0.0].sum == pytest.approx(world.kwh(HOUR, before.start + HOUR), abs=1e-9)
