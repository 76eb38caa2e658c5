"""The recognised codes as text: groups of lines, with values and loads; phases of a quantity share a line."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.signals.quantities import FAMILIES, QUANTITIES, Family
from custom_components.carlo_gavazzi_ems.signals.quantity import Quantity
from custom_components.carlo_gavazzi_ems.texts.markdown import bullets

from .doubts import Doubt
from .naming import MEANINGS, QuantityNames, plain
from .naming_round import Naming
from .readings import Reading, Readings


class Group(StrEnum):
    """A heading, by the key of its text."""

    ENERGY = "energy"
    POWER = "power"
    VOLTAGE_CURRENT = "voltage_current"
    GRID = "grid"
    OTHER = "other"


_GROUPS: Final = {
    quantity.key: group
    for family, group in (
        (Family.ENERGY, Group.ENERGY),
        (Family.POWER, Group.POWER),
        (Family.VOLTAGE, Group.VOLTAGE_CURRENT),
        (Family.CURRENT, Group.VOLTAGE_CURRENT),
        (Family.GRID, Group.GRID),
    )
    for quantity in FAMILIES[family]
}
_ORDER: Final = {key: place for place, key in enumerate(QUANTITIES)}
#: The backslash keeps it from starting emphasis.
_MARK: Final = " \\*"


@dataclass(slots=True)
class _Line:
    """Codes that share a line: the phases, tariffs and the like of one quantity."""

    quantities: list[Quantity]
    unit: str | None
    codes: list[int]

    def takes(self, quantity: Quantity, unit: str | None) -> bool:
        """Return whether a code of a quantity belongs into this line."""
        first = self.quantities[0]
        return (
            quantity not in self.quantities
            and (quantity.translation_key, unit) == (first.translation_key, self.unit)
            and bool(quantity.placeholders)
        )


@dataclass(frozen=True, slots=True)
class FindingsTexts:
    """Texts in Home Assistant's language."""

    names: QuantityNames
    _words: Mapping[str, str]
    _language: str

    @classmethod
    async def async_load(cls, hass: HomeAssistant) -> Self:
        """Load names and words."""
        # Translations have no category for words that code combines; a selector's options are the nearest.
        prefix = f"component.{DOMAIN}.selector.findings.options."
        texts = await async_get_translations(hass, hass.config.language, "selector", {DOMAIN})
        words = {key.removeprefix(prefix): text for key, text in texts.items() if key.startswith(prefix)}
        return cls(await QuantityNames.async_load(hass), words, hass.config.language)

    def groups(self, found: Mapping[int, str], naming: Naming) -> str:
        """Return the meanings found as groups of lines in Markdown. A group without lines is left out."""
        readings = Readings(naming.signals, naming.loads, naming.samples)
        assumed = _assumed(naming)
        texts: dict[Group, list[str]] = {group: [] for group in Group}
        for line in _lines(found):
            mark = "" if assumed.isdisjoint(line.codes) else _MARK
            group = _GROUPS.get(line.quantities[0].key, Group.OTHER)
            texts[group].append(f"{self._line(line, readings.of(line.codes))}{mark}")
        parts = [f"**{self._words[group]}**\n\n{bullets(text)}" for group, text in texts.items() if text]
        if not assumed.isdisjoint(found):
            parts.append(f"{_MARK.strip()} {self._words['phases_assumed']}")
        return "\n\n".join(parts) or bullets([])

    def question(self, doubt: Doubt) -> str:
        """Return `Water: 1353.755, rising`."""
        values = self._values(doubt.reading, None)
        text = f"{self._where(doubt.reading)}: {values}" if self._where(doubt.reading) else values
        return f"{text}, {self._words['rising']}" if doubt.is_rising else text

    def _line(self, line: _Line, reading: Reading) -> str:
        """Return `Voltage L1, L2, L3: 230.1 / 229.8 / 231 V (Main and 6 more)`."""
        text = self.names.together(line.quantities)
        if any(value is not None for value in reading.values):
            text = f"{text}: {self._values(reading, line.unit)}"
        where = self._where(reading)
        return f"{text} ({where})" if where else text

    def _values(self, reading: Reading, unit: str | None) -> str:
        values = " / ".join("—" if value is None else plain(value, self._language) for value in reading.values)
        return values if unit is None else f"{values} {unit}"

    def _where(self, reading: Reading) -> str:
        """Return `Main and 6 more`."""
        if reading.loads == 1:
            return reading.load
        return self._words["and_more"].format(load=reading.load or "—", more=reading.loads - 1)


def _assumed(naming: Naming) -> set[int]:
    """Return the codes whose phase is an assumption; none if there is only one phase."""
    phases = {MEANINGS[text][0].placeholders.get("phase") for text in naming.meanings().values()} - {None}
    return {code for code, finding in naming.findings.items() if finding.assumption} if len(phases) > 1 else set()


def _lines(found: Mapping[int, str]) -> list[_Line]:
    """Return a line for each quantity, in the order of `QUANTITIES`; phases, tariffs and the like share a line."""
    lines: list[_Line] = []
    for code, text in sorted(found.items(), key=lambda item: (_ORDER[item[1].partition("/")[0]], item[0])):
        quantity, unit = MEANINGS[text]
        line = next((line for line in lines if line.takes(quantity, unit)), None)
        if line is None:
            lines.append(_Line([quantity], unit, [code]))
        else:
            line.quantities.append(quantity)
            line.codes.append(code)
    return lines
