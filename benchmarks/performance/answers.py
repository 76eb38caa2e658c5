"""Realtime answers with a known number of values that differ from the answer before."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
import time
from typing import Final

import orjson

from simulator import Gateway, ManualClock, Site, SiteKind, build_site
from simulator.faults import FreezeLoad
from simulator.server.listing import Listing

PAGE = 1000
START = time.time() // 60 * 60 - 3600.0
"""When the site's values were taken, in seconds since 1970."""
STEP = 10
"""Seconds between two answers."""

#: The polls of each hour in which one meter is silent.
_SILENT: Final = range(100, 160)

type Pages = list[bytes]
"""One answer, in pages of 1,000 records as a gateway gives them."""


class Change(StrEnum):
    """How much of an answer is new."""

    ALL = "all changed"
    TENTH = "a tenth changed"
    NONE = "none changed"
    """Every record has a new time, none has a new value."""
    SAME = "same bytes"
    """The gateway has no new samples: the answer is the same."""


def load_test(signals: int) -> Site:
    """Return a site with some number of signals on single- and three-phase meters."""
    return build_site(SiteKind.LOAD_TEST, seed=1, signals=signals, disabled=0.0)


class Answers:
    """Makes one answer after the other for a site; no counter falls."""

    def __init__(self, site: Site) -> None:
        """Begin with what the simulator's gateway answers."""
        self._records = _records(Gateway(site, clock=ManualClock(START)))
        self._number = 0

    def next(self, change: Change) -> Pages:
        """Return the next answer, `STEP` seconds after the one before."""
        if change is not Change.SAME:
            self._number += 1
        for position, record in enumerate(self._records):
            if change is not Change.SAME:
                record["t"] += STEP * 1000
            if change is Change.ALL or (change is Change.TENTH and position % 10 == self._number % 10):
                # Small enough for every counter, and the value differs.
                record["v"] = round(record["v"] + 0.001, 3)
        return _pages(self._records)

    def take(self, change: Change, count: int) -> list[Pages]:
        """Return the next `count` answers."""
        return [self.next(change) for _ in range(count)]


class SimulatedAnswers:
    """Answers of the simulated site as time passes; once an hour a meter does not answer."""

    def __init__(self, site: Site) -> None:
        """Begin at `START`."""
        self._clock = ManualClock(START)
        self._gateway = Gateway(site, clock=self._clock)
        self._number = 0

    def next(self) -> Pages:
        """Return the next answer, `STEP` seconds after the one before."""
        self._clock.advance(STEP)
        self._number += 1
        loads = list(self._gateway.site.loads)
        hour, poll = divmod(self._number, 3600 // STEP)
        if poll == _SILENT.start:
            self._gateway.faults.add(FreezeLoad(load=loads[hour % len(loads)]))
        elif poll == _SILENT.stop:
            self._gateway.faults.clear()
        return _pages(_records(self._gateway))


def _records(gateway: Gateway) -> list[dict[str, float]]:
    """Return all that a gateway reads now, as plain numbers."""
    records = Listing(gateway).realtime(gateway.site.signals.values())
    found: list[dict[str, float]] = orjson.loads(orjson.dumps(list(records.values())))
    return found


def _pages(records: Sequence[Mapping[str, float]]) -> Pages:
    """Return records as the bodies of an answer."""
    return [
        orjson.dumps({"realtime": {str(record["uid"]): record for record in records[first : first + PAGE]}})
        for first in range(0, len(records), PAGE)
    ]


def records_of(pages: Pages) -> dict[str, dict[str, float]]:
    """Parse an answer with orjson, and nothing else."""
    records: dict[str, dict[str, float]] = {}
    for page in pages:
        records.update(orjson.loads(page)["realtime"])
    return records
