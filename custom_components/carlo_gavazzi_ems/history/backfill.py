"""Imports the hours before the first recorded ones in the background, as a person has asked for."""

import asyncio
import logging
import math
from typing import Final

from homeassistant.components.recorder.const import DOMAIN as RECORDER
from homeassistant.const import EVENT_RECORDER_5MIN_STATISTICS_GENERATED
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers.start import async_at_started
from homeassistant.util import dt as dt_util

from custom_components.carlo_gavazzi_ems.api import EmsError
from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry

from .arithmetic.rows import HOUR, ceil_hour, floor_hour
from .database import RecorderFailedError
from .importer import HistoryImport, Reached
from .statistics import COMPILING, async_first_hours
from .targets import async_has_silent, async_targets
from .wish import Filled, Wish, wish_store

_LOGGER = logging.getLogger(__name__)
_DAY: Final = 24 * HOUR
#: Seconds from the start of an import for which it waits for sensors that have no recorded hour yet.
_WAIT_FOR_SENSORS: Final = 2 * _DAY


class Backfill:
    """Carries out the wish of an entry as soon as the recorder allows, and tries again until it is done."""

    def __init__(self, hass: HomeAssistant, entry: EmsConfigEntry) -> None:
        """Fill in for this entry."""
        self._hass = hass
        self._entry = entry
        self._store = wish_store(hass, entry)
        self._task: asyncio.Task[None] | None = None
        #: Whether the recorder has compiled the time in which Home Assistant was off. Only then is an import safe.
        self._caught_up = False
        self._is_failure_logged = False
        self._remove_listener: CALLBACK_TYPE | None = None
        self.wish: Wish | None = None
        self.reached: Reached | None = None
        """How far the current run has come, None without one."""

    @property
    def is_active(self) -> bool:
        """Whether there is a wish that is still to be carried out."""
        return self.wish is not None and self.wish.active

    @property
    def days_left(self) -> int:
        """Days that are left to import of the current kind: counters or measured values."""
        if self.wish is None or self.reached is None:
            return 0
        return max(math.ceil((self.reached.back_to - self.wish.since) / _DAY), 0)

    async def async_start(self) -> None:
        """Load the wish, and carry it out once Home Assistant has started. Without a recorder it is only loaded."""
        self.wish = await self._store.async_read()
        if RECORDER in self._hass.config.components:
            self._entry.async_on_unload(async_at_started(self._hass, self._async_started))
            self._entry.async_on_unload(self._async_forget)

    async def async_wish(self, since: float) -> None:
        """Replace the wish by one for all hours since an instant."""
        await self._async_end_run()
        self.wish = Wish(since=ceil_hour(since))
        await self._store.async_save(self.wish.as_dict())
        self._async_go_on()

    async def async_stop(self) -> None:
        """Cancel the wish. Imported hours stay."""
        await self._async_end_run()
        if (wish := self.wish) is not None and wish.active:
            wish.active = False
            await self._store.async_save(wish.as_dict())
            _LOGGER.info("%s: filling in older history was stopped", self._entry.title)

    async def async_ready_at(self) -> float:
        """Return when the first recorded hour can be joined to older ones. Raises RecorderFailedError."""
        targets = await async_targets(self._hass, self._entry)
        first = await async_first_hours(self._hass, targets)
        running = floor_hour(dt_util.utcnow().timestamp())
        return min((row.start for row in first.values()), default=running) + HOUR + COMPILING

    async def _async_end_run(self) -> None:
        """Cancel the run that is under way, and wait for its end."""
        if (task := self._task) is not None:
            task.cancel()
            await asyncio.wait([task])

    @callback
    def _async_started(self, _: HomeAssistant) -> None:
        """Wait for the first five-minute statistics, as the repair of gaps does."""
        self._remove_listener = self._hass.bus.async_listen(
            EVENT_RECORDER_5MIN_STATISTICS_GENERATED, self._async_compiled
        )

    @callback
    def _async_forget(self) -> None:
        if self._remove_listener is not None:
            self._remove_listener()

    @callback
    def _async_compiled(self, _: Event) -> None:
        """Start a run after five-minute statistics, unless one is active."""
        self._caught_up = True
        self._async_go_on()

    @callback
    def _async_go_on(self) -> None:
        """Start a run, unless one is active or the gateway does not answer or refuses the password."""
        answers = self._entry.runtime_data.realtime.last_update_success
        if self.is_active and self._task is None and self._caught_up and answers:
            self._task = self._entry.async_create_background_task(
                self._hass, self._async_run(), f"{DOMAIN} older history", eager_start=False
            )

    async def _async_run(self) -> None:
        """Carry out the wish. After a failure the next run continues from there."""
        try:
            if (wish := self.wish) is not None:
                await self._async_fill(wish)
            self._is_failure_logged = False
        except EmsError as err:
            _LOGGER.debug("%s: older history could not be read: %s", self._entry.title, err)
        except RecorderFailedError as err:
            if not self._is_failure_logged:
                _LOGGER.warning("%s: older history is tried again in five minutes: %s", self._entry.title, err)
            self._is_failure_logged = True
        finally:
            self._task = self.reached = None

    async def _async_fill(self, wish: Wish) -> None:
        """Import the sensors that are not done, counters first, and store the results."""
        run = HistoryImport(self._hass, self._entry, dry_run=False, report=self._note)
        # Asked before the targets: a sensor whose statistics begin in between is a target of the next run.
        has_silent = await async_has_silent(self._hass, self._entry)
        targets = [target for target in await async_targets(self._hass, self._entry) if target.uid not in wish.filled]
        sensors = await run.async_joinable(targets)
        if sensors and wish.begun is None:
            wish.begun = dt_util.utcnow().timestamp()
            await self._store.async_save(wish.as_dict())
            _LOGGER.info("%s: filling in older history back to %s", self._entry.title, _hour(wish.since))
        for counters in (True, False):
            some = [sensor for sensor in sensors if sensor.target.is_counter is counters]
            await run.async_import(some, wish.since)
            wish.filled |= {sensor.target.uid: Filled.of(sensor) for sensor in some if not sensor.is_gone}
            await self._store.async_save(wish.as_dict())
        if wish.begun is None:
            return
        is_late = has_silent or any(target.uid not in wish.filled for target in targets)
        if not is_late or dt_util.utcnow().timestamp() - wish.begun > _WAIT_FOR_SENSORS:
            wish.active = False
            await self._store.async_save(wish.as_dict())
            self._log_end(wish)

    @callback
    def _note(self, reached: Reached) -> None:
        self.reached = reached

    def _log_end(self, wish: Wish) -> None:
        """Log in one line how far back the sensors are."""
        done = [one for one in wish.filled.values() if one.end]
        _LOGGER.info(
            "%s: older history is filled in: %s counters and %s measured values, back to %s; %s sensors refused",
            self._entry.title,
            sum(one.counter for one in done),
            sum(not one.counter for one in done),
            _hour(min((one.start for one in done), default=wish.since)),
            sum(one.reason is not None for one in wish.filled.values()),
        )


def _hour(instant: float) -> str:
    """Return an instant in Home Assistant's time zone."""
    return dt_util.as_local(dt_util.utc_from_timestamp(instant)).strftime("%Y-%m-%d %H:%M")
