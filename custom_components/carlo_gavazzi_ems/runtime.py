"""What a loaded entry holds."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime

from homeassistant.config_entries import ConfigEntry

from .api import EmsClient
from .coordinator import RealtimeCoordinator
from .inventory.devices import DeviceTree
from .inventory.topology import TopologyCoordinator
from .signals.catalogue import Catalogue


@dataclass(slots=True)
class Outcome:
    """What one run has done."""

    hours: dict[int, int] = field(default_factory=dict)
    """Hours written, by signal UID."""
    refused: dict[int, str] = field(default_factory=dict)
    """Why nothing was written, by signal UID."""
    names: dict[int, str] = field(default_factory=dict)
    """The entity ids of those."""
    until: datetime | None = None
    """The end of the last hour that was looked at."""

    def wrote(self, uid: int, entity_id: str, hours: int) -> None:
        """Add hours of a sensor."""
        if hours:
            self.names[uid] = entity_id
            self.hours[uid] = self.hours.get(uid, 0) + hours

    def refuse(self, uid: int, entity_id: str, reason: str) -> None:
        """Say why a sensor was left alone."""
        self.names[uid] = entity_id
        self.refused[uid] = reason

    @property
    def written(self) -> int:
        """All hours that were written."""
        return sum(self.hours.values())


@dataclass(slots=True)
class HistoryLock:
    """One gateway's history: one thing at a time reads it."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    last: Outcome = field(default_factory=Outcome)
    """What the latest repair has done that had anything to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmsRuntimeData:
    """One gateway while it is loaded."""

    client: EmsClient
    catalogue: Catalogue
    topology: TopologyCoordinator
    realtime: RealtimeCoordinator
    devices: DeviceTree
    history: HistoryLock = field(default_factory=HistoryLock)


type EmsConfigEntry = ConfigEntry[EmsRuntimeData]
