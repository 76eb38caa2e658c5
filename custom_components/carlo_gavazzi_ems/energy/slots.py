"""The energy through a meter in each slot of a day, from the readings of its counters."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from statistics import median
from typing import Final

#: Seconds of a slot. If readings are further apart than the shortest, slots are longer.
SHORTEST: Final = 300.0
LONGEST: Final = 3600.0
#: The longest time without a reading, in slots.
_MAX_GAP: Final = 2.5
_DECIMALS: Final = 6

type Readings = Sequence[tuple[float, float]]
"""Time in seconds since 1970 and reading in kWh, in the order of time."""


@dataclass(frozen=True, slots=True)
class Flow:
    """Energy in kWh in each slot, by direction; None if it is unknown."""

    imported: Sequence[float | None]
    exported: Sequence[float | None]
    step: float
    """The smallest step of the counters in kWh."""

    @property
    def net(self) -> list[float | None]:
        """Import less export of each slot."""
        pairs = zip(self.imported, self.exported, strict=True)
        return [None if into is None or out is None else into - out for into, out in pairs]

    @property
    def throughput(self) -> float:
        """Energy of both directions."""
        return sum(value or 0.0 for value in (*self.imported, *self.exported))


def slot_bounds(counters: Iterable[Readings], start: float, end: float) -> list[float]:
    """Return the instants between the slots of a span, in whole slots since 1970."""
    spacings = [
        median(later[0] - sooner[0] for sooner, later in pairwise(readings))
        for readings in counters
        if len(readings) > 1
    ]
    longest = min(max(spacings, default=SHORTEST), LONGEST)
    slot = -(-longest // SHORTEST) * SHORTEST
    first = -(-start // slot)
    return [number * slot for number in range(int(first), int(end // slot) + 1)]


def flow_of(imported: Sequence[Readings], exported: Sequence[Readings], bounds: Sequence[float]) -> Flow:
    """Return the flow through a meter from its counters, several if it counts by tariff or by phase."""
    # A counter that stands still at 5.0 may as well count in thousandths.
    moved = (readings for readings in (*imported, *exported) if readings[0][1] != readings[-1][1])
    step = max(map(_step, moved), default=0.0)
    return Flow(_summed(imported, bounds), _summed(exported, bounds), step)


def _summed(counters: Sequence[Readings], bounds: Sequence[float]) -> list[float | None]:
    """Return the energy of several counters in each slot; without a counter nothing flows."""
    total: list[float | None] = [0.0] * (len(bounds) - 1)
    for readings in counters:
        each = zip(total, _per_slot(readings, bounds), strict=True)
        total = [None if before is None or energy is None else before + energy for before, energy in each]
    return total


def _per_slot(readings: Readings, bounds: Sequence[float]) -> list[float | None]:
    """Return the energy of a counter in each slot, None around a gap and if the counter falls."""
    if len(bounds) < 2:
        return []
    gap = _MAX_GAP * (bounds[1] - bounds[0])
    times = [time for time, _ in readings]
    at = [_reading_at(readings, times, bound, gap) for bound in bounds]
    return [
        None if before is None or after is None or after < before else after - before for before, after in pairwise(at)
    ]


def _reading_at(readings: Readings, times: Sequence[float], instant: float, gap: float) -> float | None:
    """Return the reading at an instant, interpolated linearly."""
    place = bisect_left(times, instant)
    if place == len(times) or (place == 0 and times[0] != instant):
        return None
    time, reading = readings[place]
    if time == instant:
        return reading
    before, earlier = readings[place - 1]
    if time - before > gap:
        return None
    return earlier + (reading - earlier) * (instant - before) / (time - before)


def _step(readings: Readings) -> float:
    """Return the smallest step of a counter, from the decimals of its readings."""
    printed = {Decimal(repr(round(reading, _DECIMALS))).normalize().as_tuple().exponent for _, reading in readings}
    return float(10.0 ** min((int(exponent) for exponent in printed), default=0))
