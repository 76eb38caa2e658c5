"""Hours that cannot be repaired: what is said about them under Settings > Repairs."""

from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from custom_components.carlo_gavazzi_ems.issues import async_history_repaired, async_history_waits
from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry

from .arithmetic.plan import Refusal
from .progress import RepairProgress

#: Seconds for which hours wait before anything is said: most are repaired with the next state or row of history. A little
#: less than three hours, so that it is said by the fourth hourly look and not by chance by the fifth.
_PATIENCE: Final = 2.75 * 3600.0


@callback
def async_report_waiting(hass: HomeAssistant, entry: EmsConfigEntry, progress: RepairProgress) -> None:
    """Create an issue for each reason for which sensors have been waiting, and delete those of the other reasons."""
    now = dt_util.utcnow().timestamp()
    topology = entry.runtime_data.topology.data
    for reason in Refusal:
        names: set[str] = set()
        for uid, waiting in progress.waiting.items():
            signal = topology.signals.get(uid)
            if waiting.reason != reason or signal is None or now - waiting.since < _PATIENCE:
                continue
            load = topology.loads.get(signal.load_uid) if signal.load_uid is not None else None
            names.add(entry.title if load is None else load.label or str(load.uid))
        if names and reason is not Refusal.NO_HISTORY_YET:
            async_history_waits(hass, entry, reason, loads=sorted(names))
        else:
            async_history_repaired(hass, entry, reason)
