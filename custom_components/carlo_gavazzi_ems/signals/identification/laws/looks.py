"""What the rest looks like: never more than a guess, so that a list of choices begins with the likeliest."""

from collections.abc import Sequence

from custom_components.carlo_gavazzi_ems.signals.identification.claims import GUESS, POSSIBLE
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.columns import Column
from custom_components.carlo_gavazzi_ems.signals.identification.knowledge import Knowledge
from custom_components.carlo_gavazzi_ems.signals.identification.roles import Role

_LAW = "looks_like"


def apply(knowledge: Knowledge) -> None:
    """Guess at the codes that no law says anything of."""
    claims, loads = knowledge.claims, knowledge.loads
    electrical = {
        code for load in loads for code in load.columns if any(claims.is_sure(other) for other in load.columns)
    }
    for code in knowledge.codes:
        if claims.best(code) is not None:
            continue
        columns = [load.columns[code] for load in loads if code in load.columns and load.columns[code].moving]
        if columns:
            for quantity, confidence, unit in _looks(columns, electrical=code in electrical):
                claims.add(code, Role(quantity), confidence, _LAW, unit)


def _looks(  # noqa: PLR0911  # one return a look
    columns: Sequence[Column], *, electrical: bool
) -> list[tuple[str, float, str | None]]:
    """Return quantities, confidences and units that a code's values look like."""
    low, high = min(column.lowest for column in columns), max(column.highest for column in columns)
    if (
        low < 0
        and all(abs(value) > 0.998 for column in columns for value in (column.lowest, column.highest))
        and high <= 1
    ):
        return [("power_factor", POSSIBLE, None)]
    if all(column.is_flag for column in columns):
        return [("tariff" if low >= 1 else "alarm", GUESS, None), ("status", GUESS / 2, None)]
    if all(column.is_rising for column in columns):
        if electrical:
            return []
        return [("gas", GUESS, "m³"), ("water", GUESS, "m³"), ("pulse_count", GUESS / 2, None)]
    quiet = all(column.highest - column.lowest < 25 for column in columns)
    if quiet and low >= 10 and high <= 90:
        return [("temperature", POSSIBLE, "°C")]
    if quiet and low >= 0 and high <= 60:
        return [("current_thd", GUESS, "%"), ("voltage_thd", GUESS, "%"), ("temperature", GUESS / 2, "°C")]
    return []
