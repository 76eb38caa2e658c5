"""The demand of the chosen loads: updated with each poll, completed from history, stored over restarts."""

from typing import Any

from homeassistant.const import EVENT_CORE_CONFIG_UPDATE
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.util import dt as dt_util

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.options import Options
from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry

from .filling import Filling
from .kept import SAVE_DELAY, demand_store
from .meter import DemandMeter
from .sensors import async_write_hours


class Demand:
    """The meters of all chosen loads."""

    def __init__(self, hass: HomeAssistant, entry: EmsConfigEntry) -> None:
        """Follow the loads that the options name."""
        self._hass = hass
        self._entry = entry
        self._store = demand_store(hass, entry)
        options = Options.of(entry)
        self.meters = {uid: DemandMeter(entry, uid, options.demand_period) for uid in options.demand_loads}
        self._fillings = [Filling(entry, meter) for meter in self.meters.values()]
        self._is_filling = False

    async def async_start(self) -> None:
        """Restore what was stored, and follow the polls from now on. Call it before the sensors are added."""
        if not self.meters:
            return
        kept = await self._store.async_read() or {}
        self._async_look_for_counters()
        for uid, meter in self.meters.items():
            if uid in kept and (zone := await dt_util.async_get_time_zone(kept[uid].zone)) is not None:
                meter.async_restore(kept[uid], zone)
        runtime = self._entry.runtime_data
        for unsubscribe in (
            runtime.topology.async_add_listener(self._async_look_for_counters),
            runtime.realtime.async_add_listener(self._async_polled),
            self._hass.bus.async_listen(EVENT_CORE_CONFIG_UPDATE, self._async_configured),
        ):
            self._entry.async_on_unload(unsubscribe)
        self._entry.async_on_unload(self._async_save)

    @callback
    def _async_configured(self, _: Event) -> None:
        """Reload if Home Assistant's time zone has changed: periods, day and month are different then."""
        zone = str(dt_util.get_default_time_zone())
        if any(str(meter.periods.zone) != zone for meter in self.meters.values()):
            self._hass.config_entries.async_schedule_reload(self._entry.entry_id)

    @callback
    def _async_look_for_counters(self) -> None:
        """Find the counters in the lists."""
        for meter in self.meters.values():
            meter.async_look_for_counters()

    @callback
    def _async_polled(self) -> None:
        """Process the latest answer, and read missed periods from history."""
        changed = [meter for meter in self.meters.values() if meter.async_polled()]
        if changed:
            self._store.async_delay_save(self._data, SAVE_DELAY)
        for meter in changed:
            async_write_hours(self._hass, self._entry, meter)
        if self._entry.runtime_data.realtime.last_update_success and not self._is_filling:
            due = [filling for filling in self._fillings if filling.async_is_due()]
            if due:
                self._is_filling = True
                self._entry.async_create_background_task(self._hass, self._async_fill(due), f"{DOMAIN} demand")

    async def _async_fill(self, due: list[Filling]) -> None:
        """Fill what was missed, one load after the other."""
        try:
            for filling in due:
                if await filling.async_run():
                    self._store.async_delay_save(self._data, SAVE_DELAY)
                    async_write_hours(self._hass, self._entry, filling.meter)
                    for update in tuple(filling.meter.updates):
                        update()
        finally:
            self._is_filling = False

    def _data(self) -> dict[str, Any]:
        """Return the data to store."""
        return {str(uid): meter.async_keep().as_dict() for uid, meter in self.meters.items()}

    async def _async_save(self) -> None:
        """Store it now."""
        await self._store.async_save(self._data())
