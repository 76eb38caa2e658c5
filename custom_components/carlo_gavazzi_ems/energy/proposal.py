"""What the Energy dashboard lacks of the meters that a person wants in it: data in, data out.

Nothing that is there is ever changed or taken away: a meter that has its place already keeps it as it is.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from homeassistant.components.energy.data import (
    BatterySourceType,
    DeviceConsumption,
    EnergyPreferences,
    EnergyPreferencesUpdate,
    GridSourceType,
    PowerConfig,
    SolarSourceType,
    SourceType,
)


class Direction(StrEnum):
    """Which of a meter's two counters runs."""

    IMPORT = "import"
    EXPORT = "export"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """The two directions of a meter, or of one of its tariffs or phases; either may be missing."""

    imported: str | None = None
    exported: str | None = None

    def of(self, direction: Direction) -> str | None:
        """Return the counter of a direction."""
        return self.imported if direction is Direction.IMPORT else self.exported

    @property
    def all(self) -> list[str]:
        """Both, as far as they exist."""
        return [stat for stat in (self.imported, self.exported) if stat is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """What a load offers to the dashboard, as statistic ids."""

    uid: int
    name: str
    counters: tuple[Counters, ...]
    """One pair for the whole, or one for each tariff or phase where nothing counts the whole."""
    power: str | None = None
    """Positive for import."""
    power_import: str | None = None
    power_export: str | None = None
    kwh: Mapping[str, float] = field(default=MappingProxyType({}), hash=False)
    """What the counters read now."""

    @property
    def all(self) -> set[str]:
        """All counters."""
        return {stat for pair in self.counters for stat in pair.all}

    def total(self, direction: Direction) -> float:
        """Return the kWh that were counted in a direction."""
        return sum(self.kwh.get(stat, 0.0) for pair in self.counters if (stat := pair.of(direction)) is not None)

    def part(self, index: int) -> str:
        """Return the name of one of its counters, numbered where there are several."""
        return self.name if len(self.counters) == 1 else f"{self.name} {index + 1}"

    def has(self, direction: Direction) -> bool:
        """Return whether anything counts a direction."""
        return any(pair.of(direction) is not None for pair in self.counters)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterRoles:
    """What a person wants each meter to be."""

    grid: Sequence[Meter] = ()
    solar: Sequence[tuple[Meter, Direction]] = ()
    """With the direction that counts what is produced."""
    batteries: Sequence[Meter] = ()
    charging: Direction = Direction.IMPORT
    """The direction in which the batteries' meters count what goes into them."""
    devices: Sequence[Meter] = ()
    upstream: Mapping[str, str] = field(default_factory=dict)
    """The meter that a device's energy also runs through: counter -> counter of another device."""


@dataclass(frozen=True, slots=True)
class Additions:
    """What is missing."""

    sources: list[SourceType] = field(default_factory=list)
    devices: list[DeviceConsumption] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Return whether anything is missing."""
        return bool(self.sources or self.devices)


def additions(preferences: EnergyPreferences, wishes: MeterRoles) -> Additions:
    """Return what the preferences lack of the wishes, in Home Assistant's own format."""
    found = Additions()
    used = _Used(preferences["energy_sources"])
    for meter in wishes.grid:
        found.sources.extend(_grid(meter, used))
    for meter, direction in wishes.solar:
        found.sources.extend(_solar(meter, direction, used))
    for meter in wishes.batteries:
        found.sources.extend(_battery(meter, wishes.charging, used))
    found.devices.extend(_devices(preferences["device_consumption"], wishes))
    return found


def merged(preferences: EnergyPreferences, found: Additions) -> EnergyPreferencesUpdate:
    """Return the preferences with the additions behind what is there."""
    return EnergyPreferencesUpdate(
        energy_sources=[*preferences["energy_sources"], *found.sources],
        device_consumption=[*preferences["device_consumption"], *found.devices],
    )


def in_sources(preferences: EnergyPreferences) -> set[str]:
    """Return the counters that have a place as grid, solar or battery."""
    sources = preferences["energy_sources"]
    return {stat for source in sources for stat in _stats(source)}


def in_devices(preferences: EnergyPreferences) -> set[str]:
    """Return the counters that have a place as a device."""
    return {device["stat_consumption"] for device in preferences["device_consumption"]}


def has_cycle(upstream: Mapping[str, str]) -> bool:
    """Return whether following the meters upstream ever comes back to where it began."""
    for start in upstream:
        seen = {start}
        stat = start
        while (stat := upstream.get(stat, "")) and stat not in seen:
            seen.add(stat)
        if stat:
            return True
    return False


def _stats(source: SourceType) -> list[str]:
    """Return the counters of a source."""
    found = (source.get("stat_energy_from"), source.get("stat_energy_to"))
    return [stat for stat in found if isinstance(stat, str)]


class _Used:
    """What has its place among the sources of each type; it grows with what is added."""

    def __init__(self, sources: Iterable[SourceType]) -> None:
        self._counters: set[tuple[str, str]] = set()
        self._powers: set[str] = set()
        for source in sources:
            self.add(source)

    def add(self, source: SourceType) -> None:
        self._counters.update((source["type"], stat) for stat in _stats(source))
        if source["type"] == "grid":
            # Home Assistant lets two connections to the grid share no power.
            self._powers.update(_powers(source))

    def has(self, kind: str, pair: Counters) -> bool:
        return any((kind, stat) in self._counters for stat in pair.all)

    def has_power(self, config: PowerConfig) -> bool:
        return not self._powers.isdisjoint(str(stat) for stat in config.values())


def _powers(source: GridSourceType) -> set[str]:
    """Return the powers of a connection to the grid."""
    found = {str(stat) for stat in source.get("power_config", {}).values()}
    return found | ({source["stat_rate"]} if "stat_rate" in source else set())


def _grid(meter: Meter, used: _Used) -> Iterable[SourceType]:
    """Yield a connection to the grid; of several tariffs, the first has the power."""
    if meter.power is not None:
        config = PowerConfig(stat_rate=meter.power)
    elif meter.power_import is not None and meter.power_export is not None:
        config = PowerConfig(stat_rate_from=meter.power_import, stat_rate_to=meter.power_export)
    else:
        config = PowerConfig()
    for pair in meter.counters:
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
        )
        if config and not used.has_power(config):
            source["power_config"] = config
        used.add(source)
        yield source


def _solar(meter: Meter, direction: Direction, used: _Used) -> Iterable[SourceType]:
    """Yield what produces; its power has to be positive then, so not every meter has one to offer."""
    production = meter.power_export if direction is Direction.EXPORT else meter.power or meter.power_import
    for index, pair in enumerate(meter.counters):
        stat = pair.of(direction)
        if stat is None or used.has("solar", Counters(imported=stat)):
            continue
        source = SolarSourceType(type="solar", stat_energy_from=stat, config_entry_solar_forecast=None)
        if production is not None and index == 0:
            source["stat_rate"] = production
        used.add(source)
        yield source


def _battery(meter: Meter, charging: Direction, used: _Used) -> Iterable[SourceType]:
    """Yield a battery, which needs both directions; Home Assistant's power of it is positive while it discharges."""
    inwards = charging is Direction.IMPORT
    for index, pair in enumerate(meter.counters):
        if pair.imported is None or pair.exported is None or used.has("battery", pair):
            continue
        into, out = (pair.imported, pair.exported) if inwards else (pair.exported, pair.imported)
        source = BatterySourceType(type="battery", stat_energy_from=out, stat_energy_to=into)
        if index == 0 and (config := _battery_power(meter, inwards=inwards)):
            source["power_config"] = config
        used.add(source)
        yield source


def _battery_power(meter: Meter, *, inwards: bool) -> PowerConfig:
    """Return a battery's power, empty where its meter has none; `inwards` where charging is import."""
    if meter.power is not None:
        return PowerConfig(stat_rate_inverted=meter.power) if inwards else PowerConfig(stat_rate=meter.power)
    if meter.power_import is None or meter.power_export is None:
        return PowerConfig()
    if inwards:
        return PowerConfig(stat_rate_from=meter.power_export, stat_rate_to=meter.power_import)
    return PowerConfig(stat_rate_from=meter.power_import, stat_rate_to=meter.power_export)


def _devices(present: Sequence[DeviceConsumption], wishes: MeterRoles) -> Iterable[DeviceConsumption]:
    """Yield what consumes, each with the meter upstream of it where that is a device too."""
    known = {device["stat_consumption"] for device in present}
    missing = {
        pair.imported: (meter, index)
        for meter in wishes.devices
        for index, pair in enumerate(meter.counters)
        if pair.imported is not None and pair.imported not in known
    }
    there = known | missing.keys()
    upstream = {
        device["stat_consumption"]: device["included_in_stat"] for device in present if "included_in_stat" in device
    }
    for stat, (meter, index) in missing.items():
        device = DeviceConsumption(stat_consumption=stat, name=meter.part(index))
        power = meter.power or meter.power_import
        if power is not None and index == 0:
            device["stat_rate"] = power
        through = wishes.upstream.get(stat)
        # A meter that runs through itself would count for nothing.
        if through is not None and through in there and not has_cycle(upstream | {stat: through}):
            upstream[stat] = through
            device["included_in_stat"] = through
        yield device
