"""The import in the options: what it shows, what it writes, and how it ends before its end."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
import logging
import sqlite3
from types import SimpleNamespace
from typing import Any, cast, override

from aiohttp import web
from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder.db_schema import Statistics, StatisticsRuns, StatisticsShortTerm
from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import CoreState, Event, HomeAssistant, callback
from homeassistant.data_entry_flow import EVENT_DATA_ENTRY_FLOW_PROGRESS_UPDATE, FlowResultType
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

from custom_components.carlo_gavazzi_ems.api import HostNotFoundError
from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.dialogs.import_history import ImportResult, async_description
from custom_components.carlo_gavazzi_ems.history.arithmetic.plan import HistoryMismatchError, Refusal
from custom_components.carlo_gavazzi_ems.history.arithmetic.rows import HOUR, CounterRow
from custom_components.carlo_gavazzi_ems.history.importer import SensorImport
from custom_components.carlo_gavazzi_ems.options import CONF_CODES
from simulator import Drop, Gateway, Site, SiteKind, build_site
from simulator.faults.base import FaultTarget, RequestFault
from tests.carlo_gavazzi_ems.conftest import SetUp

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
    """Every request waits until it is let through."""

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
        """Wait until a request waits."""
        while not self.waiting:  # noqa: ASYNC110  # under a frozen clock nothing can be slept through
            await asyncio.sleep(0)

    async def let_one(self) -> None:
        """Let the request through that waits, and wait until it is gone."""
        self.passes.release()
        while self.waiting:  # noqa: ASYNC110  # as above
            await asyncio.sleep(0)

    def open(self) -> None:
        """Let everything through from now on."""
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
    """Wait for the end of a bar."""
    while flow["type"] is FlowResultType.SHOW_PROGRESS:
        assert (flow["step_id"], flow["progress_action"]) == (step, step)
        await hass.async_block_till_done(wait_background_tasks=True)
        flow = await hass.config_entries.options.async_configure(flow["flow_id"])
    return flow


async def to_confirm(hass: HomeAssistant, entry: MockConfigEntry) -> ConfigFlowResult:
    """Go as far as the question whether to import."""
    flow = await submit(hass, await open_page(hass, entry), start=FIRST)
    return await through(hass, flow, "import_preview")


async def imported(hass: HomeAssistant, entry: MockConfigEntry) -> ConfigFlowResult:
    """Import; return the last page."""
    flow = await submit(hass, await to_confirm(hass, entry))
    return await through(hass, flow, "import_run")


async def recorded(hass: HomeAssistant) -> Rows:
    """Return all hours: statistic -> start, state, sum."""
    await async_recorder_block_till_done(hass)
    return by_statistic(in_recorder(hass, lambda session: session.connection().exec_driver_sql(HOURLY).fetchall()))


def in_recorder[T](hass: HomeAssistant, work: Callable[[Session], T]) -> T:
    """Return what is done in the database, in the recorder's own thread as it wants it."""

    def do() -> T:
        with session_scope(session=get_instance(hass).get_session()) as session:
            return work(session)

    executor = get_instance(hass)._db_executor
    assert executor is not None
    return executor.submit(do).result()


def by_statistic(found: Any) -> Rows:
    """Return rows by their statistic."""
    rows: Rows = {}
    for statistic_id, *row in found:
        rows.setdefault(statistic_id, []).append(cast("Row", tuple(row)))
    return rows


def assert_whole(rows: Rows) -> None:
    """Expect hours without a hole, each with what the counter gained in it: also where the recorded one is joined."""
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


async def test_r04_import_in_the_options_three_times(
    entry: MockConfigEntry, hass: HomeAssistant, gateway: Gateway
) -> None:
    """It shows first, asks, imports with a bar, and tells; nothing is left for the second and third time."""
    before = await recorded(hass)
    assert {len(hours) for hours in before.values()} == {1}
    bar: list[float] = []
    hass.bus.async_listen(EVENT_DATA_ENTRY_FLOW_PROGRESS_UPDATE, collector(bar))
    confirm = await to_confirm(hass, entry)
    assert confirm["step_id"] == "import_confirm"
    words = confirm["description_placeholders"] or {}
    assert (words["sensors"], words["hours"]) == (str(SENSORS), str(SENSORS * HOURS))
    assert "2026-10-01 00:00 → 2026-10-20 05:00" in words["imported"]
    assert (words["refused"], words["waiting"]) == ("—", "—")
    assert await recorded(hass) == before
    assert bar == sorted(bar)
    assert (bar[0], bar[-1]) == (0, 1)
    assert len(bar) > 6
    done = await through(hass, await submit(hass, confirm), "import_run")
    assert done["step_id"] == "import_done"
    assert done["description_placeholders"] == words
    assert (await submit(hass, done))["type"] is FlowResultType.CREATE_ENTRY
    rows = await recorded(hass)
    assert_whole(rows)
    assert {hours[0][0] for hours in rows.values()} == {BEGIN.timestamp()}
    for entity_id, hours in rows.items():
        assert hours[-1][1] == before[entity_id][0][1]
    for uid, signal in gateway.site.signals.items():
        if signal.si == gateway.site.signals[gateway.site.find("energy_import")].si:
            assert_true(gateway.site, uid, counted(rows)[entity_id_of(hass, entry, uid)])
    for _ in range(2):
        again = await to_confirm(hass, entry)
        assert again["reason"] == "nothing_to_import"
        assert await recorded(hass) == rows
    assert gateway.peak_in_flight == 1
    assert await hass.config_entries.async_unload(entry.entry_id)


def collector(bar: list[float]) -> Callable[[Event[Any]], None]:
    """Return what notes how far a bar is."""

    @callback
    def note(event: Event[Any]) -> None:
        bar.append(event.data["progress"])

    return note


async def test_r04_polling_goes_on(entry: MockConfigEntry, hass: HomeAssistant, gateway: Gateway) -> None:
    """Between two requests of the import there is room for a poll, and two are never in flight together."""
    confirm = await to_confirm(hass, entry)
    gateway.requests.clear()
    gateway.faults.add(gate := Gate(path=HISTORY))
    flow = await submit(hass, confirm)
    polls = 0
    while polls < 6:
        await gate.arrival()
        before = asked(gateway, HISTORY)
        poll = hass.async_create_task(entry.runtime_data.realtime.async_refresh())
        # The poll is due while a page of history is read, and comes next.
        gate.passes.release()
        await poll
        assert entry.runtime_data.realtime.last_update_success
        assert asked(gateway, HISTORY) == before
        polls += 1
    gate.open()
    await through(hass, flow, "import_run")
    assert gateway.peak_in_flight == 1
    order = [request.path for request in gateway.requests]
    assert order[:12] == [HISTORY, REALTIME] * 6
    assert order.count(HISTORY) > 12
    assert_whole(await recorded(hass))
    assert await hass.config_entries.async_unload(entry.entry_id)


def entity_id_of(hass: HomeAssistant, entry: MockConfigEntry, uid: int) -> str:
    """Return the sensor of a signal."""
    found = er.async_get(hass).async_get_entity_id("sensor", DOMAIN, f"{entry.unique_id}_{uid}")
    assert found is not None
    return found


def assert_true(site: Site, uid: int, hours: list[tuple[float, ...]]) -> None:
    """Expect the meter's own energy in every hour, as far as its decimals tell."""
    scale = 1000.0 if site.truth(uid)[1] == "kWh" else 1.0
    for (_, _, total, *_), (start, _, more, *_) in pairwise(hours[:-1]):
        truth = site.energy_wh(uid, start - 1, start + HOUR - 1) / scale
        assert more - total == pytest.approx(truth, abs=2.1 / scale)


def import_task(hass: HomeAssistant) -> asyncio.Task[Any] | None:
    """Return the import that is running, None where there is none."""
    return next((task for task in asyncio.all_tasks(hass.loop) if task.get_name().endswith(" import")), None)


def asked(gateway: Gateway, path: str) -> int:
    """Return how many requests for a path have been answered or are in flight."""
    return sum(request.path == path for request in gateway.requests)


async def close_dialog(hass: HomeAssistant, _: MockConfigEntry, flow: ConfigFlowResult) -> None:
    """Close the dialog."""
    hass.config_entries.options.async_abort(flow["flow_id"])


async def unload(hass: HomeAssistant, entry: MockConfigEntry, flow: ConfigFlowResult) -> None:
    """Unload the gateway; the dialog says why it ends, and the gateway is set up again."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    ended = await hass.config_entries.options.async_configure(flow["flow_id"])
    while ended["type"] is FlowResultType.SHOW_PROGRESS:
        await hass.async_block_till_done(wait_background_tasks=True)
        ended = await hass.config_entries.options.async_configure(flow["flow_id"])
    assert (ended["type"], ended["reason"]) == (FlowResultType.ABORT, "import_stopped")
    assert await hass.config_entries.async_setup(entry.entry_id)


async def begun(hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry) -> ConfigFlowResult:
    """Begin an import, and return when it has written a week, and waits for an answer about another."""
    confirm = await to_confirm(hass, entry)
    gateway.faults.add(gate := Gate(path=HISTORY))
    flow = await submit(hass, confirm)
    pieces: set[str] = set()
    # A week of these sensors is read in two pieces, each of several pages.
    while len(pieces) < 3:
        await gate.arrival()
        pieces.add(gateway.requests[-1].query["start"])
        if len(pieces) < 3:
            await gate.let_one()
    gate.open()
    gateway.faults.remove(gate)
    assert import_task(hass) is not None
    return flow


@pytest.mark.parametrize("stop", [close_dialog, unload])
async def test_r04_left_in_the_middle(
    entry: MockConfigEntry,
    hass: HomeAssistant,
    gateway: Gateway,
    stop: Callable[[HomeAssistant, MockConfigEntry, ConfigFlowResult], Awaitable[None]],
) -> None:
    """What is written is whole, nothing runs on, and the next import gives what one run would have given."""
    kept = in_recorder(
        hass,
        lambda session: [
            *map(copied, session.query(Statistics).all()),
            *map(copied, session.query(StatisticsShortTerm).all()),
        ],
    )
    await imported(hass, entry)
    reference = await recorded(hass)

    def restore(session: Session) -> None:
        for table in (Statistics, StatisticsShortTerm):
            session.query(table).delete()
        session.add_all(kept)

    in_recorder(hass, restore)
    await stop(hass, entry, await begun(hass, gateway, entry))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert import_task(hass) is None
    assert not entry.runtime_data.history.lock.locked()
    partly = await recorded(hass)
    assert_whole(partly)
    assert all(1 < len(hours) < len(reference[entity_id]) for entity_id, hours in partly.items())
    assert (await imported(hass, entry))["step_id"] == "import_done"
    assert await recorded(hass) == reference
    assert await hass.config_entries.async_unload(entry.entry_id)


def copied[T: (Statistics, StatisticsShortTerm)](row: T) -> T:
    """Return a row to write again."""
    values = {column.key: getattr(row, column.key) for column in row.__table__.columns}
    return type(row)(**values)


class TestWhileHomeAssistantStops:
    """With a database that is still there afterwards."""

    @pytest.fixture
    def persistent_database(self) -> bool:
        """Keep the database in a file."""
        return True

    async def test_r04_home_assistant_stops(
        self,
        recorder_db_url: str,
        entry: MockConfigEntry,
        hass: HomeAssistant,
        gateway: Gateway,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """It does not wait for the import, and what is on the disk is whole."""
        await begun(hass, gateway, entry)
        await hass.async_stop(force=True)
        assert import_task(hass) is None
        with sqlite3.connect(recorder_db_url.removeprefix("sqlite:///")) as database:
            rows = by_statistic(database.execute(HOURLY))
        assert_whole(rows)
        assert all(1 < len(hours) < HOURS for hours in rows.values())
        ours = ("homeassistant", "custom_components")
        assert not [item for item in caplog.records if item.levelno >= logging.ERROR and item.name.startswith(ours)]


async def test_the_gateway_goes_away(entry: MockConfigEntry, hass: HomeAssistant, gateway: Gateway) -> None:
    """The dialog says so in the words of the actions."""
    gateway.faults.add(Drop(path=HISTORY))
    ended = await to_confirm(hass, entry)
    assert (ended["type"], ended["reason"]) == (FlowResultType.ABORT, "import_failed")
    words = ended["description_placeholders"] or {}
    assert words["problem"] == f"{entry.title} does not answer, or its answer was incomplete."
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_when_there_is_no_import(entry: MockConfigEntry, hass: HomeAssistant, gateway: Gateway) -> None:
    """Not of the future, not while Home Assistant starts, not while the gateway is away."""
    page = await open_page(hass, entry)
    for wrong in ("2026-10-21", "1999-12-31"):
        page = await submit(hass, page, start=wrong)
        assert page["errors"] == {"start": "not_past"}
    hass.set_state(CoreState.starting)
    assert (await open_page(hass, entry))["reason"] == "not_started"
    hass.set_state(CoreState.running)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert (await open_page(hass, entry))["reason"] == "not_loaded"


async def test_not_offered_without_a_recorder(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """Without statistics there is neither an import nor an Energy dashboard."""
    entry = await set_up(gateway)
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    assert menu["menu_options"] == ["polling", "name_codes", "table"]
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_what_is_told_of_a_run(hass: HomeAssistant) -> None:
    """Sensors with the same hours share a line, a long list is cut, and a name is shown as it stands."""
    hass.states.async_set("sensor.a", "1", {"friendly_name": "*Boiler*\n[x](http://y)"})

    def sensor(entity_id: str, hours: int, reason: HistoryMismatchError | None = None) -> SensorImport:
        target: Any = SimpleNamespace(entity_id=entity_id)
        first = CounterRow(BEGIN.timestamp(), 0.0, 0.0)
        return SensorImport(target=target, first=first, hours=hours, until=NOON.timestamp(), reason=reason)

    some = [sensor(f"sensor.n{number}", 3) for number in range(10)]
    words = await async_description(
        hass,
        ImportResult(
            [sensor("sensor.a", 2, HistoryMismatchError(Refusal.UNKNOWN_STATE, "x", 7.5)), *some], ["sensor.late"]
        ),
    )
    assert words == {
        "sensors": "11",
        "hours": "32",
        "imported": (
            "- 2026-10-01 00:00 → 2026-10-20 05:00 · 2 h · \\*Boiler\\* \\[x\\](http://y)\n"
            "- 2026-10-01 00:00 → 2026-10-20 05:00 · 3 h · "
            + ", ".join(f"sensor.n{number}" for number in range(8))
            + ", +2"
        ),
        "refused": (
            "- \\*Boiler\\* \\[x\\](http://y): "
            "The value 7.5 was recorded, which the gateway's history of that hour does not have."
        ),
        "waiting": "- sensor.late",
    }
    assert ImportResult(error=HostNotFoundError("x")).hours == 0
