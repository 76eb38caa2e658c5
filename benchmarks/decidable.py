"""Which codes can be identified from the readings at all, by the simulator's truth; no answer of the solver is used.

A code cannot be identified

- if another quantity, which its meters may publish, has the same readings in every row on every load with the code, at
  the digits published: S and P at power factor 1, or the total and the only phase with a load. Of counters the growth
  is compared, because any of them may have been reset: total and partial, net and import without export, total and the
  only tariff. Levels are compared where another visible counter that moves contradicts: a part is not above its total,
  two tariffs add up to the total, import minus export is the net. If a visible code has the other quantity, the two
  codes are swapped;
- if it is one of two tariffs, and no load shows the number of the tariff: nothing else says which one is the first;
- if no chain of laws connects it to volts and amperes. A law connects codes if it holds and one load shows all of
  its quantities. Three phase voltages alone, a P1 port alone, an active power without power factor, S or Q are not
  connected.

Visible is what the gateway lists as enabled. A meter may publish what any simulated meter does on as many phases; a
load with no quantities but those of a P1 port may be one. Codes that are hidden only by disturbed, late, missing or too
few readings count as decidable.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping

import numpy as np

from simulator.site import Site, meter_types
from simulator.site.builder import ADDABLE
from simulator.site.meter_types import MeterType
from simulator.site.quantities import DIMENSIONS, Dimension, Quantity, is_counter
from simulator.site.readings import read
from simulator.site.records import Signal

from .observation import Conditions, Floats, decimals_of, frame, instants

Q = Quantity
_PORT = frozenset(meter_types.P1.quantities)
_METERS = MeterType(
    "any",
    tuple(
        dict.fromkeys(
            quantity
            for one in (meter_types.BUILT_IN, *ADDABLE.values(), meter_types.VIRTUAL)
            for quantity in one.quantities
        )
    ),
)
_PHASES = ("_l1", "_l2", "_l3")
_TARIFFS = ((Q.ENERGY_IMPORT_T1, Q.ENERGY_IMPORT_T2), (Q.ENERGY_EXPORT_T1, Q.ENERGY_EXPORT_T2))
_LINES = frozenset({Q.VOLTAGE_L1_L2, Q.VOLTAGE_L2_L3, Q.VOLTAGE_L3_L1})
_LIFETIME = "lifetime_hours"
"""Hours under voltage, which every meter may count; equal to the run hours of a load that is never off."""
_REACTIVE_TARIFFS = ("reactive_energy_import_t1", "reactive_energy_import_t2")
"""Counters of real meters that no meter of the simulator publishes."""
_UNPUBLISHED = {_LIFETIME, *_REACTIVE_TARIFFS}
_TRUE = 0.01
"""A law holds if the undisturbed readings fulfil it to one per cent."""
_PARTS: Mapping[str, tuple[str, ...]] = {
    Q.ENERGY_IMPORT: (Q.ENERGY_IMPORT_PARTIAL, Q.ENERGY_IMPORT_T1, Q.ENERGY_IMPORT_T2, Q.ENERGY_NET),
    Q.ENERGY_EXPORT: (Q.ENERGY_EXPORT_PARTIAL, Q.ENERGY_EXPORT_T1, Q.ENERGY_EXPORT_T2),
    Q.REACTIVE_ENERGY_IMPORT: (Q.REACTIVE_ENERGY_IMPORT_PARTIAL, *_REACTIVE_TARIFFS),
    Q.REACTIVE_ENERGY_EXPORT: (Q.REACTIVE_ENERGY_EXPORT_PARTIAL,),
    Q.APPARENT_ENERGY: (Q.APPARENT_ENERGY_PARTIAL, Q.ENERGY_IMPORT),
    Q.RUN_HOURS: (Q.RUN_HOURS_PARTIAL,),
    _LIFETIME: (Q.RUN_HOURS,),
}
"""Counters, and those that never read more than them."""
_SUMS = (
    (Q.ENERGY_IMPORT, 1, Q.ENERGY_IMPORT_T1, Q.ENERGY_IMPORT_T2),
    (Q.ENERGY_EXPORT, 1, Q.ENERGY_EXPORT_T1, Q.ENERGY_EXPORT_T2),
    (Q.ENERGY_NET, -1, Q.ENERGY_IMPORT, Q.ENERGY_EXPORT),
)
"""A counter, a sign, and the two counters of which it is the sum or the difference."""


def undecidable(site: Site, conditions: Conditions, seed: int) -> set[int]:
    """Return the codes of a site, observed under conditions, that cannot be identified."""
    truth = _Truth(site, conditions, seed)
    tied = truth.tied()
    return {code for code, (quantity, _) in truth.codes.items() if quantity not in tied or truth.has_rival(code)}


class _Truth:
    """The undisturbed readings of everything that the meters of a site may publish."""

    def __init__(self, site: Site, conditions: Conditions, seed: int) -> None:
        """Read all meters."""
        self._site, self._conditions = site, conditions
        ends, loads = frame(site, conditions, np.random.default_rng(seed))
        self._hours = (ends - ends[0]) / 3600.0
        self._visible: dict[int, dict[Q, Signal]] = {
            lid: {signal.quantity: signal for signal in site.signals_of_load(lid) if signal.enable} for lid in loads
        }
        self._read = {lid: self._meter(lid, counted, ends) for lid, counted in loads.items()}
        self.codes: dict[int, tuple[Quantity, list[int]]] = {}
        """The quantity of each code, and the loads that publish it."""
        for lid, visible in self._visible.items():
            for quantity, signal in visible.items():
                self.codes.setdefault(signal.si, (quantity, []))[1].append(lid)
        moving = {q for q, loads in self.codes.values() if any(np.ptp(self._read[lid][q]) > 0 for lid in loads)}
        self._tariff_is_shown = Q.TARIFF in moving
        self._comparable = {q for q in Q if is_counter(q)} & (moving | {q for pair in _TARIFFS for q in pair})
        """The counters whose levels may contradict; a counter that stands still has no known meaning."""

    def _meter(self, lid: int, counted: int, ends: Floats) -> dict[str, Floats]:
        """Return all that a meter may publish; the counters are those of the load `counted`."""
        visible = self._visible[lid].keys()
        phases = len(self._site.meters[lid].wiring)
        may = {*visible, *_METERS.on(phases, partials=True)}
        may |= set(meter_types.P1.on(phases)) if visible <= _PORT else set()
        rows = {which: self._site.snapshot(which, ends - 1.0) for which in {lid, counted}}
        means = instants(ends, self._conditions) if self._conditions.means else None
        finer = None if means is None else self._site.snapshot(lid, means.ravel())
        found: dict[str, Floats] = {_LIFETIME: self._hours}
        for quantity in may:
            if is_counter(quantity):
                values = read(rows[counted], quantity)
            elif means is None or finer is None or DIMENSIONS[quantity] is Dimension.CODE:
                values = read(rows[lid], quantity)
            else:
                values = read(finer, quantity).reshape(means.shape).mean(axis=1)
            found[quantity] = values * self._site.scale(quantity).factor
        tariff, grown = read(rows[lid], Q.TARIFF)[1:], np.diff(found.get(Q.REACTIVE_ENERGY_IMPORT, self._hours))
        for number, name in enumerate(_REACTIVE_TARIFFS, start=self._site.options.tariff_base):
            found[name] = np.concatenate(([0.0], np.cumsum(grown * (tariff == number))))
        return found

    def has_rival(self, code: int) -> bool:
        """Return whether a code may be another quantity on all of its loads, and nothing visible contradicts that."""
        quantity, loads = self.codes[code]
        names = set.intersection(*(set(self._read[lid]) for lid in loads)) - {quantity}
        return any(self._may_be(quantity, loads, name) and self._is_possible(quantity, name) for name in sorted(names))

    def _may_be(self, quantity: str, loads: Collection[int], name: str) -> bool:
        """Return whether the readings of a quantity on some loads may be those of another one."""
        if not self._tariff_is_shown and any({quantity, name} == set(pair) for pair in _TARIFFS):
            return True
        counts = is_counter(Q(quantity))
        if (name in _UNPUBLISHED or is_counter(Q(name))) is not counts:
            return False
        for lid in loads:
            if name not in self._read[lid]:
                return False
            step = self._step(lid, quantity)
            mine, other = self._read[lid][quantity], self._read[lid][name]
            if counts and np.abs((mine - mine[0]) - (other - other[0])).max() > step:
                return False
            if not counts and (np.round(mine / step) != np.round(other / step)).any():
                return False
        return True

    def _step(self, lid: int, quantity: str) -> float:
        """Return the last digit in which a load shows a quantity."""
        return float(10.0 ** -decimals_of(self._site, self._visible[lid][Q(quantity)], self._conditions))

    def _is_possible(self, quantity: Q, name: str) -> bool:
        """Return whether two quantities may be swapped on all loads without a contradiction by levels."""
        swapped = [lid for lid, visible in self._visible.items() if name in visible]
        if swapped and not self._may_be(name, swapped, quantity):
            return False
        for lid, visible in self._visible.items():
            if quantity in visible or name in visible:
                turned = {quantity: name, name: quantity}
                shown = {
                    turned.get(q, q): (self._read[lid][q], self._step(lid, q)) for q in visible if q in self._comparable
                }
                if not _fits(shown):
                    return False
        return True

    def tied(self) -> set[Q]:
        """Return the quantities that laws connect to volts and amperes."""
        laws = [law for lid, visible in self._visible.items() for law in self._laws(lid, set(visible))]
        if self._tariff_is_shown:  # all loads have the same tariff
            laws.append({Q.TARIFF, Q.ENERGY_IMPORT_T1, Q.ENERGY_IMPORT_T2})
        tied: set[Q] = {Q.FREQUENCY}
        tied.update(*(law for law in laws if _is_absolute(law)))
        while more := set().union(*(law for law in laws if law & tied)) - tied:
            tied |= more
        return tied

    def _laws(self, lid: int, visible: set[Q]) -> Iterator[set[Q]]:
        """Yield the laws of which a load shows all quantities, each as a set of these."""
        phases = _PHASES[: len(self._site.meters[lid].wiring)]
        yield from (law for law in _laws_of(phases) if law <= visible and self._holds(lid, law))
        if visible <= _PORT:  # a P1 port at a connection that another load measures too
            for way in ("power_import", "power_export"):
                for phase in ("", *phases):
                    mine, other = Q(way + phase), Q("active_power" + phase)
                    if mine in visible and any(other in shown for shown in self._visible.values()):
                        yield {mine, other}

    def _holds(self, lid: int, law: Collection[Q]) -> bool:
        """Return whether a law of the power triangle holds on a load: not where distorted currents raise S."""
        read = {q.rstrip("123").removesuffix("_l"): np.abs(self._read[lid][q]) for q in law}
        match sorted(read):
            case ["active_power", "apparent_power", "power_factor"]:
                one, other = read["active_power"], read["apparent_power"] * read["power_factor"]
            case ["active_power", "apparent_power", "reactive_power"]:
                one, other = read["apparent_power"], np.hypot(read["active_power"], read["reactive_power"])
            case ["active_power", "power_factor", "reactive_power"]:
                one = read["active_power"]
                other = np.hypot(one, read["reactive_power"]) * read["power_factor"]
            case ["active_power", "current", "reactive_power", "voltage"]:
                scale = self._site.scale(Q.APPARENT_POWER).factor
                one = read["voltage"] * read["current"] * scale
                other = np.hypot(read["active_power"], read["reactive_power"])
            case ["active_power", "current", "power_factor", "voltage"]:
                scale = self._site.scale(Q.APPARENT_POWER).factor
                one, other = read["active_power"], read["voltage"] * read["current"] * read["power_factor"] * scale
            case _:
                return True
        return bool(np.median(np.abs(one - other)) <= _TRUE * np.median(np.maximum(one, other)))


def _fits(shown: Mapping[str, tuple[Floats, float]]) -> bool:
    """Return whether the levels of some counters, each with its step, fit their meanings."""
    for whole, parts in _PARTS.items():
        for part in parts:
            if whole in shown and part in shown:
                (high, step), (low, finer) = shown[whole], shown[part]
                if (low - high).max() > step + finer:
                    return False
    for whole, sign, one, other in _SUMS:
        if {whole, one, other} <= shown.keys():
            (total, step), (first, _), (second, _) = shown[whole], shown[one], shown[other]
            if np.abs(first + sign * second - total).max() > 3 * step:
                return False
    return True


def _is_absolute(law: Collection[Q]) -> bool:
    """Return whether a law connects powers to volts times amperes, or a line voltage to those of its phases."""
    kinds = {DIMENSIONS[quantity] for quantity in law}
    return {Dimension.VOLTAGE, Dimension.CURRENT} <= kinds or (not _LINES.isdisjoint(law) and Q.VOLTAGE_LL not in law)


def _laws_of(phases: Collection[str]) -> Iterator[set[Q]]:
    """Yield the laws of a meter on some phases."""
    for place in ("", *phases):
        power, apparent, reactive, factor = (
            Q(name + place) for name in ("active_power", "apparent_power", "reactive_power", "power_factor")
        )
        yield from ({power, apparent, factor}, {power, apparent, reactive}, {power, reactive, factor})
        if place or len(phases) == 1:
            one = place or "_l1"
            conductor = {Q("voltage" + one), Q("current" + one)}
            yield from (conductor | rest for rest in ({apparent}, {power, factor}, {power, reactive}))
        counters: dict[Q, list[str]] = defaultdict(list)
        counters[power] = [f"energy_{way}{place}" for way in ("import", "export")]
        if not place:
            counters[power] += [
                f"energy_{way}_{part}" for way in ("import", "export") for part in ("partial", "t1", "t2")
            ]
            counters[power] += ["energy_net", "demand", "peak_demand", "run_hours", "run_hours_partial"]
            counters[apparent] = ["apparent_energy", "apparent_energy_partial"]
            counters[reactive] = [
                f"reactive_energy_{way}{part}" for way in ("import", "export") for part in ("", "_partial")
            ]
            for way in ("import", "export"):
                counters[Q(f"power_{way}")] = [f"energy_{way}{part}" for part in ("", "_t1", "_t2")]
        yield from ({source, Q(name)} for source, names in counters.items() for name in names)
    for kind in ("active_power", "reactive_power"):
        yield {Q(kind), *(Q(kind + phase) for phase in phases)}
    volts = [Q("voltage" + phase) for phase in phases]
    for one, other in (("_l1", "_l2"), ("_l2", "_l3"), ("_l3", "_l1")):
        if {one, other} <= set(phases):
            yield {Q(f"voltage{one}{other}"), Q("voltage" + one), Q("voltage" + other)}
    if len(phases) == 3:
        yield {Q.VOLTAGE_LL, Q.VOLTAGE_L1_L2, Q.VOLTAGE_L2_L3, Q.VOLTAGE_L3_L1}
    yield {Q.VOLTAGE_LN, *volts}
    kinds = ("current", "active_power", "reactive_power")
    yield {Q.CURRENT_N, *(Q(kind + phase) for kind in kinds for phase in phases)}
