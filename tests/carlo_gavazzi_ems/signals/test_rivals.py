"""Codes that fit several quantities for a while: a total or a tariff, balanced phases, a machine that runs steadily."""

from dataclasses import replace
from itertools import accumulate
from math import hypot
import random

import pytest

from custom_components.carlo_gavazzi_ems.signals.identification.claims import SURE
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.columns import make_loads
from custom_components.carlo_gavazzi_ems.signals.identification.knowledge import Knowledge
from custom_components.carlo_gavazzi_ems.signals.identification.laws import cosines, triangles, twins, voltages
from custom_components.carlo_gavazzi_ems.signals.identification.proofs.ledger import Ledger
from custom_components.carlo_gavazzi_ems.signals.identification.proofs.scopes import prove_scopes
from custom_components.carlo_gavazzi_ems.signals.identification.roles import Role
from custom_components.carlo_gavazzi_ems.signals.identification.votes import DECISIVE, Kind
from custom_components.carlo_gavazzi_ems.signals.identify import identify

from .plant import MINUTES, counted, load, walk

_DAY = 86_400.0


@pytest.mark.parametrize("switched", [True, False])
def test_r26_a_weekend_is_enough_where_tariffs_are_seen_to_change(*, switched: bool) -> None:
    """A total may be a tariff while the other one does not run; not if two tariffs have been seen to run."""
    turns = [switched and 300 <= minute < 800 for minute in range(MINUTES)]
    total = counted(5000.0, [900.0] * MINUTES)
    readings = {
        "energy_import": total,
        "energy_import_t1": counted(3000.0, [0.0 if turned else 900.0 for turned in turns]),
        "energy_import_t2": counted(2000.0, [900.0 if turned else 0.0 for turned in turns]),
        "reactive_energy_import": [one / 4 for one in total],
        "reactive_energy_import_partial": [one / 4 - 700 for one in total],
    }
    rounded = {name: [round(one, 3) for one in values] for name, values in readings.items()}
    knowledge = Knowledge(load(rounded, shift=-2 * _DAY), {})
    for code, name in zip(knowledge.codes, readings, strict=True):
        knowledge.claims.add(code, Role(name), SURE, "energy_is_integral_of_power")
    ledger = Ledger(knowledge)
    prove_scopes(ledger, knowledge.codes, ())
    reactive = [
        ledger.is_proven(code)
        for code, name in zip(knowledge.codes, readings, strict=True)
        if name.startswith("reactive")
    ]
    assert reactive == [switched, switched]


def test_r26_apparent_powers_in_balance_are_no_active_power() -> None:
    """Two phases of a machine read the same: that one of them stands alone elsewhere does not make it active power."""
    chance = random.Random(3)
    volts = [round(one, 1) for one in walk(chance, 230.0, 0.3, 222, 240)]
    amperes = [round(one, 3) for one in walk(chance, 10.0, 0.5, 2, 16)]
    power = [u * i for u, i in zip(volts, amperes, strict=True)]
    other = [1.003 * one for one in power]
    names = {31: power, 32: other, 33: [0.9999 * one for one in power], 34: [0.9999 * one for one in other]}
    series = load({str(code): [round(one, 2) for one in values] for code, values in names.items()})
    series += [replace(one, code=one.code + 4) for one in load({"volts": volts, "amperes": amperes})]
    series += [replace(one, load_uid=2, device_uid=2) for one in series if one.code in {32, 34}]
    knowledge = Knowledge(series, {})
    for law in (voltages, triangles):
        law.apply(knowledge)
    knowledge.votes.vote((33, 34), Kind.ACTIVE, DECISIVE, "phases_add_up")
    twins.apply(knowledge)
    assert not knowledge.twins
    assert [knowledge.votes.likely(code) for code in (31, 32)] == [None, None]


@pytest.mark.parametrize("share", [0.8, 1.0])
def test_r26_a_cosine_that_holds_in_four_of_five_rows_decides_nothing(share: float) -> None:
    """While a machine runs steadily, any number below 1 may equal its cosine."""
    chance = random.Random(0)
    active, reactive = walk(chance, 900.0, 40.0, 300, 2000), walk(chance, 700.0, 30.0, 300, 1500)
    factor = [
        round(p / hypot(p, q) if minute < share * MINUTES else chance.uniform(0.1, 0.9), 3)
        for minute, (p, q) in enumerate(zip(active, reactive, strict=True))
    ]
    rounded = [[round(one, 1) for one in values] for values in (active, reactive)]
    knowledge = Knowledge(load({"p": rounded[0], "q": rounded[1], "cos": factor}), {})
    for law in (triangles, cosines):
        law.apply(knowledge)
    assert [knowledge.votes.decided(code) for code in (31, 32, 33)] == [share == 1.0] * 3


def test_r26_a_counter_that_is_reset_at_midnight_is_a_part() -> None:
    """With the resets undone it grows as the total does; a load that switches off is not a reset."""
    watts = [1000.0 + 200.0 * (minute % 7) for minute in range(MINUTES)]
    grown = list(accumulate(one / 60_000 for one in watts))
    daily = [round(5 + one if minute < 700 else one - grown[699], 3) for minute, one in enumerate(grown)]
    switched = [2000.0 if minute % 600 < 300 else 0.0 for minute in range(MINUTES)]
    columns = make_loads(load({"daily": daily, "switched": switched}))[0].columns
    assert columns[31].is_counter
    assert columns[31].highest == pytest.approx(5 + grown[-1], abs=0.01)
    assert columns[32].values == switched


@pytest.mark.parametrize("count", [2, 3])
def test_r26_of_some_phases_only_nobody_says_which(count: int) -> None:
    """Two voltages may be two phases, or one and the mean; three are proposed as the phases."""
    chance = random.Random(2)
    volts = {str(phase): [round(one, 1) for one in walk(chance, 230.0 + phase, 0.4, 222, 240)] for phase in range(3)}
    findings = identify(load(dict(list(volts.items())[:count])))
    texts = [finding.candidates[0].text for finding in findings.values() if finding.candidates]
    assert texts == (["voltage_l1/V", "voltage_l2/V", "voltage_l3/V"] if count == 3 else [])
    assert all(one.confidence < SURE for finding in findings.values() for one in finding.candidates)
