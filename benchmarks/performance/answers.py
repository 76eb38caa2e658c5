"""Realtime answers of which it is known how many values differ from the one before."""

from collections.abc import Sequence
from enum import StrEnum
import time

import orjson

from custom_components.carlo_gavazzi_ems.signals.catalogue import Source, UnknownMeaning, parse_meaning
from simulator import Gateway, ManualClock, Site, SiteKind, build_site
from simulator.server.listing import Listing

PAGE = 1000
START = time.time() // 60 * 60 - 3600.0
"""When the site's values were taken, in seconds since 1970."""
STEP = 10
"""Seconds between two answers."""

type Pages = list[bytes]
"""One answer, in pages of 1,000 records as a gateway gives them."""


class Change(StrEnum):
    """How much of an answer is new."""

    ALL = "all changed"
    TENTH = "a tenth changed"
    NONE = "none changed"
    """Every record has a new time, none a new value."""
    SAME = "same bytes"
    """The gateway has sampled nothing since: the answer is the one before."""


def load_test(signals: int) -> Site:
    """Return a site with so many signals on single- and three-phase meters."""
    return build_site(SiteKind.LOAD_TEST, seed=1, signals=signals, disabled=0.0)


def codes_of(site: Site) -> dict[str, str]:
    """Return the meaning of every code of a site, as a person confirms it."""
    codes: dict[str, str] = {}
    for uid, signal in site.signals.items():
        quantity, unit = site.truth(uid)
        text = f"{quantity}/{unit}" if unit else quantity
        try:
            parse_meaning(text, Source.CONFIRMED)
        except UnknownMeaning:
            continue
        codes[str(signal.si)] = text
    return codes


class Answers:
    """Makes one answer after the other for a site; every counter in them only rises."""

    def __init__(self, site: Site) -> None:
        """Begin with what the simulator's gateway answers."""
        gateway = Gateway(site, clock=ManualClock(START))
        records = Listing(gateway).realtime(site.signals.values())
        self._records: list[dict[str, float]] = orjson.loads(orjson.dumps(list(records.values())))
        self._number = 0

    def next(self, change: Change) -> Pages:
        """Return the next answer, `STEP` seconds after the one before."""
        if change is not Change.SAME:
            self._number += 1
        for position, record in enumerate(self._records):
            if change is not Change.SAME:
                record["t"] += STEP * 1000
            if change is Change.ALL or (change is Change.TENTH and position % 10 == self._number % 10):
                # A thousandth of whatever it is: no counter rises impossibly, and each value is another one.
                record["v"] = round(record["v"] + 0.001, 3)
        return [_page(self._records[first : first + PAGE]) for first in range(0, len(self._records), PAGE)]

    def take(self, change: Change, count: int) -> list[Pages]:
        """Return so many answers."""
        return [self.next(change) for _ in range(count)]


def _page(records: Sequence[dict[str, float]]) -> bytes:
    """Return records as the body of an answer."""
    return orjson.dumps({"realtime": {str(record["uid"]): record for record in records}})


def records_of(pages: Pages) -> dict[str, dict[str, float]]:
    """Parse an answer with orjson, and nothing else."""
    records: dict[str, dict[str, float]] = {}
    for page in pages:
        records.update(orjson.loads(page)["realtime"])
    return records
