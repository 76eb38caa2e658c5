"""Reports hours that cannot be repaired under Settings > Repairs."""

from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from custom_components.carlo_gavazzi_ems.issues import async_history_repaired, async_history_waits, place_of
from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry

from .arithmetic.plan import Refusal
from .progress import RepairProgress, Waiting

#: Seconds for which hours wait before an issue is created: most are repaired with the next state or row of history. A
#: little less than three hours, so that the fourth hourly check creates it and not by chance the fifth.
_PATIENCE: Final = 2.75 * 3600.0

#: Seconds between two readings of the gateway's clock in which hours were missed, and for which an issue shows that it is
#: unknown when the clock was set.
_MISSED: Final = 2 * 3600.0
_SAID: Final = 24 * 3600.0


@callback
def async_report_waiting(hass: HomeAssistant, entry: EmsConfigEntry, progress: RepairProgress) -> None:
    """Create an issue for each reason for which sensors have been waiting, and delete those of the other reasons."""
    now = dt_util.utcnow().timestamp()
    signals = entry.runtime_data.topology.data.signals
    sensors = [*progress.waiting.items()]
    change = progress.clock_change if progress.clock_untold else None
    # Between two hourly checks no hour was missed.
    if change is not None and change.until - change.since > _MISSED and now - change.until < _SAID:
        sensors += [(uid, Waiting(Refusal.CLOCK_SET, change.until)) for uid in progress.checked]
    for reason in Refusal:
        names: set[str] = set()
        for uid, waiting in sensors:
            if waiting.reason == reason and uid in signals and now - waiting.since >= _PATIENCE:
                names.add(place_of(entry, uid))
        if names and reason is not Refusal.NO_HISTORY_YET:
            async_history_waits(hass, entry, reason, loads=sorted(names))
        else:
            async_history_repaired(hass, entry, reason)
