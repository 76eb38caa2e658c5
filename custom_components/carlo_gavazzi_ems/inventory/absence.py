"""Loads that the gateway no longer lists. After a day, a repair offers to remove them; nothing is removed by itself."""

from collections.abc import Collection
import time
from typing import TYPE_CHECKING, Final, TypedDict

from homeassistant.core import HomeAssistant, callback
import voluptuous as vol

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.issues import async_load_listed, async_load_missing
from custom_components.carlo_gavazzi_ems.storage.checked import CheckedStore

from .devices import DeviceTree
from .topology import TopologyCoordinator

if TYPE_CHECKING:
    from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry

MIN_READS: Final = 3
MIN_SECONDS: Final = 24 * 3600.0


class Absence(TypedDict):
    """Since when (in seconds since 1970) a load is missing, and in how many complete lists."""

    since: float
    reads: int


def note_absences(known: dict[str, Absence], missing: Collection[int], now: float) -> set[int]:
    """Update the absences from a complete list; return the loads to offer for removal."""
    for gone in known.keys() - {str(uid) for uid in missing}:
        del known[gone]
    for uid in missing:
        absence = known.setdefault(str(uid), Absence(since=now, reads=0))
        # If the clock was set back, count from now.
        absence["since"] = min(absence["since"], now)
        absence["reads"] += 1
    return {
        int(uid)
        for uid, absence in known.items()
        if absence["reads"] >= MIN_READS and now - absence["since"] >= MIN_SECONDS
    }


_SCHEMA: Final = vol.Schema(
    {vol.Match(r"\A\d+\Z"): {vol.Required("since"): vol.Coerce(float), vol.Required("reads"): int}},
)


def absence_store(hass: HomeAssistant, entry: EmsConfigEntry) -> CheckedStore[dict[str, Absence]]:
    """Return the store for the missing loads of an entry."""
    what = f"{entry.title}: the list of missing loads"
    return CheckedStore(hass, f"{DOMAIN}.{entry.entry_id}.missing", what, _SCHEMA)


class AbsenceWatch:
    """Tracks registered loads that are missing in the gateway's lists."""

    def __init__(
        self, hass: HomeAssistant, entry: EmsConfigEntry, topology: TopologyCoordinator, devices: DeviceTree
    ) -> None:
        """Track the loads of an entry."""
        self._hass = hass
        self._entry = entry
        self._topology = topology
        self._devices = devices
        self._store = absence_store(hass, entry)
        self._absences: dict[str, Absence] = {}

    async def async_start(self) -> None:
        """Load the stored absences, and check every new list."""
        self._absences = await self._store.async_read() or {}
        self.async_check()
        self._entry.async_on_unload(self._topology.async_add_listener(self.async_check))

    @callback
    def async_check(self) -> None:
        """Compare the registered loads with the listed ones."""
        data = self._topology.data
        # A list that was stored, that failed or that has rejected records does not show what is missing.
        if not data.fresh or not self._topology.last_update_success or data.loads.rejected:
            return
        registered = self._devices.registered_loads()
        missing = registered.keys() - self._topology.data.loads.keys()
        if missing or self._absences:
            for known in self._absences.keys() - {str(uid) for uid in missing}:
                # Listed again, or removed by the user.
                async_load_listed(self._hass, self._entry, int(known))
            gone = note_absences(self._absences, missing, time.time())
            # A background task ends with the entry; a delayed save would recreate the file after the entry's removal.
            self._entry.async_create_background_task(
                self._hass,
                self._store.async_save({uid: {**absence} for uid, absence in self._absences.items()}),
                f"{DOMAIN} missing loads",
            )
            for uid in gone:
                async_load_missing(
                    self._hass, self._entry, uid, name=registered[uid].name_by_user or registered[uid].name
                )
