"""What stays of a day of polling: nothing in memory, and a bounded number of rows."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import time
from types import SimpleNamespace
from unittest.mock import patch

from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback

from custom_components.carlo_gavazzi_ems import coordinator, counter, sensor

from .answers import STEP, Answers, Change, codes_of, load_test
from .gateway import gateways
from .house import Canned, home, set_up
from .measure import allocations

HOUR = 3600 // STEP
DAY = 24 * HOUR


class _Clock:
    """Time that passes only from poll to poll."""

    def __init__(self) -> None:
        self.passed = 0.0
        self._started = time.time()

    def now(self) -> float:
        """Return seconds since 1970."""
        return self._started + self.passed


@contextmanager
def _clock() -> Iterator[_Clock]:
    """Put the clock of throttle and guard into our hands."""
    clock = _Clock()
    fake = SimpleNamespace(monotonic=clock.now, time=clock.now)
    with (
        patch.object(coordinator, "time", fake),
        patch.object(sensor, "time", fake),
        patch.object(counter, "time", fake),
    ):
        yield clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What is left in memory after so many polls."""

    signals: int
    polls: int
    bytes_after_an_hour: int
    bytes_after_a_day: int
    """Both counted from the end of the first hour's warm-up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """State changes in an hour in which every value changes with every poll."""

    signals: int
    throttled: int
    all_changes: int


@callback
def _count(hass: HomeAssistant) -> Counter[str]:
    """Count writes from now on."""
    written: Counter[str] = Counter()

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        written[event.data["entity_id"]] += 1

    hass.bus.async_listen(EVENT_STATE_CHANGED, note)
    return written


async def measure_rows(signals: int) -> Rows:
    """Count the rows of an hour with the default options, and without the throttle."""
    site = load_test(signals)
    totals = []
    for throttle in (1, 0):
        answers = Answers(site)
        with gateways(signals) as served, _clock() as clock:
            served.play([answers.next(Change.NONE)])
            async with home() as hass:
                realtime = await set_up(hass, served.addresses[0], codes_of(site), throttle=throttle)
                canned, written = Canned(realtime), _count(hass)
                for _ in range(HOUR):
                    clock.passed += STEP
                    canned.put(answers.next(Change.ALL))
                    await realtime.async_refresh()
                totals.append(written.total())
    return Rows(signals=signals, throttled=totals[0], all_changes=totals[1])


async def measure_day(signals: int, polls: int = DAY) -> Day:
    """Poll for an hour, then for a day, and count what Python's memory holds then; a tenth changes each time."""
    site = load_test(signals)
    answers = Answers(site)
    with gateways(signals) as served, _clock() as clock:
        served.play([answers.next(Change.NONE)])
        async with home() as hass:
            realtime = await set_up(hass, served.addresses[0], codes_of(site), throttle=1)
            canned = Canned(realtime)

            async def poll(times: int) -> None:
                for _ in range(times):
                    clock.passed += STEP
                    canned.put(answers.next(Change.TENTH))
                    await realtime.async_refresh()
                    # Without a turn in between the event loop throws no cancelled timer away.
                    await asyncio.sleep(0)

            await poll(min(HOUR, polls))
            with allocations() as in_use:
                await poll(min(HOUR, polls))
                hour = in_use()
                await poll(polls)
                day = in_use()
    return Day(signals=signals, polls=polls, bytes_after_an_hour=hour, bytes_after_a_day=day)
