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
    """What the tasks that read and write a gateway's history share."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by the one of them that runs."""
    look: asyncio.Task[None] | None = None
    """The look at the codes in the background. It gives way to the others."""
    last: Outcome = field(default_factory=Outcome)
    """The result of the last repair that wrote or refused hours."""
    again: dict[int, float] = field(default_factory=dict)
    """Signals to check again with the next repair, by UID, and from when on."""
    taken_back: dict[int, float] = field(default_factory=dict)
    """Rises to take back with the next repair: the UID of a counter, and when it rose."""
    repair: GapRepair = field(init=False)
    witness: Witness = field(init=False)

    @property
    def is_free(self) -> bool:
        """Whether nothing but a look in the background reads."""
        return self.look is not None or not self.lock.locked()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        """Hold the lock. A look in the background is stopped, and is taken again later."""
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
