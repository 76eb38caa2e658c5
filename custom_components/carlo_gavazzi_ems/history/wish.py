"""A person's wish to import older history, and its result so far, stored over restarts."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from homeassistant.core import HomeAssistant

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry
from custom_components.carlo_gavazzi_ems.storage.checked import CheckedStore

from .importer import SensorImport


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """The result for one sensor. Times are seconds since 1970."""

    counter: bool
    start: float
    """The start of its first hour in the statistics."""
    end: float
    """The end of the last imported hour, 0 without one."""
    reason: str | None = None
    """Why older hours were refused, by the value of a refusal."""
    value: str | None = None
    """The number that the refusal names."""

    @classmethod
    def of(cls, sensor: SensorImport) -> Self:
        """Return the result of an import."""
        reason = sensor.reason
        return cls(
            counter=sensor.target.is_counter,
            start=sensor.first.start,
            end=sensor.until,
            reason=None if reason is None else reason.refusal.value,
            value=None if reason is None else reason.placeholders.get("value"),
        )


@dataclass(slots=True, kw_only=True)
class Wish:
    """A wish, and how far it is carried out."""

    since: float
    """The first hour that is wanted, in seconds since 1970."""
    active: bool = True
    """Whether it is still to be carried out: neither done nor stopped by a person."""
    begun: float | None = None
    """When the import began."""
    filled: dict[int, Filled] = field(default_factory=dict)
    """The sensors that are done, by signal UID."""

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Self:
        """Restore the result of `as_dict`. Raises KeyError, TypeError or ValueError for anything else."""
        begun = kept["begun"]
        return cls(
            since=float(kept["since"]),
            active=bool(kept["active"]),
            begun=None if begun is None else float(begun),
            filled={int(uid): _filled(one) for uid, one in kept["filled"].items()},
        )

    def as_dict(self) -> dict[str, Any]:
        """Return it as it is stored."""
        return asdict(self)


def wish_store(hass: HomeAssistant, entry: EmsConfigEntry) -> CheckedStore[Wish]:
    """Return the store of an entry."""
    what = f"{entry.title}: the wish for older history"
    return CheckedStore(hass, f"{DOMAIN}.{entry.entry_id}.older_history", what, Wish.from_dict)


def _filled(kept: Mapping[str, Any]) -> Filled:
    reason, value = kept["reason"], kept["value"]
    return Filled(
        counter=bool(kept["counter"]),
        start=float(kept["start"]),
        end=float(kept["end"]),
        reason=None if reason is None else str(reason),
        value=None if value is None else str(value),
    )
