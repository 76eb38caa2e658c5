"""Reads as much of a gateway's history as the identification of its codes needs."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from heapq import heapify, heappop, heapreplace
import logging
import time
from typing import Final

from custom_components.carlo_gavazzi_ems.api import (
    Device,
    EmsClient,
    EmsConnectionError,
    EmsError,
    Load,
    LoginError,
    Sample,
    Samples,
    Signal,
    TlsError,
)
from custom_components.carlo_gavazzi_ems.signals.identify import Series, load_key, loads_to_see_more_of

_LOGGER = logging.getLogger(__name__)

#: How far back to look: a day contains sunshine, cooking and the night.
SPAN: Final = timedelta(hours=24)
#: Seconds until reading ends, as a person is waiting. The proposals use what has been read by then.
TIME_BUDGET: Final = 120.0
#: Days to read of the loads for which one day was not enough, including that one.
DAYS: Final = 7
#: Seconds; as `TIME_BUDGET`, for the other days.
MORE_TIME_BUDGET: Final = 15.0
#: Seconds; as `TIME_BUDGET`, for a look in the background.
DAY_TIME_BUDGET: Final = 60.0
#: The most loads to read more than a day of. Those with the most codes in doubt come first.
_LOADS_TO_SEE_MORE_OF: Final = 5
#: Loads on which a code is looked at; more would add little.
_LOADS_PER_CODE: Final = 3
#: Signals per request, so that a page stays small even if `limit` counts rows per signal.
_SIGNALS_PER_REQUEST: Final = 50


async def async_observe(
    client: EmsClient, signals: Iterable[Signal], progress: Callable[[float], None]
) -> tuple[list[Series], Samples]:
    """Return the history of some signals of every code, and the latest values of all.

    `progress` is called with the share that is done, 0 to 1. A gateway without history, or a slow one, gives shorter
    series or none, which is no error. Raises EmsError if the gateway cannot be reached.
    """
    listed = {signal.uid: signal for signal in signals}
    samples = await client.realtime(wanted=listed.keys())
    batches = batches_of([signal for signal in listed.values() if signal.uid in samples])
    reader = _Reader(client, TIME_BUDGET)
    end = newest(samples)
    for done, batch in enumerate(batches):
        progress(done / len(batches))
        if not await reader.read(batch, end):
            _LOGGER.debug("The gateway is slow: %s of %s parts of its history were read", done, len(batches))
            break
    progress(1.0)
    series = [_series(signal, reader.sorted(uid), samples) for uid, signal in listed.items() if uid in samples]
    return series, samples


async def async_observe_more(
    client: EmsClient,
    series: Sequence[Series],
    codes: Collection[int],
    end: datetime,
    progress: Callable[[float], None],
) -> list[Series] | None:
    """Return the series, longer by up to a week for loads that may identify `codes`; None if there is no more history.

    A device that was off on the day before `end` may have run on another. The time is limited as in `async_observe`.
    """
    wanted = loads_to_see_more_of(series, codes)
    loads = sorted(wanted, key=lambda load: (-len(wanted[load]), load))[:_LOADS_TO_SEE_MORE_OF]
    of_load = {load: [one for one in series if load_key(one) == load] for load in loads}
    reader = _Reader(client, MORE_TIME_BUDGET)
    for day in range(DAYS):
        progress(day / DAYS)
        seen = reader.rows_read
        for group in of_load.values():
            if day or not any(one.times for one in group):  # of some loads not even the day was read
                await reader.read_all([one.uid for one in group], end - day * SPAN)
        if day and reader.rows_read == seen:
            break
    progress(1.0)
    return [_longer(one, reader.sorted(one.uid)) for one in series] if reader.rows_read else None


async def async_observe_day(client: EmsClient, signals: Sequence[Signal]) -> list[Series]:
    """Return the last day of history of signals in their order, as far as the time allows.

    A gateway without history gives empty series. Raises EmsError if the gateway cannot be reached.
    """
    samples = await client.realtime(wanted={signal.uid for signal in signals})
    seen = [signal for signal in signals if signal.uid in samples]
    reader = _Reader(client, DAY_TIME_BUDGET)
    await reader.read_all([signal.uid for signal in seen], newest(samples))
    if reader.lost is not None:
        raise reader.lost
    return [_series(signal, reader.sorted(signal.uid), samples) for signal in seen]


class _Reader:
    """Reads parts of a gateway's history until its time is up."""

    lost: EmsConnectionError | None = None
    """The last error of reaching the gateway."""

    def __init__(self, client: EmsClient, budget: float) -> None:
        """Read for at most `budget` seconds."""
        self.rows_read = 0
        self._client = client
        self._deadline = time.monotonic() + budget
        self._rows: defaultdict[int, list[tuple[float, float]]] = defaultdict(list)

    async def read(self, uids: Sequence[int], end: datetime) -> bool:
        """Read the day before an instant; return False when the time is up. What cannot be read is left out."""
        if time.monotonic() > self._deadline:
            return False
        try:
            async for page in self._client.history(uids=uids, start=end - SPAN, end=end):
                self.rows_read += len(page)
                for row in page:
                    if row.value is not None:
                        self._rows[row.uid].append((row.period_end, row.value))
                if time.monotonic() > self._deadline:
                    break
        except LoginError, TlsError:
            raise
        except EmsError as err:
            _LOGGER.debug("A part of the history could not be read: %s", err)
            if isinstance(err, EmsConnectionError):
                self.lost = err
        return True

    async def read_all(self, uids: Sequence[int], end: datetime) -> None:
        """Read the day before an instant of any number of signals, as far as the time allows."""
        for start in range(0, len(uids), _SIGNALS_PER_REQUEST):
            if not await self.read(uids[start : start + _SIGNALS_PER_REQUEST], end):
                return

    def sorted(self, uid: int) -> list[tuple[float, float]]:
        """Return end and value of each row of a signal, in order of time."""
        return sorted(self._rows[uid]) if uid in self._rows else []


def _longer(series: Series, rows: list[tuple[float, float]]) -> Series:
    """Return a series with rows from before it."""
    if not rows:
        return series
    merged = dict(rows) | dict(zip(series.times, series.values, strict=True))
    times = sorted(merged)
    return replace(series, times=times, values=[merged[stamp] for stamp in times])


def _series(signal: Signal, rows: list[tuple[float, float]], samples: Mapping[int, Sample]) -> Series:
    """Return what was seen of one signal."""
    return Series(
        uid=signal.uid,
        code=signal.code,
        load_uid=signal.load_uid,
        device_uid=signal.device_uid,
        times=[stamp for stamp, _ in rows],
        values=[value for _, value in rows],
        latest=samples[signal.uid].value,
    )


def with_context(series: Iterable[Series], loads: Mapping[int, Load], devices: Mapping[int, Device]) -> list[Series]:
    """Return series with the label of their load and the wiring system of its device, as the gateway reports them."""
    described = []
    for one in series:
        load = None if one.load_uid is None else loads.get(one.load_uid)
        uid = one.device_uid if load is None or load.device_uid is None else load.device_uid
        device = None if uid is None else devices.get(uid)
        system, label = device.system if device else "", load.label if load else ""
        described.append(replace(one, system=system or None, label=label or None))
    return described


def newest(samples: Mapping[int, Sample]) -> datetime:
    """Return the newest sample time: about now by the gateway's clock, which may be wrong.

    A load may have a clock of its own: times more than a day ahead of the median do not count.
    """
    stamps = sorted(sample.timestamp for sample in samples.values() if sample.timestamp is not None)
    if not stamps:
        return datetime.now(UTC)
    latest = stamps[len(stamps) // 2] + SPAN.total_seconds()
    return datetime.fromtimestamp(max(stamp for stamp in stamps if stamp <= latest), UTC)


def batches_of(signals: list[Signal]) -> list[list[int]]:
    """Return the signals to request together: whole loads, those with the most new codes first.

    The laws hold between the signals of one load, so a load is looked at as a whole or not at all.
    """
    of_load: defaultdict[tuple[int | None, int | None], list[Signal]] = defaultdict(list)
    for signal in signals:
        of_load[signal.load_uid, signal.device_uid if signal.load_uid is None else None].append(signal)
    seen: Counter[int] = Counter()

    def gain(load: tuple[int | None, int | None]) -> float:
        return sum(1 / (1 + seen[signal.code]) for signal in of_load[load] if seen[signal.code] < _LOADS_PER_CODE)

    # Gains only fall. So a load that is first in the heap with its current gain is the best of all.
    heap = [(-gain(load), place, load) for place, load in enumerate(of_load)]
    heapify(heap)
    batches: list[list[int]] = []
    while heap:
        before, place, load = heap[0]
        now = -gain(load)
        if now > before:
            heapreplace(heap, (now, place, load))
            continue
        heappop(heap)
        if now >= 0:
            break
        chosen = of_load[load]
        seen.update({signal.code for signal in chosen})
        uids = sorted(signal.uid for signal in chosen)
        batches += [uids[i : i + _SIGNALS_PER_REQUEST] for i in range(0, len(uids), _SIGNALS_PER_REQUEST)]
    return batches
