"""Each law alone: codes that fulfil it are identified, codes that were changed to violate it are not."""

from functools import cache

import pytest

from custom_components.carlo_gavazzi_ems.signals.identify import Finding, identify
from tests.nightly import rest_at_night

from .plant import MINUTES, Plant, counted

UNITS = {
    "voltage": "V",
    "line_voltage": "V",
    "current": "A",
    "active_power": "W",
    "apparent_power": "VA",
    "reactive_power": "var",
    "energy": "kWh",
    "apparent_energy": "kVAh",
    "reactive_energy": "kvarh",
    "frequency": "Hz",
}


@cache
def plant_codes() -> dict[str, int]:
    """Return a code for each name, the phases in ascending order."""
    return Plant.build(1).codes()


@cache
def found() -> dict[str, Finding]:
    """Return the findings where all laws hold."""
    codes = plant_codes()
    findings = identify(Plant.build(1).series(codes))
    return {name: findings[code] for name, code in codes.items()}


def meaning(name: str) -> str:
    """Return the expected meaning of a name."""
    unit = next((UNITS[key] for key in sorted(UNITS, key=len, reverse=True) if name.startswith(key)), "")
    return f"{name}/{unit}" if unit else name


LAWS = {
    "voltage_l2": "s_is_u_times_i",
    "voltage_mean": "voltages_add_up",
    "line_voltage_l2_l3": "voltages_add_up",
    "current_l1": "s_is_u_times_i",
    "current_l3": "",
    "active_power": "",
    "active_power_l2": "",
    "apparent_power": "",
    "apparent_power_l3": "",
    "reactive_power": "s2_is_p2_plus_q2",
    "reactive_power_l1": "s2_is_p2_plus_q2",
    "power_factor": "p_is_s_times_pf",
    "power_factor_l2": "p_is_s_times_pf",
    "current_neutral": "neutral_is_sum_of_phasors",
    "frequency": "frequency_of_the_grid",
    "energy_import": "energy_is_integral_of_power",
    "energy_import_l3": "energy_is_integral_of_power",
    "energy_export": "energy_is_integral_of_power",
    "energy_net": "",
    "energy_import_partial": "partial_is_total_less_constant",
    "apparent_energy": "energy_is_integral_of_power",
    "reactive_energy_import": "energy_is_integral_of_power",
    "active_power_demand": "demand_is_moving_mean",
}
"""The law that names each quantity; empty where it may be any of several."""


@pytest.mark.parametrize(("name", "law"), LAWS.items())
def test_r26_what_obeys_a_law_is_found(name: str, law: str) -> None:
    """Each quantity of a plant that the simulator has no part in is certain, by its law."""
    finding = found()[name]
    assert finding.certain, finding
    assert finding.candidates[0].text == meaning(name)
    assert law in {"", finding.candidates[0].law}


@pytest.mark.parametrize("name", rest_at_night(LAWS))
def test_r26_what_breaks_its_law_is_not_certain(name: str) -> None:
    """The same values at other times of the day, or a counter at another speed, are no longer called what they were."""
    plant, codes = Plant.build(1), plant_codes()
    for readings in plant.readings.values():
        if name in readings:
            values = readings[name]
            if "energy" in name:
                readings[name] = [values[0] + 1.27 * (value - values[0]) for value in values]
            elif name == "frequency":
                readings[name] = [45 + (value - 50) for value in values]
            else:
                readings[name] = values[500:] + values[:500]
    finding = identify(plant.series(codes))[codes[name]]
    assert not (finding.certain and finding.candidates[0].text == meaning(name)), finding


@pytest.mark.parametrize("rest", [1733.5, None], ids=["another code reads what it is less", "no code reads it"])
def test_r26_a_net_while_nothing_is_exported_is_no_certain_part(rest: float | None) -> None:
    """A counter parallel to the import is a partial one, or the net counter while the export does not change."""
    plant, codes = Plant.build(1), plant_codes()
    # The meter on the connection shows which code is the export; the machine exports nothing.
    for readings in plant.readings.values():
        del readings["energy_net"], readings["energy_import_partial"]
    machine = plant.readings[2]
    machine["energy_import_partial"] = [one - 1733.5 for one in counted(5200.0, machine["active_power"])]
    machine["energy_import"] = counted(5200.0, machine["active_power"])
    machine["energy_export"] = [1733.5 if rest else 61.2] * MINUTES
    finding = identify(plant.series(codes))[codes["energy_import_partial"]]
    assert finding.certain is (rest is None)
    first = finding.candidates[0].text
    assert first == ("energy_import_partial/kWh" if rest is None else "energy_net/kWh")
