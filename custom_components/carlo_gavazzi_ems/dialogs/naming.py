"""The rows of the code pages: where a code was seen, and the meanings to choose from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations

from custom_components.carlo_gavazzi_ems.api import Load, Sample, Signal
from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.signals.identify import Finding
from custom_components.carlo_gavazzi_ems.signals.quantities import QUANTITIES
from custom_components.carlo_gavazzi_ems.signals.quantity import Quantity
from custom_components.carlo_gavazzi_ems.texts.markdown import escaped
from custom_components.carlo_gavazzi_ems.texts.numbers import written

_MAX_LABEL: Final = 40
#: Stored text of each meaning (`quantity/unit`, or `quantity` without a unit) -> quantity and unit.
MEANINGS: Final = {
    (quantity.key if unit is None else f"{quantity.key}/{unit}"): (quantity, unit)
    for quantity in QUANTITIES.values()
    for unit in quantity.units
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRow:
    """One code in a form: its label with load and value, and its finding."""

    code: int
    label: str
    finding: Finding | None

    @property
    def proposal(self) -> str | None:
        """The certain meaning, None if there is none. Only this is preselected."""
        if self.finding is None or not self.finding.certain:
            return None
        return self.finding.candidates[0].text


def code_rows(
    signals: Mapping[int, Signal],
    loads: Mapping[int, Load],
    samples: Mapping[int, Sample],
    findings: Mapping[int, Finding],
    language: str,
) -> list[CodeRow]:
    """Return a row for each code in ascending order, with the load that has the most informative value."""
    shown: dict[int, Signal] = {}
    for uid, signal in sorted(signals.items()):
        before = shown.get(signal.code)
        if before is None or information(samples, uid) > information(samples, before.uid):
            shown[signal.code] = signal
    return [
        CodeRow(code=code, label=_label(shown[code], loads, samples, language), finding=findings.get(code))
        for code in sorted(shown)
    ]


def information(samples: Mapping[int, Sample], uid: int) -> tuple[bool, bool]:
    """Return a sort key: any value is more informative than none, and another number more than zero."""
    sample = samples.get(uid)
    value = None if sample is None else sample.value
    return value is not None, bool(value)


def load_key(signal: Signal) -> tuple[int | None, int | None]:
    """Return the key of a signal's load; a signal without a load belongs to its device."""
    return signal.load_uid, signal.device_uid if signal.load_uid is None else None


def load_label(signal: Signal, loads: Mapping[int, Load]) -> str:
    """Return the label of a signal's load as plain text, empty if it has none."""
    load = loads.get(signal.load_uid) if signal.load_uid is not None else None
    return escaped(load.label, _MAX_LABEL) if load else ""


def plain(value: float, language: str) -> str:
    """Return a value with all of its decimals."""
    return written(f"{value:.10g}", language)


def _label(signal: Signal, loads: Mapping[int, Load], samples: Mapping[int, Sample], language: str) -> str:
    """Return code, load and value as in `45 · Heat pump · 1234.5`."""
    sample = samples.get(signal.uid)
    value = "" if sample is None or sample.value is None else plain(sample.value, language)
    return " · ".join(part for part in (str(signal.code), load_label(signal, loads), value) if part)


@dataclass(frozen=True, slots=True)
class QuantityNames:
    """The names of all quantities in Home Assistant's language."""

    _by_translation_key: Mapping[str, str]
    """With placeholders for phase, tariff and the like."""

    @classmethod
    async def async_load(cls, hass: HomeAssistant) -> Self:
        """Load the names of the sensors."""
        texts = await async_get_translations(hass, hass.config.language, "entity", {DOMAIN})
        return cls(
            {
                quantity.translation_key: texts[f"component.{DOMAIN}.entity.sensor.{quantity.translation_key}.name"]
                for quantity in QUANTITIES.values()
            }
        )

    def of(self, quantity: Quantity, unit: str | None) -> str:
        """Return `Energy import · kWh`."""
        name = self.together([quantity])
        return name if unit is None else f"{name} · {unit}"

    def together(self, parts: Sequence[Quantity]) -> str:
        """Return `Voltage L1, L2, L3` for quantities that differ in phase, tariff and the like only."""
        said = {key: ", ".join(part.placeholders[key] for part in parts) for key in parts[0].placeholders}
        return self._by_translation_key[parts[0].translation_key].format(**said)

    def of_text(self, text: str) -> str:
        """Return the name of a stored meaning, `energy_import/kWh`."""
        key, _, unit = text.partition("/")
        return self.of(QUANTITIES[key], unit or None)

    def labels(self, finding: Finding | None) -> dict[str, str]:
        """Return label -> stored text of all meanings, the candidates of the finding first.

        A candidate shows its confidence. An asterisk marks a phase whose number is an assumption.
        """
        found = {candidate.text: candidate.confidence for candidate in finding.candidates} if finding else {}
        mark = " *" if finding is not None and finding.assumption else ""
        first = {f"{self.of_text(text)} · {share:.0%}{mark}": text for text, share in found.items()}
        return first | {self.of(*MEANINGS[text]): text for text in MEANINGS if text not in found}
