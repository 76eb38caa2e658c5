"""The gateway's own clock: an offset, a drift, corrections, a time zone."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo


class Stretch(NamedTuple):
    """A span without a correction: its true start, what the clock showed then, and its rate."""

    since: float
    shown: float
    rate: float


class GatewayClock:
    """Converts true time to the gateway's and back, both in Unix seconds."""

    def __init__(self, clock: Callable[[], float], *, offset: float, drift_ppm: float, zone: str) -> None:
        """Start with an offset in seconds and a drift in parts per million from now on."""
        now = clock()
        self._clock = clock
        self.zone = ZoneInfo(zone)
        self._stretches = [Stretch(float("-inf"), now + offset, 1.0), Stretch(now, now + offset, 1 + drift_ppm * 1e-6)]
        self._began = now

    def true(self) -> float:
        """Return the true time."""
        return self._clock()

    def now(self) -> float:
        """Return what the gateway's clock shows."""
        return self.shown(self._clock())

    def shown(self, when: float) -> float:
        """Return what the gateway's clock showed at a true instant."""
        stretch = next(item for item in reversed(self._stretches) if item.since <= when)
        return stretch.shown + (when - self._since(stretch)) * stretch.rate

    def instant(self, shown: float) -> float | None:
        """Return the latest true instant at which the clock showed a time; None where it was skipped."""
        following = float("inf")
        for stretch in reversed(self._stretches):
            when = self._since(stretch) + (shown - stretch.shown) / stretch.rate
            if stretch.since <= when < following:
                return when
            following = stretch.since
        return None

    def correct(self, offset: float) -> None:
        """Set the clock to the true time plus an offset, from now on."""
        now = self._clock()
        self._stretches.append(Stretch(now, now + offset, self._stretches[-1].rate))

    def date(self) -> tuple[str, str]:
        """Return local date and time zone as `/v1/date` gives them."""
        local = datetime.fromtimestamp(self.now(), UTC).astimezone(self.zone)
        offset = local.strftime("%z")
        return f"{local:%Y-%m-%d %H:%M:%S}", f"{offset[:3]}:{offset[3:]} {local.tzname()}"

    def _since(self, stretch: Stretch) -> float:
        return self._began if stretch.since == float("-inf") else stretch.since
