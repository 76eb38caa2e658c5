"""What a gateway would have recorded of a simulated site, under easy or hard conditions."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
import re

import numpy as np
from numpy.typing import NDArray

from custom_components.carlo_gavazzi_ems.signals.identification.model import Series
from simulator.site import Site
from simulator.site.quantities import DIMENSIONS, Dimension, Quantity, is_counter
from simulator.site.readings import read
from simulator.site.records import Protocol, Signal

type Floats = NDArray[np.float64]

_NAMES = {
    "voltage_ln": "voltage_mean",
    "voltage_ll": "line_voltage_mean",
    "voltage_l1_l2": "line_voltage_l1_l2",
    "voltage_l2_l3": "line_voltage_l2_l3",
    "voltage_l3_l1": "line_voltage_l3_l1",
    "current_n": "current_neutral",
    "demand": "active_power_demand",
    "peak_demand": "active_power_peak_demand",
    "gas_volume": "gas",
    "water_volume": "water",
    "heat_power": "thermal_power",
}
"""The integration's names for quantities that the simulator calls otherwise."""
_PER_MINUTE = 3
_OUTAGE = 900.0
_RARELY = 0.002
_OVER_RANGE = 2147483.647
"""7FFFFFFFh over 1000: the maker's code for a value that is out of range."""
_TWINNED = frozenset({Quantity.ENERGY_IMPORT, Quantity.CURRENT_L1, Quantity.CURRENT_L2, Quantity.FREQUENCY})
_TWIN = 10_000
"""Added to the UID and the code of a signal for its copy in coarse steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """How a site was observed."""

    start: float
    """Unix time of the first row."""
    hours: float = 24.0
    period: int = 60
    means: bool = True
    """Rows are means of their period; otherwise last samples."""
    skew: float = 0.0
    """Seconds by which the signals of one load may be sampled apart."""
    noise: float = 0.0
    """Largest error of each row of a measured value in per cent; small errors are likelier."""
    missing: float = 0.0
    """Share of missing rows, by signal."""
    gap_hours: float = 0.0
    """Length of two gaps together, in all signals at once."""
    coarse: bool = False
    """Counters have steps of 1 kWh or 10 Wh, measured values one digit less."""
    unrelated: bool = False
    """With signals that no electrical law applies to."""
    irregular: bool = False
    """Rows close at irregular times, which differ by signal."""
    over_range: bool = False
    """Some values are the maker's code for over range."""
    outage: bool = False
    """The grid fails for a quarter of an hour: measured values are 0, counters stand still."""
    coarse_twins: bool = False
    """Energy, current and frequency have a second code in coarse steps."""
    other_scope: bool = False
    """Some loads publish the counters of another load: a virtual meter with the counter of the whole site."""
    mixed_rows: bool = False
    """Rows of some quantities are means, those of others last samples."""
    p1_alone: bool = False
    """The site has only its P1 port."""
    loads: int | None = None
    """The number of loads, the smallest of the site; all by default."""


def key_of(quantity: Quantity) -> str:
    """Return the integration's key for a quantity of the simulator."""
    name = _NAMES.get(quantity.value, quantity.value)
    return re.sub(r"^thd_(voltage|current)", r"\1_thd", name)


def meaning_of(site: Site, signal: Signal) -> str:
    """Return what a signal truly measures, as the integration writes it."""
    _, unit = site.truth(signal.uid)
    key = key_of(signal.quantity)
    return f"{key}/{unit}" if unit else key


def decimals_of(site: Site, signal: Signal, conditions: Conditions) -> int:
    """Return how many decimals a signal has."""
    dimension = DIMENSIONS[signal.quantity]
    scale = site.scales[dimension]
    decimals = site.decimals[signal.lid].get(dimension, scale.decimals)
    if not conditions.coarse or dimension is Dimension.CODE:
        return decimals
    if is_counter(signal.quantity):
        return 0 if scale.unit.startswith(("k", "m")) else -1 if scale.unit != "h" else 1
    return max(0, decimals - 1)


def instants(ends: Floats, conditions: Conditions) -> Floats:
    """Return the instants [row, n] of which a row is the mean."""
    steps: Floats = (np.arange(_PER_MINUTE) + 0.5) * conditions.period / _PER_MINUTE - conditions.period
    return ends[:, None] + steps


def _values(site: Site, signal: Signal, ends: Floats, conditions: Conditions, chance: np.random.Generator) -> Floats:
    """Return the values of a signal in the gateway's history."""
    quantity = signal.quantity
    means = conditions.means ^ (conditions.mixed_rows and chance.random() < 0.3)
    offset = conditions.skew * chance.random()
    snapshot = site.snapshot
    factor = site.scale(quantity).factor
    decimals = decimals_of(site, signal, conditions)
    if is_counter(quantity):
        values = read(snapshot(signal.lid, ends - 1.0 - offset), quantity) * factor
        return np.floor(values * 10.0**decimals + 1e-6) / 10.0**decimals
    if means and DIMENSIONS[quantity] is not Dimension.CODE:
        within = instants(ends - offset, conditions)
        values = read(snapshot(signal.lid, within.ravel()), quantity).reshape(within.shape).mean(axis=1) * factor
    else:
        values = read(snapshot(signal.lid, ends - 1.0 - offset), quantity) * factor
    if conditions.noise and DIMENSIONS[quantity] is not Dimension.CODE:
        values = values * (1.0 + conditions.noise / 100.0 * chance.triangular(-1.0, 0.0, 1.0, values.shape))
    return values.round(decimals) + 0.0


def _ends(conditions: Conditions, chance: np.random.Generator) -> Floats:
    """Return when the rows close, without those in a gap."""
    period = conditions.period
    first = conditions.start // period * period + period
    ends = first + period * np.arange(int(conditions.hours * 3600 / period), dtype=np.float64)
    if conditions.gap_hours:
        length = conditions.gap_hours * 1800.0
        for share in (0.25, 0.6):
            begin = conditions.start + conditions.hours * 3600 * (share + 0.1 * chance.random())
            ends = ends[(ends < begin) | (ends > begin + length)]
    return ends


def frame(site: Site, conditions: Conditions, chance: np.random.Generator) -> tuple[Floats, dict[int, int]]:
    """Return when the rows close, and for each load that of which it publishes the counters: mostly itself."""
    ends = _ends(conditions, chance)
    loads = _chosen(site, conditions, ends)
    strangers = {lid for lid in loads[1:] if conditions.other_scope and chance.random() < 0.3}
    return ends, {lid: loads[0] if lid in strangers else lid for lid in loads}


def observe(site: Site, conditions: Conditions, seed: int) -> Iterator[tuple[Series, str]]:
    """Yield each enabled signal's series and its true meaning."""
    chance = np.random.default_rng(seed)
    ends, loads = frame(site, conditions, chance)
    for lid, counted in loads.items():
        for signal in site.signals_of_load(lid):
            if not signal.enable:
                continue
            source = replace(signal, lid=counted) if is_counter(signal.quantity) else signal
            values = _spoiled(_values(site, source, ends, conditions, chance), ends, signal, conditions, chance)
            times = ends
            if conditions.irregular:
                times = ends + chance.integers(0, 3, ends.size) + chance.integers(0, 20)
            if conditions.missing:
                there = chance.random(ends.size) >= conditions.missing
                times, values = ends[there], values[there]
            series = Series(
                uid=signal.uid,
                code=signal.si,
                load_uid=lid,
                device_uid=signal.did,
                times=times.tolist(),
                values=values.tolist(),
                latest=float(values[-1]) if values.size else None,
                system=site.devices[signal.did].system,
                label=site.loads[lid].label,
            )
            yield series, meaning_of(site, signal)
            if conditions.coarse_twins and signal.quantity in _TWINNED:
                decimals = decimals_of(site, signal, conditions) - 1
                coarse = np.floor(values * 10.0**decimals + 1e-6) / 10.0**decimals
                twin = replace(series, uid=series.uid + _TWIN, code=series.code + _TWIN, values=coarse.tolist())
                yield twin, meaning_of(site, signal)


def _spoiled(
    values: Floats, ends: Floats, signal: Signal, conditions: Conditions, chance: np.random.Generator
) -> Floats:
    """Return values with a power failure and over-range codes, if the conditions have them."""
    if conditions.outage:
        begin = ends[int(0.4 * ends.size)]
        out = (ends > begin) & (ends <= begin + _OUTAGE)
        if is_counter(signal.quantity):
            values = np.where(out, values[int(0.4 * ends.size)], values)
        elif DIMENSIONS[signal.quantity] is not Dimension.CODE:
            values = np.where(out, 0.0, values)
    if conditions.over_range and DIMENSIONS[signal.quantity] is not Dimension.CODE:
        values = np.where(chance.random(ends.size) < _RARELY, _OVER_RANGE, values)
    return values


def _chosen(site: Site, conditions: Conditions, ends: Floats) -> list[int]:
    """Return the loads that are observed: all, or the smallest that measure a current and are not idle."""
    if conditions.p1_alone:
        return [lid for lid, load in site.loads.items() if load.protocol is Protocol.P1]
    if conditions.loads is None:
        return list(site.loads)
    sizes = []
    for lid in site.loads:
        published = {signal.quantity for signal in site.signals_of_load(lid)}
        size = float(np.abs(site.snapshot(lid, ends).active[-1]).max())
        if Quantity.CURRENT_L1 in published and size > 20:
            sizes.append((size, lid))
    return sorted(lid for _, lid in sorted(sizes)[: conditions.loads])
