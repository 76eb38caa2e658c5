"""How far the hours of each sensor were checked, stored over restarts."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from math import inf
from typing import Any, Final, Self

from homeassistant.core import HomeAssistant

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry, Outcome
from custom_components.carlo_gavazzi_ems.storage.checked import CheckedStore

from .arithmetic.clock_sets import CLOCK_SET, ClockChange
from .arithmetic.gateway_times import GatewayTimes
from .arithmetic.rows import floor_hour

#: Seconds before the time of a run in which the gateway's clock was read.
_CLOCK_READ: Final = 60.0
#: Runs with the same offset after which it is the usual one; after a start there are a few within minutes.
_USUAL_RUNS: Final = 6


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why the hours of a sensor are not right yet."""

    reason: str
    """The value of a `Refusal`."""
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
    """Gaps in the history that the gateway may still fill, by the UID of a counter."""
    cut_short: dict[int, float] = field(default_factory=dict)
    """The first hour after a gap that was not over at the last run, by the UID of a measured value."""

    taken_back: dict[int, list[float]] = field(default_factory=dict)
    """Times of rises that a person said were no consumption, by signal UID."""

    again: dict[int, tuple[float, float]] = field(default_factory=dict)
    """From which hour on each run checks counters again, and until when: history may not have that hour yet."""
    clock_offset: float = 0.0
    """Seconds by which the gateway's clock was ahead of the host's at the last run."""
    clock_read: float | None = None
    """When the offset was read, None before the first run."""
    clock_change: ClockChange | None = None
    """The last time that the gateway's clock was set, and perhaps the host's."""
    clock_untold: bool = False
    """Whether history does not show when that was."""
    clock_since: float = inf
    """The first hour that was checked with this offset."""
    clock_runs: int = 0
    """How many runs have found this offset, at most `_USUAL_RUNS`."""
    usual_offset: float | None = None
    """The last usual offset, None before the first."""

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

    def check_again(self, uid: int, since: float, until: float) -> None:
        """Check the hours of a counter from an hour on in every run until a time."""
        first, _ = self.again.get(uid, (since, until))
        self.again[uid] = min(first, since), until

    def check_until_known(self, now: float) -> None:
        """Apply `again`, and drop the entries whose time is over."""
        self.again = {uid: (since, until) for uid, (since, until) in self.again.items() if now < until}
        for uid, (since, _) in self.again.items():
            self.look_again(uid, since)

    def hold_against(self, clock_offset: float, uids: Collection[int], now: float, *, knows_host: bool = False) -> None:
        """Note the current clock offset, and check hours again that were checked while the host's clock was wrong.

        A host without a battery-backed clock starts with a wrong time, and may be switched off before it is corrected.
        Its clock is right again when the offset is the usual one or, before there is a usual one, when it is smaller. If
        a new offset stays, somebody has set the gateway's clock, and the hours checked before are right.
        With `knows_host`, nobody has set the host's clock since the last run.
        """
        if abs(clock_offset - self.clock_offset) > CLOCK_SET:
            if self.usual_offset is None:
                is_right = abs(clock_offset) < abs(self.clock_offset)
            else:
                is_right = abs(clock_offset - self.usual_offset) <= CLOCK_SET
            first = min((self.since(uid) for uid in uids), default=inf)
            if is_right and self.clock_since < inf and not knows_host:
                for uid in uids:
                    self.look_again(uid, self.clock_since)
            if is_right and not knows_host:
                # The hours are checked again, all by the clock that is right.
                self.clock_change = None
            elif self.clock_read is not None:
                is_host = not knows_host and clock_offset > self.clock_offset
                self.clock_change = ClockChange(self.clock_offset, self.clock_read, now, is_host)
            self.clock_untold = False
            self.clock_since, self.clock_runs = first, 0
        self.clock_offset, self.clock_read = clock_offset, now - _CLOCK_READ
        self.clock_runs = min(self.clock_runs + 1, _USUAL_RUNS)
        if self.clock_runs == _USUAL_RUNS:
            self.usual_offset = self.clock_offset

    def take_back(self, uid: int, at: float) -> None:
        """Stop counting the rise of a counter at a time, and check its hours again from then on."""
        self.taken_back.setdefault(uid, []).append(at)
        self.look_again(uid, floor_hour(at))

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Self:
        """Restore the result of `as_dict`. Raises KeyError, TypeError or ValueError for anything else."""
        return cls(
            begin=float(kept["begin"]),
            checked={int(uid): float(hour) for uid, hour in kept["checked"].items()},
            waiting={
                int(uid): Waiting(str(item["reason"]), float(item["since"])) for uid, item in kept["waiting"].items()
            },
            gaps={int(uid): (float(start), float(end)) for uid, (start, end) in kept["gaps"].items()},
            cut_short={int(uid): float(hour) for uid, hour in kept["cut_short"].items()},
            taken_back={int(uid): [float(at) for at in times] for uid, times in kept["taken_back"].items()},
            # Not kept by earlier releases.
            again={int(uid): (float(since), float(until)) for uid, (since, until) in kept.get("again", {}).items()},
            clock_offset=float(kept.get("clock_offset", 0.0)),
            clock_read=None if (read := kept.get("clock_read")) is None else float(read),
            clock_change=None if (change := kept.get("clock_change")) is None else ClockChange(*change),
            clock_untold=bool(kept.get("clock_untold", False)),
            clock_since=inf if kept.get("clock_since") is None else float(kept["clock_since"]),
            clock_runs=int(kept.get("clock_runs", 0)),
            usual_offset=None if (usual := kept.get("usual_offset")) is None else float(usual),
        )

    def as_dict(self) -> dict[str, Any]:
        """Return it as it is stored."""
        return asdict(self) | {"clock_since": None if self.clock_since == inf else self.clock_since}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run of the repair works with."""

    progress: RepairProgress
    outcome: Outcome
    cut_off: float
    """The end of the last hour that may be touched."""
    times: GatewayTimes
    """What the times of the gateway's history mean."""


def _from_first_version(old: Mapping[str, Any]) -> dict[str, Any]:
    """Convert one time for all sensors, and those that waited, to a time for each sensor."""
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
        """Return the stored progress, or new progress from an hour on if none can be read."""
        return await self._store.async_read() or RepairProgress(begin=begin)

    async def async_save(self, progress: RepairProgress) -> None:
        """Keep the progress."""
        await self._store.async_save(progress.as_dict())

    async def async_remove(self) -> None:
        """Forget it."""
        await self._store.async_remove()
