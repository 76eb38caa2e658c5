"""Loads that the gateway no longer lists: nothing is deleted for being missing, but after a day it is offered."""

from collections.abc import Collection
import time
from typing import Final, TypedDict

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.issues import async_load_listed, async_load_missing

from .devices import DeviceTree
from .topology import TopologyCoordinator

_VERSION: Final = 1
MIN_READS: Final = 3
MIN_SECONDS: Final = 24 * 3600.0


class Absence(TypedDict):
    """Since when, in seconds since 1970, and in how many complete lists a load is missing."""

    since: float
    reads: int


def note_absences(known: dict[str, Absence], missing: Collection[int], now: float) -> set[int]:
    """Take in a complete list, in which these loads are missing; return those that are missing for good."""
    for gone in known.keys() - {str(uid) for uid in missing}:
        del known[gone]
    for uid in missing:
        absence = known.setdefault(str(uid), Absence(since=now, reads=0))
        # A clock that was set back begins anew.
        absence["since"] = min(absence["since"], now)
        absence["reads"] += 1
    return {
        int(uid)
        for uid, absence in known.items()
        if absence["reads"] >= MIN_READS and now - absence["since"] >= MIN_SECONDS
    }


def absence_store(hass: HomeAssistant, entry: ConfigEntry) -> Store[dict[str, Absence]]:
    """Return where an entry's missing loads are kept."""
    return Store(hass, _VERSION, f"{DOMAIN}.{entry.entry_id}.missing")


class AbsenceWatch:
    """Follows which registered loads are missing in the gateway's lists."""

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry, topology: TopologyCoordinator, devices: DeviceTree
    ) -> None:
        """Watch the loads of an entry."""
        self._hass = hass
        self._entry = entry
        self._topology = topology
        self._devices = devices
        self._store = absence_store(hass, entry)
        self._absences: dict[str, Absence] = {}

    async def async_start(self) -> None:
        """Go on from what was kept, and look at every list from now on."""
        self._absences = await self._store.async_load() or {}
        self.async_check()
        self._entry.async_on_unload(self._topology.async_add_listener(self.async_check))

    @callback
    def async_check(self) -> None:
        """Compare what is registered with what is listed now."""
        data = self._topology.data
        # A list of an earlier run, one that failed, or one of which a record was left out, tells nothing about
        # what is missing.
        if not data.fresh or not self._topology.last_update_success or data.loads.rejected:
            return
        registered = self._devices.registered_loads()
        missing = registered.keys() - self._topology.data.loads.keys()
        if missing or self._absences:
            for known in self._absences.keys() - {str(uid) for uid in missing}:
                # Listed again, or removed by a person.
                async_load_listed(self._hass, self._entry, int(known))
            gone = note_absences(self._absences, missing, time.time())
            # At once, and ended with the entry: a delayed writing would outlive the entry's removal.
            self._entry.async_create_background_task(
                self._hass,
                self._store.async_save({uid: {**absence} for uid, absence in self._absences.items()}),
                f"{DOMAIN} missing loads",
            )
            for uid in gone:
                async_load_missing(
                    self._hass, self._entry, uid, name=registered[uid].name_by_user or registered[uid].name
                )
