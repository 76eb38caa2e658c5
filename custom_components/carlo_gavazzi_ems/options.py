"""The options of a config entry: keys, types and defaults."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from .runtime import EmsConfigEntry

CONF_THROTTLE: Final = "throttle"
CONF_REPAIR_GAPS: Final = "repair_gaps"
CONF_RAW_ANSWERS: Final = "raw_answers"
CONF_CODES: Final = "codes"
CONF_EVIDENCE: Final = "evidence"
CONF_PRODUCTION: Final = "production"
CONF_DEMAND_LOADS: Final = "demand_loads"
CONF_DEMAND_PERIOD: Final = "demand_period"

MIN_SCAN_INTERVAL: Final = 2
MAX_SCAN_INTERVAL: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of one entry; each field is stored under its own name."""

    scan_interval: int = 10
    """Seconds between two polls."""
    throttle: float = 1.0
    """Factor on the shortest time between two recorded values; 0 records every change."""
    repair_gaps: bool = True
    """Whether hours that Home Assistant has missed are filled in from the gateway's history."""
    raw_answers: bool = False
    """Whether the gateway's last answers are kept for the diagnostics."""
    codes: Mapping[str, str] = field(default_factory=dict)
    """Confirmed meanings by signal-identifier code: `{"45": "active_power/kW"}`."""
    evidence: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Evidence for the meaning of each code, for the diagnostics."""
    production: Collection[int] = ()
    """UIDs of loads with a sensor of their production: the active power with the sign reversed, 0 at least."""
    demand_loads: Collection[int] = ()
    """UIDs of loads that have sensors of their demand."""
    demand_period: int = 15
    """Demand period in minutes: 15, 30 or 60."""

    @classmethod
    def of(cls, entry: EmsConfigEntry) -> Self:
        """Return the options of an entry."""
        return cls.read(entry.options)

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Self:
        """Return stored options; keys that this version does not know are ignored."""
        known = {item.name for item in fields(cls)}
        return cls(**{key: value for key, value in stored.items() if key in known})
