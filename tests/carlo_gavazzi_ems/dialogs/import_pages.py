"""An entry with one recorded hour, the pages about older history, and the rows that are filled in."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, cast, override

from aiohttp import web
from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder.db_schema import StatisticsRuns
from homeassistant.config_entries import ConfigFlowResult
from homeassistant.const import EVENT_RECORDER_5MIN_STATISTICS_GENERATED
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_recorder_block_till_done,
    async_wait_recording_done,
    do_adhoc_statistics,
)

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.history.arithmetic.rows import HOUR
from custom_components.carlo_gavazzi_ems.options import CONF_CODES
from simulator import Gateway, Site, SiteKind, build_site
from simulator.faults.base import FaultTarget, RequestFault
from tests.carlo_gavazzi_ems.conftest import SetUp
from tests.carlo_gavazzi_ems.recorder import in_recorder

NOON = datetime(2026, 10, 20, 12, tzinfo=UTC)


#: The first day to import; the flow takes midnight in Home Assistant's time zone, seven hours after UTC's.
FIRST = "2026-10-01"


BEGIN = datetime(2026, 10, 1, 7, tzinfo=UTC)


HOURS = round((NOON - BEGIN) / timedelta(hours=1))


HISTORY = "/v1/signals/history"


REALTIME = "/v1/signals/realtime"


#: Signals of the site that count imported energy, and all that have statistics: the voltages have a name from the start.
COUNTERS, SENSORS = 4, 7


HOURLY = (
    "SELECT m.statistic_id, s.start_ts, s.state, s.sum, s.mean, s.min, s.max FROM statistics s "
    "JOIN statistics_meta m ON m.id = s.metadata_id ORDER BY s.start_ts"
)


type Row = tuple[float, float | None, float | None, float | None, float | None, float | None]


type Rows = dict[str, list[Row]]


@dataclass(kw_only=True, eq=False)
class Gate(RequestFault):
    """Holds every request back until the test releases it."""

    passes: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    waiting: int = 0

    @override
    async def before(self, request: web.Request, gateway: FaultTarget) -> None:
        self.waiting += 1
        try:
            await self.passes.acquire()
        finally:
            self.waiting -= 1

    async def arrival(self) -> None:
        """Wait for a request."""
        while not self.waiting:  # noqa: ASYNC110  # under a frozen clock no sleep ends
            await asyncio.sleep(0)

    async def let_one(self) -> None:
        """Release the waiting request, and wait until it is answered."""
        self.passes.release()
        while self.waiting:  # noqa: ASYNC110  # as above
            await asyncio.sleep(0)

    def open(self) -> None:
        """Release all requests from now on."""
        for _ in range(10_000):
            self.passes.release()


@pytest.fixture
def site() -> Site:
    """A flat with four counters, and a row of history in a quarter of an hour."""
    return build_site(SiteKind.FLAT, seed=1, period=900)


@pytest.fixture
async def entry(
    recorder_mock: Any,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
) -> MockConfigEntry:
    """An entry with one recorded hour, the one that begins at noon."""
    freezer.move_to(NOON - timedelta(minutes=1))
    assert await async_setup_component(hass, "sensor", {})
    await async_recorder_block_till_done(hass)
    in_recorder(hass, lambda session: session.query(StatisticsRuns).delete())
    signal = gateway.site.signals[gateway.site.find("energy_import")]
    quantity, unit = gateway.site.truth(gateway.site.find("energy_import"))
    entry = await set_up(gateway, options={CONF_CODES: {str(signal.si): f"{quantity}/{unit}"}, "throttle": 0})
    for seconds in (3310, 3590):
        freezer.move_to(NOON + timedelta(seconds=seconds))
        await entry.runtime_data.realtime.async_refresh()
        await async_wait_recording_done(hass)
    freezer.move_to(NOON + timedelta(minutes=60, seconds=10))
    do_adhoc_statistics(hass, start=NOON + timedelta(minutes=55))
    await async_recorder_block_till_done(hass)
    freezer.move_to(NOON + timedelta(minutes=75))
    await entry.runtime_data.realtime.async_refresh()
    return entry


async def open_page(hass: HomeAssistant, entry: MockConfigEntry, page: str = "import_history") -> ConfigFlowResult:
    """Open the options and choose a page."""
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    return await hass.config_entries.options.async_configure(menu["flow_id"], {"next_step_id": page})


async def submit(hass: HomeAssistant, flow: ConfigFlowResult, **data: Any) -> ConfigFlowResult:
    """Submit a page, and show the next one."""
    return await hass.config_entries.options.async_configure(flow["flow_id"], data)


async def through(hass: HomeAssistant, flow: ConfigFlowResult, step: str) -> ConfigFlowResult:
    """Wait for the end of a progress bar."""
    while flow["type"] is FlowResultType.SHOW_PROGRESS:
        assert (flow["step_id"], flow["progress_action"]) == (step, step)
        await hass.async_block_till_done(wait_background_tasks=True)
        flow = await hass.config_entries.options.async_configure(flow["flow_id"])
    return flow


async def wished(hass: HomeAssistant, entry: MockConfigEntry, start: str = FIRST) -> ConfigFlowResult:
    """Ask for older history in the options; return the last page."""
    return await submit(hass, await open_page(hass, entry), start=start)


async def five_minutes(hass: HomeAssistant) -> None:
    """Announce new short-term statistics, which start the import that was asked for, and wait for its end."""
    hass.bus.async_fire(EVENT_RECORDER_5MIN_STATISTICS_GENERATED)
    await hass.async_block_till_done(wait_background_tasks=True)


async def filled_in(hass: HomeAssistant, entry: MockConfigEntry, start: str = FIRST) -> None:
    """Ask for older history, and wait until it is filled in."""
    assert (await wished(hass, entry, start))["reason"] == "filling_in"
    await five_minutes(hass)


async def recorded(hass: HomeAssistant) -> Rows:
    """Return all hours: statistic -> start, state, sum."""
    await async_recorder_block_till_done(hass)
    return by_statistic(in_recorder(hass, lambda session: session.connection().exec_driver_sql(HOURLY).fetchall()))


def by_statistic(found: Any) -> Rows:
    """Return rows by their statistic."""
    rows: Rows = {}
    for statistic_id, *row in found:
        rows.setdefault(statistic_id, []).append(cast("Row", tuple(row)))
    return rows


def assert_whole(rows: Rows) -> None:
    """Expect all hours, and in each of them, also in the recorded one, a sum that grows as the counter does."""
    assert len(rows) == SENSORS
    for hours in rows.values():
        assert [hour[0] for hour in hours] == [NOON.timestamp() - HOUR * back for back in reversed(range(len(hours)))]
    for counter in counted(rows).values():
        for (_, state, total, *_), (_, then, more, *_) in pairwise(counter):
            assert more - total == pytest.approx(then - state, abs=1e-6)


def counted(rows: Rows) -> dict[str, list[tuple[float, ...]]]:
    """Return the rows of the counters."""
    found = {
        entity_id: [cast("tuple[float, ...]", hour) for hour in hours]
        for entity_id, hours in rows.items()
        if hours[0][2] is not None
    }
    assert len(found) == COUNTERS
    return found


def entity_id_of(hass: HomeAssistant, entry: MockConfigEntry, uid: int) -> str:
    """Return the sensor of a signal."""
    found = er.async_get(hass).async_get_entity_id("sensor", DOMAIN, f"{entry.unique_id}_{uid}")
    assert found is not None
    return found


def assert_true(site: Site, uid: int, hours: list[tuple[float, ...]]) -> None:
    """Expect the true energy in every hour, within the meter's decimals."""
    scale = 1000.0 if site.truth(uid)[1] == "kWh" else 1.0
    for (_, _, total, *_), (start, _, more, *_) in pairwise(hours[:-1]):
        truth = site.energy_wh(uid, start - 1, start + HOUR - 1) / scale
        assert more - total == pytest.approx(truth, abs=2.1 / scale)


def import_task(hass: HomeAssistant) -> asyncio.Task[Any] | None:
    """Return the task of the import, None where there is none."""
    return next((task for task in asyncio.all_tasks(hass.loop) if task.get_name().endswith(" older history")), None)
