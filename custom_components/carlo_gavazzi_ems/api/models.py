"""What the gateway publishes, as records; all are frozen but the latest values, of which the time moves on.

Names follow the API document; where it leaves a meaning open (`sir`, `type`, `index`, `s`, `r`, `d`),
the field keeps the document's own name and decides nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import override

from .times import Clock

# The document prints realtime stamps in milliseconds and history stamps in seconds. Below this
# value (the year 5138 in seconds, March 1973 in milliseconds) a stamp can only be seconds.
_FIRST_MILLISECOND_STAMP = 1e11


def epoch_seconds(stamp: float) -> float:
    """Return a stamp of the gateway, in milliseconds or seconds, as seconds since 1970 in UTC."""
    return stamp / 1000 if stamp >= _FIRST_MILLISECOND_STAMP else float(stamp)


class Protocol(StrEnum):
    """How a load is connected to the gateway; the values are the API's own."""

    METER_BUS = "meterBus"
    TCP = "tcp"
    RTU = "rtu"
    VIRTUAL = "virtual"
    P1 = "P1"


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayInfo:
    """What identifies a gateway."""

    serial_number: str
    mac_address: str
    firmware: str
    part_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayDate:
    """The gateway's own clock: its local time, and its offset to UTC (None where it names none)."""

    local: datetime
    utc_offset: timedelta | None
    zone: str

    @property
    def utc(self) -> datetime | None:
        """The same instant in UTC, or None where the offset is not known."""
        if self.utc_offset is None:
            return None
        return (self.local - self.utc_offset).replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A physical or logical meter known to the gateway."""

    uid: int
    label: str
    part_number: str = ""
    system: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A measurement context: the signals of one physical channel of a device."""

    uid: int
    label: str
    enabled: bool = True
    index: int | None = None
    type: int | None = None
    device_uid: int | None = None
    protocol: Protocol | None = None
    settings: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One quantity of a load; `code` is the signal-identifier code (`si`) that says which."""

    uid: int
    code: int
    sir: int | None = None
    enabled: bool = True
    load_uid: int | None = None
    device_uid: int | None = None


class Sample:
    """The latest value of a signal; `value` is None where the gateway has none.

    Its time alone moves on, for as long as the gateway repeats the rest: a value that stands still costs no new sample
    with every poll. Samples that move on together share a clock.
    """

    __slots__ = ("_clock", "_place", "_timestamp", "code", "r", "s", "uid", "value")

    def __init__(  # noqa: PLR0913, PLR0917 (all that a gateway says of a value)
        self,
        uid: int,
        code: int | None,
        value: float | None,
        timestamp: float | None,
        s: int | None = None,
        r: int | None = None,
    ) -> None:
        """Keep what was read."""
        self.uid = uid
        self.code = code
        self.value = value
        self.s = s
        self.r = r
        self._timestamp = timestamp
        self._clock: Clock | None = None
        self._place = 0

    @property
    def timestamp(self) -> float | None:
        """In seconds since 1970, UTC, by the gateway's clock; None where it names none."""
        return self._timestamp if self._clock is None else self._clock.times.column[self._place]

    def stamp(self, timestamp: float | None) -> None:
        """Move on to a time, and stay there."""
        self._timestamp, self._clock = timestamp, None

    def follow(self, clock: Clock, place: int) -> None:
        """Have from now on the time that stands at this place among those of the clock."""
        self._clock, self._place = clock, place

    def renewed(self, value: float | None) -> Sample:
        """Return a sample that has another value, and moves on like this one."""
        sample = Sample(self.uid, self.code, value, self._timestamp, self.s, self.r)
        sample._clock, sample._place = self._clock, self._place
        return sample

    def repeats(self, other: Sample) -> bool:
        """Return whether this differs from another sample of the same signal in its time alone."""
        return (self.value, self.code, self.s, self.r) == (other.value, other.code, other.s, other.r)

    @override
    def __eq__(self, other: object) -> bool:
        """Compare all that was read, the time included."""
        if not isinstance(other, Sample):
            return NotImplemented
        return self.uid == other.uid and self.timestamp == other.timestamp and self.repeats(other)

    #: What can change is no key.
    __hash__ = None  # type: ignore[assignment]

    @override
    def __repr__(self) -> str:
        """Return what was read, as it is handed in."""
        return f"Sample({self.uid}, {self.code}, {self.value}, {self.timestamp}, {self.s}, {self.r})"

    @property
    def time(self) -> datetime | None:
        """When the value was sampled, by the gateway's clock."""
        return None if self.timestamp is None else datetime.fromtimestamp(self.timestamp, UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRow:
    """A recorded value: it stands for the time up to `period_end`, `timestamp` is its last sample.

    Both are in seconds since 1970, UTC, by the gateway's clock.
    """

    uid: int
    timestamp: float
    period_end: float
    value: float | None
    maximum: float | None = None
    minimum: float | None = None
    d: int | None = None
