"""The uncertain codes to ask a person about: only a few, the most important."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from custom_components.carlo_gavazzi_ems.signals.identify import Finding, Series
from custom_components.carlo_gavazzi_ems.signals.quantities import FAMILIES, Family, enabled_by_default

from .naming import load_key
from .naming_round import Naming
from .readings import Reading, Readings

#: Fields on the page.
MAX_DOUBTS: Final = 8
#: The lowest confidence of a first proposal to ask about a code, and of a further one to offer it.
_WORTH_ASKING: Final = 0.4
_WORTH_OFFERING: Final = 0.2
#: The families that are asked about, the most important first.
_FAMILIES: Final = (Family.ENERGY, Family.POWER, Family.UTILITIES)
_RANKS: Final = {quantity.key: rank for rank, family in enumerate(_FAMILIES) for quantity in FAMILIES[family]}
_UTILITIES: Final = frozenset(quantity.key for quantity in FAMILIES[Family.UTILITIES])
#: The law by which a load's label names water, gas or heat; nothing else distinguishes them.
_LABEL_LAW: Final = "label_speaks_of_it"
#: Proposed in m³, but the meter may count litres.
_WATER: Final = {"water/m³": "water/L", "hot_water/m³": "hot_water/L"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """An uncertain code, where it was seen, and what it may mean."""

    code: int
    reading: Reading
    meanings: tuple[str, ...]
    """In their stored form, the likeliest first."""
    is_rising: bool


def rising_codes(series: Iterable[Series], codes: Collection[int]) -> set[int]:
    """Return those of some codes whose values rise on a load and fall on none."""
    rising: set[int] = set()
    falling: set[int] = set()
    for one in series:
        if one.code in codes and len(one.values) > 1:
            if any(after < before for before, after in pairwise(one.values)):
                falling.add(one.code)
            elif one.values[-1] > one.values[0]:
                rising.add(one.code)
    return rising - falling


def doubts(naming: Naming) -> list[Doubt]:
    """Return the doubts to ask about, the most important first."""
    likeliest = _likeliest(naming)
    codes = sorted(_important(naming, likeliest), key=lambda code: (_RANKS[_key(likeliest[code])], code))
    readings = Readings(naming.signals, naming.loads, naming.samples)
    found = [(code, readings.of([code])) for code in codes]
    return [
        Doubt(
            code=code,
            reading=reading,
            meanings=_meanings(naming.findings[code], reading),
            is_rising=code in naming.rising,
        )
        for code, reading in found
        if reading.values[0] is not None
    ][:MAX_DOUBTS]


def _likeliest(naming: Naming) -> dict[int, str]:
    """Return the first proposal for each code without a meaning, if it is likely enough to ask about."""
    found: dict[int, str] = {}
    for code, finding in naming.findings.items():
        if finding.certain or not finding.candidates or naming.catalogue.meaning(code) is not None:
            continue
        first = finding.candidates[0]
        key = _key(first.text)
        is_likely = first.confidence >= _WORTH_ASKING and key in _RANKS
        if is_likely and (key not in _UTILITIES or first.law == _LABEL_LAW):
            found[code] = first.text
    return found


def _important(naming: Naming, likeliest: Mapping[int, str]) -> set[int]:
    """Return the codes whose sensors would be enabled by default on a load, given what is recognised there."""
    keys = {code: _key(text) for code, text in (naming.meanings() | dict(likeliest)).items()}
    of_load: defaultdict[tuple[int | None, int | None], set[int]] = defaultdict(set)
    for signal in naming.signals.values():
        if signal.enabled and signal.code in keys:
            of_load[load_key(signal)].add(signal.code)
    return {
        code
        for codes in of_load.values()
        for code in codes & likeliest.keys()
        if keys[code] in enabled_by_default({keys[one] for one in codes})
    }


def _meanings(finding: Finding, reading: Reading) -> tuple[str, ...]:
    """Return the meanings to offer for a code."""
    offered = [one.text for one in finding.candidates if one.confidence >= _WORTH_OFFERING]
    if all(value is not None and value.is_integer() for value in reading.values):
        # Whole numbers may be litres.
        offered += [_WATER[text] for text in offered if text in _WATER]
    return tuple(offered)


def _key(text: str) -> str:
    """Return the quantity's key of a stored meaning."""
    return text.partition("/")[0]
