"""R29: the Energy dashboard at the end of the set-up, compared with the model."""

from datetime import UTC, datetime
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.energy.data import async_get_manager
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest

from . import Gateway
from .driving import set_up

MACHINES = {"Lathe", "Compressor", "Wallbox", "Lights & sockets"}


def energies(gateway: Gateway) -> dict[str, str]:
    """Return the true meanings of the energy counters' codes."""
    return {
        str(signal.code): f"{signal.quantity}/{'Wh' if signal.scale > 1e-6 else 'kWh'}"
        for signal in gateway.site.signals.values()
        if signal.quantity in {"energy_import", "energy_export"}
    }


@pytest.fixture(autouse=True)
def noon(freezer: FrozenDateTimeFactory) -> None:
    """Let it be noon: what the last day of the house tells depends on the hour in which it begins."""
    freezer.move_to(datetime(2026, 11, 30, 12, tzinfo=UTC))


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


@pytest.mark.parametrize("kind", ["house", pytest.param("workshop", marks=pytest.mark.long)])
@pytest.mark.timeout(300)
async def test_r29_clicked_through(
    recorder_mock: Any,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    socket_enabled: None,
    enable_custom_integrations: None,
    gateway_now: Gateway,
    kind: str,
) -> None:
    """The meter upstream of all others is the grid; the plant has the counter that grows; the rest are devices."""
    async with gateway_now as gateway:
        entry, data = await filled(hass, gateway)
        sources = {(source["type"], source["name"]): source for source in data["energy_sources"]}
        devices = {device["name"] for device in data["device_consumption"]}
        if kind == "house":
            assert sources.keys() == {("grid", "Grid"), ("solar", "PV")}
            assert devices == {"Heat pump"}
            solar = sources["solar", "PV"]
            curve = gateway.site.signal("PV", "power").curve
            produces = "export" if curve.integral(0, 86400) < 0 else "import"
            item = er.async_get(hass).async_get(solar["stat_energy_from"])
            assert item is not None
            signal = gateway.site.signals[int(item.unique_id.rpartition("_")[2])]
            assert (signal.quantity, gateway.site.loads[signal.load].label) == (f"energy_{produces}", "PV")
            now = hass.states.get(solar["stat_rate"])
            assert now is not None
            assert float(now.state) >= 0
        else:
            assert sources.keys() == {("grid", "Supply")}
            assert devices == MACHINES
        assert not any("included_in_stat" in device for device in data["device_consumption"])
        assert sources["grid", "Grid" if kind == "house" else "Supply"]["stat_rate"].endswith("_active_power")
        assert await hass.config_entries.async_unload(entry.entry_id)
