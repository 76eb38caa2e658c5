"""When the hours that were missed are repaired."""

from datetime import UTC, datetime
import logging
from typing import Final

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

from .arithmetic.rows import HOUR, floor_hour
from .clock_offset import async_clock_offset
from .counter_repair import CounterRepair
from .database import RecorderFailedError
from .measured_repair import MeasuredRepair
from .progress import ProgressStore, Run
from .statistics import async_cut_off
from .targets import async_targets
from .waiting import async_report_waiting

_LOGGER = logging.getLogger(__name__)
#: How far back the first run looks, and a run whose store was lost.
_LOOK_BACK: Final = 10 * 24 * HOUR
#: The time after each hour to check it: the recorder has compiled it, and the gateway has closed its periods.
_MINUTE, _SECOND = 15, 30
#: Five-minute statistics after a start that trigger a check: at first the values may not have settled.
EARLY_LOOKS: Final = 4
#: Seconds by which a clock is off that somebody has set.
_CLOCK_SET: Final = 30.0


class GapRepair:
    """Writes the hours that Home Assistant missed from the gateway's history."""

    def __init__(self, hass: HomeAssistant, entry: EmsConfigEntry) -> None:
        """Repair the sensors of this entry."""
        self._hass = hass
        self._entry = entry
        self._progress = ProgressStore(hass, entry)
        self._remove_first: CALLBACK_TYPE | None = None
        self._early_looks = 0
        self.is_waiting = False
        """Whether a sensor waits for a value, so that the next five-minute statistics trigger a check too."""
        #: What the log has of sensors that still wait: UID and reason.
        self._logged: set[tuple[int, str]] = set()
        #: Before this instant Home Assistant may have been off, and its rows may repeat the last value.
        self._flat_before = dt_util.utcnow().timestamp()
        #: The earliest hour that was checked since Home Assistant started, by its clock, and how far that clock is from one
        #: that nobody sets.
        self._earliest = self._flat_before
        self._clock = clock_base()

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
        if self._early_looks == 1 or self.is_waiting:
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
        """Repair in the background, unless another task reads history."""
        if self._entry.runtime_data.history.is_free:
            self._entry.async_create_background_task(self._hass, self.async_repair(), f"{DOMAIN} gap repair")

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
        """Check and repair at once, all sensors from an instant on where one is given.

        Raises EmsError or RecorderFailedError; what was written until then is whole.
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
        """Do one run. What was done is stored, also of a run that fails."""
        cut_off = await async_cut_off(self._hass)
        progress = await self._progress.async_load(cut_off - _LOOK_BACK)
        targets = await async_targets(self._hass, self._entry)
        history = self._entry.runtime_data.history
        for uid, at in history.taken_back.items():
            progress.take_back(uid, at)
        if self._host_clock_was_set():
            # Hours were checked by a clock that was wrong.
            since = min(self._earliest, cut_off if since is None else since)
        again = history.again if since is None else {target.uid: since for target in targets} | history.again
        for uid, begin in again.items():
            progress.look_again(uid, floor_hour(begin))
        history.again, history.taken_back = {}, {}
        self._earliest = min([self._earliest, *(progress.since(target.uid) for target in targets)])
        run = Run(
            progress=progress, outcome=outcome, cut_off=cut_off, clock_offset=await async_clock_offset(self._entry)
        )
        try:
            await CounterRepair(self._hass, self._entry, run).async_run(targets)
            await MeasuredRepair(self._hass, self._entry, run, self._flat_before).async_run(targets)
        finally:
            await self._progress.async_save(progress)
        self.is_waiting = bool(progress.waiting)
        self._logged &= {(uid, waiting.reason) for uid, waiting in progress.waiting.items()}
        outcome.until = datetime.fromtimestamp(cut_off, UTC)
        async_report_waiting(self._hass, self._entry, progress)

    def _host_clock_was_set(self) -> bool:
        """Return whether somebody has set the host's clock since the last run."""
        before, self._clock = self._clock, clock_base()
        return abs(self._clock - before) > _CLOCK_SET

    def _report(self, outcome: Outcome) -> None:
        """Log what was written in one line, and what was refused in another, once."""
        if outcome.hours or outcome.refused:
            self._entry.runtime_data.history.last = outcome
        if outcome.hours:
            _LOGGER.info(
                "%s: filled %s missed hours of %s sensors from the gateway's history",
                self._entry.title,
                outcome.written,
                len(outcome.hours),
            )
        if new := sorted(outcome.refused.items() - self._logged):
            self._logged.update(new)
            reasons = "; ".join(f"{outcome.names[uid]}: {reason}" for uid, reason in new)
            _LOGGER.warning("%s: missed hours were left as they are: %s", self._entry.title, reasons)
