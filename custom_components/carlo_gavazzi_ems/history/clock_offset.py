"""By how much the times in the gateway's history are off."""

from typing import Final

from homeassistant.core import callback

from custom_components.carlo_gavazzi_ems.inventory.gateway_clock import async_gateway_clock, clock_base
from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry

#: Seconds that whole seconds and the way of an answer may make of no offset at all. It would move the last row of each
#: hour into the next one.
_RESOLUTION: Final = 2.0
#: Seconds by which the newest sample may be older than the answer it comes with; from then on the clock is behind.
_SAMPLED: Final = 90.0
#: Seconds by which this clock may drift from the monotonic one; more, and somebody has set it.
_SET: Final = 1.0
#: Seconds by which a sample cannot be newer than its answer.
_NEWER: Final = 5.0


async def async_clock_offset(entry: EmsConfigEntry) -> float:
    """Return by how many seconds the gateway's clock is ahead of this one; 0 where nothing tells. Raises EmsError.

    It was read with the lists, at most ten minutes ago, and is read again where this clock was set since then. A gateway
    that does not tell its time in UTC dates its samples all the same: the newest was taken just before the answer.
    """
    runtime = entry.runtime_data
    known = runtime.topology.data
    if known.fresh and abs(clock_base() - known.clock_base) < _SET:
        return known_clock_offset(entry)
    return _offset(entry, await async_gateway_clock(runtime.client))


@callback
def known_clock_offset(entry: EmsConfigEntry) -> float:
    """Return the same, by what is known already; where this clock was set since, by how far it was set."""
    known = entry.runtime_data.topology.data
    if not known.fresh or known.clock_offset is None:
        return _offset(entry, None)
    set_by = clock_base() - known.clock_base
    return _offset(entry, known.clock_offset - (0.0 if abs(set_by) < _SET else set_by))


def _offset(entry: EmsConfigEntry, told: float | None) -> float:
    """Return the offset that the gateway told, or that its newest sample shows."""
    if told is not None:
        return 0.0 if abs(told) < _RESOLUTION else told
    runtime = entry.runtime_data
    times = [sample.timestamp for sample in runtime.realtime.data.values() if sample.timestamp is not None]
    seen = runtime.realtime.last_seen
    if not times or seen is None:
        return 0.0
    offset = max(times) - seen.timestamp()
    return 0.0 if -_SAMPLED <= offset <= _NEWER else offset
