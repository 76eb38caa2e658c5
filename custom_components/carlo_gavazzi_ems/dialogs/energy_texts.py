"""Texts of the pages about the Energy dashboard."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from homeassistant.components.energy.data import DeviceConsumption, PowerConfig, SourceType
from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.energy.meter import Direction, Meter
from custom_components.carlo_gavazzi_ems.energy.proposal import Additions
from custom_components.carlo_gavazzi_ems.signals.quantities import QUANTITIES
from custom_components.carlo_gavazzi_ems.texts.markdown import bullets, escaped
from custom_components.carlo_gavazzi_ems.texts.numbers import written

from .naming import QuantityNames

_KEYS = {Direction.IMPORT: "energy_import", Direction.EXPORT: "energy_export"}


@dataclass(frozen=True, slots=True)
class EnergyTexts:
    """Labels in Home Assistant's language from the names of loads and quantities."""

    names: QuantityNames
    _headings: Mapping[str, str]
    """The heading of each kind of source and of the devices: the name of its field."""
    _left_out: str
    """Why meters are left out."""
    _language: str

    @classmethod
    async def async_load(cls, hass: HomeAssistant) -> Self:
        """Load the texts."""
        language = hass.config.language
        fields = f"component.{DOMAIN}.options.step.energy_roles.data."
        options = await async_get_translations(hass, language, "options", {DOMAIN})
        headings = {key.removeprefix(fields): text for key, text in options.items() if key.startswith(fields)}
        common = await async_get_translations(hass, language, "common", {DOMAIN})
        left_out = common[f"component.{DOMAIN}.common.counted_by_grid"]
        return cls(await QuantityNames.async_load(hass), headings, left_out, language)

    def reading(self, meter: Meter, direction: Direction) -> str:
        """Return `Solar · Energy export · 1234.5 kWh`."""
        return f"{meter.name} · {self._counted(meter, direction)}"

    def readings(self, meter: Meter) -> str:
        """Return a meter with the readings of both directions."""
        counted = [self._counted(meter, direction) for direction in Direction if meter.has(direction)]
        return " · ".join([meter.name, *counted])

    def left_out(self, names: Iterable[str]) -> str:
        """Return a paragraph with the meters that are left out, empty if there are none."""
        meters = ", ".join(escaped(name) for name in names)
        return f"\n\n{self._left_out.format(meters=meters)}" if meters else ""

    def added(
        self, found: Additions, devices: Mapping[str, str], turned: Mapping[str, str], hass: HomeAssistant
    ) -> str:
        """Return lists of the additions: ⬇ import, ⬆ export, ⚡ power, ↳ upstream device.

        `turned`: sensor of a production -> the power that it inverts.
        """

        def name(entity_id: str, owner: str) -> str:
            if entity_id in turned:
                return f"- {name(turned[entity_id], owner)}"
            state = hass.states.get(entity_id)
            # The line begins with the name of the load already.
            return escaped(state.name.removeprefix(f"{owner} ") if state is not None else entity_id)

        lines: dict[str, list[str]] = {"grid": [], "solar": [], "battery": [], "home": [], "gas": [], "water": []}
        for source in found.sources:
            lines[source["type"]].append(_flow(source, name))
        lines["devices"] = [_device(device, devices, name) for device in found.devices]
        return "\n\n".join(f"**{self._headings[kind]}**\n\n{bullets(some)}" for kind, some in lines.items() if some)

    def _counted(self, meter: Meter, direction: Direction) -> str:
        total = written(f"{meter.total(direction):.1f} kWh", self._language)
        return f"{self.names.of(QUANTITIES[_KEYS[direction]], None)} {total}"


def _flow(source: SourceType, name: Callable[[str, str], str]) -> str:
    """Return the line of a source."""
    owner = str(source.get("name", ""))
    stats = (source.get("stat_energy_from"), source.get("stat_energy_to"))
    signs = "⬆⬇" if str(source["type"]) == "home" else "⬇⬆"
    parts = [f"{sign} {name(stat, owner)}" for sign, stat in zip(signs, stats, strict=True) if isinstance(stat, str)]
    if "stat_rate" in source:
        power: PowerConfig | None = PowerConfig(stat_rate=source["stat_rate"])
    else:
        power = source.get("power_config") if source["type"] in {"grid", "battery"} else None
    return f"{escaped(owner)}: {', '.join([*parts, f'⚡ {_power(power, owner, name)}'] if power else parts)}"


def _power(config: PowerConfig, owner: str, name: Callable[[str, str], str]) -> str:
    """Return the sensors of a power."""
    match config:
        case {"stat_rate_inverted": stat}:
            return f"- {name(stat, owner)}"
        case {"stat_rate_from": plus, "stat_rate_to": minus}:
            return f"{name(plus, owner)} - {name(minus, owner)}"
        case {"stat_rate": stat}:
            return name(stat, owner)
    raise ValueError(config)


def _device(device: DeviceConsumption, devices: Mapping[str, str], name: Callable[[str, str], str]) -> str:
    """Return the line of a device."""
    owner = device.get("name", "")
    parts = [f"{escaped(owner)}: {name(device['stat_consumption'], owner)}"]
    if "stat_rate" in device:
        parts.append(f"⚡ {name(device['stat_rate'], owner)}")
    if "included_in_stat" in device:
        parts.append(f"↳ {escaped(devices[device['included_in_stat']])}")
    return ", ".join(parts)
