"""Schedules and runs the repair of missed hours."""

import asyncio
from datetime import UTC, datetime
import logging
from typing import Final

from homeassistant.components.recorder.const import DOMAIN as RECORDER
from homeassistant.const import EVENT_RECORDER_5MIN_STATISTICS_GENERATED
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers.event import async_track_utc_time_change
from homeassistant.helpers.start import async_at_started
from homeassistant.util import dt as dt_util

from custom_components.carlo_gavazzi_ems.api import EmsError
from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.inventory.gateway_clock import clock_base
from custom_components.carlo_gavazzi_ems.options import Options
from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry, Outcome

from .arithmetic.clock_sets import CLOCK_SET
from .arithmetic.gateway_times import GatewayTimes
from .arithmetic.rows import HOUR, floor_hour
from .clock_offset import async_clock_offset
from .counter_repair import CounterRepair
from .database import RecorderFailedError
from .measured_repair import MeasuredRepair
from .progress import ProgressStore, RepairProgress, Run
from .statistics import async_cut_off
from .targets import async_targets
from .waiting import async_report_waiting

_LOGGER = logging.getLogger(__name__)
#: Seconds that the first run looks back, as does a run whose store was lost.
_LOOK_BACK: Final = 10 * 24 * HOUR
#: Seconds after which history has every polled value, even if its rows are an hour long.
_HISTORY_DELAY: Final = 2.5 * HOUR
#: When each hour is checked, in the next one: the recorder has compiled it, and the gateway has closed its periods.
_MINUTE, _SECOND = 15, 30
#: How many five-minute statistics after a start may trigger a check: at first the values may not have settled.
EARLY_LOOKS: Final = 4


class GapRepair:
    """Writes the hours that Home Assistant missed from the gateway's history."""

    def __init__(self, hass: HomeAssistant, entry: EmsConfigEntry) -> None:
        """Repair the sensors of this entry."""
        self._hass = hass
        self._entry = entry
        self._progress = ProgressStore(hass, entry)
        self._remove_first: CALLBACK_TYPE | None = None
        self._early_looks = 0
        self._task: asyncio.Task[None] | None = None
        self.waiting = frozenset[int]()
        """UIDs of sensors that wait for a value. While there are any, the next five-minute statistics trigger a check too."""
        #: UID and reason of the waiting sensors that are in the log.
        self._logged: set[tuple[int, str]] = set()
        #: Before this instant Home Assistant may have been off, and its rows may repeat the last value.
        self._flat_before = dt_util.utcnow().timestamp()
        #: The earliest hour that was checked since Home Assistant started, and the difference between the host's clock
        #: and the monotonic one.
        self._earliest = self._flat_before
        self._clock = clock_base()
        #: Whether it is known if the host's clock was set since the last run: there was a run since the start.
        self._knows_host = False

    @callback
    def async_start(self) -> None:
        """Start with Home Assistant, if the options ask for it. Without a recorder no event ever triggers a run."""
        if Options.of(self._entry).repair_gaps:
            self._entry.async_on_unload(async_at_started(self._hass, self._async_started))
            self._entry.async_on_unload(self._async_forget_first)

    @callback
    def _async_started(self, _: HomeAssistant) -> None:
        """Wait for the first five-minute statistics: then the recorder has compiled the time it was off.

        Rows that are imported earlier make it skip that time for every sensor of the installation.
        """
        self._remove_first = self._hass.bus.async_listen(
            EVENT_RECORDER_5MIN_STATISTICS_GENERATED, self._async_caught_up
        )

    @callback
    def _async_caught_up(self, _: Event) -> None:
        """Repair after a start, again soon for sensors that wait for a value, and then once an hour."""
        self._early_looks += 1
        if self._early_looks == 1:
            self._entry.async_on_unload(
                async_track_utc_time_change(self._hass, self._async_every_hour, minute=_MINUTE, second=_SECOND)
            )
        if self._early_looks == 1 or self.waiting:
            self._async_repair_soon()
        if self._early_looks == EARLY_LOOKS:
            self._async_forget_first()

    @callback
    def _async_forget_first(self) -> None:
        if self._remove_first is not None:
            self._remove_first()
            self._remove_first = None

    @callback
    def _async_every_hour(self, _: datetime) -> None:
        self._async_repair_soon()

    @callback
    def _async_repair_soon(self) -> None:
        """Repair in the background, once no other task reads history, unless a repair waits or runs already."""
        if self._task is None or self._task.done():
            self._task = self._entry.async_create_background_task(
                self._hass, self.async_repair(), f"{DOMAIN} gap repair"
            )

    async def async_repair(self) -> None:
        """Check and repair the hours since the last run. After an error the next run repeats them."""
        # Ask neither a gateway that does not answer, nor one that refuses the password.
        if not self._entry.runtime_data.realtime.last_update_success:
            return
        try:
            await self.async_run()
        except EmsError as err:
            _LOGGER.debug("%s: the history could not be read: %s", self._entry.title, err)
        except RecorderFailedError as err:
            _LOGGER.warning("%s: missed hours are looked at again in an hour: %s", self._entry.title, err)

    async def async_run(self, since: float | None = None) -> Outcome:
        """Check and repair at once; with `since`, all sensors from that instant on.

        Raises EmsError or RecorderFailedError; what was written until then is consistent.
        """
        outcome = Outcome()
        async with self._entry.runtime_data.history.reading():
            try:
                await self._async_repair(outcome, since)
            except EmsError:
                self._report(outcome)
                raise
            self._report(outcome)
        return outcome

    async def _async_repair(self, outcome: Outcome, since: float | None) -> None:
        """Do one run. Its progress is stored even if it fails."""
        cut_off = await async_cut_off(self._hass)
        progress = await self._progress.async_load(cut_off - _LOOK_BACK)
        targets = await async_targets(self._hass, self._entry)
        clock_offset = await async_clock_offset(self._entry)
        # From here on nothing fails before the progress is stored.
        self._take_notes(progress)
        now, host_was_set = dt_util.utcnow().timestamp(), self._host_clock_was_set()
        knows_host, self._knows_host = self._knows_host and not host_was_set, True
        progress.hold_against(clock_offset, [target.uid for target in targets], now, knows_host=knows_host)
        if host_was_set:
            # Hours were checked while the host's clock was wrong; the gateway's was not set.
            progress.clock_change, progress.clock_untold = None, False
            since = min(self._earliest, cut_off if since is None else since)
        if since is not None:
            for target in targets:
                progress.look_again(target.uid, floor_hour(since))
        self._earliest = min([self._earliest, *(progress.since(target.uid) for target in targets)])
        times = GatewayTimes(clock_offset, now, progress.clock_change)
        run = Run(progress=progress, outcome=outcome, cut_off=cut_off, times=times)
        try:
            await CounterRepair(self._hass, self._entry, run).async_run(targets)
            await MeasuredRepair(self._hass, self._entry, run, self._flat_before).async_run(targets)
        finally:
            await self._progress.async_save(progress)
        self.waiting = frozenset(progress.waiting)
        self._logged &= {(uid, waiting.reason) for uid, waiting in progress.waiting.items()}
        outcome.until = datetime.fromtimestamp(cut_off, UTC)
        async_report_waiting(self._hass, self._entry, progress)

    @callback
    def async_keep_notes(self) -> None:
        """Store what is to be checked again: Home Assistant may stop before the next run, up to an hour later."""
        if RECORDER in self._hass.config.components:
            self._entry.async_create_background_task(
                self._hass, self._async_keep_notes(), f"{DOMAIN} notes for a repair"
            )

    async def _async_keep_notes(self) -> None:
        # Waits for an active run, which stores its own progress when it ends.
        async with self._entry.runtime_data.history.lock:
            try:
                progress = await self._progress.async_load(await async_cut_off(self._hass) - _LOOK_BACK)
            except RecorderFailedError as err:
                _LOGGER.debug("%s: %s", self._entry.title, err)
                return
            self._take_notes(progress)
            await self._progress.async_save(progress)

    def _take_notes(self, progress: RepairProgress) -> None:
        """Add what was noted since the last run to the progress."""
        history = self._entry.runtime_data.history
        for uid, at in history.taken_back.items():
            progress.take_back(uid, at)
        now = dt_util.utcnow().timestamp()
        for uid, since in history.again.items():
            progress.check_again(uid, floor_hour(since), now + _HISTORY_DELAY)
        progress.check_until_known(now)
        history.again, history.taken_back = {}, {}

    def _host_clock_was_set(self) -> bool:
        """Return whether somebody has set the host's clock since the last run."""
        before, self._clock = self._clock, clock_base()
        return abs(self._clock - before) > CLOCK_SET

    def _report(self, outcome: Outcome) -> None:
        """Log what was written, and what was newly refused, in one line each."""
        if outcome.hours or outcome.refused:
            self._entry.runtime_data.history.last = outcome
        if outcome.hours:
            _LOGGER.info(
                "%s: filled %s missed hours of %s sensors from the gateway's history",
                self._entry.title,
                outcome.written,
                len(outcome.hours),
            )
        # Sensors that wait right after a start are checked again in five minutes, and are often settled then.
        settling = self.waiting if self._remove_first is not None else frozenset()
        if new := sorted(item for item in outcome.refused.items() - self._logged if item[0] not in settling):
            self._logged.update(new)
            reasons = "; ".join(f"{outcome.names[uid]}: {reason}" for uid, reason in new)
            _LOGGER.warning("%s: missed hours were left as they are: %s", self._entry.title, reasons)
