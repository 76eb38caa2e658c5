"""R29: the Energy dashboard at the end of the set-up, compared with the model."""

from datetime import datetime
import time
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.energy.data import async_get_manager
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest

from tests.nightly import rest_at_night

from . import Gateway, build_site
from .conftest import DAY
from .driving import set_up

MACHINES = {"Lathe", "Compressor", "Wallbox", "Lights & sockets"}


def energies(gateway: Gateway) -> dict[str, str]:
    """Return the true meanings of the energy counters' codes."""
    return {
        str(signal.code): f"{signal.quantity}/{'Wh' if signal.scale > 1e-6 else 'kWh'}"
        for signal in gateway.site.signals.values()
        if signal.quantity in {"energy_import", "energy_export"}
    }


async def filled(hass: HomeAssistant, gateway: Gateway) -> tuple[ConfigEntry, Any]:
    """Set up the integration, name the counters, accept the proposed Energy dashboard; return its preferences."""
    # Where the sun shines from 6 to 18 h UTC, as the model's does.
    hass.config.latitude = hass.config.longitude = 0.0
    entry, _ = await set_up(hass, gateway)
    assert await async_setup_component(hass, "energy", {})
    options = {**entry.options, "codes": {**entry.options["codes"], **energies(gateway)}}
    hass.config_entries.async_update_entry(entry, options=options)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    page = await hass.config_entries.options.async_init(entry.entry_id, data={"next_step_id": "energy"})
    while page["type"] is not FlowResultType.CREATE_ENTRY:
        answer: dict[str, Any] | None = None
        if page["type"] is FlowResultType.FORM:
            schema = page["data_schema"]
            assert schema is not None
            answer = {
                str(key): key.description["suggested_value"]
                for key in schema.schema
                if "suggested_value" in (key.description or {})
            }
        else:
            assert page["type"] in {FlowResultType.SHOW_PROGRESS, FlowResultType.SHOW_PROGRESS_DONE}, page
            await hass.async_block_till_done(wait_background_tasks=True)
        page = await hass.config_entries.options.async_configure(page["flow_id"], answer)
    await hass.async_block_till_done(wait_background_tasks=True)
    return entry, (await async_get_manager(hass)).data


@pytest.fixture
def clock_time() -> str:
    """The hour and minute in UTC of the set-up; a test may parametrise this fixture."""
    return "20:00"


@pytest.fixture
def now(freezer: FrozenDateTimeFactory, clock_time: str) -> None:
    """Let it be some time of a day, before anything else begins."""
    freezer.move_to(datetime.fromisoformat(f"2026-11-30 {clock_time}:17+00:00"))


def assert_house(hass: HomeAssistant, gateway: Gateway, data: Any) -> None:
    """Check that the meter upstream of all others is the grid, the plant's counter that grows solar, the pump a device."""
    sources = {(source["type"], source["name"]): source for source in data["energy_sources"]}
    assert sources.keys() == {("grid", "Grid"), ("solar", "PV")}
    assert [device["name"] for device in data["device_consumption"]] == ["Heat pump"]
    assert sources["grid", "Grid"]["stat_rate"].endswith("_active_power")
    solar = sources["solar", "PV"]
    produces = "export" if gateway.site.signal("PV", "power").curve.integral(0, 86400) < 0 else "import"
    item = er.async_get(hass).async_get(solar["stat_energy_from"])
    assert item is not None
    signal = gateway.site.signals[int(item.unique_id.rpartition("_")[2])]
    assert (signal.quantity, gateway.site.loads[signal.load].label) == (f"energy_{produces}", "PV")
    power = hass.states.get(solar["stat_rate"])
    assert power is not None
    assert float(power.state) >= 0


@pytest.mark.parametrize(
    "clock_time", rest_at_night(["06:00", "12:00", "17:00", "18:00", "20:00", "22:00", "00:30"], every=2)
)
@pytest.mark.timeout(300)
async def test_r29_at_any_hour(
    recorder_mock: Any,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    socket_enabled: None,
    enable_custom_integrations: None,
    now: None,
    gateway_now: Gateway,
) -> None:
    """The house has its grid, its plant and its device in the dashboard, whenever it is set up."""
    async with gateway_now as gateway:
        entry, data = await filled(hass, gateway)
        assert_house(hass, gateway, data)
        assert not any("included_in_stat" in device for device in data["device_consumption"])
        assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("kind", [pytest.param("workshop", marks=pytest.mark.long)])
@pytest.mark.timeout(300)
async def test_r29_clicked_through(
    recorder_mock: Any,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    socket_enabled: None,
    enable_custom_integrations: None,
    now: None,
    gateway_now: Gateway,
) -> None:
    """In a workshop the meter upstream of all others is the grid, the rest are devices."""
    async with gateway_now as gateway:
        entry, data = await filled(hass, gateway)
        (grid,) = data["energy_sources"]
        assert (grid["type"], grid["name"]) == ("grid", "Supply")
        assert grid["stat_rate"].endswith("_active_power")
        assert {device["name"] for device in data["device_consumption"]} == MACHINES
        assert not any("included_in_stat" in device for device in data["device_consumption"])
        assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(("seed", "ahead", "days"), [(3, 43200, 8.0), (4, -43200, 8.0), (4, 0, 0.125)])
@pytest.mark.timeout(300)
async def test_r29_with_a_wrong_clock_or_little_history(
    recorder_mock: Any,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    socket_enabled: None,
    enable_custom_integrations: None,
    now: None,
    kind: str,
    seed: int,
    ahead: int,
    days: float,
) -> None:
    """A gateway whose clock is half a day off: all the same. Of three hours in the evening nothing wrong is told."""
    site = build_site(kind, seed, time.time() - 2 * DAY)
    async with Gateway(site, time.time, offset=ahead, history_days=days) as gateway:
        entry, data = await filled(hass, gateway)
        if days > 1:
            assert_house(hass, gateway, data)
        else:
            assert {(source["type"], source["name"]) for source in data["energy_sources"]} <= {("grid", "Grid")}
            assert {device["name"] for device in data["device_consumption"]} <= {"Heat pump"}
        assert await hass.config_entries.async_unload(entry.entry_id)
