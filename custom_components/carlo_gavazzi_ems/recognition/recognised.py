"""What the daily looks have recognised, stored over restarts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from homeassistant.core import HomeAssistant

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry
from custom_components.carlo_gavazzi_ems.signals.catalogue import Source, parse_meaning
from custom_components.carlo_gavazzi_ems.signals.identify import Candidate, Finding
from custom_components.carlo_gavazzi_ems.storage.checked import CheckedStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """The findings so far, and the day of the last look."""

    day: int = 0
    """The day of the last look, counted from the set-up; 0 before the first."""
    named: Mapping[str, str] = field(default_factory=dict)
    """The confirmed codes that the findings depend on."""
    findings: Mapping[int, Finding] = field(default_factory=dict)
    """By code; each is certain."""

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Restore the result of `as_dict`. Raises KeyError, TypeError or ValueError for anything else."""
        return cls(
            day=int(stored["day"]),
            named={str(code): str(text) for code, text in stored["named"].items()},
            findings={int(code): _finding(int(code), kept) for code, kept in stored["findings"].items()},
        )

    def as_dict(self) -> dict[str, Any]:
        """Return it as it is stored."""
        return {
            "day": self.day,
            "named": dict(self.named),
            "findings": {
                str(code): {
                    "text": finding.candidates[0].text,
                    "confidence": finding.candidates[0].confidence,
                    "law": finding.candidates[0].law,
                    "assumption": finding.assumption,
                }
                for code, finding in sorted(self.findings.items())
            },
        }


def recognised_store(hass: HomeAssistant, entry: EmsConfigEntry) -> CheckedStore[Recognised]:
    """Return the store of an entry."""
    what = f"{entry.title}: the list of codes recognised since the set-up"
    return CheckedStore(hass, f"{DOMAIN}.{entry.entry_id}.recognised", what, Recognised.from_dict)


def _finding(code: int, kept: Mapping[str, Any]) -> Finding:
    """Return a stored finding. Raises ValueError for a meaning that this version does not know."""
    candidate = Candidate(
        text=parse_meaning(kept["text"], Source.CONFIRMED).text,
        confidence=float(kept["confidence"]),
        law=str(kept["law"]),
    )
    assumption = kept["assumption"]
    return Finding(
        code=code,
        candidates=(candidate,),
        certain=True,
        assumption=None if assumption is None else str(assumption),
    )
