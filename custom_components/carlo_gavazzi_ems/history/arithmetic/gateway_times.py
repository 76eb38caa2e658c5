"""What the times in the gateway's history mean: arithmetic only."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf
from typing import Final

from .clock_sets import ClockChange, Era, eras_told
from .rows import Reading

#: Seconds of tolerance for the reading of the clock and for the length of a run.
_READ: Final = 10.0


@dataclass(slots=True)
class GatewayTimes:
    """Turns the gateway's times into instants, and back."""

    offset: float
    """Seconds by which the gateway's clock is ahead now."""
    now: float
    change: ClockChange | None = None
    eras: tuple[Era, ...] = field(init=False)
    """In the order in which they were written. For rows outside of all eras, it is unknown when they were written."""
    is_told: bool = False
    """Whether history has shown when they begin and end."""

    def __post_init__(self) -> None:
        """Start with what is known of the clock, without history."""
        self.eras = (Era(self.offset),)
        if self.change is not None:
            before, since, until, _ = self.change
            self.eras = (Era(before, last=since + before), Era(self.offset, first=until + self.offset))

    def learn(self, counters: Iterable[tuple[Iterable[Reading], float]]) -> None:
        """Find the eras from the rows of counters that only rise, each with 1 kW in its units per second."""
        told = [eras_told(rows, self.offset, self.now, self.change, kilowatt) for rows, kilowatt in counters]
        most = max((eras for eras in told if eras is not None), key=len, default=())
        if len(most) > 1 or (most and self.change is not None and self.change.is_host):
            self.is_told = True
            # Rows later than now were written while the clock was ahead.
            self.eras = (*most[:-1], most[-1]._replace(last=self.now + self.offset + _READ))

    @property
    def host_set_back(self) -> float:
        """Until when the host's clock was set back; hours from before have other times than `placed` gives. -inf if not."""
        change = self.change
        is_back = change is not None and len(self.eras) == 1 and self.offset > change.offset
        return change.until if change is not None and is_back else -inf

    def span(self, start: float, end: float) -> tuple[float, float]:
        """Return the gateway's times between which the rows of a span may lie."""
        offsets = [era.offset for era in self.eras]
        return start + min(offsets), end + max(offsets)

    def placed(self, rows: Iterable[Reading], start: float, end: float, *, increasing: bool = False) -> list[Reading]:
        """Return the rows of a span by the instants at which they were written, in no particular order."""
        by_time: defaultdict[float, set[Reading]] = defaultdict(set)
        for row in rows:
            by_time[row.end].add(row)
        found: list[Reading] = []
        for time, alike in by_time.items():
            eras = [era for era in self.eras if era.first <= time <= era.last]
            # Several rows of a rising counter with one time are in the order of their readings.
            if len(eras) == 1 or (increasing and len(eras) == len(alike)):
                last = sorted(alike, key=lambda row: row.value)[-len(eras) :]
                found += [row._replace(end=time - era.offset) for row, era in zip(last, eras, strict=True)]
        return [row for row in found if start <= row.end <= end]
