"""The options page about demand: of which loads, and over how many minutes."""

from collections.abc import Collection
from typing import Any, Final

from homeassistant.components.energy.const import DOMAIN as ENERGY
from homeassistant.components.energy.data import async_get_manager
from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult, OptionsFlow
from homeassistant.helpers import entity_registry as er
import voluptuous as vol

from custom_components.carlo_gavazzi_ems.api import Protocol
from custom_components.carlo_gavazzi_ems.energy.proposal import in_grid
from custom_components.carlo_gavazzi_ems.options import CONF_DEMAND_LOADS, CONF_DEMAND_PERIOD, Options
from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry
from custom_components.carlo_gavazzi_ems.signals.load_import import import_counters

from .energy_form import one_of, several
from .energy_meters import names_of_loads

PERIODS: Final = (15, 30, 60)
"""Minutes."""


class DemandPages(OptionsFlow):
    """Asks for the loads whose demand is measured."""

    def _can_follow_demand(self) -> bool:
        """Return whether any load has an import counter."""
        return self.config_entry.state is ConfigEntryState.LOADED and bool(_loads(self.config_entry))

    async def async_step_demand(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the form, with the grid meter preselected."""
        if self.config_entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        if not (loads := _loads(self.config_entry)):
            return self.async_abort(reason="no_meters")
        if user_input is not None:
            chosen = {
                CONF_DEMAND_LOADS: sorted(int(uid) for uid in user_input.get(CONF_DEMAND_LOADS, ())),
                CONF_DEMAND_PERIOD: int(user_input[CONF_DEMAND_PERIOD]),
            }
            return self.async_create_entry(data={**self.config_entry.options, **chosen})
        options = Options.of(self.config_entry)
        suggested = options.demand_loads or await self._async_grid(loads)
        schema = vol.Schema(
            {
                vol.Optional(CONF_DEMAND_LOADS): several((str(uid), name) for uid, name in loads.items()),
                vol.Required(CONF_DEMAND_PERIOD): one_of((str(minutes), f"{minutes} min") for minutes in PERIODS),
            }
        )
        values = {
            CONF_DEMAND_LOADS: [str(uid) for uid in suggested if uid in loads],
            CONF_DEMAND_PERIOD: str(options.demand_period),
        }
        return self.async_show_form(step_id="demand", data_schema=self.add_suggested_values_to_schema(schema, values))

    async def _async_grid(self, loads: Collection[int]) -> list[int]:
        """Return the grid meter: that of the Energy dashboard, else a smart meter, else the built-in one."""
        runtime = self.config_entry.runtime_data
        listed, devices = runtime.topology.data.loads, runtime.topology.data.devices
        if ENERGY in self.hass.config.components and (preferences := (await async_get_manager(self.hass)).data):
            counters = in_grid(preferences)
            if grid := [uid for uid in loads if counters & self._counters(uid)]:
                return grid
        smart = [uid for uid in loads if listed[uid].protocol is Protocol.P1]
        meters = {uid: devices.get(listed[uid].device_uid or -1) for uid in loads}
        return smart or [uid for uid, meter in meters.items() if runtime.topology.info.built_in(meter)]

    def _counters(self, load_uid: int) -> set[str | None]:
        """Return the entity IDs of the import counters of a load."""
        runtime, registry = self.config_entry.runtime_data, er.async_get(self.hass)
        serial = runtime.topology.info.serial_number
        found = import_counters(runtime.topology.data.signals, runtime.catalogue, load_uid)
        return {
            registry.async_get_entity_id("sensor", self.config_entry.domain, f"{serial}_{signal.uid}")
            for signal in found
        }


def _loads(entry: EmsConfigEntry) -> dict[int, str]:
    """Return the names of the loads with import counters."""
    runtime = entry.runtime_data
    signals, catalogue = runtime.topology.data.signals, runtime.catalogue
    return {uid: name for uid, name in names_of_loads(entry).items() if import_counters(signals, catalogue, uid)}
