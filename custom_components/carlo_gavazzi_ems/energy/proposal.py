"""Which of the chosen meters the Energy dashboard lacks. Existing sources and devices are never changed or removed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, cast

from homeassistant.components.energy.data import (
    BatterySourceType,
    DeviceConsumption,
    EnergyPreferences,
    EnergyPreferencesUpdate,
    GasSourceType,
    GridSourceType,
    PowerConfig,
    SolarSourceType,
    SourceType,
    WaterSourceType,
)

from .meter import Counters, Direction, Meter


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterRoles:
    """The roles that the user chose for the meters."""

    grid: Sequence[Meter] = ()
    solar: Sequence[tuple[Meter, Direction]] = ()
    """Each with the direction that counts the production."""
    batteries: Sequence[Meter] = ()
    charging: Direction = Direction.IMPORT
    """The direction that counts the charging of the batteries."""
    home: Meter | None = None
    """The meter of the whole house; only for a release of Home Assistant that supports it."""
    devices: Sequence[Meter] = ()
    gas: Mapping[str, str] = field(default_factory=dict)
    """Counter of a gas meter -> its name."""
    water: Mapping[str, str] = field(default_factory=dict)
    upstream: Mapping[str, str] = field(default_factory=dict)
    """Counter of a device -> counter of the upstream device."""


@dataclass(frozen=True, slots=True)
class Additions:
    """Sources and devices that are missing."""

    sources: list[SourceType] = field(default_factory=list)
    devices: list[DeviceConsumption] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Return whether anything is missing."""
        return bool(self.sources or self.devices)


def additions(preferences: EnergyPreferences, roles: MeterRoles) -> Additions:
    """Return the chosen sources and devices that the preferences lack, in Home Assistant's format."""
    found = Additions()
    used = _Used(preferences["energy_sources"])
    for meter in roles.grid:
        found.sources.extend(_grid(meter, used))
    for meter, direction in roles.solar:
        found.sources.extend(_solar(meter, direction, used))
    for meter in roles.batteries:
        found.sources.extend(_battery(meter, roles.charging, used))
    if roles.home is not None and not has_home(preferences):
        found.sources.append(_home(roles.home))
    found.sources.extend(_utility("gas", stat, name) for stat, name in roles.gas.items() if ("gas", stat) not in used)
    found.sources.extend(
        _utility("water", stat, name) for stat, name in roles.water.items() if ("water", stat) not in used
    )
    found.devices.extend(_devices(preferences["device_consumption"], roles))
    return found


def merged(preferences: EnergyPreferences, found: Additions) -> EnergyPreferencesUpdate:
    """Return the preferences with the additions appended."""
    return EnergyPreferencesUpdate(
        energy_sources=[*preferences["energy_sources"], *found.sources],
        device_consumption=[*preferences["device_consumption"], *found.devices],
    )


def in_sources(preferences: EnergyPreferences) -> set[str]:
    """Return the counters used as grid, solar or battery."""
    sources = preferences["energy_sources"]
    return {stat for source in sources for stat in _stats(source)}


def in_grid(preferences: EnergyPreferences) -> set[str]:
    """Return the counters used for what is drawn from the grid."""
    sources = preferences["energy_sources"]
    return {stat for source in sources if source["type"] == "grid" and (stat := source.get("stat_energy_from"))}


def in_devices(preferences: EnergyPreferences) -> set[str]:
    """Return the counters used as a device."""
    return {device["stat_consumption"] for device in preferences["device_consumption"]}


def has_home(preferences: EnergyPreferences) -> bool:
    """Return whether there is a meter of the whole house. There can be only one."""
    return any(str(source["type"]) == "home" for source in preferences["energy_sources"])


def has_cycle(upstream: Mapping[str, str]) -> bool:
    """Return whether the upstream meters contain a cycle."""
    for start in upstream:
        seen = {start}
        stat = start
        while (stat := upstream.get(stat, "")) and stat not in seen:
            seen.add(stat)
        if stat:
            return True
    return False


def _stats(source: SourceType) -> list[str]:
    """Return the counters of a source that exist."""
    found = (source.get("stat_energy_from"), source.get("stat_energy_to"))
    return [stat for stat in found if isinstance(stat, str)]


class _Used:
    """Counters and powers in use by the sources; additions are added."""

    def __init__(self, sources: Iterable[SourceType]) -> None:
        self._counters: set[tuple[str, str]] = set()
        self._powers: set[str] = set()
        for source in sources:
            self.add(source)

    def add(self, source: SourceType) -> None:
        self._counters.update((source["type"], stat) for stat in _stats(source))
        if source["type"] == "grid":
            # Two grid connections may not share a power sensor.
            self._powers.update(_powers(source))

    def __contains__(self, counter: tuple[str, str]) -> bool:
        return counter in self._counters

    def has(self, kind: str, pair: Counters) -> bool:
        return any((kind, stat) in self for stat in pair.all)

    def has_power(self, config: PowerConfig) -> bool:
        return not self._powers.isdisjoint(str(stat) for stat in config.values())


def _powers(source: GridSourceType) -> set[str]:
    """Return the power sensors of a grid connection."""
    found = {str(stat) for stat in source.get("power_config", {}).values()}
    return found | ({source["stat_rate"]} if "stat_rate" in source else set())


def _grid(meter: Meter, used: _Used) -> Iterable[SourceType]:
    """Yield a grid connection for each tariff. The first one has the power sensor."""
    config = meter.signed_power
    for index, pair in enumerate(meter.counters):
        if used.has("grid", pair):
            continue
        source = GridSourceType(
            type="grid",
            stat_energy_from=pair.imported,
            stat_energy_to=pair.exported,
            stat_cost=None,
            entity_energy_price=None,
            number_energy_price=None,
            stat_compensation=None,
            entity_energy_price_export=None,
            number_energy_price_export=None,
            cost_adjustment_day=0.0,
            name=meter.part(index),
        )
        if config and not used.has_power(config):
            source["power_config"] = config
        used.add(source)
        yield source


def _solar(meter: Meter, direction: Direction, used: _Used) -> Iterable[SourceType]:
    """Yield a solar source for each tariff. Its power sensor has to be positive while producing."""
    production = meter.power_of(direction)
    for index, pair in enumerate(meter.counters):
        stat = pair.of(direction)
        if stat is None or used.has("solar", Counters(imported=stat)):
            continue
        source = SolarSourceType(
            type="solar", stat_energy_from=stat, config_entry_solar_forecast=None, name=meter.part(index)
        )
        if production is not None and index == 0:
            source["stat_rate"] = production
        used.add(source)
        yield source


def _battery(meter: Meter, charging: Direction, used: _Used) -> Iterable[SourceType]:
    """Yield batteries with counters of both directions. Their power is positive while discharging."""
    inwards = charging is Direction.IMPORT
    for index, pair in enumerate(meter.counters):
        if pair.imported is None or pair.exported is None or used.has("battery", pair):
            continue
        into, out = (pair.imported, pair.exported) if inwards else (pair.exported, pair.imported)
        source = BatterySourceType(type="battery", stat_energy_from=out, stat_energy_to=into, name=meter.part(index))
        if index == 0 and (config := _battery_power(meter, inwards=inwards)):
            source["power_config"] = config
        used.add(source)
        yield source


def _battery_power(meter: Meter, *, inwards: bool) -> PowerConfig:
    """Return a battery's power, empty if its meter has none. `inwards`: charging is import."""
    match meter.signed_power:
        case {"stat_rate": stat} if inwards:
            return PowerConfig(stat_rate_inverted=stat)
        case {"stat_rate_inverted": stat} if inwards:
            return PowerConfig(stat_rate=stat)
        case {"stat_rate_from": plus, "stat_rate_to": minus} if inwards:
            return PowerConfig(stat_rate_from=minus, stat_rate_to=plus)
        case power:
            return power


def _home(meter: Meter) -> SourceType:
    """Return the source for the meter of the whole house. The oldest supported release has no type for it."""
    source = {"type": "home", "stat_energy_to": meter.counters[0].imported, "name": meter.name}
    if (power := meter.power_of(Direction.IMPORT)) is not None:
        source["stat_rate"] = power
    return cast("SourceType", source)


def _utility(kind: Literal["gas", "water"], stat: str, name: str) -> SourceType:
    """Return a source of gas or water."""
    if kind == "gas":
        return GasSourceType(
            type=kind,
            stat_energy_from=stat,
            stat_cost=None,
            entity_energy_price=None,
            number_energy_price=None,
            name=name,
        )
    return WaterSourceType(
        type=kind, stat_energy_from=stat, stat_cost=None, entity_energy_price=None, number_energy_price=None, name=name
    )


def _devices(present: Sequence[DeviceConsumption], roles: MeterRoles) -> Iterable[DeviceConsumption]:
    """Yield devices, each with its upstream device if that is in the dashboard too."""
    known = {device["stat_consumption"] for device in present}
    missing = {
        pair.imported: (meter, index)
        for meter in roles.devices
        for index, pair in enumerate(meter.counters)
        if pair.imported is not None and pair.imported not in known
    }
    there = known | missing.keys()
    upstream = {
        device["stat_consumption"]: device["included_in_stat"] for device in present if "included_in_stat" in device
    }
    for stat, (meter, index) in missing.items():
        device = DeviceConsumption(stat_consumption=stat, name=meter.part(index))
        power = meter.power_of(Direction.IMPORT)
        if power is not None and index == 0:
            device["stat_rate"] = power
        through = roles.upstream.get(stat)
        # The dashboard would ignore meters in a cycle.
        if through is not None and through in there and not has_cycle(upstream | {stat: through}):
            upstream[stat] = through
            device["included_in_stat"] = through
        yield device
