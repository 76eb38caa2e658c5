"""Tariffs: pairs of counters that add up to a total, and the number of the active tariff."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import combinations

from custom_components.carlo_gavazzi_ems.signals.identification.claims import GUESS, LIKELY, POSSIBLE, SURE, Claims
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.columns import (
    Column,
    Load,
    is_number,
    is_working_time,
)
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.levels import NEAR, nearness
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.timelines import Timeline
from custom_components.carlo_gavazzi_ems.signals.identification.roles import Role

_HIGHEST = 4
"""The highest tariff number."""
_CLEARLY = 0.3
"""By how much the share counted in working hours has to differ between two tariffs."""


def tariff_pairs(load: Load, total: Column, others: Collection[int]) -> Iterator[tuple[int, int]]:
    """Yield pairs of counters, rising or not, whose readings add up to a total at the beginning and at the end."""
    near = nearness(total)
    steps = (total.highest - total.lowest) / max(near / NEAR, 1e-6)
    columns = [
        column
        for code, column in load.columns.items()
        if code != total.code
        and code not in others
        and column.present
        and column.lowest >= 0
        and 0 < column.highest < total.highest
        and (column.is_rising or not column.moving)
    ]
    for one, other in combinations(columns, 2):
        if not (one.moving or other.moving) or steps < 8:
            continue
        if (
            abs(one.present[0] + other.present[0] - total.present[0]) <= near
            and abs(one.present[-1] + other.present[-1] - total.present[-1]) <= near
            and min(one.highest, other.highest) > 4 * near
        ):
            yield one.code, other.code


def tariff_flags(loads: Sequence[Load]) -> dict[int, dict[float, float]]:
    """Return the codes that may be the tariff number, with their values by time; all loads have the same tariff.

    Some meters count tariffs from 0, others from 1.
    """
    flags: dict[int, dict[float, float]] = {}
    for load in loads:
        for code, column in load.columns.items():
            if column.is_flag and column.moving and 0 <= column.lowest <= column.highest <= _HIGHEST:
                values = zip(load.times, column.values, strict=True)
                flags.setdefault(code, {}).update((time, value) for time, value in values if is_number(value))
    return flags


def tariff_numbers(load: Load, pair: tuple[int, int], flag: Mapping[float, float]) -> dict[int, int]:
    """Return the value of a flag while each of two counters rises; empty if it does not distinguish them."""
    runs: dict[int, dict[int, int]] = {code: defaultdict(int) for code in pair}
    for code in pair:
        values = load.columns[code].values
        for row in range(2, len(values)):
            if values[row] > values[row - 1]:
                numbers = {flag.get(time) for time in load.times[row - 2 : row + 1]}
                if len(numbers) == 1 and (number := numbers.pop()) is not None:
                    runs[code][int(number)] += 1
    likely = {code: max(counts, key=lambda number: counts[number]) for code, counts in runs.items() if counts}
    clear = all(counts[likely[code]] >= max(5, 0.98 * sum(counts.values())) for code, counts in runs.items() if counts)
    return likely if clear and len(likely) == 2 and len(set(likely.values())) == 2 else {}


def name_tariffs(
    timelines: Sequence[Timeline], role: Role, codes: Collection[int], claims: Claims
) -> Iterator[tuple[int, Role, float, str]]:
    """Yield the tariffs among some codes; their numbers are certain only with a tariff indicator."""
    numbers: dict[int, set[int]] = defaultdict(set)
    flags = {
        code: values
        for code, values in tariff_flags([timeline.load for timeline in timelines]).items()
        if not claims.role(code)
    }
    for timeline in timelines:
        pair = sorted(set(codes) & timeline.load.codes)
        if len(pair) != 2:
            continue
        for flag, values in flags.items():
            found = tariff_numbers(timeline.load, (pair[0], pair[1]), values)
            base = min(values.values())
            if found:  # 0 and 1 may also be an input that switches the tariff
                yield flag, Role("tariff"), SURE if base else LIKELY, "tariff_tells_the_counter"
            for code, number in found.items():
                numbers[code].add(number + (base == 0))
    running = _running(timelines, codes) or _by_hours(timelines, codes)
    for place, code in enumerate(sorted(set(codes)), start=1):
        known = numbers.get(code, set())
        if len(known) == 1 and 1 <= (number := min(known)) <= 4:
            yield code, role.derived(f"t{number}"), SURE, "tariff_tells_the_counter"
        else:
            likely = running.get(code, place)
            for number in (1, 2):
                yield code, role.derived(f"t{number}"), POSSIBLE if likely == number else GUESS, "tariffs_add_up"


def _running(timelines: Sequence[Timeline], codes: Collection[int]) -> dict[int, int]:
    """Return the likely number of each of two tariffs of which only one was active.

    The number of that one is the highest constant value, 1 or 2, of any code: other constant codes are 0 or 1.
    """
    columns = [timeline.load.columns for timeline in timelines]
    ran = {code for code in codes if any(code in mine and mine[code].moving for mine in columns)}
    shown = [
        int(column.highest)
        for mine in columns
        for column in mine.values()
        if column.present and not column.moving and column.highest in {1.0, 2.0}
    ]
    if len(codes) != 2 or len(ran) != 1 or not shown:
        return {}
    number = max(shown)
    return {code: number if code in ran else 3 - number for code in codes}


def _by_hours(timelines: Sequence[Timeline], codes: Collection[int]) -> dict[int, int]:
    """Return the likely number of each of two tariffs that both were active: 1 is usually that of working hours."""
    shares: dict[int, float] = {}
    for code in codes:
        working = total = 0.0
        for load in (timeline.load for timeline in timelines if code in timeline.load.columns):
            values = load.columns[code].values
            for when, before, after in zip(load.times[1:], values, values[1:], strict=False):
                if after > before:
                    total += after - before
                    working += (after - before) * is_working_time(when)
        if total:
            shares[code] = working / total
    if len(codes) != 2 or len(shares) != 2:
        return {}
    first, second = sorted(codes, key=lambda code: -shares[code])
    return {first: 1, second: 2} if shares[first] > shares[second] + _CLEARLY else {}
