"""The energy of each period of a month, as far as it is known: arithmetic only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from custom_components.carlo_gavazzi_ems.history.arithmetic.rows import HOUR

from .arithmetic import Peak, Periods

#: kWh are stored to a milliwatt-hour.
_DECIMALS: Final = 6
#: Seconds of a new month for which the last one is kept: its end may still have to be read from history.
_GRACE: Final = 7 * 24 * HOUR


@dataclass(slots=True)
class Ledger:
    """The energy of the periods of this month, for a week also of the last one, by start; None if it is unknown."""

    periods: Periods
    kwh: dict[float, float | None] = field(default_factory=dict)
    _over: list[float] = field(default_factory=list)
    """The starts of the periods that were over at the last call of `missing`."""

    def take_over(self, kwh: Mapping[float, float | None], periods: Periods) -> None:
        """Enter periods that consist of whole periods of another ledger, as unknown if one of those is unknown."""
        for start in {self.periods.start(each) for each in kwh}:
            at, total, end = start, 0.0, self.periods.end(start)
            while at < end and (part := kwh.get(at)) is not None:
                at, total = periods.end(at), total + part
            if at == end:
                self.enter(start, total)
        for start in [start for start, known in kwh.items() if known is None]:
            self.mark_unknown(start, periods.end(start) - 1)

    def enter(self, start: float, kwh: float | None) -> None:
        """Enter a period."""
        self.kwh[start] = None if kwh is None else round(kwh, _DECIMALS)

    def mark_unknown(self, since: float, until: float) -> None:
        """Enter all periods as unknown, from the one at `since` to the one at `until`."""
        start = max(self.periods.start(since), self._first(until))
        while start <= until:
            self.enter(start, None)
            start = self.periods.end(start)

    def forget(self, since: float) -> None:
        """Remove the period that contains an instant, and all later ones."""
        first = self.periods.start(since)
        self.kwh = {start: kwh for start, kwh in self.kwh.items() if start < first}

    def begin_month(self, now: float) -> bool:
        """Remove the periods of months that are no longer kept; return whether there were any."""
        first = self._first(now)
        old = [start for start in self.kwh if start < first]
        for start in old:
            del self.kwh[start]
        return bool(old)

    def missing(self, now: float, until: float) -> list[float]:
        """Return the starts of the periods that are kept at `now`, were over at `until`, and are not entered."""
        first, over = self._first(now), self._over
        # Most of the starts are known from the last call.
        if not over or over[0] != first or self.periods.end(over[-1]) > until:
            over.clear()
        over += self.periods.between(self.periods.end(over[-1]) if over else first, until)
        return [start for start in over if start not in self.kwh]

    def _first(self, now: float) -> float:
        """Return the start of the first period that is kept."""
        return self.periods.start(self.periods.month(now - _GRACE))

    def kw(self, start: float) -> float | None:
        """Return the demand of a period."""
        kwh = self.kwh.get(start)
        return None if kwh is None else self.periods.kw(start, kwh)

    def peak(self, since: float) -> Peak | None:
        """Return the period with the highest demand since an instant, the first of several."""
        known = {start: kw for start in self.kwh if start >= since and (kw := self.kw(start)) is not None}
        if not known:
            return None
        start = min(known, key=lambda start: (-known[start], start))
        return Peak(start, self.periods.end(start), known[start])

    def as_list(self) -> list[list[float | None]]:
        """Return it as it is stored."""
        return [[start, kwh] for start, kwh in sorted(self.kwh.items())]
