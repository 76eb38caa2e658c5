"""The form in which the role of each meter is chosen, and what was chosen."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from homeassistant.components.energy.data import EnergyPreferences
from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
import voluptuous as vol

from custom_components.carlo_gavazzi_ems.energy.meter import Direction, Meter
from custom_components.carlo_gavazzi_ems.energy.proposal import Additions, MeterRoles, in_devices, in_sources
from custom_components.carlo_gavazzi_ems.energy.roles import Roles

from .energy_texts import EnergyTexts

CONF_GRID: Final = "grid"
CONF_SOLAR: Final = "solar"
CONF_BATTERY: Final = "battery"
CONF_CHARGING_IS_EXPORT: Final = "charging_is_export"
CONF_DEVICES: Final = "devices"
CONF_GAS: Final = "gas"
CONF_WATER: Final = "water"
_SOURCES: Final = (CONF_GRID, CONF_SOLAR, CONF_BATTERY)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyForm:
    """The meters to choose from, and how they are shown."""

    meters: Mapping[str, Meter]
    """By UID as text."""
    gas: Mapping[str, str]
    """Counter -> name."""
    water: Mapping[str, str]
    texts: EnergyTexts
    proposed: Roles = field(default_factory=Roles)
    is_seen: bool = False
    """Whether the gateway's history tells anything."""

    def schema(self, preferences: EnergyPreferences) -> vol.Schema:
        """Return the form. The most likely meters come first."""
        fields: dict[vol.Marker, object] = {
            vol.Optional(CONF_GRID): several(
                (str(meter.uid), self.texts.readings(meter)) for meter in self._sorted(_imported)
            ),
            vol.Optional(CONF_SOLAR): several(
                (f"{uid}/{direction}", self.texts.reading(self.meters[uid], direction))
                for uid, direction in self._produced()
            ),
        }
        both = [meter for meter in self._sorted(_throughput) if all(meter.has(direction) for direction in Direction)]
        if both:
            fields[vol.Optional(CONF_BATTERY)] = several((str(one.uid), self.texts.readings(one)) for one in both)
            fields[vol.Optional(CONF_CHARGING_IS_EXPORT)] = BooleanSelector()
        if devices := self._devices(preferences):
            fields[vol.Optional(CONF_DEVICES)] = several(
                (uid, self.texts.reading(self.meters[uid], Direction.IMPORT)) for uid in devices
            )
        for name, counters in ((CONF_GAS, self.gas), (CONF_WATER, self.water)):
            if counters:
                fields[vol.Optional(name)] = several(counters.items())
        return vol.Schema(fields)

    def suggested(self, preferences: EnergyPreferences) -> dict[str, Any]:
        """Return what is proposed. A kind of source that the dashboard has from elsewhere is not proposed again."""
        roles = self.proposed
        ours = {stat for meter in self.meters.values() for stat in meter.all} | self.gas.keys() | self.water.keys()
        foreign = {
            source["type"]
            for source in preferences["energy_sources"]
            if ours.isdisjoint(in_sources(EnergyPreferences(energy_sources=[source], device_consumption=[])))
        }
        devices = self._devices(preferences)
        found: dict[str, Any] = {
            CONF_GRID: [str(uid) for uid in roles.grid],
            CONF_SOLAR: [f"{uid}/{direction}" for uid, direction in roles.solar],
            CONF_BATTERY: [str(uid) for uid in roles.batteries],
            CONF_CHARGING_IS_EXPORT: roles.charging is Direction.EXPORT,
            # Of several counters of gas or water some may be part of others.
            CONF_GAS: list(self.gas) if len(self.gas) == 1 else [],
            CONF_WATER: list(self.water) if len(self.water) == 1 else [],
            CONF_DEVICES: [str(uid) for uid in roles.devices if str(uid) in devices],
        }
        return {name: value for name, value in found.items() if value and name not in foreign}

    def has_two_roles(self, chosen: Mapping[str, Any]) -> bool:
        """Return whether a meter was chosen as more than one source."""
        uids = _as_source(chosen)
        return len(uids) != len(set(uids))

    def devices(self, chosen: Mapping[str, Any]) -> list[Meter]:
        """Return the chosen devices; a meter that is a source is none."""
        sources = set(_as_source(chosen))
        return [self.meters[uid] for uid in chosen.get(CONF_DEVICES, ()) if uid not in sources]

    def roles(self, chosen: Mapping[str, Any], upstream: Mapping[str, str]) -> MeterRoles:
        """Return what was chosen."""
        solar = [text.partition("/") for text in chosen.get(CONF_SOLAR, ())]
        return MeterRoles(
            grid=[self.meters[uid] for uid in chosen.get(CONF_GRID, ())],
            solar=[(self.meters[uid], Direction(direction)) for uid, _, direction in solar],
            batteries=[self.meters[uid] for uid in chosen.get(CONF_BATTERY, ())],
            charging=Direction.EXPORT if chosen.get(CONF_CHARGING_IS_EXPORT) else Direction.IMPORT,
            devices=self.devices(chosen),
            gas={stat: self.gas[stat] for stat in chosen.get(CONF_GAS, ())},
            water={stat: self.water[stat] for stat in chosen.get(CONF_WATER, ())},
            upstream=upstream,
        )

    def upstream(self, chosen: Mapping[str, Any]) -> dict[str, str]:
        """Return the certain upstream devices of the chosen devices: counter -> counter."""
        stats = {meter.uid: consumption(meter) for meter in self.devices(chosen)}
        return {
            stat: stats[whole][0]
            for part, whole in self.proposed.upstream.items()
            if len(stats.get(whole, ())) == 1
            for stat in stats.get(part, ())
        }

    def in_doubt(self, chosen: Mapping[str, Any]) -> list[str]:
        """Return the counters of the chosen devices that may have another one upstream."""
        devices = {meter.uid: meter for meter in self.devices(chosen)}
        if not self.is_seen and len(devices) > 1:
            return [stat for meter in devices.values() for stat in consumption(meter)]
        return [
            stat
            for part, whole in self.proposed.doubtful.items()
            if part in devices and whole in devices
            for stat in consumption(devices[part])
        ]

    def review(self, lacking: Additions, devices: Mapping[str, str], hass: HomeAssistant) -> dict[str, str]:
        """Return what is added, as lists of text; `devices`: counter -> name."""
        turned = {meter.production: meter.power for meter in self.meters.values() if meter.production and meter.power}
        return self.texts.of(lacking, devices, turned, hass)

    def _devices(self, preferences: EnergyPreferences) -> list[str]:
        """Return the meters that may be devices: those that the dashboard does not have yet."""
        taken = in_sources(preferences) | in_devices(preferences)
        return [
            uid for uid, meter in self.meters.items() if meter.has(Direction.IMPORT) and taken.isdisjoint(meter.all)
        ]

    def _sorted(self, key: Callable[[Meter], float]) -> list[Meter]:
        return sorted(self.meters.values(), key=key, reverse=True)

    def _produced(self) -> list[tuple[str, Direction]]:
        """Return the counters that may count production, those with the most export first."""
        return [
            (str(meter.uid), direction)
            for direction in (Direction.EXPORT, Direction.IMPORT)
            for meter in self._sorted(lambda meter, direction=direction: meter.total(direction))  # type: ignore[misc]
            if meter.has(direction)
        ]


def consumption(meter: Meter) -> list[str]:
    """Return the import counters of a meter."""
    return [pair.imported for pair in meter.counters if pair.imported is not None]


def several(items: Iterable[tuple[str, str]]) -> SelectSelector:
    """Return a list with multiple choice."""
    return SelectSelector(
        SelectSelectorConfig(options=_options(items), multiple=True, mode=SelectSelectorMode.DROPDOWN, sort=False)
    )


def one_of(items: Iterable[tuple[str, str]]) -> SelectSelector:
    """Return a list with a single choice."""
    return SelectSelector(SelectSelectorConfig(options=_options(items), mode=SelectSelectorMode.DROPDOWN, sort=False))


def _options(items: Iterable[tuple[str, str]]) -> list[SelectOptionDict]:
    return [SelectOptionDict(value=value, label=label) for value, label in items]


def _as_source(chosen: Mapping[str, Collection[str]]) -> list[str]:
    """Return the UIDs of the meters that were chosen as sources, repeated if chosen more than once."""
    return [text.partition("/")[0] for role in _SOURCES for text in chosen.get(role, ())]


def _imported(meter: Meter) -> float:
    return meter.total(Direction.IMPORT)


def _throughput(meter: Meter) -> float:
    """Return the smaller of both totals in kWh; for a battery they are about equal."""
    return min(meter.total(direction) for direction in Direction)
