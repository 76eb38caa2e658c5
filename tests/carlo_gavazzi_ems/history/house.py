"""A Home Assistant that records a meter."""

from collections.abc import Callable
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder.db_schema import Statistics, StatisticsMeta, StatisticsRuns, StatisticsShortTerm
from homeassistant.components.recorder.tasks import CompileMissingStatisticsTask
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.recorder import get_instance
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_recorder_block_till_done,
    async_wait_recording_done,
    do_adhoc_statistics,
)
from sqlalchemy.orm.session import Session

from custom_components.carlo_gavazzi_ems.api import Signal
from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.history.repair import GapRepair
from custom_components.carlo_gavazzi_ems.runtime import HistoryState
from custom_components.carlo_gavazzi_ems.signals.catalogue import Catalogue
from tests.carlo_gavazzi_ems.recorder import in_recorder

from .meter import DAY, ENERGY, POWER, Meter, at

COUNTER = {"device_class": "energy", "state_class": "total_increasing", "unit_of_measurement": "kWh"}
MEASURED = {"device_class": "power", "state_class": "measurement", "unit_of_measurement": "W"}


class House:
    """Home Assistant with two sensors of the integration, and some of others."""

    def __init__(self, hass: HomeAssistant, freezer: FrozenDateTimeFactory, meter: Meter) -> None:
        """Add a meter."""
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
        """Write the states of a poll at this time."""
        self.freezer.move_to(at(hour))
        scale = {"kWh": 1.0, "MWh": 1e-3}[self.counter_unit]
        counter = COUNTER | {"unit_of_measurement": self.counter_unit}
        value = str(self.meter.shown(hour) * scale) if available else "unavailable"
        self.hass.states.async_set(self.counter, value, counter)
        self.hass.states.async_set(self.power, str(self.meter.watts(hour)) if available else "unavailable", MEASURED)
        for number, entity_id in enumerate(self.foreign):
            self.hass.states.async_set(entity_id, str(number + hour), COUNTER)

    async def live(self, start: float, end: float, *, available: bool = True) -> None:
        """Let Home Assistant run between two marks of five minutes, with a poll just before each mark."""
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
        """Start Home Assistant again: it adds rows for the time it was off."""
        self.show(hour, available=False)
        self.show(hour + 10 / 3600)
        await async_wait_recording_done(self.hass)
        self.freezer.move_to(at(hour + 20 / 3600))
        get_instance(self.hass).queue_task(CompileMissingStatisticsTask())
        await async_recorder_block_till_done(self.hass)
        self.repair = GapRepair(self.hass, self.entry)

    async def repaired(self) -> None:
        """Repair, and wait for the recorder."""
        await self.repair.async_repair()
        await async_recorder_block_till_done(self.hass)

    def in_database[T](self, work: Callable[[Session], T]) -> T:
        """Return the result of some work in the recorder's database."""
        return in_recorder(self.hass, work)

    async def unload(self) -> None:
        """Run the entry's unload callbacks, as Home Assistant does."""
        await self.entry._async_process_on_unload(self.hass)  # noqa: SLF001  # the entry was never set up

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
        """Return the recorder's metadata of each statistic."""
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
        self.in_database(lambda session: session.query(table).delete())

    def snapshot(self) -> list[Statistics | StatisticsShortTerm]:
        """Return a copy of all statistics, for `put_back`."""

        def copies(session: Session) -> list[Statistics | StatisticsShortTerm]:
            return [
                *map(_copied, session.query(Statistics).all()),
                *map(_copied, session.query(StatisticsShortTerm).all()),
            ]

        return self.in_database(copies)

    def put_back(self, kept: list[Statistics | StatisticsShortTerm]) -> None:
        """Restore the statistics."""

        def replace(session: Session) -> None:
            for table in (Statistics, StatisticsShortTerm):
                session.query(table).delete()
            session.add_all(kept)

        self.in_database(replace)

    def assert_true(self, *, but: tuple[float, ...] = ()) -> None:
        """Expect the true energy in every hour."""
        rows = self.rows()
        hours = list(rows)
        for before, hour in pairwise(hours):
            if hour not in but:
                truth = self.meter.kwh(before + 1 - 1 / 3600, hour + 1 - 1 / 3600)
                assert rows[hour].sum - rows[before].sum == pytest.approx(truth, abs=1e-6), hour
        truth = self.meter.kwh(hours[0] + 1 - 1 / 3600, hours[-1] + 1 - 1 / 3600)
        assert rows[hours[-1]].sum - rows[hours[0]].sum == pytest.approx(truth, abs=1e-6)


def _copied[T: (Statistics, StatisticsShortTerm)](row: T) -> T:
    """Return a copy of a row that can be added again."""
    return type(row)(**{column.key: getattr(row, column.key) for column in row.__table__.columns})
