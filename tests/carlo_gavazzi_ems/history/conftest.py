"""A meter known to the watt-hour, the gateway's history of it, and a Home Assistant that records it."""

from collections.abc import AsyncGenerator, Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
import math
from types import SimpleNamespace
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder.db_schema import Statistics, StatisticsMeta, StatisticsRuns, StatisticsShortTerm
from homeassistant.components.recorder.tasks import CompileMissingStatisticsTask
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.recorder import get_instance, session_scope
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_recorder_block_till_done,
    async_wait_recording_done,
    do_adhoc_statistics,
)
from sqlalchemy.orm.session import Session

from custom_components.carlo_gavazzi_ems.api import EmsConnectionError, HistoryRow, NotFoundError, Rows, Signal
from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.history.repair import GapRepair
from custom_components.carlo_gavazzi_ems.runtime import HistoryState
from custom_components.carlo_gavazzi_ems.signals.catalogue import Catalogue

DAY = datetime(2026, 10, 20, tzinfo=UTC)
ENERGY, POWER = 100, 101
COUNTER = {"device_class": "energy", "state_class": "total_increasing", "unit_of_measurement": "kWh"}
MEASURED = {"device_class": "power", "state_class": "measurement", "unit_of_measurement": "W"}


def at(hour: float) -> datetime:
    """Return a time of the first day and those after it, in hours."""
    return DAY + timedelta(hours=hour)


@dataclass
class Meter:
    """A counter and its power, and a gateway with a history of both, newest first."""

    resets: list[float] = field(default_factory=list)
    """Hours since the first day at which the counter is set back to 0."""
    silent: list[tuple[float, float]] = field(default_factory=list)
    """Hours without history."""
    offset: float = 0.0
    """By how much history reads more than realtime: that of another meter."""
    scale: float = 1.0
    """What history multiplies kWh by: 1000 where the gateway counts Wh."""
    begun: float = 2500.0
    """kWh that were counted when the first day began."""
    swing: float = 0.25
    """kWh by which an odd hour has more than the 2 of an even one."""
    nonsense: dict[int, float] = field(default_factory=dict)
    """What history says the counter read at the end of a minute since the first day, though it did not."""
    is_off: bool = False
    """Whether the load draws nothing that could be measured."""
    offline: bool = False
    asked: list[tuple[list[int], datetime, datetime]] = field(default_factory=list)
    in_flight: int = 0
    peak: int = 0

    def kwh(self, start: float, end: float | None = None) -> float:
        """Return what was truly counted: between two hours, or since the beginning."""
        if end is not None:
            return self.kwh(end) - self.kwh(start)
        whole, part = divmod(start, 1)
        return self.begun + 2 * start + self.swing * (whole // 2 + whole % 2 * part)

    def shown(self, hour: float) -> float:
        """Return what the counter reads."""
        since = max((reset for reset in self.resets if reset <= hour), default=None)
        return self.kwh(hour) - (self.kwh(since) if since is not None else 0.0)

    def watts(self, hour: float) -> float:
        """Return the power."""
        if self.is_off:
            return 0.0
        return 2000.0 + 250 * (int(hour) % 2) + 10 * ((hour * 60) % 7)

    async def date(self) -> None:
        """Tell no time in UTC: its clock is right."""
        raise NotFoundError(404)

    async def history(
        self,
        *,
        uids: Collection[int],
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int | None = None,
    ) -> AsyncGenerator[Rows]:
        """Yield the rows of each minute; `limit` is that of a page, and whoever sets it looks at one page only."""
        assert start is not None
        assert end is not None
        self.asked.append((sorted(uids), start, end))
        if self.offline:
            raise EmsConnectionError("off")
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        try:
            first, last = ((instant - DAY).total_seconds() for instant in (start, end))
            for uid in uids:
                minutes = self._minutes(int(first // 60), int(last // 60))
                yield Rows(self._row(uid, minute) for minute in islice(minutes, limit))
        finally:
            self.in_flight -= 1

    def _minutes(self, first: int, last: int) -> Iterator[int]:
        """Yield the minutes after one up to another of which there is history, the newest first."""
        minute = last
        while minute > first:
            silence = next((begin for begin, end in self.silent if begin < minute / 60 <= end), None)
            if silence is None:
                yield minute
                minute -= 1
            else:
                # Years may be without.
                minute = min(minute - 1, math.floor(silence * 60 + 1e-6))

    def _row(self, uid: int, minute: int) -> HistoryRow:
        stamp = DAY.timestamp() + minute * 60
        hour = minute / 60 - 1 / 3600
        value = (self.shown(hour) + self.offset) * self.scale if uid == ENERGY else self.watts(minute / 60 - 0.001)
        if uid == ENERGY:
            value = self.nonsense.get(minute, value)
        return HistoryRow(
            uid=uid,
            timestamp=stamp - 1,
            period_end=stamp,
            value=value,
            maximum=value + (uid == POWER and not self.is_off),
            minimum=value - (uid == POWER and not self.is_off),
            d=0,
        )


class House:
    """Home Assistant with two sensors of ours, and fifty of other people."""

    def __init__(self, hass: HomeAssistant, freezer: FrozenDateTimeFactory, meter: Meter) -> None:
        """Take a meter in."""
        self.hass = hass
        self.freezer = freezer
        self.meter = meter
        self.entry = MockConfigEntry(domain=DOMAIN, title="EMS 0000", unique_id="BX1")
        self.entry.add_to_hass(hass)
        registry = er.async_get(hass)
        self.counter, self.power = (
            registry.async_get_or_create(
                "sensor", DOMAIN, f"BX1_{uid}", config_entry=self.entry, suggested_object_id=name
            ).entity_id
            for uid, name in ((ENERGY, "energy"), (POWER, "power"))
        )
        signals = {
            uid: Signal(uid=uid, code=code, sir=None, enabled=True, load_uid=1, device_uid=1)
            for uid, code in ((ENERGY, 1), (POWER, 2))
        }
        self.entry.runtime_data = SimpleNamespace(
            client=meter,
            catalogue=Catalogue({"1": "energy_import/kWh", "2": "active_power/W"}),
            topology=SimpleNamespace(
                data=SimpleNamespace(signals=signals, loads={}, fresh=False), info=SimpleNamespace(serial_number="BX1")
            ),
            realtime=SimpleNamespace(last_update_success=True, data={}, last_seen=None),
            unsettled=set(),
            history=HistoryState(),
        )
        self.foreign: list[str] = []
        self.counter_unit = "kWh"
        self.repair = GapRepair(hass, self.entry)

    def show(self, hour: float, *, available: bool = True) -> None:
        """Write what a poll at this time gives."""
        self.freezer.move_to(at(hour))
        scale = {"kWh": 1.0, "MWh": 1e-3}[self.counter_unit]
        counter = COUNTER | {"unit_of_measurement": self.counter_unit}
        value = str(self.meter.shown(hour) * scale) if available else "unavailable"
        self.hass.states.async_set(self.counter, value, counter)
        self.hass.states.async_set(self.power, str(self.meter.watts(hour)) if available else "unavailable", MEASURED)
        for number, entity_id in enumerate(self.foreign):
            self.hass.states.async_set(entity_id, str(number + hour), COUNTER)

    async def live(self, start: float, end: float, *, available: bool = True) -> None:
        """Let Home Assistant run, on and to full five minutes: a poll just before each is over."""
        steps = round((end - start) * 12)
        for step in range(steps):
            begin = start + step / 12
            if step == 0:
                self.show(begin + 5 / 3600, available=available)
            self.show(begin + 1 / 12 - 1 / 3600, available=available)
            await async_wait_recording_done(self.hass)
            self.freezer.move_to(at(begin + 1 / 12 + 10 / 3600))
            do_adhoc_statistics(self.hass, start=at(begin))
        await async_recorder_block_till_done(self.hass)

    async def restart(self, hour: float) -> None:
        """Start Home Assistant again: it makes up rows for the time it was off."""
        self.show(hour, available=False)
        self.show(hour + 10 / 3600)
        await async_wait_recording_done(self.hass)
        self.freezer.move_to(at(hour + 20 / 3600))
        get_instance(self.hass).queue_task(CompileMissingStatisticsTask())
        await async_recorder_block_till_done(self.hass)
        self.repair = GapRepair(self.hass, self.entry)

    async def repaired(self) -> None:
        """Repair, and wait until the recorder has written."""
        await self.repair.async_repair()
        await async_recorder_block_till_done(self.hass)

    def in_database[T](self, work: Callable[[Session], T], *, read_only: bool = True) -> T:
        """Return what is done in the recorder's database, in the recorder's own thread as it wants it."""

        def do() -> T:
            instance = get_instance(self.hass)
            with session_scope(session=instance.get_session(), read_only=read_only) as session:
                return work(session)

        executor = get_instance(self.hass)._db_executor
        assert executor is not None
        return executor.submit(do).result()

    def rows(self, entity_id: str | None = None) -> dict[float, Any]:
        """Return the hourly rows of a sensor, by hours since the first day."""
        row = Statistics

        def query(session: Session) -> list[Any]:
            return (
                session.query(row.start_ts, row.state, row.sum, row.mean, row.min, row.max)
                .join(StatisticsMeta, StatisticsMeta.id == row.metadata_id)
                .filter(StatisticsMeta.statistic_id == (entity_id or self.counter))
                .order_by(row.start_ts)
                .all()
            )

        return {(found.start_ts - DAY.timestamp()) / 3600: found for found in self.in_database(query)}

    def metadata(self) -> list[Any]:
        """Return what the recorder knows of each statistic."""
        kept = StatisticsMeta
        return self.in_database(
            lambda session: (
                session.query(kept.statistic_id, kept.unit_of_measurement, kept.unit_class, kept.name, kept.mean_type)
                .order_by(kept.statistic_id)
                .all()
            )
        )

    def forget(self, table: type[StatisticsRuns | StatisticsShortTerm]) -> None:
        """Purge a table."""
        self.in_database(lambda session: session.query(table).delete(), read_only=False)

    def snapshot(self) -> list[Statistics | StatisticsShortTerm]:
        """Return all statistics, to be put back."""

        def copies(session: Session) -> list[Statistics | StatisticsShortTerm]:
            return [
                *map(_copied, session.query(Statistics).all()),
                *map(_copied, session.query(StatisticsShortTerm).all()),
            ]

        return self.in_database(copies)

    def put_back(self, kept: list[Statistics | StatisticsShortTerm]) -> None:
        """Make the statistics what they were."""

        def replace(session: Session) -> None:
            for table in (Statistics, StatisticsShortTerm):
                session.query(table).delete()
            session.add_all(kept)

        self.in_database(replace, read_only=False)

    def assert_true(self, *, but: tuple[float, ...] = ()) -> None:
        """Every hour has the meter's energy."""
        rows = self.rows()
        hours = list(rows)
        for before, hour in pairwise(hours):
            if hour not in but:
                truth = self.meter.kwh(before + 1 - 1 / 3600, hour + 1 - 1 / 3600)
                assert rows[hour].sum - rows[before].sum == pytest.approx(truth, abs=1e-6), hour
        truth = self.meter.kwh(hours[0] + 1 - 1 / 3600, hours[-1] + 1 - 1 / 3600)
        assert rows[hours[-1]].sum - rows[hours[0]].sum == pytest.approx(truth, abs=1e-6)


def _copied[T: (Statistics, StatisticsShortTerm)](row: T) -> T:
    """Return a row to write again."""
    return type(row)(**{column.key: getattr(row, column.key) for column in row.__table__.columns})


@pytest.fixture
def persistent_database() -> bool:
    """Record into a file as every installation does; a test that wants memory says so."""
    return True


@pytest.fixture
def meter() -> Meter:
    """A meter that was never set back; a test that wants another changes it."""
    return Meter()


@pytest.fixture
async def house(
    recorder_mock: Any,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
    meter: Meter,
) -> House:
    """A Home Assistant that has just started on the first day at 9:59."""
    freezer.move_to(at(9) + timedelta(minutes=59))
    assert await async_setup_component(hass, "sensor", {})
    await async_recorder_block_till_done(hass)
    # The recorder was made at the true time; it must not think that this day was compiled long ago.
    made = House(hass, freezer, meter)
    made.forget(StatisticsRuns)
    return made
