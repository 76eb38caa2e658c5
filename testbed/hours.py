"""The hours of every counter in Home Assistant's database, compared with the meter."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
import json
from pathlib import Path
import sqlite3
from typing import Final

from simulator import Site

HOUR: Final = 3600.0
#: Seconds that the state at the end of an hour may be old in addition to the interval of the polls: its sample is up to
#: a second old, an answer takes seconds of a fast clock, and the clocks differ by a second.
LATE: Final = 6.0
#: Seconds before the end of a period at which the gateway takes the last sample of it.
_SAMPLED: Final = 1.0
#: Rounding in the database; the gateway of such a run sends all digits.
_ROUNDING: Final = 1e-6
_QUERY: Final = """
select meta.statistic_id, meta.unit_of_measurement, rows.start_ts, rows.sum
from statistics as rows join statistics_meta as meta on meta.id = rows.metadata_id
where meta.has_sum and rows.sum is not null
order by meta.statistic_id, rows.start_ts
"""


@dataclass(frozen=True, slots=True)
class CounterHour:
    """The energy of a counter in an hour, or in several if the first ones have no row."""

    uid: int
    entity_id: str
    unit: str
    start: float
    """Start of the hour, in seconds since 1970."""
    end: float
    truth: float
    recorded: float
    allowed: float
    """The allowed difference."""

    @property
    def difference(self) -> float:
        """Return recorded minus true energy."""
        return self.recorded - self.truth

    @property
    def is_right(self) -> bool:
        """Return whether the difference is within one poll and every hour has a row."""
        return abs(self.difference) <= self.allowed and self.end - self.start == HOUR


@dataclass(frozen=True, slots=True)
class Judge:
    """Compares the database with the meters of a site."""

    site: Site
    interval: float
    """Seconds between two polls."""
    outages: Sequence[tuple[float, float]]
    """Start and end of each outage; hours that end in one come from the gateway's history and must be exact."""

    def hours(self, config: Path) -> Iterator[CounterHour]:
        """Yield the hours of all counters in the database of a Home Assistant that has been stopped."""
        signals = _signals(config)
        rows: dict[str, list[tuple[str, float, float]]] = {}
        with closing(sqlite3.connect(f"file:{config / 'home-assistant_v2.db'}?mode=ro", uri=True)) as database:
            for entity_id, unit, start, total in database.execute(_QUERY):
                rows.setdefault(entity_id, []).append((unit or "", start, total))
        for entity_id, found in rows.items():
            if (uid := signals.get(entity_id)) is None:
                continue
            for (_, before, base), (unit, start, total) in pairwise(found):
                yield self._hour(uid, entity_id, unit, (before + HOUR, start + HOUR), total - base)

    def _hour(self, uid: int, entity_id: str, unit: str, span: tuple[float, float], recorded: float) -> CounterHour:
        """Return the hour of one row; ValueError if its unit is not the gateway's own."""
        if unit != self.site.truth(uid)[1]:
            raise ValueError(f"{entity_id} is recorded in {unit}, its meter counts {self.site.truth(uid)[1]}")
        begin, end = span
        first, last = self.site.readings(uid, [begin - _SAMPLED, end - _SAMPLED])
        allowed = self._late(uid, begin) + self._late(uid, end) + _ROUNDING
        return CounterHour(uid, entity_id, unit, begin, end, float(last - first), recorded, allowed)

    def _late(self, uid: int, instant: float) -> float:
        """Return the energy between the oldest sample that may be recorded at the end of an hour and that end."""
        if any(start < instant <= end for start, end in self.outages):
            return 0.0
        before, now = self.site.readings(uid, [instant - self.interval - LATE, instant])
        return abs(float(now - before))


def _signals(config: Path) -> dict[str, int]:
    """Return the signal of each entity id."""
    stored = json.loads((config / ".storage" / "core.entity_registry").read_text(encoding="utf-8"))
    keys = {item["entity_id"]: item["unique_id"].rpartition("_")[2] for item in stored["data"]["entities"]}
    return {entity_id: int(key) for entity_id, key in keys.items() if key.isdecimal()}
