"""Proposals that are not made, because they are right less than four times out of five.

A proposal that is often wrong costs a person more than none: it has to be checked like an unknown code, and may be believed.
So none is made

- of a power, current, voltage, power factor or distortion of which only the kind is known, unless the gateway reports a
  single phase: it may be of a phase as well as of the whole load;
- of three voltages as those of the phases, on a meter that publishes what a P1 port does not: one of them may be the mean;
- of apparent energy that is counted by a power that is not certain: most counters are of active energy.
"""

from .claims import POSSIBLE, Claim
from .evidence.columns import Load
from .knowledge import Knowledge
from .roles import Role
from .votes import Kind

_NUMBERED = POSSIBLE + 0.05
"""The confidence of phases that were numbered by the order of their codes."""
_KINDS = frozenset(map(Role, (*Kind, "voltage_thd", "current_thd")))
_SEEN_ALONE = frozenset((Kind.VOLTAGE, Kind.FACTOR))
"""What is proposed by its values alone, which is right often enough."""
_VOLTAGES = frozenset(f"voltage_l{phase}" for phase in (1, 2, 3))
_NOT_OF_A_PORT = ("frequency", "power_factor", "apparent", "line_voltage", "voltage_thd", "current_thd")
"""How the names of quantities begin that no P1 port publishes."""


def withhold(knowledge: Knowledge) -> None:
    """Withdraw the claims of codes whose best one is too weak to be shown."""
    for code in knowledge.codes:
        best = knowledge.claims.best(code)
        loads = [load for load in knowledge.loads if code in load.columns]
        if best is not None and best.confidence <= _NUMBERED and _is_weak(knowledge, best, loads):
            knowledge.claims.withdraw(code)


def _is_weak(knowledge: Knowledge, claim: Claim, loads: list[Load]) -> bool:
    """Tell whether claims like one on some loads are often wrong."""
    if claim.role.quantity == "apparent_energy":
        return True
    if claim.role in _KINDS and not (claim.role.quantity in _SEEN_ALONE and claim.law == "looks_like"):
        return not all(knowledge.systems.get(load.key, "").upper().startswith("1P") for load in loads)
    return claim.role.quantity in _VOLTAGES and any(_is_no_port(knowledge, load) for load in loads)


def _is_no_port(knowledge: Knowledge, load: Load) -> bool:
    """Tell whether a load publishes something that a P1 port does not."""
    roles = map(knowledge.role, load.columns)
    return any(role is not None and role.quantity.startswith(_NOT_OF_A_PORT) for role in roles)
