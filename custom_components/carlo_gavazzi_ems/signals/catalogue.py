"""The meaning of each signal-identifier code: documented in public, or confirmed by the user.

The documented codes are read from `catalogue.json` when this module is imported, once. Home Assistant imports a custom
integration in its import executor, so the read never runs in the event loop as long as the integration's `__init__`
imports this module at its top level. Nothing else here touches a file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
import json
from pathlib import Path
import re
from types import MappingProxyType
from typing import Final

from .quantities import QUANTITIES, Quantity

_CODE = re.compile(r"0|-?[1-9][0-9]{0,18}")
_COMMENT = "#"
_OF_A_PHASE: Final = frozenset({"voltage", "current"})
"""Quantities that a system has once for each phase, so that their bare name leaves the phase open."""
_HEADER = "# Signal-identifier codes of a Carlo Gavazzi EMS: code = quantity/unit"


class Source(StrEnum):
    """The source of a code's meaning."""

    DOCUMENTED = "documented"
    CONFIRMED = "confirmed"


class UnknownMeaning(ValueError):  # noqa: N818  # named after what is unknown
    """A text or a code without a valid meaning; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code measures: a quantity in a unit."""

    quantity: Quantity
    unit: str | None
    source: Source
    reference: str = ""
    """The document and the place in it, for a documented code."""

    @property
    def text(self) -> str:
        """The form that is stored and shared: `active_power/kW`, or `power_factor` for a bare number."""
        return self.quantity.key if self.unit is None else f"{self.quantity.key}/{self.unit}"

    @property
    def phase_open(self) -> bool:
        """Whether a document gives the quantity, but not its phase. A confirmed meaning is taken literally."""
        return self.source is Source.DOCUMENTED and self.quantity.key in _OF_A_PHASE

    def names_phase_of(self, other: Meaning) -> bool:
        """Tell whether this is the same as another meaning, but for its phase, which the other leaves open."""
        return self.unit == other.unit and re.sub(r"_l[123]$", "", self.quantity.key) == other.quantity.key


@dataclass(frozen=True, slots=True)
class Problem:
    """A line of a shared table that could not be read."""

    line: int
    """Counted from 1."""
    text: str
    reason: str


class UnreadableTable(ValueError):  # noqa: N818  # as above
    """A shared table with unreadable lines, all of which are in `problems`."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        """Keep the problems, at least one; the message has the first three."""
        shown = [f"line {problem.line}: {problem.reason}" for problem in problems[:3]]
        more = [f"and {len(problems) - 3} more"] if len(problems) > 3 else []
        super().__init__("; ".join(shown + more))
        self.problems = problems


def _shorten(text: str) -> str:
    """Return a text, cut to 40 characters for a message."""
    return text if len(text) <= 40 else f"{text[:39]}…"


def _text(value: object) -> str:
    """Return a stored value if it is a text; raise UnknownMeaning otherwise."""
    if not isinstance(value, str):
        raise UnknownMeaning(f"{_shorten(repr(value))} is not a text")
    return value


def _unit_names(quantity: Quantity) -> str:
    """Return the units of a quantity for a message."""
    return ", ".join("a bare number" if unit is None else unit for unit in quantity.units)


def parse_meaning(text: str, source: Source) -> Meaning:
    """Read `active_power/kW`, or `power_factor` for a bare number; raise UnknownMeaning for anything else.

    Key and unit must match exactly, including upper and lower case.
    """
    key, slash, rest = text.partition("/")
    if (quantity := QUANTITIES.get(key)) is None:
        raise UnknownMeaning(f"there is no quantity {_shorten(key)!r}")
    unit = rest if slash else None
    if unit not in quantity.units:
        given = "without a unit" if unit is None else f"in {_shorten(unit)!r}"
        raise UnknownMeaning(f"{key} does not come {given}; known are: {_unit_names(quantity)}")
    return Meaning(quantity, unit, source)


def parse_code(text: str) -> int:
    """Read a signal-identifier code, a whole number of at most 19 digits; raise UnknownMeaning otherwise."""
    if not _CODE.fullmatch(text):
        raise UnknownMeaning(f"{_shorten(text)!r} is not a code, which is a whole number")
    return int(text)


def _documented() -> Mapping[int, Meaning]:
    """Read the codes that come with the integration."""
    entries = json.loads(Path(__file__).with_name("catalogue.json").read_text(encoding="utf-8"))
    meanings: dict[int, Meaning] = {}
    for code, entry in entries.items():
        text = entry["quantity"] if entry["unit"] is None else f"{entry['quantity']}/{entry['unit']}"
        meaning = parse_meaning(text, Source.DOCUMENTED)
        meanings[parse_code(code)] = Meaning(meaning.quantity, meaning.unit, meaning.source, entry["source"])
    return MappingProxyType(meanings)


DOCUMENTED: Final = _documented()
"""The codes whose meaning is in a public document."""


def _parse_entry(entry: str, known: Mapping[str, str]) -> tuple[str, str]:
    """Read `45 = active_power/kW`. Raises UnknownMeaning if it is invalid or contradicts `known`."""
    code, equals, text = (part.strip() for part in entry.partition("="))
    if not equals:
        raise UnknownMeaning("it is not of the form: code = quantity/unit")
    code, text = str(parse_code(code)), parse_meaning(text, Source.CONFIRMED).text
    if known.get(code, text) != text:
        raise UnknownMeaning(f"code {code} is {known[code]} further up")
    return code, text


class Catalogue:
    """The codes whose meaning is known."""

    def __init__(self, confirmed: Mapping[str, object] = MappingProxyType({})) -> None:
        """Take the codes that the user has confirmed, from code to text: `{"45": "active_power/kW"}`.

        A confirmed code overrides a documented one. An invalid one is skipped and kept in `rejected`.
        """
        self._confirmed: dict[int, Meaning] = {}
        rejected: dict[str, str] = {}
        for code, text in confirmed.items():
            try:
                self._confirmed[parse_code(code)] = parse_meaning(_text(text), Source.CONFIRMED)
            except UnknownMeaning as error:
                rejected[code] = str(error)
        self.rejected: Mapping[str, str] = MappingProxyType(rejected)
        """Confirmed codes that were skipped, and why."""
        self.meanings: Mapping[int, Meaning] = MappingProxyType(dict(sorted({**DOCUMENTED, **self._confirmed}.items())))
        """Every known code, in ascending order."""

    def meaning(self, code: int) -> Meaning | None:
        """Return the meaning of a code, None if it is not known."""
        return self.meanings.get(code)

    @property
    def confirmed(self) -> dict[str, str]:
        """The confirmed codes as they are stored, in ascending order, without the rejected ones."""
        return {str(code): meaning.text for code, meaning in sorted(self._confirmed.items())}

    def to_text(self) -> str:
        """Return the confirmed codes as a table to share, with one line each: `45 = active_power/kW`."""
        return "\n".join([_HEADER, *(f"{code} = {text}" for code, text in self.confirmed.items())]) + "\n"

    @classmethod
    def from_text(cls, table: str) -> Catalogue:
        """Read a shared table. Raises UnreadableTable, with all bad lines, if there are any.

        Blank lines, and text after a `#`, are ignored. A code may occur twice only with the same meaning.
        """
        confirmed: dict[str, str] = {}
        problems: list[Problem] = []
        for number, line in enumerate(table.removeprefix("\ufeff").splitlines(), start=1):
            if not (entry := line.partition(_COMMENT)[0].strip()):
                continue
            try:
                code, text = _parse_entry(entry, confirmed)
            except UnknownMeaning as error:
                problems.append(Problem(number, _shorten(line.strip()), str(error)))
            else:
                confirmed[code] = text
        if problems:
            raise UnreadableTable(tuple(problems))
        return cls(confirmed)
