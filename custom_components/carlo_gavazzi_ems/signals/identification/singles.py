"""Quantities that speak for themselves: frequency, run hours; and what the values of the rest look like."""

from collections.abc import Sequence
from itertools import pairwise

from .claims import GUESS, LIKELY, POSSIBLE, SURE, Claims
from .columns import Column, Load
from .fit import summary

_MOVES = 20
_NOMINAL = (50.0, 60.0)
_HOURLY = {"h": 1.0, "min": 60.0, "s": 3600.0, "d": 1 / 24}
"""How much a counter of time grows in an hour, in each unit."""


def frequency_of(column: Column) -> float:
    """Return the nominal frequency (50 or 60) that a column stays at as only a grid's frequency does, else 0."""
    if column.moves < _MOVES or column.is_counter:
        return 0.0
    middle = column.quantile(0.5)
    nominal = min(_NOMINAL, key=lambda one: abs(one - middle))
    if abs(middle - nominal) > 0.12 or column.quantile(0.01) < nominal - 1.5 or column.quantile(0.99) > nominal + 1.5:
        return 0.0
    below = sum(before < nominal <= after or after < nominal <= before for before, after in pairwise(column.present))
    return nominal if below >= 3 else 0.0


def is_like_frequency(loads: Sequence[Load], code: int) -> bool:
    """Tell whether a code looks like a frequency on every load that measures it."""
    columns = [load.columns[code] for load in loads if code in load.columns and load.columns[code].moving]
    return bool(columns) and all(frequency_of(column) for column in columns)


def frequencies(loads: Sequence[Load], code: int, electrical: set[tuple[int, int]]) -> tuple[bool, bool]:
    """Return whether a code may be a frequency, and whether it is one for sure.

    It has to look like one on every load that measures it. It is one for sure if it does so on electrical meters and
    either several loads agree on it at the same instants, or it crosses its nominal value too often for a temperature.
    """
    columns = [(load, load.columns[code]) for load in loads if code in load.columns and load.columns[code].moving]
    if not is_like_frequency(loads, code):
        return False, False
    if not any(load.key in electrical for load, _ in columns):
        return True, False
    nominal = frequency_of(columns[0][1])
    crossings = max(
        sum((before - nominal) * (after - nominal) < 0 for before, after in pairwise(column.present))
        for _, column in columns
    )
    agree = len(columns) > 1 and all(_alike(columns[0], other) for other in columns[1:])
    return True, agree or crossings >= 12


def _alike(first: tuple[Load, Column], second: tuple[Load, Column]) -> bool:
    """Tell whether two loads show the same moves at the same instants."""
    values = dict(zip(first[0].times, first[1].values, strict=True))
    pairs = [
        (values[time], value)
        for time, value in zip(second[0].times, second[1].values, strict=True)
        if time in values and value == value and values[time] == values[time]  # noqa: PLR0124  # not NaN
    ]
    if len(pairs) < _MOVES:
        return False
    mean = sum(one for one, _ in pairs) / len(pairs)
    apart = summary([(one - other) / mean for one, other in pairs], 0.01)
    still = summary([(one - mean) / mean for one, _ in pairs], 0.01)
    return apart.spread < 0.7 * still.spread


def run_hours(load: Load, code: int, power: int, unit: str) -> tuple[int, int, int]:
    """Count for how many stretches of time a counter ran while there was power, stood while there was less, or erred."""
    column, watts, per_hour = load.columns[code], load.columns[power], _HOURLY[unit]
    step = max(column.resolution, 1e-6)
    busy = max(abs(watts.quantile(0.01)), abs(watts.quantile(0.99)))
    length = max(1, round(4 * step / per_hour * 3600 / load.period), len(load.times) // 96)
    ran = stood = erred = 0
    for first in range(0, len(load.times) - length, length):
        last = first + length
        hours = (load.times[last] - load.times[first]) / 3600
        start, end = column.values[first], column.values[last]
        if hours > 1.5 * length * load.period / 3600 or not end >= start:
            continue
        share, rough = (end - start) / (per_hour * hours), 1.5 * step / (per_hour * hours) + 0.02
        sizes = [abs(value) for value in watts.values[first : last + 1]]
        if share > 1 + rough:
            erred += 2
        elif share >= 1 - rough:
            ran += 1
            erred += max(sizes) == 0
        elif share <= rough:
            stood += 1
            erred += min(sizes) > 0.2 * busy
    return ran, stood, erred


def claim(loads: Sequence[Load], claims: Claims, codes: Sequence[int], electrical: set[tuple[int, int]]) -> None:
    """Claim frequency and run hours among the codes that nothing else is claimed of for sure."""
    for code in codes:
        if claims.is_sure(code):
            continue
        may, sure = frequencies(loads, code, electrical)
        if may:
            claims.add(code, "frequency", SURE if sure else LIKELY, "frequency_of_the_grid", "Hz")
        else:
            _claim_hours(loads, claims, code)


def _claim_hours(loads: Sequence[Load], claims: Claims, code: int) -> None:
    """Claim run hours if a code counts time on all loads that move it: surely if it stood while a load was idle."""
    powers = sorted({*claims.with_role("active_power"), *claims.with_role("apparent_power")})
    for unit in _HOURLY:
        ran = stood = erred = moved = 0
        for load in loads:
            if code not in load.columns or not load.columns[code].moving:
                continue
            if not load.columns[code].is_rising:
                return
            power = next((one for one in powers if one in load.columns and load.columns[one].moving), None)
            if power is None:
                continue
            counts = run_hours(load, code, power, unit)
            ran, stood, erred = ran + counts[0], stood + counts[1], erred + counts[2]
            moved += 1
        if moved and ran >= 6 and erred <= 0.03 * (ran + stood):
            sure = stood >= 4
            claims.add(code, "run_hours", SURE if sure else POSSIBLE, "hours_while_power_flows", unit)
            if not sure:
                claims.add(code, "lifetime_hours", GUESS, "hours_while_power_flows", unit)
            return
