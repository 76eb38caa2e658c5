"""Texts of the pages about the Energy dashboard."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from homeassistant.components.energy.data import DeviceConsumption, PowerConfig, SourceType
from homeassistant.core import HomeAssistant

from custom_components.carlo_gavazzi_ems.energy.meter import Direction, Meter
from custom_components.carlo_gavazzi_ems.energy.proposal import Additions
from custom_components.carlo_gavazzi_ems.signals.quantities import QUANTITIES
from custom_components.carlo_gavazzi_ems.texts.markdown import bullets, escaped

from .naming import QuantityNames

_KEYS = {Direction.IMPORT: "energy_import", Direction.EXPORT: "energy_export"}


@dataclass(frozen=True, slots=True)
class EnergyTexts:
    """Labels in Home Assistant's language from the names of loads and quantities."""

    names: QuantityNames

    def reading(self, meter: Meter, direction: Direction) -> str:
        """Return `Solar · Energy export · 1234.5 kWh`."""
        return f"{meter.name} · {self._counted(meter, direction)}"

    def readings(self, meter: Meter) -> str:
        """Return a meter with the readings of both directions."""
        counted = [self._counted(meter, direction) for direction in Direction if meter.has(direction)]
        return " · ".join([meter.name, *counted])

    def of(
        self, found: Additions, devices: Mapping[str, str], turned: Mapping[str, str], hass: HomeAssistant
    ) -> dict[str, str]:
        """Return lists of the additions: ⬇ import, ⬆ export, ⚡ power, ↳ upstream device.

        `turned`: sensor of a production -> the power that it turns round.
        """

        def name(entity_id: str) -> str:
            if entity_id in turned:
                return f"- {name(turned[entity_id])}"
            state = hass.states.get(entity_id)
            return escaped(state.name if state is not None else entity_id)

        lines: dict[str, list[str]] = {"grid": [], "solar": [], "battery": [], "gas": [], "water": []}
        for source in found.sources:
            lines[source["type"]].append(_flow(source, name))
        lines["devices"] = [_device(device, devices, name) for device in found.devices]
        # A list stands below its heading; that there is none stands beside it.
        return {kind: f"\n\n{bullets(text)}" if text else bullets(text) for kind, text in lines.items()}

    def _counted(self, meter: Meter, direction: Direction) -> str:
        return f"{self.names.of(QUANTITIES[_KEYS[direction]], None)} {meter.total(direction):.1f} kWh"


def _flow(source: SourceType, name: Callable[[str], str]) -> str:
    """Return the line of a source."""
    inwards, outwards = source.get("stat_energy_from"), source.get("stat_energy_to")
    parts = [f"{sign} {name(stat)}" for sign, stat in (("⬇", inwards), ("⬆", outwards)) if isinstance(stat, str)]
    if source["type"] == "solar":
        power = PowerConfig(stat_rate=source["stat_rate"]) if "stat_rate" in source else None
    else:
        power = source.get("power_config") if source["type"] in {"grid", "battery"} else None
    return ", ".join([*parts, f"⚡ {_power(power, name)}"] if power else parts)


def _power(config: PowerConfig, name: Callable[[str], str]) -> str:
    """Return the sensors of a power."""
    match config:
        case {"stat_rate_inverted": stat}:
            return f"- {name(stat)}"
        case {"stat_rate_from": plus, "stat_rate_to": minus}:
            return f"{name(plus)} - {name(minus)}"
        case {"stat_rate": stat}:
            return name(stat)
    raise ValueError(config)


def _device(device: DeviceConsumption, devices: Mapping[str, str], name: Callable[[str], str]) -> str:
    """Return the line of a device."""
    parts = [f"{escaped(device.get('name', ''))}: {name(device['stat_consumption'])}"]
    if "stat_rate" in device:
        parts.append(f"⚡ {name(device['stat_rate'])}")
    if "included_in_stat" in device:
        parts.append(f"↳ {escaped(devices[device['included_in_stat']])}")
    return ", ".join(parts)
