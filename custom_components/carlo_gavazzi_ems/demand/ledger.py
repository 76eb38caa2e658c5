"""The energy of each period of a month, as far as it is known: arithmetic only."""

from dataclasses import dataclass, field
from typing import Final

from .arithmetic import Peak, Periods

#: kWh are kept to a milliwatt-hour.
_DECIMALS: Final = 6


@dataclass(slots=True)
class Ledger:
    """The periods of the running month by their start; None for one that cannot be known."""

    periods: Periods
    kwh: dict[float, float | None] = field(default_factory=dict)

    def enter(self, start: float, kwh: float | None) -> None:
        """Enter a period."""
        self.kwh[start] = None if kwh is None else round(kwh, _DECIMALS)

    def void(self, since: float, until: float) -> None:
        """Enter as not known all periods that two instants lie in or between."""
        start = self.periods.start(max(since, self.periods.month(until)))
        while start <= until:
            self.enter(start, None)
            start = self.periods.end(start)

    def forget(self, since: float) -> None:
        """Leave out the period that an instant lies in, and all later ones."""
        first = self.periods.start(since)
        self.kwh = {start: kwh for start, kwh in self.kwh.items() if start < first}

    def begin_month(self, now: float) -> bool:
        """Leave out what is before the month of an instant; return whether there was anything."""
        month = self.periods.month(now)
        old = [start for start in self.kwh if start < month]
        for start in old:
            del self.kwh[start]
        return bool(old)

    def missing(self, now: float) -> list[float]:
        """Return the starts of the periods of the month that are over and of which nothing is entered."""
        begin = self.periods.start(self.periods.month(now))
        return [start for start in self.periods.between(begin, now) if start not in self.kwh]

    def kw(self, start: float) -> float | None:
        """Return the demand of a period."""
        kwh = self.kwh.get(start)
        return None if kwh is None else self.periods.kw(start, kwh)

    def peak(self, since: float) -> Peak | None:
        """Return the highest of the periods that began at an instant or later, the first where there are several."""
        known = {start: kw for start in self.kwh if start >= since and (kw := self.kw(start)) is not None}
        if not known:
            return None
        start = min(known, key=lambda start: (-known[start], start))
        return Peak(start, self.periods.end(start), known[start])

    def as_list(self) -> list[list[float | None]]:
        """Return it as it is stored."""
        return [[start, kwh] for start, kwh in sorted(self.kwh.items())]
