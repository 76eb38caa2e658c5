"""Signal-identifier codes: no table is public, so each site draws its own; only 29 is as the document prints it."""

from itertools import groupby
import random
import re

from .noise import stream
from .quantities import Quantity

KNOWN: dict[Quantity, int] = {Quantity.VOLTAGE_L1: 29}
"""The one code that the API document shows: a phase voltage."""
HIGHEST = 2000


def _family(quantity: Quantity) -> str:
    """Return the name that the phases of a quantity share."""
    return re.sub(r"_l[123](?=$|_)", "_l#", quantity)


def draw_codes(seed: int, *, ascending_phases: bool) -> dict[Quantity, int]:
    """Return a code for every quantity, distinct numbers from 1 to 2000; with `ascending_phases` L1 < L2 < L3."""
    chance = random.Random(stream(seed, "codes"))
    free = [code for code in range(1, HIGHEST + 1) if code not in KNOWN.values()]
    rest = [quantity for quantity in Quantity if quantity not in KNOWN]
    codes = KNOWN | dict(zip(rest, chance.sample(free, len(rest)), strict=True))
    if ascending_phases:
        for _, group in groupby(sorted(Quantity, key=_family), key=_family):
            _ascend(codes, sorted(group), chance)
    return codes


def _ascend(codes: dict[Quantity, int], family: list[Quantity], chance: random.Random) -> None:
    """Sort the codes of a family by its phases; documented codes stay."""
    known = [quantity for quantity in family if quantity in KNOWN]
    moving = [quantity for quantity in family if quantity not in KNOWN]
    lowest = max((codes[quantity] for quantity in known), default=0)
    for quantity in moving:
        if codes[quantity] <= lowest:
            taken = set(codes.values())
            codes[quantity] = chance.choice([code for code in range(lowest + 1, HIGHEST + 1) if code not in taken])
    codes.update(zip(moving, sorted(codes[quantity] for quantity in moving), strict=True))
