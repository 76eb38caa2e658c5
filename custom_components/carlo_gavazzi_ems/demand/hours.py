"""The hours of a month for the statistics, from its periods: arithmetic only."""

from collections import defaultdict
from statistics import fmean

from custom_components.carlo_gavazzi_ems.history.arithmetic.rows import HOUR, MeasuredRow

from .arithmetic import Periods
from .ledger import Ledger

type _Hour = dict[float, float | None]


class NewHours:
    """Finds the hours that have become complete, or have changed."""

    def __init__(self) -> None:
        """Regard all hours of the month as new."""
        self._seen: dict[float, _Hour] = {}

    def take(self, ledger: Ledger) -> list[MeasuredRow]:
        """Return each finished hour with a known period, once. A period belongs to the hour in which it begins.

        An hour is finished once all its periods are entered, or one of a later hour: unknown periods may never be entered.
        """
        hours: defaultdict[float, _Hour] = defaultdict(dict)
        for start, kwh in ledger.kwh.items():
            hours[start // HOUR * HOUR][start] = kwh
        last = max(hours, default=0.0)
        over = {
            hour: each for hour, each in hours.items() if hour < last or each.keys() >= _starts(ledger.periods, hour)
        }
        found = [_hour(ledger, hour) for hour, each in sorted(over.items()) if self._seen.get(hour) != each]
        self._seen = over
        return [each for each in found if each is not None]


def _starts(periods: Periods, hour: float) -> set[float]:
    """Return the periods that begin in an hour."""
    start = periods.start(hour)
    starts = {start, *periods.between(start, hour + 2 * HOUR)}
    return {each for each in starts if hour <= each < hour + HOUR}


def _hour(ledger: Ledger, hour: float) -> MeasuredRow | None:
    """Return mean, lowest and highest demand of the periods of an hour, None if none is known."""
    known = [kw for start in _starts(ledger.periods, hour) if (kw := ledger.kw(start)) is not None]
    return MeasuredRow(hour, fmean(known), min(known), max(known)) if known else None
