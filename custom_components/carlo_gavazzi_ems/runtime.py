"""The runtime data of a config entry."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from homeassistant.config_entries import ConfigEntry

from .api import EmsClient
from .coordinator import RealtimeCoordinator
from .inventory.devices import DeviceTree
from .inventory.topology import TopologyCoordinator
from .signals.catalogue import Catalogue
from .signals.recorded import RecordedUnits

if TYPE_CHECKING:
    from .demand.demand import Demand
    from .history.backfill import Backfill
    from .history.repair import GapRepair
    from .history.witness import Witness
    from .recognition.daily_look import DailyLook


@dataclass(slots=True)
class Outcome:
    """The result of one run of the gap repair."""

    hours: dict[int, int] = field(default_factory=dict)
    """Number of hours written, by signal UID."""
    refused: dict[int, str] = field(default_factory=dict)
    """Reason for writing nothing, by signal UID."""
    names: dict[int, str] = field(default_factory=dict)
    """Entity ids, by signal UID."""
    until: datetime | None = None
    """The end of the last checked hour."""

    def wrote(self, uid: int, entity_id: str, hours: int) -> None:
        """Add written hours of a sensor."""
        if hours:
            self.names[uid] = entity_id
            self.hours[uid] = self.hours.get(uid, 0) + hours

    def refuse(self, uid: int, entity_id: str, reason: str) -> None:
        """Add the reason for writing nothing for a sensor."""
        self.names[uid] = entity_id
        self.refused[uid] = reason

    @property
    def written(self) -> int:
        """Number of hours written for all sensors."""
        return sum(self.hours.values())


@dataclass(slots=True)
class HistoryState:
    """State shared by the tasks that read and write a gateway's history."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by the task that is running."""
    look: asyncio.Task[None] | None = None
    """The background task that looks at the codes once a day. It is cancelled when another task needs the lock."""
    last: Outcome = field(default_factory=Outcome)
    """The result of the last repair that wrote or refused hours."""
    again: dict[int, float] = field(default_factory=dict)
    """Signals that the next repair checks again: UID -> from when, in seconds since 1970."""
    taken_back: dict[int, float] = field(default_factory=dict)
    """Rises that the next repair removes from the statistics: UID of the counter -> time, in seconds since 1970."""
    repair: GapRepair = field(init=False)
    backfill: Backfill = field(init=False)
    witness: Witness = field(init=False)

    def check_again(self, uid: int, since: float) -> None:
        """Let the next repair check the hours of a signal again, from a time in seconds since 1970."""
        self.again[uid] = min(since, self.again.get(uid, since))
        self.repair.async_keep_notes()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        """Hold the lock. A running background look is cancelled; it is repeated later."""
        if self.look is not None:
            self.look.cancel()
        async with self.lock:
            yield


@dataclass(frozen=True, slots=True, kw_only=True)
class EmsRuntimeData:
    """The objects of one loaded gateway."""

    client: EmsClient
    catalogue: Catalogue
    topology: TopologyCoordinator
    realtime: RealtimeCoordinator
    devices: DeviceTree
    daily_look: DailyLook
    demand: Demand
    units: RecordedUnits
    unsettled: set[int]
    """UIDs of signals whose unit has changed, until the recorder has compiled the time before the change."""
    history: HistoryState = field(default_factory=HistoryState)


type EmsConfigEntry = ConfigEntry[EmsRuntimeData]
