"""A gateway that replaces another: its entities, devices and statistics go on under the new serial number."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
import re
from typing import TYPE_CHECKING, Any, Final, Self

from homeassistant.core import CoreState, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er

from custom_components.carlo_gavazzi_ems.api import Snapshot
from custom_components.carlo_gavazzi_ems.const import CONF_REPLACED, DOMAIN

if TYPE_CHECKING:
    from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry

#: The part of a unique id after the serial number, where it belongs to a signal, a load or a device.
_KEY: Final = re.compile(r"(?:(load|device)_)?(\d+)(?:_|\Z)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Takeover:
    """What of a replaced gateway is the same on the new one, by UID."""

    serial_number: str
    """Of the replaced gateway."""
    devices: list[int]
    loads: list[int]
    signals: list[int]

    @classmethod
    def between(cls, old: Snapshot, new: Snapshot) -> Self:
        """Return what is the same: devices and loads of the same label, and signals of the same code on such a load."""
        loads = [uid for uid, load in old.loads.items() if uid in new.loads and new.loads[uid].label == load.label]
        devices = [
            uid for uid, device in old.devices.items() if uid in new.devices and new.devices[uid].label == device.label
        ]
        signals = [
            uid
            for uid, signal in old.signals.items()
            if (other := new.signals.get(uid)) is not None
            and (other.code, other.load_uid) == (signal.code, signal.load_uid)
            and (signal.load_uid is None or signal.load_uid in loads)
        ]
        return cls(serial_number=old.info.serial_number, devices=devices, loads=loads, signals=signals)

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Self:
        """Return what `as_dict` gave."""
        return cls(**kept)

    def as_dict(self) -> dict[str, Any]:
        """Return it as the entry keeps it."""
        return asdict(self)

    def renamed(self, unique_id: str, serial_number: str) -> str | None:
        """Return a unique id or identifier of the replaced gateway under the new serial number.

        None for one of something else, and for a signal, a load or a device that is not the same on the new gateway.
        """
        if unique_id == self.serial_number:
            return serial_number
        key = unique_id.removeprefix(f"{self.serial_number}_")
        if key == unique_id:
            return None
        if (match := _KEY.match(key)) is not None:
            known = {"load": self.loads, "device": self.devices}.get(match[1] or "", self.signals)
            if int(match[2]) not in known:
                return None
        return f"{serial_number}_{key}"


@callback
def async_take_over(hass: HomeAssistant, entry: EmsConfigEntry) -> None:
    """Rename what a replaced gateway left in the registries, before anything is registered for the new one.

    The entry keeps what is to be renamed until a start of Home Assistant finds it done on disk: the registries are
    saved later than the entry.
    """
    if (kept := entry.data.get(CONF_REPLACED)) is None:
        return
    takeover = Takeover.from_dict(kept)
    serial_number = entry.unique_id or ""
    entities = _rename_entities(hass, entry, takeover, serial_number)
    devices = _rename_devices(hass, entry, takeover, serial_number)
    if not entities and not devices and hass.state is not CoreState.running:
        data = {key: value for key, value in entry.data.items() if key != CONF_REPLACED}
        hass.config_entries.async_update_entry(entry, data=data)


def _rename_entities(hass: HomeAssistant, entry: EmsConfigEntry, takeover: Takeover, serial_number: str) -> bool:
    """Rename the unique ids of entities. Return whether there were any."""
    registry = er.async_get(hass)
    found = False
    for item in er.async_entries_for_config_entry(registry, entry.entry_id):
        new = takeover.renamed(item.unique_id, serial_number)
        if new is not None and registry.async_get_entity_id(item.domain, DOMAIN, new) is None:
            registry.async_update_entity(item.entity_id, new_unique_id=new)
            found = True
    return found


def _rename_devices(hass: HomeAssistant, entry: EmsConfigEntry, takeover: Takeover, serial_number: str) -> bool:
    """Rename the identifiers of devices, and forget the MAC address. Return whether there were any."""
    registry = dr.async_get(hass)
    devices = dr.async_entries_for_config_entry(registry, entry.entry_id)
    children = dr.async_child_entries_for_config_entry(registry, entry.entry_id)
    taken = {identifier for device in (*devices, *children) for identifier in device.identifiers}
    found = False
    for device in (*devices, *children):
        renamed = {
            (DOMAIN, takeover.renamed(identifier, serial_number) or identifier) for _, identifier in device.identifiers
        }
        if renamed == device.identifiers or renamed & taken:
            continue
        if isinstance(device, dr.ChildDeviceEntry):
            registry.async_update_child_device(device.id, new_identifiers=renamed)
        else:
            registry.async_update_device(device.id, new_identifiers=renamed, new_connections=set())
        found = True
    return found
