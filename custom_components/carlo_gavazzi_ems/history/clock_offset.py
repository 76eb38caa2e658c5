"""By how much the times in the gateway's history are off."""

from typing import Final

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
    is_known = known.fresh and abs(clock_base() - known.clock_base) < _SET
    offset = known.clock_offset if is_known else await async_gateway_clock(runtime.client)
    if offset is not None:
        return 0.0 if abs(offset) < _RESOLUTION else offset
    times = [sample.timestamp for sample in runtime.realtime.data.values() if sample.timestamp is not None]
    seen = runtime.realtime.last_seen
    if not times or seen is None:
        return 0.0
    offset = max(times) - seen.timestamp()
    return 0.0 if -_SAMPLED <= offset <= _NEWER else offset
