"""What speaks for itself, or follows from proven powers: frequency, neutral, demands, the two directions, run hours, tariff."""

from custom_components.carlo_gavazzi_ems.signals.identification.evidence.timelines import Timeline
from custom_components.carlo_gavazzi_ems.signals.identification.laws.demands import closeness
from custom_components.carlo_gavazzi_ems.signals.identification.votes import Kind

from .ledger import Ledger

_NARROW = 0.6
"""A frequency of a grid stays within so many hertz."""
_REACTIVE = 0.97
"""Above this power factor, the demands of active and apparent power read nearly the same."""
_ROWS = 40
_SHARP = 2e-3
_FAR = 4.0
"""A demand is told from that of another power where it fits to 0.2 %, and the other so many times worse."""


def prove(ledger: Ledger) -> None:
    """Prove what no other proof is about, where the law is sure."""
    for code in ledger.knowledge.codes:
        role = ledger.knowledge.claims.sure_role(code)
        if role is None:
            continue
        if role.quantity == "frequency":
            proven = _is_narrow(ledger, code)
        elif role.quantity == "current_neutral":
            proven = _has_phases(ledger, code)
        elif role.quantity in {"power_import", "power_export"}:
            proven = any(
                ledger.role(one) == role.of("active_power") and ledger.is_proven(one) for one in ledger.knowledge.codes
            )
        elif role.quantity.endswith("_demand"):
            proven = _is_demand(ledger, code)
        else:
            proven = role.quantity == "tariff"
        if proven:
            ledger.prove(code)


def _is_narrow(ledger: Ledger, code: int) -> bool:
    """Tell whether a code stays as close to its middle as a frequency does, in fine steps."""
    columns = [load.columns[code] for load in ledger.knowledge.loads if code in load.columns]
    return all(
        column.quantile(0.98) - column.quantile(0.02) <= _NARROW and column.resolution <= 0.05
        for column in columns
        if column.moving
    )


def _has_phases(ledger: Ledger, code: int) -> bool:
    """Tell whether a load that publishes the neutral current has three proven phase currents."""
    for load in ledger.knowledge.loads:
        if code in load.columns:
            blocks = [block for place, block in ledger.blocks(load) if place]
            currents = {block[Kind.CURRENT] for block in blocks if Kind.CURRENT in block}
            if len(currents) >= 2 and len(currents) == len(blocks) and currents <= ledger.proven:
                return True
    return False


def _is_demand(ledger: Ledger, code: int) -> bool:
    """Tell whether the power of a demand is proven, and its rival, the apparent power, is known and not nearly the same."""
    role = ledger.role(code)
    if role is None:
        return False
    quantity = role.quantity.removesuffix("_demand").removesuffix("_peak")
    source = next((one for one in ledger.knowledge.codes if ledger.role(one) == role.of(quantity)), None)
    if source is None or not ledger.is_proven(source):
        return False
    return any(
        {code, source} <= timeline.load.codes
        and (
            _is_reactive(ledger, timeline.load.columns.keys(), role.phases)
            or _is_apart(ledger, timeline, code, source, role.phases)
        )
        for timeline in ledger.knowledge.timelines
    )


def _is_apart(ledger: Ledger, timeline: Timeline, code: int, source: int, phases: tuple[int, ...]) -> bool:
    """Tell whether a demand is the moving mean of its source by far more closely than that of the apparent power."""
    blocks = dict(ledger.blocks(timeline.load))
    rival = blocks.get(phases, {}).get(Kind.APPARENT)
    if rival is None or rival == source or rival not in ledger.proven:
        return False
    mine, other = closeness(timeline, code, source), closeness(timeline, code, rival)
    return mine.count >= _ROWS and mine.spread < _SHARP and other.spread > _FAR * mine.spread + _SHARP / _FAR


def _is_reactive(ledger: Ledger, codes: object, phases: tuple[int, ...]) -> bool:
    """Tell whether active and apparent power differ enough on a load for a demand to tell."""
    for load in ledger.knowledge.loads:
        if load.columns.keys() != codes:
            continue
        for place, block in ledger.blocks(load):
            if place != phases:
                continue
            factor = block.get(Kind.FACTOR)
            if factor in ledger.proven and factor is not None:
                share = ledger.knowledge.scales.get(factor, 1.0)
                column = load.columns[factor]
                sizes = sorted(abs(value) * share for value in column.present)
                return bool(sizes) and sizes[len(sizes) // 2] < _REACTIVE
            return Kind.APPARENT in block and block[Kind.APPARENT] in ledger.proven
    return False
