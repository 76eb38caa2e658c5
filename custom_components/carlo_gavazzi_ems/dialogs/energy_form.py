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
from custom_components.carlo_gavazzi_ems.energy.proposal import (
    Additions,
    MeterRoles,
    has_home,
    in_devices,
    in_sources,
)
from custom_components.carlo_gavazzi_ems.energy.roles import Roles
from custom_components.carlo_gavazzi_ems.ha_release import HOME_SOURCE, optional_with

from .energy_texts import EnergyTexts

CONF_GRID: Final = "grid"
CONF_SOLAR: Final = "solar"
CONF_BATTERY: Final = "battery"
CONF_CHARGING_IS_EXPORT: Final = "charging_is_export"
CONF_HOME: Final = "home"
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
    """Whether the gateway's history had enough readings."""

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
            fields[optional_with(CONF_CHARGING_IS_EXPORT, CONF_BATTERY)] = BooleanSelector()
        if homes := self._homes(preferences):
            fields[vol.Optional(CONF_HOME)] = one_of(
                (uid, self.texts.reading(self.meters[uid], Direction.IMPORT)) for uid in homes
            )
        if devices := self._devices(preferences):
            fields[vol.Optional(CONF_DEVICES)] = several(
                (uid, self.texts.reading(self.meters[uid], Direction.IMPORT)) for uid in devices
            )
        for name, counters in ((CONF_GAS, self.gas), (CONF_WATER, self.water)):
            if counters:
                fields[vol.Optional(name)] = several(counters.items())
        return vol.Schema(fields)

    def suggested(self, preferences: EnergyPreferences) -> dict[str, Any]:
        """Return the proposed choices, without kinds of source that the dashboard already has from other integrations."""
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
            # Of several counters of gas or water, one may include others.
            CONF_GAS: list(self.gas) if len(self.gas) == 1 else [],
            CONF_WATER: list(self.water) if len(self.water) == 1 else [],
            CONF_HOME: str(roles.home) if str(roles.home) in self._homes(preferences) else None,
            CONF_DEVICES: [str(uid) for uid in roles.devices if str(uid) in devices],
        }
        return {name: value for name, value in found.items() if value and name not in foreign}

    def is_clear(self, preferences: EnergyPreferences) -> bool:
        """Return whether each meter is in the dashboard or has a proposed role, so that nothing is left to decide."""
        chosen = self.suggested(preferences)
        taken = in_sources(preferences) | in_devices(preferences)
        present = {uid for uid, meter in self.meters.items() if not taken.isdisjoint(meter.all)}
        proposed = {*_as_source(chosen), *chosen.get(CONF_DEVICES, ()), *map(str, self.proposed.repeating)}
        named = {*chosen.get(CONF_GAS, ()), *chosen.get(CONF_WATER, ())}
        return (
            CONF_GRID in chosen
            and self.meters.keys() <= present | proposed
            and self.gas.keys() | self.water.keys() == named
            and not self.in_doubt(chosen)
        )

    def has_two_roles(self, chosen: Mapping[str, Any]) -> bool:
        """Return whether a meter was chosen as more than one source."""
        uids = _as_source(chosen)
        return len(uids) != len(set(uids))

    def devices(self, chosen: Mapping[str, Any]) -> list[Meter]:
        """Return the chosen devices, without those that are also chosen as a source or as the whole house."""
        sources = {*_as_source(chosen), chosen.get(CONF_HOME)}
        return [self.meters[uid] for uid in chosen.get(CONF_DEVICES, ()) if uid not in sources]

    def roles(self, chosen: Mapping[str, Any], upstream: Mapping[str, str]) -> MeterRoles:
        """Return the chosen roles."""
        solar = [text.partition("/") for text in chosen.get(CONF_SOLAR, ())]
        return MeterRoles(
            grid=[self.meters[uid] for uid in chosen.get(CONF_GRID, ())],
            solar=[(self.meters[uid], Direction(direction)) for uid, _, direction in solar],
            batteries=[self.meters[uid] for uid in chosen.get(CONF_BATTERY, ())],
            charging=Direction.EXPORT if chosen.get(CONF_CHARGING_IS_EXPORT) else Direction.IMPORT,
            home=self.meters.get(chosen.get(CONF_HOME, "")),
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

    def review(
        self, chosen: Mapping[str, Any], lacking: Additions, devices: Mapping[str, str], hass: HomeAssistant
    ) -> dict[str, str]:
        """Return what is added, as lists of text; `devices`: counter -> name."""
        turned = {meter.production: meter.power for meter in self.meters.values() if meter.production and meter.power}
        placed = {*_as_source(chosen), chosen.get(CONF_HOME), *chosen.get(CONF_DEVICES, ())}
        repeating = [self.meters[uid].name for uid in map(str, self.proposed.repeating) if uid not in placed]
        return {
            "added": self.texts.added(lacking, devices, turned, hass),
            "left_out": self.texts.left_out(repeating),
        }

    def _devices(self, preferences: EnergyPreferences) -> list[str]:
        """Return the meters that may be devices: those that the dashboard lacks."""
        taken = in_sources(preferences) | in_devices(preferences)
        return [
            uid for uid, meter in self.meters.items() if meter.has(Direction.IMPORT) and taken.isdisjoint(meter.all)
        ]

    def _homes(self, preferences: EnergyPreferences) -> list[str]:
        """Return the meters that may count the whole house, if the dashboard supports one and has none."""
        if not HOME_SOURCE or has_home(preferences):
            return []
        return [uid for uid in self._devices(preferences) if len(self.meters[uid].counters) == 1]

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
