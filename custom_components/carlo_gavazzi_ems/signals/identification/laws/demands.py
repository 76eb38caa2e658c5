"""Demand is the moving mean of a power or current; peak demand is the highest demand so far."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import nan

from custom_components.carlo_gavazzi_ems.signals.identification.claims import LIKELY, POSSIBLE, SURE
from custom_components.carlo_gavazzi_ems.signals.identification.evidence import tolerances
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.columns import Column, Load, is_number
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.fits import NO_FIT, Fit, summary
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.timelines import Timeline
from custom_components.carlo_gavazzi_ems.signals.identification.knowledge import Knowledge
from custom_components.carlo_gavazzi_ems.signals.identification.roles import Role

WINDOWS = (900.0, 300.0, 480.0, 600.0, 1200.0, 1800.0, 3600.0)
"""Seconds over which meters average, the usual one first."""
_ROWS = 90
_FEW = 24
"""Rows for a first look."""
_WORTH = 0.4
"""The share of these that has to agree; then all rows are compared, for the `_BEST` best ways."""
_BEST = 6
_MORE = 1.1
_NEEDED = 2
"""The number of rises of a peak that have to be explained."""


@dataclass(frozen=True, slots=True)
class Demand:
    """A code that is the demand of another code."""

    code: int
    source: int
    way: Way
    fit: Fit
    alone: bool = True
    """Whether no two sources of this load read the same."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a meter may compute its demand, and a gateway its rows."""

    window: float
    """Period of the mean in seconds."""
    block: bool = False
    """Whether periods are fixed by the clock, or else end now (a sliding window)."""
    last: bool = False
    """Whether rows are last samples, between which the power is linear, or else means."""


WAYS = tuple(Way(window, block, last) for window in WINDOWS for block in (False, True) for last in (False, True))


def demand_at(timeline: Timeline, source: int, rows: Sequence[int], way: Way) -> list[float]:
    """Return the demand of a power at some rows; NaN if it is unknown."""
    times, area = timeline.load.times, timeline.area(source)
    values = timeline.load.columns[source].values
    half = timeline.load.period / 7200
    result = []
    for row in rows:
        end = times[row] // way.window * way.window if way.block else times[row]
        last = bisect_right(times, end + 1e-6) - 1
        first = bisect_right(times, end - way.window + 1e-6) - 1
        if first < 0 or last <= first or not 0.97 * way.window < times[last] - times[first] < 1.2 * way.window:
            result.append(nan)
            continue
        bend = (values[last] - values[first]) * half * (way.last - timeline.straight)
        grown = area[last] - area[first] - bend
        result.append(grown / ((times[last] - times[first]) / 3600))
    return result


def _fit(column: Column, said: Sequence[float], rows: Sequence[int], floor: float) -> Fit:
    """Return how well a column equals the values by a law, in rows where these exceed `floor`."""
    return summary(
        [
            (abs(column.values[row]) - abs(law)) / abs(law)
            for row, law in zip(rows, said, strict=True)
            if abs(law) > floor and column.values[row] == column.values[row]  # not NaN
        ],
        tolerances.MOVING_MEAN,
    )


def _read_same(load: Load, one: int, other: int, rows: Sequence[int]) -> bool:
    """Tell whether two sources of a load are nearly the same in more than 90 % of some rows."""
    pairs = [(abs(load.columns[one].values[row]), abs(load.columns[other].values[row])) for row in rows]
    return sum(abs(a - b) <= 0.01 * max(a, b) for a, b in pairs) > 0.9 * len(pairs)


def find_demands(timeline: Timeline, codes: Sequence[int], sources: Sequence[int]) -> list[Demand]:
    """Return for each code of a load the source and period of which it is the moving mean, if any fits.

    `sources` are in order of preference, for sources that read the same.
    """
    load = timeline.load
    may = {code: [one for one in sources if one != code and _may_average(load, code, one)] for code in codes}
    codes = [code for code in codes if may[code]]
    if not codes:
        return []
    found = []
    step = max(1, len(load.times) // _ROWS)
    rows = list(range(step // 2, len(load.times), step))
    twins = {
        other
        for place, one in enumerate(sources)
        for other in sources[place + 1 :]
        if _read_same(load, one, other, rows)
    }
    sources = [source for source in sources if source not in twins]
    means = [(source, way, demand_at(timeline, source, rows, way)) for source in sources for way in WAYS]
    now = {source: [load.columns[source].values[row] for row in rows] for source in sources}
    few = range(0, len(rows), max(1, len(rows) // _FEW))
    for code in codes:
        column = load.columns[code]
        floor = max(tolerances.STEPS * column.resolution, 0.02 * max(abs(column.lowest), abs(column.highest)))
        quick = {
            (source, way): _fit(column, [said[place] for place in few], [rows[place] for place in few], floor)
            for source, way, said in means
            if source in may[code]
        }
        if not any(fit.inliers >= _WORTH for fit in quick.values()):
            continue
        kept = set(sorted(quick, key=lambda pair: quick[pair].spread)[:_BEST])
        fits = [
            Demand(code, source, way, _fit(column, said, rows, floor))
            for source, way, said in means
            if (source, way) in kept or (source != code and way == WAYS[0])
        ]
        best = min(fits, key=lambda one: one.fit.spread if one.fit.holds(0.6) else 9.0, default=None)
        if best is None or not best.fit.holds(0.6):
            continue
        plain = _fit(column, now[best.source], rows, floor)
        others = [one.fit for one in fits if one.source != best.source and one.fit.count]
        rival = min(others, key=lambda fit: fit.spread, default=NO_FIT)
        middle = column.quantile(0.5)
        still = _fit(column, [middle] * len(rows), rows, floor)
        if best.fit.beats(plain) and best.fit.beats(still) and (not rival.count or best.fit.beats(rival)):
            found.append(replace(best, alone=not twins))
    return found


def _may_average(load: Load, code: int, source: int) -> bool:
    """Tell whether a code may be a mean of another: median up to its maximum, maximum from half of its mean."""
    mine, other = load.columns[code], load.columns[source]
    most = max(abs(other.lowest), abs(other.highest))
    least = abs(sum(other.present)) / max(1, len(other.present))
    return abs(mine.quantile(0.5)) <= _MORE * most and max(abs(mine.lowest), abs(mine.highest)) >= least / 2


def closeness(timeline: Timeline, code: int, source: int) -> Fit:
    """Return how well a code fits the moving mean of a power, computed in the best way."""
    load = timeline.load
    step = max(1, len(load.times) // _ROWS)
    rows = list(range(step // 2, len(load.times), step))
    column = load.columns[code]
    floor = max(tolerances.STEPS * column.resolution, 0.02 * max(abs(column.lowest), abs(column.highest)))
    fits = [_fit(column, demand_at(timeline, source, rows, way), rows, floor) for way in WAYS]
    return min((fit for fit in fits if fit.count), key=lambda fit: fit.spread, default=NO_FIT)


def peak_rises(timeline: Timeline, code: int, source: int, window: float) -> tuple[int, int]:
    """Return how many rises of a peak go to the demand at that time, and how many do not."""
    load: Load = timeline.load
    values = load.columns[code].values
    rises = [row for row in range(1, len(values)) if values[row] > values[row - 1]]
    right = wrong = 0
    for row in rises[-60:]:
        reach = range(max(0, row - 2), min(len(values), row + 2))
        said = [
            law
            for way in WAYS
            if way.window == window
            for law in demand_at(timeline, source, reach, way)
            if is_number(law)
        ]
        if not said:
            continue
        near = any(abs(values[row] - abs(law)) <= tolerances.MOVING_MEAN * abs(law) for law in said)
        right, wrong = right + near, wrong + (not near)
    return right, wrong


def is_peak(rises: Mapping[int, tuple[int, int]]) -> bool:
    """Tell whether a code is a peak demand, from its rises on several loads."""
    right, wrong = (sum(column) for column in zip(*rises.values(), strict=True)) if rises else (0, 0)
    return right >= _NEEDED and wrong <= 0.2 * right


def _is_refuted(rises: Mapping[int, tuple[int, int]]) -> bool:
    """Tell whether most rises of a code do not go to the demand at that time."""
    return sum(right for right, _ in rises.values()) < sum(wrong for _, wrong in rises.values())


_SOURCES = ("active_power", "apparent_power", "reactive_power", "current")


def apply(knowledge: Knowledge) -> None:
    """Claim demands and peak demands among the codes without a certain claim."""
    timelines, claims, codes = knowledge.timelines, knowledge.claims, knowledge.codes
    votes: dict[int, dict[int, list[Demand]]] = {}
    roles: dict[int, Role] = {}
    for timeline in timelines:
        columns = timeline.load.columns
        mine = {
            code: role
            for code in columns
            if columns[code].moving and (role := knowledge.sure_role(code)) is not None and role.quantity in _SOURCES
        }
        roles |= mine
        sources = sorted(mine, key=lambda code: (_SOURCES.index(mine[code].quantity), code))
        open_ = [
            code
            for code in codes
            if code in columns and columns[code].moves > 10 and not claims.is_sure(code)
            if not columns[code].is_flag and not columns[code].is_rising
        ]
        found = {one.code: one for one in find_demands(timeline, open_, sources)} if sources else {}
        for code, one in found.items():
            votes.setdefault(code, {}).setdefault(one.source, []).append(one)
    for code, by_source in votes.items():
        sure = len(by_source) == 1
        for source, ones in by_source.items():
            trusted = sure and any(one.alone for one in ones) and sum(one.fit.count for one in ones) >= 30
            claims.add(code, roles[source].derived("demand"), SURE if trusted else LIKELY, "demand_is_moving_mean")
            _claim_peaks(knowledge, roles[source], max(ones, key=lambda one: one.fit.count))


def _claim_peaks(knowledge: Knowledge, source_role: Role, demand: Demand) -> None:
    """Claim the peak of a demand."""
    claims, timelines, source = knowledge.claims, knowledge.timelines, demand.source
    for code in knowledge.codes:
        if claims.best(code) is not None:
            continue
        rises = {
            number: peak_rises(timeline, code, source, demand.way.window)
            for number, timeline in enumerate(timelines)
            if source in timeline.load.columns
            and code in timeline.load.columns
            and timeline.load.columns[code].is_rising
        }
        role = source_role.derived("peak_demand")
        if is_peak(rises):
            claims.add(code, role, SURE, "peak_is_highest_demand")
        elif not _is_refuted(rises) and _is_above(timelines, code, demand.code):
            claims.add(code, role, POSSIBLE, "peak_is_highest_demand")


def _is_above(timelines: Sequence[Timeline], code: int, demand: int) -> bool:
    """Tell whether a code is never below a demand, nor far above it, on all loads with both.

    A peak may stand still for days. If it does on all loads, at least two loads must have different values.
    """
    pairs = [
        (timeline.load.columns[code], timeline.load.columns[demand])
        for timeline in timelines
        if {code, demand} <= timeline.load.codes and timeline.load.columns[demand].moving
    ]
    rises = any(upper.moving for upper, _ in pairs)
    return (rises or len({upper.highest for upper, _ in pairs}) > 1) and all(
        (upper.is_rising or not upper.moving)
        and 0.97 * lower.highest <= upper.highest <= 20 * lower.highest
        and upper.moves < 0.1 * len(upper.present)
        for upper, lower in pairs
    )
