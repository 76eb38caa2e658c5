"""Checks doubtful readings of counters against the gateway's history."""

import logging
import time
from typing import Final

from homeassistant.core import HomeAssistant, callback

from custom_components.carlo_gavazzi_ems.api import EmsError
from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.inventory.gateway_clock import clock_base
from custom_components.carlo_gavazzi_ems.recording.guard import PastReading
from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry
from custom_components.carlo_gavazzi_ems.signals.over_range import is_over_range

from .clock_offset import known_clock_offset

_LOGGER = logging.getLogger(__name__)

#: Seconds between two requests: asking for rows shorter than a minute is not worth it.
_PAUSE: Final = 30.0
#: Seconds by which a row may be older than its time.
_SLACK: Final = 3.0


class Witness:
    """Asks for the newest row of history of all counters in doubt, with one request at a time."""

    def __init__(self, hass: HomeAssistant, entry: EmsConfigEntry) -> None:
        """Ask the gateway of this entry."""
        self._hass = hass
        self._entry = entry
        self._asked_at = float("-inf")
        self._wanted: set[int] = set()
        #: The newest row of each requested counter.
        self._rows: dict[int, PastReading] = {}

    @callback
    def async_newest(self, uid: int, since: float) -> PastReading | None:
        """Return the newest reading that is known from history; request another one until it is from after `since`.

        Times are seconds of the monotonic clock.
        """
        found = self._rows.get(uid)
        if found is not None and found.at > since:
            return found
        self._wanted.add(uid)
        if time.monotonic() - self._asked_at >= _PAUSE:
            self._asked_at = time.monotonic()
            self._entry.async_create_background_task(self._hass, self._async_ask(), f"{DOMAIN} witness")
        return found

    async def _async_ask(self) -> None:
        """Read the newest rows of all counters in doubt."""
        wanted, self._wanted = self._wanted, set()
        runtime = self._entry.runtime_data
        try:
            rows = await runtime.client.last_history(uids=wanted)
        except EmsError as err:
            _LOGGER.debug("%s: no newest rows of history: %s", self._entry.title, err)
            return
        ahead = known_clock_offset(self._entry) + clock_base() + _SLACK
        for uid, row in rows.items():
            if row.value is not None and not is_over_range(row.value):
                self._rows[uid] = PastReading(row.value, row.timestamp - ahead)
