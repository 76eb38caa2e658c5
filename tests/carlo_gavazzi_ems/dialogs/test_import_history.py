"""The import in the options: what it shows, what it writes, and how it ends before its end."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from homeassistant.core import CoreState, Event, HomeAssistant, callback
from homeassistant.data_entry_flow import EVENT_DATA_ENTRY_FLOW_PROGRESS_UPDATE, FlowResultType
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.carlo_gavazzi_ems.api import HostNotFoundError
from custom_components.carlo_gavazzi_ems.dialogs.import_history import ImportResult, async_description
from custom_components.carlo_gavazzi_ems.history.arithmetic.plan import HistoryMismatchError, Refusal
from custom_components.carlo_gavazzi_ems.history.arithmetic.rows import CounterRow
from custom_components.carlo_gavazzi_ems.history.importer import SensorImport
from simulator import Gateway
from tests.carlo_gavazzi_ems.conftest import SetUp
from tests.carlo_gavazzi_ems.dialogs.import_pages import (
    BEGIN,
    HISTORY,
    HOURS,
    NOON,
    REALTIME,
    SENSORS,
    Gate,
    assert_true,
    assert_whole,
    counted,
    entity_id_of,
    entry as entry,  # noqa: PLC0414  # a fixture
    open_page,
    recorded,
    site as site,  # noqa: PLC0414  # a fixture
    submit,
    through,
    to_confirm,
)


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


def asked(gateway: Gateway, path: str) -> int:
    """Return how many requests for a path have been answered or are in flight."""
    return sum(request.path == path for request in gateway.requests)


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


async def test_what_is_told_of_a_run(hass: HomeAssistant, enable_custom_integrations: None) -> None:
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
            "- 2026-10-01 00:00 → 2026-10-20 05:00 · 2 h · ·Boiler· (x)(http: //y)\n"
            "- 2026-10-01 00:00 → 2026-10-20 05:00 · 3 h · "
            + ", ".join(f"sensor.n{number}" for number in range(8))
            + ", +2"
        ),
        "refused": ("- ·Boiler· (x)(http: //y): The recorded value 7.5 is not in the gateway's history of that hour."),
        "waiting": "- sensor.late",
    }
    assert ImportResult(error=HostNotFoundError("x")).hours == 0
