"""History of counters around the ends of hours only: the same hours as from all rows, with a twentieth of the rows."""

from collections.abc import AsyncGenerator, Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
import math

from homeassistant.components.recorder.models import StatisticMeanType, StatisticMetaData
import pytest

from custom_components.carlo_gavazzi_ems.api import HistoryRow, Rows
from custom_components.carlo_gavazzi_ems.history.arithmetic.hour_ends import spans_between
from custom_components.carlo_gavazzi_ems.history.arithmetic.judging import before_first
from custom_components.carlo_gavazzi_ems.history.arithmetic.plan import Plan
from custom_components.carlo_gavazzi_ems.history.arithmetic.rows import HOUR, CounterRow, Reading
from custom_components.carlo_gavazzi_ems.history.counter_repair import curve_of
from custom_components.carlo_gavazzi_ems.history.hour_ends import async_counter_readings
from custom_components.carlo_gavazzi_ems.history.source import async_readings
from custom_components.carlo_gavazzi_ems.history.targets import Target
from tests.nightly import rest_at_night

BEGIN = datetime(2026, 10, 20, tzinfo=UTC).timestamp()
DAYS = 3
END = BEGIN + DAYS * 24 * HOUR
UIDS = range(1, 11)


@dataclass
class Counters:
    """A gateway with a row of history per minute for each counter; hours are since the beginning."""

    every: int = 60
    shift: int = 0
    """Seconds after the full minute at which a row closes."""
    page: int = 1000
    shown: Callable[[float, float], float | None] = lambda _, kwh: kwh
    """Returns the printed reading, by the hour and the true kWh."""
    rows: int = 0
    requests: list[tuple[float, float]] = field(default_factory=list)
    in_flight: int = 0
    peak: int = 0

    async def history(
        self, *, uids: Collection[int], start: datetime | None = None, end: datetime | None = None, limit: int = 1000
    ) -> AsyncGenerator[Rows]:
        """Yield rows, page by page, the oldest first."""
        assert start is not None
        assert end is not None
        self.requests.append((start.timestamp(), end.timestamp()))
        first = math.ceil((start.timestamp() - self.shift) / self.every) * self.every + self.shift
        found = [row for when in range(first, int(end.timestamp()) + 1, self.every) for row in self._rows(uids, when)]
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        try:
            for index in range(0, len(found), min(limit, self.page)):
                page = Rows(found[index : index + min(limit, self.page)])
                self.rows += len(page)
                yield page
        finally:
            self.in_flight -= 1

    def _rows(self, uids: Collection[int], when: int) -> list[HistoryRow]:
        found = []
        for uid in sorted(uids):
            hour = (when - BEGIN) / HOUR
            value = self.shown(hour, round(kwh(uid, hour), 3))
            if value is None or value >= 0:
                found.append(
                    HistoryRow(
                        uid=uid, timestamp=when - 1, period_end=when, value=value, maximum=value, minimum=value, d=0
                    )
                )
        return found


def kwh(uid: int, hour: float) -> float:
    """Return a counter's true reading; it rises more in odd hours, and less at night."""
    whole, part = divmod(hour, 1)
    day = hour // 24 + min(max(hour % 24 - 6, 0) / 12, 1)
    return 1000.0 * uid + hour + 0.25 * (whole // 2 + whole % 2 * part) + 2 * uid * day


def target(uid: int, *, increasing: bool = True) -> Target:
    """Return a counter in kWh."""
    entity_id = f"sensor.counter_{uid}"
    metadata = StatisticMetaData(
        mean_type=StatisticMeanType.NONE,
        has_sum=True,
        name=None,
        source="recorder",
        statistic_id=entity_id,
        unit_class="energy",
        unit_of_measurement="kWh",
    )
    return Target(
        uid=uid, entity_id=entity_id, metadata=metadata, is_counter=True, increasing=increasing, convert=float
    )


TARGETS = [target(uid) for uid in UIDS]


def plans(readings: dict[int, list[Reading]], state: Callable[[int], float]) -> dict[int, Plan]:
    """Return what the import would write for each counter, joined to a first hour with a state."""
    return {
        each.uid: before_first(
            curve_of(each, readings.get(each.uid, [])), CounterRow(END, state(each.uid), 0.0), BEGIN, 15.0
        )
        for each in TARGETS
    }


async def by_hour_ends(gateway: Counters) -> dict[int, list[Reading]]:
    """Read the rows around the ends of hours."""
    found: dict[int, list[Reading]] = {}
    async for some in async_counter_readings(gateway, TARGETS, BEGIN, END, offset=0.0):
        assert not found.keys() & some.keys()
        found |= some
    assert gateway.peak == 1
    return found


def reset(at: float) -> Callable[[float, float], float]:
    """Return a function for a meter that is reset at an hour."""
    return lambda hour, value: value if hour < at else round(value - math.floor(value), 3) * 1e-3 + 2 * (hour - at)


SHOWN: dict[str, Callable[[float, float], float | None]] = {
    "only rises": lambda _, value: value,
    "0 for four hours": lambda hour, value: 0.0 if 20.3 < hour < 24.6 else value,
    "three quarters over a full hour": lambda hour, value: 0.75 * value if 29.9 < hour < 30.1 else value,
    "huge over a full hour": lambda hour, value: 429496729.5 if 29.9 < hour < 30.1 else value,
    "huge for nine hours": lambda hour, value: 9e7 if 40.2 < hour < 49.7 else value,
    "lost decimals": lambda hour, value: math.floor(value * 100) / 100 if 10.5 < hour < 14.2 else value,
    "set back": reset(33.4),
    "null over a full hour": lambda hour, value: None if 29.9 < hour < 30.1 else value,
    "no rows for hours": lambda hour, value: -1.0 if 29.4 < hour < 33.3 else value,
    "younger than the span": lambda hour, value: -1.0 if hour < 17.4 else value,
}


@pytest.mark.parametrize("name", SHOWN)
@pytest.mark.parametrize(("every", "shift"), rest_at_night([(60, 37), (60, 0), (120, 0)], every=3))
async def test_r04_the_same_hours(name: str, every: int, shift: int) -> None:
    """Whatever happened in the past, every hour has the state and the energy that all rows would give it."""
    shown = SHOWN[name]
    whole = Counters(every=every, shift=shift, shown=shown)
    everything = await async_readings(whole, UIDS, BEGIN - HOUR, END + 2 * HOUR)
    few = Counters(every=every, shift=shift, shown=shown)
    found = await by_hour_ends(few)
    newest = {uid: max(reading for reading in everything[uid] if reading.end <= END + HOUR).value for uid in UIDS}
    expected, made = (plans(readings, newest.__getitem__) for readings in (everything, found))
    for uid in UIDS:
        assert [row.start for row in made[uid].rows] == [row.start for row in expected[uid].rows]
        for mine, theirs in zip(made[uid].rows, expected[uid].rows, strict=True):
            assert mine == pytest.approx(theirs, abs=2e-6), (mine.start - BEGIN) / HOUR
        assert made[uid].adjustments == pytest.approx(expected[uid].adjustments, abs=2e-6)
    assert len(made[1].rows) > 40
    if name == "only rises":
        # All rows of an hour before the end and of two after it, else the rows around the end of each hour.
        assert few.rows < 0.16 * whole.rows * (every / 60)
        assert len(few.requests) == DAYS * 24 + 1
    assert few.rows < whole.rows * 1.2


async def test_r04_rows_that_are_few_are_all_read() -> None:
    """Of a row every quarter of an hour, or of one counter, requests for each hour would cost more than the rows."""
    gateway = Counters(every=900)
    await by_hour_ends(gateway)
    assert len(gateway.requests) < 5
    alone = Counters()
    async for _ in async_counter_readings(alone, TARGETS[:1], BEGIN, END, offset=0.0):
        pass
    assert len(alone.requests) < 5


async def test_r04_a_gateway_of_short_pages() -> None:
    """A page that holds less than was asked for is followed by the next one."""
    gateway = Counters(page=7)
    found = await by_hour_ends(gateway)
    made = plans(found, lambda uid: round(kwh(uid, 24 * DAYS + 1), 3))
    assert {len(plan.rows) for plan in made.values()} == {24 * DAYS}


async def test_r04_a_gateway_whose_clock_is_ahead() -> None:
    """The ends of hours are looked for at its own times."""
    gateway = Counters()
    plain = await by_hour_ends(gateway)
    ahead = Counters(shift=0)
    found: dict[int, list[Reading]] = {}
    async for some in async_counter_readings(ahead, TARGETS, BEGIN - HOUR, END - HOUR, offset=HOUR):
        found |= some
    assert {uid: len(readings) for uid, readings in found.items()} == {
        uid: len(readings) for uid, readings in plain.items()
    }
    assert {reading.end for reading in found[1]} == {reading.end - HOUR for reading in plain[1]}


def test_r04_what_the_ends_of_hours_do_not_tell() -> None:
    """An end without rows on both sides, and a fall of a counter that only rises."""

    def reading(hour: float, value: float) -> Reading:
        return Reading(hour * HOUR, value, value, value)

    around = [reading(hour + by / 60, hour) for hour in (1, 2, 4, 5) for by in (-1, 0, 1)]
    ends = [hour * HOUR for hour in range(1, 6)]
    assert spans_between(around, ends, 120, increasing=True) == ((2 * HOUR, 4 * HOUR),)
    assert spans_between(around[:-2], ends[:2] + ends[3:], 120, increasing=True) == ((4 * HOUR, 6 * HOUR),)
    assert spans_between([], ends, 120, increasing=True) == ((0.0, 6 * HOUR),)
    falls = [*around, reading(3, 1.5), reading(3.01, 1.5)]
    assert spans_between(falls, ends, 120, increasing=False) == ()
    assert spans_between(falls, ends, 120, increasing=True) == ((-21 * HOUR, 4 * HOUR),)
