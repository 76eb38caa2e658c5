"""The gateway, its meters and their loads in the device registry."""

from collections import defaultdict
from typing import TYPE_CHECKING

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.device_registry import DeviceEntry, DeviceInfo
from homeassistant.helpers.typing import UNDEFINED

from custom_components.carlo_gavazzi_ems.access.account import Account
from custom_components.carlo_gavazzi_ems.api import Load, Protocol, Signal
from custom_components.carlo_gavazzi_ems.const import DOMAIN, MANUFACTURER, MODEL

from .child_devices import async_convert_child_devices
from .load_names import load_names
from .topology import TopologyCoordinator

if TYPE_CHECKING:
    from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry


class DeviceTree:
    """Registers what the gateway lists in the device registry.

    Every load is a device, connected via the gateway. A meter with several loads is a device too, between the gateway
    and its loads; so is a meter whose signals belong to no load. A load that is no longer listed stays registered.
    """

    def __init__(self, hass: HomeAssistant, entry: EmsConfigEntry, topology: TopologyCoordinator) -> None:
        """Register for this entry."""
        self._hass = hass
        self._registry = dr.async_get(hass)
        self._entry = entry
        self._topology = topology
        self._serial = topology.info.serial_number
        self._gateway_id = ""
        self._loads: set[int] = set()
        self._meters: dict[int, str] = {}
        self._sole_loads: dict[int, int] = {}
        self._unnamed: set[str] = set()

    @callback
    def async_register(self) -> None:
        """Register everything that the gateway lists, parents before children."""
        self._gateway_id = self._register_gateway()
        async_convert_child_devices(self._hass, self._entry)
        self._unnamed = set()
        loads_of = self._loads_by_meter()
        self._sole_loads = {uid: next(iter(loads)) for uid, loads in loads_of.items() if len(loads) == 1}
        separate = {uid for uid, loads in loads_of.items() if len(loads) != 1}
        self._meters = {uid: meter for uid in separate if (meter := self._register_meter(uid)) is not None}
        data = self._topology.data
        names = load_names(data.devices, data.loads, self._sole_loads)
        for load in data.loads.values():
            self._register_load(load, names.get(load.uid))
        self._loads = set(self.registered_loads())
        self._remove_emptied_meters()

    def device_info(self, signal: Signal) -> DeviceInfo:
        """Return the device of a signal: its load, else its meter, else the gateway."""
        if (load := signal.load_uid) in self._loads and load is not None:
            return self.load_info(load)
        if (meter := signal.device_uid) in self._meters and meter is not None:
            return DeviceInfo(identifiers={self._meter_identifier(meter)})
        if meter in self._sole_loads and meter is not None:
            return self.load_info(self._sole_loads[meter])
        return self.gateway_info()

    def gateway_info(self) -> DeviceInfo:
        """Return the device of the gateway."""
        return DeviceInfo(identifiers={(DOMAIN, self._serial)})

    def load_info(self, uid: int) -> DeviceInfo:
        """Return the device of a registered load."""
        return DeviceInfo(identifiers={self._load_identifier(uid)})

    def id_beginning(self, place: DeviceInfo) -> str | None:
        """Return the beginning of entity ids on a device without a label, such as `load_83`; None for a device with one.

        The default name of such a device is translated, but entity ids must be the same in every language.
        """
        return next(
            (
                identifier.removeprefix(f"{self._serial}_")
                for _, identifier in place["identifiers"]
                if identifier in self._unnamed
            ),
            None,
        )

    def registered_loads(self) -> dict[int, DeviceEntry]:
        """Return the registered loads by UID, also those that are no longer listed."""
        return self._registered("load")

    def lists(self, device: DeviceEntry) -> bool:
        """Return whether the gateway lists a registered device. True until lists of this run are known."""
        data = self._topology.data
        if not data.fresh:
            return True
        if (uid := self._uid_of(device, "load")) is not None:
            return uid in data.loads
        if (uid := self._uid_of(device, "device")) is not None:
            return uid in data.devices or any(load.device_uid == uid for load in data.loads.values())
        # Any other device belongs to a gateway that was replaced.
        return (DOMAIN, self._serial) in device.identifiers

    @callback
    def async_remove_load(self, uid: int) -> None:
        """Remove a load from the registry, and its meter if that has no other loads. Statistics are kept."""
        load = self.registered_loads().get(uid)
        if load is None or self.lists(load):
            return
        self._registry.async_remove_device(load.id)
        self.async_register()

    def _registered(self, kind: str) -> dict[int, DeviceEntry]:
        """Return the registered loads, or the registered meters, by UID."""
        devices = dr.async_entries_for_config_entry(self._registry, self._entry.entry_id)
        return {uid: device for device in devices if (uid := self._uid_of(device, kind)) is not None}

    def _uid_of(self, device: DeviceEntry, kind: str) -> int | None:
        """Return the UID of a registered load or device, None for another kind."""
        prefix = f"{self._serial}_{kind}_"
        for domain, identifier in device.identifiers:
            if domain == DOMAIN and identifier.startswith(prefix) and identifier.removeprefix(prefix).isdecimal():
                return int(identifier.removeprefix(prefix))
        return None

    def _loads_by_meter(self) -> dict[int, set[int]]:
        """Return the loads of each meter, listed or registered; an empty set for a meter whose signals have no load."""
        data, registered = self._topology.data, self.registered_loads()
        found: defaultdict[int, set[int]] = defaultdict(set)
        for load in data.loads.values():
            if load.device_uid is not None:
                found[load.device_uid].add(load.uid)
        meters = {meter.id: uid for uid, meter in self._registered("device").items()}
        for uid in registered.keys() - data.loads.keys():
            if (meter := meters.get(registered[uid].via_device_id or "")) is not None:
                found[meter].add(uid)
        known = data.loads.keys() | registered.keys()
        for signal in data.signals.values():
            if signal.device_uid is not None and signal.load_uid not in known:
                found.setdefault(signal.device_uid, set())
        return found

    def _register_gateway(self) -> str:
        """Register the gateway itself."""
        info = self._topology.info
        return self._registry.async_get_or_create(
            config_entry_id=self._entry.entry_id,
            identifiers={(DOMAIN, self._serial)},
            connections={(dr.CONNECTION_NETWORK_MAC, dr.format_mac(info.mac_address))} if info.mac_address else set(),
            name=self._entry.title,
            manufacturer=MANUFACTURER,
            model=MODEL,
            model_id=info.part_number or None,
            serial_number=self._serial,
            sw_version=info.firmware or None,
            configuration_url=Account.from_data(self._entry.data).address.url,
        ).id

    def _register_meter(self, uid: int) -> str | None:
        """Register a meter and return its id, None for one that is neither listed nor registered."""
        identifier = self._meter_identifier(uid)
        if (meter := self._topology.data.devices.get(uid)) is None:
            known = self._registry.async_get_device_by_identifier(identifier, self._entry.entry_id)
            return None if known is None else known.id
        if not meter.label:
            self._unnamed.add(identifier[1])
        return self._registry.async_get_or_create(
            config_entry_id=self._entry.entry_id,
            identifiers={identifier},
            via_device_id=self._gateway_id,
            manufacturer=MANUFACTURER,
            model=meter.part_number or None,
            name=meter.label or UNDEFINED,
            translation_key=None if meter.label else "device",
            translation_placeholders={"uid": str(uid)},
        ).id

    def _register_load(self, load: Load, name: str | None) -> None:
        """Register a load. If its meter is not listed now, the known model is kept."""
        identifier = self._load_identifier(load.uid)
        meter_uid = load.device_uid
        meter = None if meter_uid is None else self._topology.data.devices.get(meter_uid)
        if name is None:
            self._unnamed.add(identifier[1])
        self._registry.async_get_or_create(
            config_entry_id=self._entry.entry_id,
            identifiers={identifier},
            via_device_id=self._gateway_id if meter_uid is None else self._meters.get(meter_uid, self._gateway_id),
            # Behind a P1 port is the network operator's meter, of a maker that the gateway does not name.
            manufacturer=None if load.protocol is Protocol.P1 else MANUFACTURER,
            model=UNDEFINED if meter is None else meter.part_number or None,
            name=name or UNDEFINED,
            translation_key=None if name else "load",
            translation_placeholders={"uid": str(load.uid)},
        )

    def _remove_emptied_meters(self) -> None:
        """Remove meters that are no longer devices of their own. A person's settings of one move to its only load."""
        loads = self.registered_loads()
        entities = er.async_get(self._hass)
        for uid, meter in self._registered("device").items():
            # Entities of the meter itself move to its load when the platforms are set up next.
            if uid in self._meters or er.async_entries_for_device(entities, meter.id, include_disabled_entities=True):
                continue
            load = loads.get(self._sole_loads.get(uid, -1))
            if load is not None:
                self._registry.async_update_device(
                    load.id,
                    area_id=load.area_id or meter.area_id,
                    labels=load.labels | meter.labels,
                    name_by_user=load.name_by_user or meter.name_by_user,
                    via_device_id=self._gateway_id,
                )
            self._registry.async_remove_device(meter.id)

    def _meter_identifier(self, uid: int) -> tuple[str, str]:
        return (DOMAIN, f"{self._serial}_device_{uid}")

    def _load_identifier(self, uid: int) -> tuple[str, str]:
        return (DOMAIN, f"{self._serial}_load_{uid}")
