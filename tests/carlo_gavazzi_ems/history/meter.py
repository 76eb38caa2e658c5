"""A meter with exactly known energy, and the gateway's history of it."""

from collections.abc import AsyncGenerator, Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
import math

from custom_components.carlo_gavazzi_ems.api import EmsConnectionError, HistoryRow, NotFoundError, Rows

DAY = datetime(2026, 10, 20, tzinfo=UTC)
ENERGY, POWER = 100, 101


def at(hour: float) -> datetime:
    """Return a time of the first day and those after it, in hours."""
    return DAY + timedelta(hours=hour)


@dataclass
class Meter:
    """A counter and its power, and a gateway with a history of both, newest first."""

    resets: list[float] = field(default_factory=list)
    """Hours since the first day at which the counter is set back to 0."""
    silent: list[tuple[float, float]] = field(default_factory=list)
    """Hours without history."""
    offset: float = 0.0
    """Added to the readings in history, as if it were another meter's."""
    scale: float = 1.0
    """History is in kWh times this: 1000 if the gateway counts Wh."""
    begun: float = 2500.0
    """kWh at the beginning of the first day."""
    swing: float = 0.25
    """An even hour has 2 kWh, an odd one so many more."""
    nonsense: dict[int, float] = field(default_factory=dict)
    """Wrong readings in history, by the minute since the first day."""
    is_off: bool = False
    """Whether the load draws no measurable power."""
    offline: bool = False
    asked: list[tuple[list[int], datetime, datetime]] = field(default_factory=list)
    in_flight: int = 0
    peak: int = 0

    def kwh(self, start: float, end: float | None = None) -> float:
        """Return the true energy: between two hours, or since the beginning."""
        if end is not None:
            return self.kwh(end) - self.kwh(start)
        whole, part = divmod(start, 1)
        return self.begun + 2 * start + self.swing * (whole // 2 + whole % 2 * part)

    def shown(self, hour: float) -> float:
        """Return what the counter reads."""
        since = max((reset for reset in self.resets if reset <= hour), default=None)
        return self.kwh(hour) - (self.kwh(since) if since is not None else 0.0)

    def watts(self, hour: float) -> float:
        """Return the power."""
        if self.is_off:
            return 0.0
        return 2000.0 + 250 * (int(hour) % 2) + 10 * ((hour * 60) % 7)

    async def date(self) -> None:
        """Have no such endpoint: the gateway's clock is right."""
        raise NotFoundError(404)

    async def history(
        self,
        *,
        uids: Collection[int],
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int | None = None,
    ) -> AsyncGenerator[Rows]:
        """Yield the rows of each minute, for each signal `limit` rows at most."""
        assert start is not None
        assert end is not None
        self.asked.append((sorted(uids), start, end))
        if self.offline:
            raise EmsConnectionError("off")
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        try:
            first, last = ((instant - DAY).total_seconds() for instant in (start, end))
            for uid in uids:
                minutes = self._minutes(int(first // 60), int(last // 60))
                yield Rows(self._row(uid, minute) for minute in islice(minutes, limit))
        finally:
            self.in_flight -= 1

    def _minutes(self, first: int, last: int) -> Iterator[int]:
        """Yield the minutes with history in a span, the newest first."""
        minute = last
        while minute > first:
            silence = next((begin for begin, end in self.silent if begin < minute / 60 <= end), None)
            if silence is None:
                yield minute
                minute -= 1
            else:
                # In one step, as a span without history may last years.
                minute = min(minute - 1, math.floor(silence * 60 + 1e-6))

    def _row(self, uid: int, minute: int) -> HistoryRow:
        stamp = DAY.timestamp() + minute * 60
        hour = minute / 60 - 1 / 3600
        value = (self.shown(hour) + self.offset) * self.scale if uid == ENERGY else self.watts(minute / 60 - 0.001)
        if uid == ENERGY:
            value = self.nonsense.get(minute, value)
        return HistoryRow(
            uid=uid,
            timestamp=stamp - 1,
            period_end=stamp,
            value=value,
            maximum=value + (uid == POWER and not self.is_off),
            minimum=value - (uid == POWER and not self.is_off),
            d=0,
        )
