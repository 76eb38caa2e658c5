"""The demand of the chosen loads of a gateway: followed from poll to poll, filled from history, kept over restarts."""

from typing import Any

from homeassistant.core import HomeAssistant, callback

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.options import Options
from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry

from .filling import Filling
from .kept import SAVE_DELAY, demand_store
from .meter import DemandMeter


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
        """Go on from what was kept, and follow the polls from now on; to be called before the sensors are added."""
        if not self.meters:
            return
        kept = await self._store.async_read() or {}
        self._async_look_for_counters()
        for uid, meter in self.meters.items():
            if uid in kept:
                meter.async_restore(kept[uid])
        runtime = self._entry.runtime_data
        for unsubscribe in (
            runtime.topology.async_add_listener(self._async_look_for_counters),
            runtime.realtime.async_add_listener(self._async_polled),
        ):
            self._entry.async_on_unload(unsubscribe)
        self._entry.async_on_unload(self._async_save)

    @callback
    def _async_look_for_counters(self) -> None:
        """Find the counters in the lists."""
        for meter in self.meters.values():
            meter.async_look_for_counters()

    @callback
    def _async_polled(self) -> None:
        """Take in the latest answer, and ask history for what was missed."""
        changed = [meter.async_polled() for meter in self.meters.values()]
        if any(changed):
            self._store.async_delay_save(self._data, SAVE_DELAY)
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
        finally:
            self._is_filling = False

    def _data(self) -> dict[str, Any]:
        """Return what is to be kept."""
        return {str(uid): meter.async_keep().as_dict() for uid, meter in self.meters.items()}

    async def _async_save(self) -> None:
        """Keep it now."""
        await self._store.async_save(self._data())
