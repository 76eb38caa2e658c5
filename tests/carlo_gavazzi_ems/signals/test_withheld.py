"""Proposals that would be wrong too often are not made."""

from collections.abc import Collection
import random

import pytest

from custom_components.carlo_gavazzi_ems.signals.identify import Series, identify

from .plant import Plant, Rows, load
from .test_proofs import real_grid


def proposed(readings: dict[str, Rows], names: Collection[str], *, system: str = "3P") -> dict[str, str]:
    """Return the first proposal for each of some readings of a load, empty if there is none."""
    series: list[Series] = load({name: readings[name] for name in names}, digits=4, system=system)
    findings = identify(series)
    return {
        name: findings[code].candidates[0].text if findings[code].candidates else ""
        for code, name in enumerate(names, start=31)
    }


def test_r26_a_kind_without_a_place_is_no_proposal() -> None:
    """Two voltages, amperes and volt-amperes of a meter with three phases: nothing says which phase, or whether of all."""
    readings = Plant.build(3).readings[2]
    names = ["voltage_l1", "voltage_l2", "current_l2", "apparent_power_l2"]
    assert proposed(readings, names) == dict.fromkeys(names, "")


def test_r26_on_a_single_phase_the_place_is_known() -> None:
    """The same on a meter that the gateway reports as single-phase: there is only one place."""
    readings = Plant.build(3).readings[3]
    found = proposed(readings, ["voltage_l1", "current_l1", "apparent_power"], system="1P")
    assert found["current_l1"].startswith("current")
    assert found["apparent_power"] == "apparent_power/VA"


@pytest.mark.parametrize("seed", range(4))
def test_r26_three_voltages_beside_a_frequency_are_no_phases(seed: int) -> None:
    """A P1 port has three phase voltages and no mean; a meter with a frequency has a mean too, which may be one of them."""
    readings = Plant.build(4).readings[1] | dict(
        zip(("voltage_l1", "voltage_l2", "voltage_l3"), real_grid(random.Random(seed)), strict=True)
    )
    port = ["voltage_l1", "voltage_l2", "voltage_l3", "energy_import"]
    assert [text for name, text in proposed(readings, port).items() if "voltage" in name] == [
        "voltage_l1/V",
        "voltage_l2/V",
        "voltage_l3/V",
    ]
    meter = proposed(readings, [*port, "frequency"])
    assert meter["frequency"] == "frequency/Hz"
    assert {text for name, text in meter.items() if "voltage" in name} == {""}


def test_r26_a_counter_of_a_doubtful_power_is_no_apparent_energy() -> None:
    """A power that is volts times amperes at a power factor near 1 is active or apparent, and so is its energy."""
    readings = Plant.build(5).readings[2]
    names = ["voltage_l1", "current_l1", "apparent_power_l1", "energy_import_l1"]
    assert not proposed(readings, names)["energy_import_l1"].startswith("apparent_energy")
