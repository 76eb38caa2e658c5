"""The gateway, its devices and their loads in the device registry."""

from typing import TYPE_CHECKING

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import ChildDeviceEntry, ChildDeviceInfo, DeviceEntry, DeviceInfo
from homeassistant.helpers.typing import UNDEFINED
from homeassistant.util import slugify

from custom_components.carlo_gavazzi_ems.access.account import Account
from custom_components.carlo_gavazzi_ems.api import Device, Load, Signal
from custom_components.carlo_gavazzi_ems.const import DOMAIN, MANUFACTURER, MODEL

from .topology import TopologyCoordinator

if TYPE_CHECKING:
    from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry


class DeviceTree:
    """Registers what the gateway lists in the device registry; removes nothing by itself.

    The gateway and each of its devices are main devices, a load is a child device of its device. If the parent is not
    listed, the nearest existing parent is used.
    """

    def __init__(self, hass: HomeAssistant, entry: EmsConfigEntry, topology: TopologyCoordinator) -> None:
        """Register for this entry."""
        self._registry = dr.async_get(hass)
        self._entry = entry
        self._topology = topology
        self._serial = topology.info.serial_number
        self._gateway_id = ""
        self._device_ids: dict[int, str] = {}
        self._load_parents: dict[int, str] = {}

    @callback
    def async_register(self) -> None:
        """Register everything that the gateway lists, parents before children."""
        self._gateway_id = self._register_gateway()
        data = self._topology.data
        for device in data.devices.values():
            self._device_ids[device.uid] = self._register_device(device)
        for load in data.loads.values():
            self._load_parents[load.uid] = self._register_load(load)

    def device_info(self, signal: Signal) -> DeviceInfo | ChildDeviceInfo:
        """Return the device of a signal: its load, else its meter, else the gateway."""
        if (load := signal.load_uid) in self._load_parents and load is not None:
            return self.load_info(load)
        if (device := signal.device_uid) in self._device_ids and device is not None:
            return DeviceInfo(identifiers={self._device_identifier(device)})
        return self.gateway_info()

    def registered_loads(self) -> dict[int, ChildDeviceEntry]:
        """Return the registered loads by UID, also those that are no longer listed."""
        return {
            uid: child
            for child in dr.async_child_entries_for_config_entry(self._registry, self._entry.entry_id)
            if (uid := self._uid_of(child, "load")) is not None
        }

    def lists(self, device: DeviceEntry | ChildDeviceEntry) -> bool:
        """Return whether the gateway lists a registered device. True until lists of this run are known."""
        data = self._topology.data
        if not data.fresh:
            return True
        if (uid := self._uid_of(device, "load")) is not None:
            return uid in data.loads
        if (uid := self._uid_of(device, "device")) is not None:
            return uid in data.devices or any(load.device_uid == uid for load in data.loads.values())
        # What else there is belongs to a gateway that was replaced.
        return (DOMAIN, self._serial) in device.identifiers

    @callback
    def async_remove_load(self, uid: int) -> None:
        """Remove a load from the registry, and its device if that is gone too. Statistics are kept."""
        load = self.registered_loads().get(uid)
        if load is None or self.lists(load):
            return
        parent = self._registry.async_get(load.parent_device_id)
        self._registry.async_remove_device(load.id)
        self._load_parents.pop(uid, None)
        siblings = {child.parent_device_id for child in self.registered_loads().values()}
        if isinstance(parent, DeviceEntry) and parent.id not in siblings and not self.lists(parent):
            self._registry.async_remove_device(parent.id)

    def _uid_of(self, device: DeviceEntry | ChildDeviceEntry, kind: str) -> int | None:
        """Return the UID of a registered load or device, None for another kind."""
        prefix = f"{self._serial}_{kind}_"
        for domain, identifier in device.identifiers:
            if domain == DOMAIN and identifier.startswith(prefix) and identifier.removeprefix(prefix).isdecimal():
                return int(identifier.removeprefix(prefix))
        return None

    def id_beginning(self, load_uid: int | None, device_uid: int | None) -> str | None:
        """Return the prefix of entity ids on a load or device without a label, None with one.

        Default names are translated; without this prefix, entity ids would depend on the language.
        """
        data = self._topology.data
        load = None if load_uid is None else data.loads.get(load_uid)
        device_uid = device_uid if load is None else load.device_uid
        device = None if device_uid is None else data.devices.get(device_uid)
        if all(place.label for place in (device, load) if place is not None):
            return None
        names = [self._entry.title if device is None else device.label or f"device {device.uid}"]
        if load is not None:
            names.append(load.label or f"load {load.uid}")
        return slugify(" ".join(names))

    def gateway_info(self) -> DeviceInfo:
        """Return the device of the gateway."""
        return DeviceInfo(identifiers={(DOMAIN, self._serial)})

    def load_info(self, uid: int) -> ChildDeviceInfo:
        """Return the device of a registered load."""
        return ChildDeviceInfo(identifiers={self._load_identifier(uid)}, parent_device_id=self._load_parents[uid])

    def _register_gateway(self) -> str:
        """Register the gateway itself."""
        info = self._topology.info
        return self._registry.async_get_or_create(
            config_entry_id=self._entry.entry_id,
            identifiers={(DOMAIN, self._serial)},
            connections={(dr.CONNECTION_NETWORK_MAC, dr.format_mac(info.mac_address))},
            name=self._entry.title,
            manufacturer=MANUFACTURER,
            model=MODEL,
            model_id=info.part_number,
            serial_number=self._serial,
            sw_version=info.firmware,
            configuration_url=Account.from_data(self._entry.data).address.url,
        ).id

    def _register_device(self, device: Device) -> str:
        """Register a meter behind the gateway."""
        return self._registry.async_get_or_create(
            config_entry_id=self._entry.entry_id,
            identifiers={self._device_identifier(device.uid)},
            via_device_id=self._gateway_id,
            model=device.part_number or None,
            name=device.label or UNDEFINED,
            translation_key=None if device.label else "device",
            translation_placeholders={"uid": str(device.uid)},
        ).id

    def _register_load(self, load: Load) -> str:
        """Register a load and return the id of its parent.

        A child device cannot change its parent without losing its entities' settings, so a moved load keeps its parent.
        """
        identifier = self._load_identifier(load.uid)
        known = self._registry.async_get_child_device_by_identifier(identifier, self._entry.entry_id)
        if known is not None:
            parent_id = known.parent_device_id
        elif load.device_uid is not None:
            parent_id = self._device_ids.get(load.device_uid, self._gateway_id)
        else:
            parent_id = self._gateway_id
        self._registry.async_get_or_create_child(
            config_entry_id=self._entry.entry_id,
            identifiers={identifier},
            parent_device_id=parent_id,
            name=load.label or UNDEFINED,
            translation_key=None if load.label else "load",
            translation_placeholders={"uid": str(load.uid)},
        )
        return parent_id

    def _device_identifier(self, uid: int) -> tuple[str, str]:
        return (DOMAIN, f"{self._serial}_device_{uid}")

    def _load_identifier(self, uid: int) -> tuple[str, str]:
        return (DOMAIN, f"{self._serial}_load_{uid}")
