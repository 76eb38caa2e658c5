"""The loads that the Energy dashboard can use, with their current entity ids."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Final

from homeassistant.components.recorder.entity_options import is_entity_recorded
from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.const import Platform, UnitOfEnergy
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.util.unit_conversion import EnergyConverter

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.energy.proposal import Counters, Meter
from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry

#: Suffixes of the total counters, else of the tariffs, else of the phases.
_PARTS: Final = (
    ("",),
    ("_t1", "_t2", "_t3", "_t4"),
    ("_l1", "_l2", "_l3"),
)
_KINDS: Final = {SensorDeviceClass.ENERGY, SensorDeviceClass.POWER}


def meters(hass: HomeAssistant, entry: EmsConfigEntry) -> list[Meter]:
    """Return the loads with an energy counter that has statistics, in the order of the gateway's list."""
    runtime = entry.runtime_data
    names = {uid: child.name_by_user or child.name for uid, child in runtime.devices.registered_loads().items()}
    sensors = _sensors(hass, entry)
    found = (
        _meter(hass, load.uid, names.get(load.uid) or load.label or str(load.uid), sensors[load.uid])
        for load in runtime.topology.data.loads.values()
        if load.uid in sensors
    )
    return [meter for meter in found if meter is not None]


def _sensors(hass: HomeAssistant, entry: EmsConfigEntry) -> Mapping[int, Mapping[str, str]]:
    """Return the sensors with statistics: load -> key of the quantity -> entity id."""
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
        if (item.device_class or item.original_device_class) in _KINDS:
            found[signal.load_uid].setdefault(meaning.quantity.key, item.entity_id)
    return found


def _meter(hass: HomeAssistant, uid: int, name: str, sensors: Mapping[str, str]) -> Meter | None:
    """Return the meter of a load, None without an energy counter."""
    counters = next((pairs for parts in _PARTS if (pairs := _pairs(sensors, parts))), ())
    if not counters:
        return None
    kwh = {stat: value for pair in counters for stat in pair.all if (value := _kwh(hass, stat)) is not None}
    return Meter(
        uid=uid,
        name=name,
        counters=counters,
        power=sensors.get("active_power"),
        power_import=sensors.get("power_import"),
        power_export=sensors.get("power_export"),
        kwh=kwh,
    )


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
