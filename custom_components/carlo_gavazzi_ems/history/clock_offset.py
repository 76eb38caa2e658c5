"""How far the times in the gateway's history are ahead of the host's clock."""

from typing import Final

from homeassistant.core import callback

from custom_components.carlo_gavazzi_ems.inventory.gateway_clock import async_gateway_clock, clock_base
from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry

#: Seconds. A smaller offset comes from rounding to whole seconds and from the network; to correct it would move the last
#: row of each hour into the next one.
_NEGLIGIBLE: Final = 2.0
#: Seconds by which the newest sample may be older than its answer. If it is older still, the clock is behind.
_MAX_BEHIND: Final = 90.0
#: Seconds by which the host's clock may drift from the monotonic one. If it is more, somebody has set it.
_SET: Final = 1.0
#: Seconds by which a sample may be newer than its answer. If it is newer still, the clock is ahead.
_MAX_AHEAD: Final = 5.0


async def async_clock_offset(entry: EmsConfigEntry) -> float:
    """Return how many seconds the gateway's clock is ahead of the host's, 0 if that is unknown. Raises EmsError.

    It is requested, as either clock may have been set since it was read with the lists. If the gateway's time in UTC is
    unknown, its newest sample shows the offset: that was taken just before the answer.
    """
    return _offset(entry, await async_gateway_clock(entry.runtime_data.client))


@callback
def known_clock_offset(entry: EmsConfigEntry) -> float:
    """Return the offset as read with the lists, up to ten minutes ago, corrected if the host's clock was set since."""
    known = entry.runtime_data.topology.data
    if not known.fresh or known.clock_offset is None:
        return _offset(entry, None)
    set_by = clock_base() - known.clock_base
    return _offset(entry, known.clock_offset - (0.0 if abs(set_by) < _SET else set_by))


def _offset(entry: EmsConfigEntry, reported: float | None) -> float:
    """Return the offset that the gateway reports, or that its newest sample shows."""
    if reported is not None:
        return 0.0 if abs(reported) < _NEGLIGIBLE else reported
    runtime = entry.runtime_data
    times = [sample.timestamp for sample in runtime.realtime.data.values() if sample.timestamp is not None]
    seen = runtime.realtime.last_seen
    if not times or seen is None:
        return 0.0
    offset = max(times) - seen.timestamp()
    return 0.0 if -_MAX_BEHIND <= offset <= _MAX_AHEAD else offset
