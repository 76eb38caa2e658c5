"""The demand as it is stored over restarts."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

from homeassistant.core import HomeAssistant

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry
from custom_components.carlo_gavazzi_ems.storage.checked import CheckedStore

#: Seconds until changes are stored. What is lost in a power cut is read from history again.
SAVE_DELAY: Final = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptDemand:
    """The demand of one load. Times are seconds since 1970, energies kWh."""

    gateway: str
    period: float
    """Seconds."""
    zone: str
    counters: Mapping[str, float]
    """The last reading of each counter by the UID of its signal, in its own unit."""
    last: tuple[float, float] | None
    """The time of these readings, and their sum in kWh."""
    start: float
    base: float | None
    """The sum at `start`, when the running period began."""
    kwh: list[list[float | None]]
    """The periods of the month: start and energy, None if that cannot be known."""

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Self:
        """Restore the result of `as_dict`. Raises KeyError, TypeError or ValueError for anything else."""
        last, base = kept["last"], kept["base"]
        return cls(
            gateway=str(kept["gateway"]),
            period=float(kept["period"]),
            zone=str(kept["zone"]),
            counters={str(uid): float(value) for uid, value in kept["counters"].items()},
            last=None if last is None else (float(last[0]), float(last[1])),
            start=float(kept["start"]),
            base=None if base is None else float(base),
            kwh=[[float(start), None if kwh is None else float(kwh)] for start, kwh in kept["kwh"]],
        )

    def as_dict(self) -> dict[str, Any]:
        """Return it as it is stored."""
        return asdict(self)


def demand_store(hass: HomeAssistant, entry: EmsConfigEntry) -> CheckedStore[dict[int, KeptDemand]]:
    """Return the store for the demand of the loads of an entry, by UID."""
    what = f"{entry.title}: the peaks of the month"
    return CheckedStore(hass, f"{DOMAIN}.{entry.entry_id}.demand", what, _loads)


def _loads(stored: Any) -> dict[int, KeptDemand]:
    """Return the stored loads."""
    return {int(uid): KeptDemand.from_dict(kept) for uid, kept in stored.items()}
