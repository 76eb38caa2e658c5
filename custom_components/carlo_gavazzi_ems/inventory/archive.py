"""What a gateway listed last, kept so that the next start need not wait for its lists."""

from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store
from homeassistant.util.hass_dict import HassKey

from custom_components.carlo_gavazzi_ems.api import EmsError, Snapshot
from custom_components.carlo_gavazzi_ems.const import DOMAIN

_VERSION: Final = 1
#: What the dialog that makes an entry has read already, by serial number.
_HANDED_OVER: HassKey[dict[str, Snapshot]] = HassKey(f"{DOMAIN}_handed_over")


@callback
def async_hand_over(hass: HomeAssistant, snapshot: Snapshot) -> None:
    """Keep what a dialog has read for the first set-up of the entry that it makes."""
    hass.data.setdefault(_HANDED_OVER, {})[snapshot.info.serial_number] = snapshot


class Archive:
    """The last complete lists of one entry's gateway, on disk."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Keep them for this entry."""
        self._hass = hass
        self._entry = entry
        self._store: Store[dict[str, Any]] = Store(hass, _VERSION, f"{DOMAIN}.{entry.entry_id}.topology")
        self._kept: Snapshot | None = None

    async def async_load(self) -> Snapshot | None:
        """Return what was kept of this gateway, None where there is nothing, or nothing that can be read."""
        handed_over = self._hass.data.get(_HANDED_OVER, {}).pop(self._entry.unique_id or "", None)
        if handed_over is not None:
            return handed_over
        try:
            stored = await self._store.async_load()
            kept = Snapshot.from_json(stored)
        except EmsError, HomeAssistantError, NotImplementedError:
            # None at all, damaged, or of a version that this one cannot read: all the same.
            return None
        self._kept = kept
        return kept if kept.info.serial_number == self._entry.unique_id else None

    @callback
    def async_keep(self, snapshot: Snapshot) -> None:
        """Write down what was read, where it is something new."""
        if snapshot == self._kept:
            return
        self._kept = snapshot
        self._entry.async_create_background_task(
            self._hass, self._store.async_save(dict(snapshot.as_json())), f"{DOMAIN} archive"
        )

    async def async_remove(self) -> None:
        """Forget everything: the next start reads the lists first."""
        self._kept = None
        await self._store.async_remove()
