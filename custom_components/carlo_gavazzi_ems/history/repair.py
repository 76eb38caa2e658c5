"""The schedule and the stored progress of the repair of missed hours."""

from datetime import UTC, datetime
import logging
from typing import Final, NotRequired, TypedDict

from homeassistant.const import EVENT_RECORDER_5MIN_STATISTICS_GENERATED
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers.event import async_track_utc_time_change
from homeassistant.helpers.start import async_at_started
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from custom_components.carlo_gavazzi_ems.api import EmsError
from custom_components.carlo_gavazzi_ems.const import CONF_REPAIR_GAPS, DOMAIN
from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry, Outcome

from .arithmetic.rows import HOUR
from .counter_repair import CounterRepair
from .database import RecorderFailedError
from .measured_repair import async_repair_measured
from .statistics import async_confirm, async_cut_off
from .targets import async_targets

_LOGGER = logging.getLogger(__name__)
_VERSION: Final = 1
#: How far back the first run looks, and a run whose store was lost.
_LOOK_BACK: Final = 10 * 24 * HOUR
#: The time after each hour to check it: the recorder has compiled it, and the gateway has closed its periods.
_MINUTE, _SECOND = 15, 30
#: Five-minute statistics after a start that trigger a check: at first the values may not have settled.
EARLY_LOOKS: Final = 4


class RepairProgress(TypedDict):
    """The progress that is stored."""

    checked: float
    """All hours before this instant were checked."""
    cut_short: NotRequired[float | None]
    """The hour in which the last gap ended, if it was not over at that time."""
    pending: dict[str, float]
    """Sensors that wait for a state after their gap: signal UID -> the hour to start with."""


def repair_store(hass: HomeAssistant, entry: EmsConfigEntry) -> Store[RepairProgress]:
    """Return the store for the progress of an entry."""
    return Store(hass, _VERSION, f"{DOMAIN}.{entry.entry_id}.repair")


class GapRepair:
    """Writes the hours that Home Assistant missed from the gateway's history."""

    def __init__(self, hass: HomeAssistant, entry: EmsConfigEntry) -> None:
        """Repair the sensors of this entry."""
        self._hass = hass
        self._entry = entry
        self._store = repair_store(hass, entry)
        self._remove_first: CALLBACK_TYPE | None = None
        self._early_looks = 0
        #: Whether sensors wait for a state after their gap.
        self.is_waiting = False
        #: Before this instant Home Assistant may have been off, and its rows may repeat the last value.
        self._flat_before = dt_util.utcnow().timestamp()

    @callback
    def async_start(self) -> None:
        """Start with Home Assistant, if the options ask for it. Without a recorder no event ever triggers a run."""
        if self._entry.options.get(CONF_REPAIR_GAPS, True):
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
            self._async_repair_soon(early=True)
        if self._early_looks == EARLY_LOOKS:
            self._async_forget_first()

    @callback
    def _async_forget_first(self) -> None:
        if self._remove_first is not None:
            self._remove_first()
            self._remove_first = None

    @callback
    def _async_every_hour(self, _: datetime) -> None:
        self._async_repair_soon(early=False)

    @callback
    def _async_repair_soon(self, *, early: bool) -> None:
        """Repair in the background, unless another task reads history."""
        if not self._entry.runtime_data.history.lock.locked():
            self._entry.async_create_background_task(self._hass, self.async_repair(early=early), f"{DOMAIN} gap repair")

    async def async_repair(self, *, early: bool = False) -> None:
        """Check and repair the hours since the last run. After an error the next run repeats them.

        An `early` run leaves contradictions to a later one, because values may not have settled.
        """
        runtime = self._entry.runtime_data
        # Ask neither a gateway that does not answer, nor one that refuses the password.
        if not runtime.realtime.last_update_success:
            return
        async with runtime.history.lock:
            outcome = Outcome()
            try:
                await self._async_repair(outcome, early=early)
            except EmsError as err:
                _LOGGER.debug("%s: the history could not be read: %s", self._entry.title, err)
            except RecorderFailedError as err:
                _LOGGER.warning("%s: missed hours are looked at again in an hour: %s", self._entry.title, err)
                return
            self._report(outcome)

    async def _async_repair(self, outcome: Outcome, *, early: bool) -> None:
        """Do one run. The progress is stored once the recorder has written the rows."""
        cut_off = await async_cut_off(self._hass)
        progress = await self._store.async_load() or RepairProgress(checked=cut_off - _LOOK_BACK, pending={})
        since, kept = progress["checked"], progress["pending"]
        targets = await async_targets(self._hass, self._entry)
        # The first release used entity ids as keys.
        found = ((str(target.uid), kept.get(str(target.uid), kept.get(target.entity_id))) for target in targets)
        pending = {uid: begin for uid, begin in found if begin is not None}
        if cut_off <= since:
            # No new hour: check only the sensors that wait for a value.
            targets = [target for target in targets if str(target.uid) in pending]
            if not targets:
                return
        counters = CounterRepair(self._hass, self._entry, cut_off, outcome, early=early)
        await counters.async_run(targets, since, pending)
        measured, cut_short = await async_repair_measured(
            self._hass,
            self._entry,
            targets,
            outcome,
            since=since,
            cut_off=cut_off,
            flat_before=self._flat_before,
            cut_short=progress.get("cut_short"),
        )
        if cut_off <= since:
            cut_short = progress.get("cut_short")
        await async_confirm(self._hass, [*counters.written, *measured])
        self._flat_before = 0.0
        self.is_waiting = bool(counters.pending)
        outcome.until = datetime.fromtimestamp(cut_off, UTC)
        await self._store.async_save(RepairProgress(checked=cut_off, cut_short=cut_short, pending=counters.pending))

    def _report(self, outcome: Outcome) -> None:
        """Log what was written in one line, and what was refused in another."""
        if outcome.hours or outcome.refused:
            self._entry.runtime_data.history.last = outcome
        if outcome.hours:
            _LOGGER.info(
                "%s: filled %s missed hours of %s sensors from the gateway's history",
                self._entry.title,
                outcome.written,
                len(outcome.hours),
            )
        if outcome.refused:
            reasons = "; ".join(f"{outcome.names[uid]}: {reason}" for uid, reason in sorted(outcome.refused.items()))
            _LOGGER.warning("%s: missed hours were left as they are: %s", self._entry.title, reasons)
