"""Stores the last lists of a gateway, so that a start does not wait for them."""

from typing import TYPE_CHECKING, Any

from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from custom_components.carlo_gavazzi_ems.api import EmsError, Snapshot
from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.storage.checked import CheckedStore

if TYPE_CHECKING:
    from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry

#: Lists read by the config flow, by serial number.
_HANDED_OVER: HassKey[dict[str, Snapshot]] = HassKey(f"{DOMAIN}_handed_over")


@callback
def async_hand_over(hass: HomeAssistant, snapshot: Snapshot) -> None:
    """Keep the lists that a config flow has read for the first set-up of its entry."""
    hass.data.setdefault(_HANDED_OVER, {})[snapshot.info.serial_number] = snapshot


class Archive:
    """The stored lists of one entry."""

    def __init__(self, hass: HomeAssistant, entry: EmsConfigEntry) -> None:
        """Store the lists of this entry."""
        self._hass = hass
        self._entry = entry
        what = f"{entry.title}: the stored lists of the gateway"
        self._store = CheckedStore(hass, f"{DOMAIN}.{entry.entry_id}.topology", what, _snapshot)
        self._kept: Snapshot | None = None

    async def async_load(self) -> Snapshot | None:
        """Return the stored lists of this gateway, None if there are none or they cannot be read."""
        handed_over = self._hass.data.get(_HANDED_OVER, {}).pop(self._entry.unique_id or "", None)
        if handed_over is not None:
            return handed_over
        self._kept = kept = await self._store.async_read()
        return kept if kept is not None and kept.info.serial_number == self._entry.unique_id else None

    @callback
    def async_keep(self, snapshot: Snapshot) -> None:
        """Store the lists if they have changed."""
        if snapshot == self._kept:
            return
        self._kept = snapshot
        self._entry.async_create_background_task(
            self._hass, self._store.async_save(dict(snapshot.as_json())), f"{DOMAIN} archive"
        )

    async def async_remove(self) -> None:
        """Remove the stored lists; the next start asks the gateway."""
        self._kept = None
        await self._store.async_remove()


def _snapshot(stored: Any) -> Snapshot:
    """Return the stored lists. Raises ValueError unless all of them can be read."""
    try:
        return Snapshot.from_json(stored)
    except EmsError as err:
        raise ValueError(str(err)) from err
