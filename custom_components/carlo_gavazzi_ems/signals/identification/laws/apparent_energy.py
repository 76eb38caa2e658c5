"""Distinguishes active from apparent energy when the power factor is too close to 1 for their growth to differ."""

from collections.abc import Collection, Mapping, Sequence

from custom_components.carlo_gavazzi_ems.signals.identification.evidence.columns import Load
from custom_components.carlo_gavazzi_ems.signals.identification.roles import Role

_ACTIVE = Role("energy_import")
_APPARENT = Role("apparent_energy")


def decide_active_or_apparent(loads: Sequence[Load], fitting: dict[int, list[Role]], reactive: Collection[int]) -> None:
    """Decide between active and apparent energy when the power factor is too close to 1 for their growth to differ.

    No meter counts apparent energy without active energy, so the only counter of a load is active energy. Apparent
    energy is never less than active energy, and a part or the net of active energy is never more than the total.
    """
    either = [code for code, roles in fitting.items() if set(roles) == {_ACTIVE, _APPARENT}]
    for code in either:
        if any(_counts_alone(load, code, fitting) for load in loads if code in load.columns):
            fitting[code][:] = [_ACTIVE]
    active = {code for code, roles in fitting.items() if roles == [_ACTIVE]}
    for code in either:
        if code in active:
            continue
        places = {
            _level_against(load, code, active - {code}, either, reactive) for load in loads if code in load.columns
        } - {0}
        if places == {1}:
            fitting[code][:] = [_APPARENT]
        elif 2 in places and 1 not in places:
            fitting[code][:] = [_ACTIVE]


def _level_against(
    load: Load, code: int, active: Collection[int], rivals: Collection[int], reactive: Collection[int]
) -> int:
    """Return 1 if a counter reads more than all active energy of its load, 2 if less and no rival reads more, else 0.

    Also 2 if it reads the same as one of them although reactive power flows: apparent energy would have grown by more.
    """
    mine = load.columns[code]
    levels = [load.columns[one].highest for one in active if one in load.columns]
    if not levels:
        return 0
    step = 4 * max(mine.resolution, 1e-6)
    reacts = any(load.columns[one].moving for one in reactive if one in load.columns)
    if reacts and step < 1e-3 * mine.highest and any(abs(mine.highest - level) < 0.3 * step for level in levels):
        return 2
    if mine.highest > max(levels) + step:
        return 1
    above = any(
        load.columns[other].is_rising and load.columns[other].highest > max(levels) + step
        for other in rivals
        if other in load.columns and other != code
    )
    return 2 if mine.highest < max(levels) - step and not above else 0


def _counts_alone(load: Load, code: int, fitting: Mapping[int, Sequence[Role]]) -> bool:
    """Tell whether a load has no other counter that could be its active energy."""
    return load.columns[code].moving and not any(
        other != code and column.is_rising and _ACTIVE in fitting.get(other, (_ACTIVE,))
        for other, column in load.columns.items()
    )
