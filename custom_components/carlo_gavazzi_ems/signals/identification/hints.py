"""What the rest looks like: never more than a guess, so that a list of choices begins with the likeliest."""

from collections.abc import Sequence

from .claims import GUESS, POSSIBLE, Claims
from .columns import Column, Load

_LAW = "looks_like"


def claim_by_looks(claims: Claims, loads: Sequence[Load], codes: Sequence[int]) -> None:
    """Guess at the codes that no law says anything of."""
    electrical = {
        code for load in loads for code in load.columns if any(claims.is_sure(other) for other in load.columns)
    }
    for code in codes:
        if claims.best(code) is not None:
            continue
        columns = [load.columns[code] for load in loads if code in load.columns and load.columns[code].moving]
        if columns:
            for role, confidence, unit in _looks(columns, electrical=code in electrical):
                claims.add(code, role, confidence, _LAW, unit)


def _looks(  # noqa: PLR0911  # one return a look
    columns: Sequence[Column], *, electrical: bool
) -> list[tuple[str, float, str | None]]:
    """Return roles, confidences and units that a code's values look like."""
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
