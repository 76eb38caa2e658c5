"""What a loaded entry holds."""

from dataclasses import dataclass

from homeassistant.config_entries import ConfigEntry

from .api import EmsClient
from .coordinator import RealtimeCoordinator, TopologyCoordinator
from .devices import DeviceTree
from .signals.catalogue import Catalogue


@dataclass(frozen=True, slots=True, kw_only=True)
class EmsRuntimeData:
    """One gateway while it is loaded."""

    client: EmsClient
    catalogue: Catalogue
    topology: TopologyCoordinator
    realtime: RealtimeCoordinator
    devices: DeviceTree


type EmsConfigEntry = ConfigEntry[EmsRuntimeData]
