"""Reads the history of counters around the end of each hour, and all rows where that is not enough.

A counter that only rises needs no more: with a row a minute, these are a few rows of sixty.
"""

from collections import defaultdict
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import aclosing
from typing import Final

from .arithmetic.curve import SLACK
from .arithmetic.hour_ends import Span, row_length, spans_between
from .arithmetic.rows import HOUR, Reading, hours
from .source import HistorySource, async_readings, batches, date_of, reading_of
from .targets import Target

type Readings = defaultdict[int, list[Reading]]

#: Seconds around the end of a chunk in which all rows are read: there it is joined to the recorded hours.
_JOINT: Final = (-HOUR, 2 * HOUR)
#: Rows that cost a gateway as much as one request. If no more are saved per hour, all rows are read.
_REQUEST_COST: Final = 150
#: Rows of a counter that are read around the end of an hour: two before it and two after it, and one at it.
_ROWS_PER_END: Final = 5
#: Counters in one request.
_COUNTERS_PER_REQUEST: Final = 100
#: Ends of hours without a reading after which all earlier hours are read together: usually there is no history.
_MAX_EMPTY_ENDS: Final = 24


async def async_counter_readings(
    source: HistorySource, counters: Collection[Target], begin: float, end: float, *, offset: float
) -> AsyncGenerator[dict[int, list[Reading]]]:
    """Yield the readings that determine the hours between two full ones, in the gateway's unit, some counters at a time.

    The hour before `begin` and two hours after `end` are read too, to join the hours to them. One request is in flight at
    a time. The gateway's clock is ahead by `offset` seconds. Raises EmsError.
    """
    ordered = sorted(counters, key=lambda target: target.uid)
    for index in range(0, len(ordered), _COUNTERS_PER_REQUEST):
        some = ordered[index : index + _COUNTERS_PER_REQUEST]
        uids = [target.uid for target in some]
        found: Readings = defaultdict(list)
        joint = await async_readings(source, uids, end + _JOINT[0], end + _JOINT[1], offset=offset)
        _add(found, joint)
        lengths = _short_rows(joint)
        ends = hours(begin, end)
        width = 2 * max(lengths.values(), default=0.0)
        if lengths:
            _add(found, await _async_around(source, list(lengths), ends, width, offset))
        for batch in batches(some, end - begin + 3 * HOUR):
            whole = ((begin - HOUR, end + _JOINT[0]),)
            spans = {
                target.uid: _clipped(
                    spans_between(target.readings(found[target.uid]), ends, width, increasing=target.increasing),
                    begin - HOUR,
                    end + _JOINT[0],
                )
                if target.uid in lengths
                else whole
                for target in batch
            }
            own: Readings = defaultdict(list, {target.uid: found.pop(target.uid, []) for target in batch})
            await _async_add_spans(source, own, spans, offset)
            yield own


def _short_rows(joint: Mapping[int, Sequence[Reading]]) -> dict[int, float]:
    """Return the row lengths in seconds of the counters for which reading only the ends of hours is cheaper."""
    lengths = {uid: length for uid, readings in joint.items() if (length := row_length(readings))}
    # The rows of an hour, less those that are read around its end.
    saved = sum(max(HOUR / length - _ROWS_PER_END, 0) for length in lengths.values())
    return (
        {uid: length for uid, length in lengths.items() if HOUR / length > _ROWS_PER_END}
        if saved > _REQUEST_COST
        else {}
    )


async def _async_around(
    source: HistorySource, uids: Collection[int], ends: Sequence[float], width: float, offset: float
) -> Readings:
    """Return the readings of some signals within `width` seconds of some instants, the latest first."""
    found: Readings = defaultdict(list)
    silent = 0
    for end in reversed(ends):
        before, after = set[int](), set[int]()
        pages = source.history(uids=uids, start=date_of(end - width + offset), end=date_of(end + width + offset))
        async with aclosing(pages):
            async for rows in pages:
                for row in rows:
                    closes = row.period_end - offset
                    if row.value is None or abs(closes - end) > 2 * width:
                        continue
                    found[row.uid].append(reading_of(row, row.value, closes))
                    if closes <= end + SLACK:
                        before.add(row.uid)
                    if closes >= end - SLACK:
                        after.add(row.uid)
                if before.issuperset(uids) and after.issuperset(uids):
                    # Further pages are not needed.
                    break
        silent = 0 if before or after else silent + 1
        if silent == _MAX_EMPTY_ENDS:
            break
    return found


async def _async_add_spans(
    source: HistorySource, found: Readings, spans: Mapping[int, tuple[Span, ...]], offset: float
) -> None:
    """Add all rows of some spans; counters with the same spans share their requests."""
    alike: defaultdict[tuple[Span, ...], list[int]] = defaultdict(list)
    for uid, wanted in spans.items():
        alike[wanted].append(uid)
    for wanted, uids in alike.items():
        for start, end in wanted:
            _add(found, await async_readings(source, uids, start, end, offset=offset))


def _add(found: Readings, more: Mapping[int, list[Reading]]) -> None:
    for uid, readings in more.items():
        found[uid] += readings


def _clipped(spans: Sequence[Span], begin: float, end: float) -> tuple[Span, ...]:
    """Return the parts of spans between two instants."""
    return tuple((max(start, begin), min(stop, end)) for start, stop in spans if start < end and stop > begin)
