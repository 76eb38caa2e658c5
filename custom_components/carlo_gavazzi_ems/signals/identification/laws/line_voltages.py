"""The voltages that follow from the phase voltages: their mean, and the line voltages."""

from custom_components.carlo_gavazzi_ems.signals.identification.claims import LIKELY, SURE
from custom_components.carlo_gavazzi_ems.signals.identification.knowledge import Knowledge
from custom_components.carlo_gavazzi_ems.signals.identification.roles import Role
from custom_components.carlo_gavazzi_ems.signals.identification.votes import Kind

_LAW = "voltages_add_up"


def apply(knowledge: Knowledge) -> None:
    """Claim the voltages that follow from the phase voltages."""
    volts, claims = knowledge.volts, knowledge.claims
    if volts is None:
        return
    if volts.mean is not None:
        claims.add(volts.mean, Role("voltage_mean"), SURE if volts.mean in volts.sure else LIKELY, _LAW)
    for pair, code in volts.lines.items():
        if not pair:
            claims.add(code, Role("line_voltage_mean"), SURE if code in volts.sure else LIKELY, _LAW)
            continue
        row = knowledge.phases.row(Kind.VOLTAGE) if knowledge.phases else None
        if row is None or not set(pair) <= set(row):
            continue
        anchored = code in volts.sure and all(claims.is_sure(one) or one in knowledge.known for one in pair)
        first, second = sorted(row.index(one) for one in pair)
        claims.add(code, Role("line_voltage", (first, second)), SURE if anchored else LIKELY, _LAW)
