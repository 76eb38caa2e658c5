"""Checks doubtful readings of counters against the gateway's history."""

import logging
import time
from typing import Final

from homeassistant.core import HomeAssistant, callback

from custom_components.carlo_gavazzi_ems.api import EmsError
from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry
from custom_components.carlo_gavazzi_ems.signals.over_range import is_over_range

_LOGGER = logging.getLogger(__name__)

#: Seconds between two requests: asking for rows shorter than a minute is not worth it.
_PAUSE: Final = 30.0
#: Seconds by which the time of a row may be off. A row counts only if it is later by more than that.
_SLACK: Final = 3.0


class Witness:
    """Asks for the newest row of history of all counters in doubt, with one request at a time."""

    def __init__(self, hass: HomeAssistant, entry: EmsConfigEntry) -> None:
        """Ask the gateway of this entry."""
        self._hass = hass
        self._entry = entry
        self._asked_at = float("-inf")
        self._wanted: set[int] = set()
        #: The newest row of each requested counter: the time of its sample by the host's clock, and its reading.
        self._rows: dict[int, tuple[float, float]] = {}

    @callback
    def async_reading_since(self, uid: int, since: float) -> float | None:
        """Return a reading from history after an instant (seconds since 1970); None if it still has to be requested."""
        found = self._rows.get(uid)
        if found is not None and found[0] > since + _SLACK:
            return found[1]
        self._wanted.add(uid)
        if time.monotonic() - self._asked_at >= _PAUSE:
            self._asked_at = time.monotonic()
            self._entry.async_create_background_task(self._hass, self._async_ask(), f"{DOMAIN} witness")
        return None

    async def _async_ask(self) -> None:
        """Read the newest rows of all counters in doubt."""
        wanted, self._wanted = self._wanted, set()
        runtime = self._entry.runtime_data
        offset = runtime.topology.data.clock_offset or 0.0
        try:
            rows = await runtime.client.last_history(uids=wanted)
        except EmsError as err:
            _LOGGER.debug("%s: no newest rows of history: %s", self._entry.title, err)
            return
        for uid, row in rows.items():
            if row.value is not None and not is_over_range(row.value):
                self._rows[uid] = (row.timestamp - offset, row.value)
