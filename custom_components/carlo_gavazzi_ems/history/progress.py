"""How far the hours of each sensor were checked, as it is kept over restarts."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from homeassistant.core import HomeAssistant

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry, Outcome
from custom_components.carlo_gavazzi_ems.storage.checked import CheckedStore

from .arithmetic.rows import floor_hour


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why the hours of a sensor are not right yet."""

    reason: str
    """A refusal, by its value."""
    since: float
    """When that was found first."""


@dataclass(slots=True, kw_only=True)
class RepairProgress:
    """How far the hours of all sensors were checked. Times are seconds since 1970."""

    begin: float
    """The hour to begin with for sensors that are not in `checked`."""
    checked: dict[int, float] = field(default_factory=dict)
    """All hours before are checked, by signal UID; kept also for sensors that are disabled."""
    waiting: dict[int, Waiting] = field(default_factory=dict)
    """The sensors with hours that cannot be repaired yet, by signal UID."""
    gaps: dict[int, tuple[float, float]] = field(default_factory=dict)
    """Times without history, of which it may still come, by the UID of a counter."""
    cut_short: dict[int, float] = field(default_factory=dict)
    """The hour in which the last gap ended, if it was not over then, by the UID of a measured value."""

    taken_back: dict[int, list[float]] = field(default_factory=dict)
    """When counters rose by what a person said was not consumed, by signal UID."""

    def since(self, uid: int) -> float:
        """Return the hour to go on with for a sensor."""
        return self.checked.get(uid, self.begin)

    def wait(self, uid: int, reason: str, now: float) -> None:
        """Note that the hours of a sensor cannot be repaired yet."""
        known = self.waiting.get(uid)
        self.waiting[uid] = Waiting(reason, known.since if known is not None else now)

    def look_again(self, uid: int, since: float) -> None:
        """Check the hours of a sensor again from an hour on."""
        self.checked[uid] = min(self.since(uid), since)

    def take_back(self, uid: int, at: float) -> None:
        """Count the rise of a counter at a time no longer, and check its hours again from then on."""
        self.taken_back.setdefault(uid, []).append(at)
        self.look_again(uid, floor_hour(at))

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Self:
        """Return what `as_dict` gave; KeyError, TypeError or ValueError where it is something else."""
        return cls(
            begin=float(kept["begin"]),
            checked={int(uid): float(hour) for uid, hour in kept["checked"].items()},
            waiting={
                int(uid): Waiting(str(item["reason"]), float(item["since"])) for uid, item in kept["waiting"].items()
            },
            gaps={int(uid): (float(start), float(end)) for uid, (start, end) in kept["gaps"].items()},
            cut_short={int(uid): float(hour) for uid, hour in kept["cut_short"].items()},
            taken_back={int(uid): [float(at) for at in times] for uid, times in kept["taken_back"].items()},
        )

    def as_dict(self) -> dict[str, Any]:
        """Return it as it is stored."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run of the repair works with."""

    progress: RepairProgress
    outcome: Outcome
    cut_off: float
    """The end of the last hour that may be touched."""
    clock_offset: float
    """Seconds by which the times of the gateway's history are ahead."""


def _from_first_version(old: Mapping[str, Any]) -> dict[str, Any]:
    """Turn one time for all sensors, and those that waited, into a time for each."""
    begin, pending = float(old["checked"]), old.get("pending", {})
    waited = {uid: hour for uid, hour in pending.items() if uid.isdecimal()}
    if len(waited) < len(pending):
        # The oldest releases kept entity ids.
        begin = min(begin, *pending.values())
    return {"begin": begin, "checked": waited, "waiting": {}, "gaps": {}, "cut_short": {}, "taken_back": {}}


class ProgressStore:
    """Keeps the progress of an entry."""

    def __init__(self, hass: HomeAssistant, entry: EmsConfigEntry) -> None:
        """Keep it for this entry."""
        self._store = CheckedStore(
            hass,
            f"{DOMAIN}.{entry.entry_id}.repair",
            f"{entry.title}: the progress of the repair of missed hours",
            RepairProgress.from_dict,
            upgrades=[_from_first_version],
        )

    async def async_load(self, begin: float) -> RepairProgress:
        """Return the progress; where there is none that can be read, one that begins with an hour."""
        return await self._store.async_read() or RepairProgress(begin=begin)

    async def async_save(self, progress: RepairProgress) -> None:
        """Keep the progress."""
        await self._store.async_save(progress.as_dict())

    async def async_remove(self) -> None:
        """Forget it."""
        await self._store.async_remove()
