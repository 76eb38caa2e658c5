"""The loads that the Energy dashboard can use, with their current entity IDs."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from typing import Final

from homeassistant.components.recorder.entity_options import is_entity_recorded
from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.const import Platform, UnitOfEnergy
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.util.unit_conversion import EnergyConverter

from custom_components.carlo_gavazzi_ems.api import Signal
from custom_components.carlo_gavazzi_ems.const import DOMAIN, PRODUCTION, production_key
from custom_components.carlo_gavazzi_ems.energy.meter import Counters, Meter
from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry
from custom_components.carlo_gavazzi_ems.signals.load_import import PARTS
from custom_components.carlo_gavazzi_ems.signals.load_power import load_power

_KINDS: Final = {SensorDeviceClass.ENERGY, SensorDeviceClass.POWER}
_UTILITIES: Final = {SensorDeviceClass.GAS, SensorDeviceClass.WATER}


def meters(hass: HomeAssistant, entry: EmsConfigEntry) -> list[Meter]:
    """Return the loads with an energy counter that has statistics, in the order of the gateway's list."""
    names, sensors = names_of_loads(entry), _sensors(hass, entry, _KINDS)
    found = (_meter(hass, entry, uid, name, sensors[uid]) for uid, name in names.items() if uid in sensors)
    return [meter for meter in found if meter is not None]


def utilities(hass: HomeAssistant, entry: EmsConfigEntry, key: str) -> dict[str, str]:
    """Return the counters of `gas` or `water`: entity id -> name of the load."""
    sensors = _sensors(hass, entry, _UTILITIES)
    return {sensors[uid][key]: name for uid, name in names_of_loads(entry).items() if key in sensors.get(uid, {})}


def names_of_loads(entry: EmsConfigEntry) -> dict[int, str]:
    """Return the names of the listed loads."""
    registered = entry.runtime_data.devices.registered_loads()
    loads = entry.runtime_data.topology.data.loads
    return {
        uid: (device.name_by_user or device.name if (device := registered.get(uid)) else None) or load.label or str(uid)
        for uid, load in loads.items()
    }


def _sensors(
    hass: HomeAssistant, entry: EmsConfigEntry, kinds: Collection[SensorDeviceClass]
) -> Mapping[int, Mapping[str, str]]:
    """Return the sensors of some device classes with statistics: load -> key of the quantity -> entity id."""
    runtime = entry.runtime_data
    registry = er.async_get(hass)
    found: defaultdict[int, dict[str, str]] = defaultdict(dict)
    for uid, signal in sorted(runtime.topology.data.signals.items()):
        meaning = runtime.catalogue.meaning(signal.code)
        if meaning is None or signal.load_uid is None or meaning.quantity.state_class is None:
            continue
        unique_id = f"{runtime.topology.info.serial_number}_{uid}"
        entity_id = registry.async_get_entity_id(Platform.SENSOR, DOMAIN, unique_id)
        item = registry.async_get(entity_id) if entity_id is not None else None
        if item is None or item.disabled or not is_entity_recorded(hass, item.entity_id):
            continue
        # The user may have changed the device class.
        if (item.device_class or item.original_device_class) in kinds:
            found[signal.load_uid].setdefault(meaning.quantity.key, item.entity_id)
    return found


def _meter(hass: HomeAssistant, entry: EmsConfigEntry, uid: int, name: str, sensors: Mapping[str, str]) -> Meter | None:
    """Return the meter of a load, None without an energy counter."""
    counters = next((pairs for parts in PARTS if (pairs := _pairs(sensors, parts))), ())
    if not counters:
        return None
    kwh = {stat: value for pair in counters for stat in pair.all if (value := _kwh(hass, stat)) is not None}
    runtime = entry.runtime_data
    signal = load_power(runtime.topology.data.signals, runtime.catalogue, uid)
    meaning = None if signal is None else runtime.catalogue.meaning(signal.code)
    power = None if meaning is None else sensors.get(meaning.quantity.key)
    return Meter(
        uid=uid,
        name=name,
        counters=counters,
        power=power,
        production=None if power is None or signal is None else _production(hass, entry, signal, name),
        power_import=sensors.get("power_import"),
        power_export=sensors.get("power_export"),
        kwh=kwh,
    )


def _production(hass: HomeAssistant, entry: EmsConfigEntry, power: Signal, name: str) -> str:
    """Return the entity id that the sensor of a load's production has, or will have, by the load's power and name."""
    registry, devices = er.async_get(hass), entry.runtime_data.devices
    unique_id = f"{entry.runtime_data.topology.info.serial_number}_{production_key(power.load_uid)}"
    known = registry.async_get_entity_id(Platform.SENSOR, DOMAIN, unique_id)
    # The default name of a load without a label is translated, its entity ids are not.
    beginning = devices.id_beginning(devices.device_info(power)) or name
    return known or registry.async_get_available_entity_id(Platform.SENSOR, f"{beginning} {PRODUCTION}")


def _pairs(sensors: Mapping[str, str], parts: tuple[str, ...]) -> tuple[Counters, ...]:
    """Return the counters that exist for each of the suffixes."""
    get: Callable[[str], str | None] = sensors.get
    pairs = (Counters(imported=get(f"energy_import{part}"), exported=get(f"energy_export{part}")) for part in parts)
    return tuple(pair for pair in pairs if pair.all)


def _kwh(hass: HomeAssistant, entity_id: str) -> float | None:
    """Return the reading of a counter in kWh, None without one."""
    state = hass.states.get(entity_id)
    if state is None:
        return None
    unit = state.attributes.get("unit_of_measurement")
    try:
        return EnergyConverter.convert(float(state.state), unit, UnitOfEnergy.KILO_WATT_HOUR)
    except ValueError, HomeAssistantError:
        return None
