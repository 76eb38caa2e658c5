"""The gateway's data as immutable records.

Names follow the API document. A field that it does not explain (`sir`, `type`, `index`, `s`, `r`, `d`) keeps the
document's name; nothing depends on its value.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

# The API document has realtime timestamps in milliseconds and history timestamps in seconds. Below this
# value (the year 5138 in seconds, March 1973 in milliseconds) a timestamp can only be in seconds.
_FIRST_MILLISECOND_STAMP = 1e11
# Years that a clock may show. Years 1 and 9999 stand for no date, and are out of range in some time zones.
_FIRST_YEAR = 1970
_LAST_YEAR = 9990


def epoch_seconds(stamp: float) -> float:
    """Return a timestamp of the gateway, in milliseconds or seconds, as seconds since 1970 in UTC."""
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

    def built_in(self, device: Device | None) -> bool:
        """Return whether a device is the gateway's own meter: it has its part number."""
        return device is not None and device.part_number != "" and device.part_number == self.part_number


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayDate:
    """The gateway's own clock: its local time, and its offset to UTC (None if it gives none)."""

    local: datetime
    utc_offset: timedelta | None
    zone: str

    @property
    def utc(self) -> datetime | None:
        """The same instant in UTC; None if the offset is not known or the year is not plausible."""
        if self.utc_offset is None or not _FIRST_YEAR <= self.local.year <= _LAST_YEAR:
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
    """One quantity of a load; `code` is its signal-identifier code (`si`)."""

    uid: int
    code: int
    sir: int | None = None
    enabled: bool = True
    load_uid: int | None = None
    device_uid: int | None = None


class Sample(NamedTuple):
    """The latest value of a signal; `value` is None if the gateway has none."""

    uid: int
    code: int | None
    value: float | None
    timestamp: float | None
    """In seconds since 1970, UTC, by the gateway's clock; None if there is none."""
    s: int | None = None
    r: int | None = None

    @property
    def time(self) -> datetime | None:
        """When the value was sampled, by the gateway's clock."""
        return None if self.timestamp is None else datetime.fromtimestamp(self.timestamp, UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRow:
    """A recorded value of the period that ends at `period_end`; `timestamp` is the time of the last sample in it.

    Both are in seconds since 1970, UTC, by the gateway's clock.
    """

    uid: int
    timestamp: float
    period_end: float
    value: float | None
    maximum: float | None = None
    minimum: float | None = None
    d: int | None = None
