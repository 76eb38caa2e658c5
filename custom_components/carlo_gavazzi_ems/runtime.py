"""What a loaded entry holds."""

from dataclasses import dataclass, field

from homeassistant.config_entries import ConfigEntry

from .api import EmsClient
from .coordinator import RealtimeCoordinator
from .devices import DeviceTree
from .history.work import HistoryWork
from .signals.catalogue import Catalogue
from .topology import TopologyCoordinator


@dataclass(frozen=True, slots=True, kw_only=True)
class EmsRuntimeData:
    """One gateway while it is loaded."""

    client: EmsClient
    catalogue: Catalogue
    topology: TopologyCoordinator
    realtime: RealtimeCoordinator
    devices: DeviceTree
    history: HistoryWork = field(default_factory=HistoryWork)


type EmsConfigEntry = ConfigEntry[EmsRuntimeData]
