"""One round of naming codes: what was read, recognised and chosen, and what of it is stored."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from homeassistant.core import HomeAssistant

from custom_components.carlo_gavazzi_ems.api import Device, EmsClient, EmsError, Load, Sample, Signal
from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.options import CONF_CODES, CONF_EVIDENCE, Options
from custom_components.carlo_gavazzi_ems.signals.catalogue import DOCUMENTED, Catalogue, Meaning, Source, parse_meaning
from custom_components.carlo_gavazzi_ems.signals.identify import Finding


@dataclass(kw_only=True)
class Naming:
    """The state of one round of naming."""

    catalogue: Catalogue
    client: EmsClient | None = None
    recognised: Mapping[int, Finding] = MappingProxyType({})
    """The daily look's findings since the set-up, by code; each is certain."""
    signals: Mapping[int, Signal] = field(default_factory=dict)
    loads: Mapping[int, Load] = field(default_factory=dict)
    devices: Mapping[int, Device] = field(default_factory=dict)
    samples: Mapping[int, Sample] = field(default_factory=dict)
    """The latest values by UID."""
    findings: Mapping[int, Finding] = field(default_factory=dict)
    rising: Collection[int] = frozenset()
    """Uncertain codes whose values only rose."""
    page: int = 0
    failure: EmsError | None = None
    """Why reading ended early."""
    chosen: dict[str, str] = field(default_factory=dict)
    """The chosen meaning of each code, empty for none."""

    @property
    def listed(self) -> set[int]:
        """The codes of all signals that the gateway lists."""
        return {signal.code for signal in self.signals.values()}

    def is_open(self, code: int) -> bool:
        """Return whether a code has no meaning yet, or one that leaves the phase open."""
        meaning = self.catalogue.meaning(code)
        return meaning is None or meaning.phase_open

    def certain(self) -> dict[int, str]:
        """Return the meaning of each open code that is certain."""
        return {
            code: finding.candidates[0].text
            for code, finding in self.findings.items()
            if finding.certain and self.is_open(code)
        }

    def meanings(self) -> dict[int, str]:
        """Return the meaning of each listed code that has one or is certain."""
        known = {code: meaning.text for code in self.listed if (meaning := self.catalogue.meaning(code)) is not None}
        return known | self.certain()

    def codes(self) -> dict[str, str]:
        """Return the table of confirmed codes after this round, for the entry's options.

        Documented codes are left out, unless there was a finding; so they are not asked again.
        """
        table = self.catalogue.confirmed | {
            code: text
            for code, text in self.chosen.items()
            if not text or text != self._documented(code) or int(code) in self.findings
        }
        return {code: text for code, text in table.items() if text}

    def corrected(self) -> dict[str, tuple[str, str]]:
        """Return the codes whose meaning changes, with the old and the new meaning; the new one may be empty."""
        after = {code: text or self._documented(code) for code, text in self.chosen.items()}
        return {
            code: (before.text, text)
            for code, text in after.items()
            if (before := self.catalogue.meaning(int(code))) is not None and not _is_kept(before, text)
        }

    def _documented(self, code: str) -> str:
        """Return the documented meaning of a code, empty if there is none."""
        meaning = DOCUMENTED.get(int(code))
        return "" if meaning is None else meaning.text

    def options(self, before: Mapping[str, Any]) -> dict[str, Any]:
        """Return an entry's options with the choices and their evidence."""
        stored = Options.read(before)
        # A newer version may have confirmed meanings that this one does not know; an update finds them again.
        codes = {code: stored.codes[code] for code in self.catalogue.rejected if code in stored.codes} | self.codes()
        kept = {code: reason for code, reason in stored.evidence.items() if code in codes}
        for code in self.corrected():
            kept.pop(code, None)
        return {**before, CONF_CODES: codes, CONF_EVIDENCE: kept | self._evidence()}

    def _evidence(self) -> dict[str, dict[str, Any]]:
        """Return confidence and law of each choice that was proposed, for the diagnostics."""
        proposals = {
            (code, candidate.text): candidate
            for code, finding in self.findings.items()
            for candidate in finding.candidates
        }
        return {
            code: {"confidence": round(candidate.confidence, 3), "law": candidate.law}
            for code, text in self.chosen.items()
            if (candidate := proposals.get((int(code), text))) is not None
        }


def _is_kept(before: Meaning, text: str) -> bool:
    """Return whether a meaning stays the same or only gets its phase, so that statistics remain valid."""
    if not text:
        return False
    return parse_meaning(text, Source.CONFIRMED).names_phase_of(before) or text == before.text


def known_codes(hass: HomeAssistant) -> dict[str, str]:
    """Return the codes confirmed on any gateway. A code means the same on all of them."""
    known: dict[str, str] = {}
    for entry in hass.config_entries.async_entries(DOMAIN):
        known.update(Options.of(entry).codes)
    return known
