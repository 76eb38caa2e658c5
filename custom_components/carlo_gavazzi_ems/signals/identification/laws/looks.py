"""What the rest looks like: never more than a guess, so that a list of choices begins with the likeliest."""

from collections.abc import Sequence

from custom_components.carlo_gavazzi_ems.signals.identification.claims import GUESS, POSSIBLE
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.columns import Column, Load
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.label_words import spoken_of
from custom_components.carlo_gavazzi_ems.signals.identification.knowledge import Knowledge
from custom_components.carlo_gavazzi_ems.signals.identification.roles import Role

_LAW = "looks_like"
_LABEL = "label_speaks_of_it"
_NOMINAL = (100.0, 110.0, 120.0, 127.0, 208.0, 220.0, 230.0, 240.0, 277.0)
_BETWEEN = (380.0, 400.0, 415.0, 480.0, 690.0)
"""Nominal voltages of phases and between them; a grid keeps within a tenth."""
_OF_PHASES = {
    **{
        kind: tuple(f"{kind}_l{phase}" for phase in (1, 2, 3))
        for kind in ("voltage", "current", "active_power", "apparent_power", "reactive_power", "power_factor")
    },
    "line_voltage_mean": ("line_voltage_l1_l2", "line_voltage_l2_l3", "line_voltage_l3_l1"),
}
"""What several codes of one quantity on a load are rather than that quantity."""
_MOST_OF_OTHERS = 4
"""A meter of heat publishes so many quantities, of gas or water fewer; only meters of electricity publish more."""
_COARSE, _ALL_BUT_ONE = 0.1, 0.998
_FACTOR, _NEAR_ONE = 0.5, 0.97
"""A power of less than 1 kW is seldom above half of that mostly and just below all of it at most."""
_CHANGES = 12
"""A tariff does not change more often a day or two."""
_UNITS = {
    "hot_water": "m³",
    "water": "m³",
    "gas": "m³",
    "heat_energy": "kWh",
    "cooling_energy": "kWh",
    "temperature": "°C",
}

type Look = tuple[str, float, str | None]
"""Quantity, confidence, unit."""


def apply(knowledge: Knowledge) -> None:
    """Guess at the codes that no law says anything of."""
    claims, loads = knowledge.claims, knowledge.loads
    electrical = {load.key for load in loads if _is_electrical(knowledge, load)}
    for code in knowledge.codes:
        mine = [load for load in loads if code in load.columns and load.columns[code].moving]
        if not mine or claims.best(code) is not None:
            continue
        columns = [load.columns[code] for load in mine]
        for quantity, confidence, unit in _looks(columns, electrical=any(load.key in electrical for load in mine)):
            claims.add(code, Role(quantity), confidence, _LAW, unit)
        spoken = spoken_of(knowledge.labels.get(load.key) for load in mine)
        if spoken is not None and not any(load.key in electrical for load in mine):
            rising = all(column.is_rising for column in columns)
            if rising is not (spoken == "temperature"):
                claims.add(code, Role(spoken), POSSIBLE, _LABEL, _UNITS[spoken])
    _number_phases(knowledge)


def _number_phases(knowledge: Knowledge) -> None:
    """Propose phases, by ascending codes, where loads have two or three codes of a kind and nothing tells their places."""
    claims = knowledge.claims
    for quantity, phases in _OF_PHASES.items():
        for load in knowledge.loads:
            alike = [
                code
                for code in sorted(load.columns)
                if (best := claims.best(code)) is not None
                and best.confidence <= POSSIBLE
                and best.role in {Role(quantity), *map(Role, phases)}
            ]
            if 2 <= len(alike) <= 3:
                for code, phase in zip(alike, phases, strict=False):
                    best = claims.best(code)
                    if best is not None and best.role == Role(quantity):
                        claims.add(code, Role(phase), POSSIBLE + 0.05, best.law, best.unit)


def _is_electrical(knowledge: Knowledge, load: Load) -> bool:
    """Tell whether something on a load is a voltage, a current or a frequency, claimed or by its looks, or there is much on it."""
    return len(load.columns) > _MOST_OF_OTHERS or any(
        code in knowledge.known
        or (
            (role := knowledge.claims.role(code)) is not None
            and not role.quantity.startswith(("run_hours", "lifetime"))
        )
        or (column.moving and _is_voltage(column) is not None)
        for code, column in load.columns.items()
    )


def _is_voltage(column: Column) -> Look | None:
    """Return what voltage a column stays near, as a grid keeps one."""
    low, high = column.quantile(0.05), column.quantile(0.95)
    if column.is_rising or low <= 0:
        return None
    for quantity, nominal in (("voltage", _NOMINAL), ("line_voltage_mean", _BETWEEN)):
        if any(0.9 * one <= low and high <= 1.1 * one for one in nominal):
            return quantity, POSSIBLE, "V"
    return None


def _is_factor(columns: Sequence[Column]) -> bool:
    """Tell whether all columns read like a power factor: mostly near 1, in both directions or not, and never more."""
    if any(column.is_rising or column.resolution >= _COARSE or column.highest > 1 for column in columns):
        return False
    if all(column.lowest < 0 and min(-column.lowest, column.highest) > _ALL_BUT_ONE for column in columns):
        return True
    middles = [abs(column.quantile(0.5)) for column in columns]
    return min(middles) >= _FACTOR and max(column.highest for column in columns) >= _NEAR_ONE


def _flags(columns: Sequence[Column], low: float, high: float) -> list[Look]:
    """Return what a few whole numbers look like: those of tariffs change a few times a day."""
    if low < 1 < high or (low >= 1 and any(column.moves > _CHANGES for column in columns)):
        return []
    return [("tariff" if low >= 1 else "alarm", GUESS, None), ("status", GUESS / 2, None)]


def _is_hertz(columns: Sequence[Column]) -> bool:
    """Tell whether all columns stay where only the frequency of a grid does."""
    return any(
        all(nominal - 0.6 <= column.quantile(0.02) and column.quantile(0.98) <= nominal + 0.6 for column in columns)
        for nominal in (50.0, 60.0)
    )


def _looks(  # noqa: PLR0911  # one return a look
    columns: Sequence[Column], *, electrical: bool
) -> list[Look]:
    """Return what a code's values look like."""
    low, high = min(column.lowest for column in columns), max(column.highest for column in columns)
    if _is_factor(columns):
        return [("power_factor", POSSIBLE, None)]
    if all(column.is_flag for column in columns):
        return _flags(columns, low, high)
    if all(column.is_rising for column in columns):
        if electrical:
            return []
        return [("gas", GUESS, "m³"), ("water", GUESS, "m³"), ("pulse_count", GUESS / 2, None)]
    if _is_hertz(columns):
        return [("frequency", POSSIBLE, "Hz")]
    volts = [look for column in columns if (look := _is_voltage(column)) is not None]
    if len(volts) == len(columns):
        return volts[:1]
    quiet = all(column.highest - column.lowest < 25 for column in columns)
    if quiet and low >= 10 and high <= 90 and not electrical:
        return [("temperature", POSSIBLE, "°C")]
    if quiet and low >= 0 and high <= 60 and not electrical:
        return [("temperature", GUESS / 2, "°C")]
    return []
