"""Stores the last lists of a gateway, so that a start does not wait for them."""

from typing import TYPE_CHECKING, Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store
from homeassistant.util.hass_dict import HassKey

from custom_components.carlo_gavazzi_ems.api import EmsError, Snapshot
from custom_components.carlo_gavazzi_ems.const import DOMAIN

if TYPE_CHECKING:
    from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry

_VERSION: Final = 1
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
        self._store: Store[dict[str, Any]] = Store(hass, _VERSION, f"{DOMAIN}.{entry.entry_id}.topology")
        self._kept: Snapshot | None = None

    async def async_load(self) -> Snapshot | None:
        """Return the stored lists of this gateway, None if there are none or they cannot be read."""
        handed_over = self._hass.data.get(_HANDED_OVER, {}).pop(self._entry.unique_id or "", None)
        if handed_over is not None:
            return handed_over
        try:
            stored = await self._store.async_load()
            kept = Snapshot.from_json(stored)
        except EmsError, HomeAssistantError, NotImplementedError:
            # Missing, damaged, or of a newer version: the gateway is asked.
            return None
        self._kept = kept
        return kept if kept.info.serial_number == self._entry.unique_id else None

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
