"""Proofs for frequency, neutral current, demands, import and export powers, and tariff."""

from collections.abc import Mapping

from custom_components.carlo_gavazzi_ems.signals.identification.evidence.columns import Load, is_number
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.timelines import Timeline
from custom_components.carlo_gavazzi_ems.signals.identification.laws.demands import closeness
from custom_components.carlo_gavazzi_ems.signals.identification.votes import Kind

from .ledger import Ledger

_NARROW = 0.6
"""The largest usual range of a grid frequency in hertz."""
_FLOWS = 0.02
"""A power below this share of the largest is ignored."""
_REACTIVE = 0.97
"""Above this power factor, the demands of active and apparent power are nearly the same."""
_ROWS = 40
_SHARP = 2e-3
_FAR = 4.0
"""A demand is distinguished from that of another power if it fits to 0.2 %, and the other this many times worse."""


def prove(ledger: Ledger) -> None:
    """Prove the remaining claims of which the law is sure."""
    for code in ledger.knowledge.codes:
        role = ledger.knowledge.claims.sure_role(code)
        if role is None:
            continue
        if role.quantity == "frequency":
            proven = _is_narrow(ledger, code)
        elif role.quantity == "current_neutral":
            proven = _has_phases(ledger, code)
        elif role.quantity in {"power_import", "power_export"}:
            proven = any(map(ledger.is_proven, ledger.knowledge.with_role(role.of("active_power"))))
        elif role.quantity.endswith("_demand"):
            proven = _is_demand(ledger, code)
        else:
            proven = role.quantity == "tariff"
        if proven:
            ledger.prove(code)


def _is_narrow(ledger: Ledger, code: int) -> bool:
    """Tell whether a code has a range as small as a frequency, and a resolution that is fine enough."""
    columns = [load.columns[code] for load in ledger.knowledge.loads if code in load.columns]
    return all(
        column.quantile(0.98) - column.quantile(0.02) <= _NARROW and column.resolution <= 0.05
        for column in columns
        if column.moving
    )


def _has_phases(ledger: Ledger, code: int) -> bool:
    """Tell whether a load with the neutral current has proven currents in all of its phases."""
    for load in ledger.knowledge.loads:
        if code in load.columns:
            blocks = [block for place, block in ledger.blocks(load) if place]
            currents = {block[Kind.CURRENT] for block in blocks if Kind.CURRENT in block}
            if len(currents) >= 2 and len(currents) == len(blocks) and currents <= ledger.proven:
                return True
    return False


def _is_demand(ledger: Ledger, code: int) -> bool:
    """Tell whether the power of a demand is proven, and distinguished from its rival: apparent or active power."""
    role = ledger.role(code)
    if role is None:
        return False
    quantity = role.quantity.removesuffix("_demand").removesuffix("_peak")
    source = next(filter(ledger.is_proven, ledger.knowledge.with_role(role.of(quantity))), None)
    rival = Kind.ACTIVE if quantity == Kind.APPARENT else Kind.APPARENT
    for timeline in ledger.knowledge.timelines:
        if source is not None and {code, source} <= timeline.load.codes:
            block = dict(ledger.blocks(timeline.load)).get(role.phases, {})
            if _is_reactive(ledger, timeline.load, block, source):
                return True
            if block.get(rival) in ledger.proven and _is_apart(timeline, code, source, block[rival]):
                return True
    return False


def _is_apart(timeline: Timeline, code: int, source: int, rival: int) -> bool:
    """Tell whether a demand fits the moving mean of its source far better than that of another power."""
    mine, other = closeness(timeline, code, source), closeness(timeline, code, rival)
    return mine.count >= _ROWS and mine.spread < _SHARP and other.spread > _FAR * mine.spread + _SHARP / _FAR


def _is_reactive(ledger: Ledger, load: Load, block: Mapping[Kind, int], source: int) -> bool:
    """Tell whether active and apparent power differ enough for their demands to differ."""
    factor = block.get(Kind.FACTOR)
    if factor is None or factor not in ledger.proven:
        return False
    share, power = ledger.knowledge.scales.get(factor, 1.0), load.columns[source]
    least = _FLOWS * max(abs(power.lowest), abs(power.highest))
    pairs = zip(load.columns[factor].values, power.values, strict=True)
    sizes = sorted(abs(value) * share for value, flow in pairs if is_number(value) and abs(flow) > least)
    return bool(sizes) and sizes[len(sizes) // 2] < _REACTIVE
