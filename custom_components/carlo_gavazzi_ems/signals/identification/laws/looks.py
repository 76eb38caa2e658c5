"""Guesses at the remaining codes from their values and labels, so that a list of choices starts with the likeliest."""

from collections.abc import Collection, Sequence

from custom_components.carlo_gavazzi_ems.signals.identification.claims import GUESS, POSSIBLE
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.columns import Column, Load
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.label_words import named_quantity
from custom_components.carlo_gavazzi_ems.signals.identification.knowledge import Knowledge
from custom_components.carlo_gavazzi_ems.signals.identification.roles import Role

_LAW = "looks_like"
_LABEL = "label_speaks_of_it"
_NOMINAL = (100.0, 110.0, 120.0, 127.0, 208.0, 220.0, 230.0, 240.0, 277.0)
_BETWEEN = (380.0, 400.0, 415.0, 480.0, 690.0)
"""Nominal phase voltages and line voltages; a grid keeps within a tenth of them."""
_LINES = "line_voltage_mean"
_OF_PHASES = {
    **{
        kind: tuple(f"{kind}_l{phase}" for phase in (1, 2, 3))
        for kind in ("voltage", "current", "active_power", "apparent_power", "reactive_power", "power_factor")
    },
    _LINES: ("line_voltage_l1_l2", "line_voltage_l2_l3", "line_voltage_l3_l1"),
}
"""Quantity -> the quantities of the phases, which several such codes on one load have."""
_MOST_OF_OTHERS = 4
"""The most quantities that a meter of heat, gas or water publishes; only electricity meters publish more."""
_COARSE, _ALL_BUT_ONE = 0.1, 0.998
_FACTOR, _NEAR_ONE = 0.5, 0.97
"""Least median and least maximum of a power factor; a power in kW below 1 seldom has both."""
_CHANGES = 12
"""The most changes of a tariff in a day or two."""
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
    """Guess at the codes without a claim."""
    claims, loads = knowledge.claims, knowledge.loads
    electrical = {load.key for load in loads if _is_electrical(knowledge, load)}
    for code in knowledge.codes:
        mine = [load for load in loads if code in load.columns and load.columns[code].moving]
        if not mine or claims.best(code) is not None:
            continue
        columns = [load.columns[code] for load in mine]
        # Before `_looks`: of two claims of the same meaning the first is kept, and a label is better evidence.
        named = named_quantity(knowledge.labels.get(load.key) for load in mine)
        if named is not None and not any(load.key in electrical for load in mine):
            rising = all(column.is_rising for column in columns)
            if rising is not (named == "temperature"):
                claims.add(code, Role(named), POSSIBLE, _LABEL, _UNITS[named])
        for quantity, confidence, unit in _looks(columns, electrical=any(load.key in electrical for load in mine)):
            claims.add(code, Role(quantity), confidence, _LAW, unit)
    _number_phases(knowledge)


def _number_phases(knowledge: Knowledge) -> None:
    """Propose phases in the order of codes, if a load has a code of a kind for each phase and no law tells their phases.

    With fewer codes, a phase may be disabled or one may be the mean, so nothing is proposed. A code that is the only one
    on some load is the total, except for voltages and currents, which belong to a phase on every load.
    """
    claims = knowledge.claims
    for quantity, phases in _OF_PHASES.items():
        open_ = {
            load.key: [code for code in sorted(load.columns) if _is_open(knowledge, code, {quantity, *phases})]
            for load in knowledge.loads
        }
        alone = {codes[0] for codes in open_.values() if len(codes) == 1 and quantity not in {"voltage", "current"}}
        for load in knowledge.loads:
            alike = [code for code in open_[load.key] if code not in alone or quantity == _LINES]
            named = [text.partition("/")[0] for code, text in knowledge.known.items() if code in load.columns]
            count = 2 if knowledge.systems.get(load.key, "").startswith("2") else 3
            count -= sum(name in {quantity, *phases} for name in named)
            free = [phase for phase in phases if phase not in named]
            for code, phase in zip(alike, free, strict=False) if len(alike) <= 3 else ():
                best = claims.best(code)
                if best is None or best.role != Role(quantity):
                    continue
                if len(alike) == count:
                    claims.add(code, Role(phase), POSSIBLE + 0.05, best.law, best.unit)
                elif len(alike) > 1 or quantity == _LINES:
                    claims.withdraw(code)


def _is_open(knowledge: Knowledge, code: int, quantities: Collection[str]) -> bool:
    """Tell whether the best claim of a code is one of some quantities, with low confidence."""
    best = knowledge.claims.best(code)
    return best is not None and best.confidence <= POSSIBLE + 0.05 and best.role in set(map(Role, quantities))


def _is_electrical(knowledge: Knowledge, load: Load) -> bool:
    """Tell whether a load is electrical: by a claim, by values like a voltage, or by the number of its codes."""
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
    """Return the kind of voltage to which a column stays close, None if there is none."""
    low, high = column.quantile(0.05), column.quantile(0.95)
    if column.is_rising or low <= 0:
        return None
    for quantity, nominal in (("voltage", _NOMINAL), ("line_voltage_mean", _BETWEEN)):
        if any(0.9 * one <= low and high <= 1.1 * one for one in nominal):
            return quantity, POSSIBLE, "V"
    return None


def _is_factor(columns: Sequence[Column]) -> bool:
    """Tell whether all columns look like a power factor: never above 1 and mostly close to 1, with either sign."""
    if any(column.is_rising or column.resolution >= _COARSE or column.highest > 1 for column in columns):
        return False
    if all(column.lowest < 0 and min(-column.lowest, column.highest) > _ALL_BUT_ONE for column in columns):
        return True
    middles = [abs(column.quantile(0.5)) for column in columns]
    return min(middles) >= _FACTOR and max(column.highest for column in columns) >= _NEAR_ONE


def _flags(columns: Sequence[Column], low: float, high: float) -> list[Look]:
    """Return guesses for a few whole numbers; a tariff changes a few times a day."""
    if low < 1 < high or (low >= 1 and any(column.moves > _CHANGES for column in columns)):
        return []
    return [("tariff" if low >= 1 else "alarm", GUESS, None), ("status", GUESS / 2, None)]


def _is_hertz(columns: Sequence[Column]) -> bool:
    """Tell whether all columns stay close to 50 or 60."""
    return any(
        all(nominal - 0.6 <= column.quantile(0.02) and column.quantile(0.98) <= nominal + 0.6 for column in columns)
        for nominal in (50.0, 60.0)
    )


def _looks(  # noqa: PLR0911  # one return a look
    columns: Sequence[Column], *, electrical: bool
) -> list[Look]:
    """Return guesses from a code's values."""
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
