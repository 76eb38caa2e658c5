"""Which of a load's quantities are enabled by default."""

from hypothesis import given, strategies as st
import pytest

from custom_components.carlo_gavazzi_ems.api import Signal
from custom_components.carlo_gavazzi_ems.signals.catalogue import Catalogue
from custom_components.carlo_gavazzi_ems.signals.enabled import wanted_signals
from custom_components.carlo_gavazzi_ems.signals.quantities import MAX_ENABLED, QUANTITIES, enabled_by_default

VOLTAGES = {"voltage_l1", "voltage_l2", "voltage_l3"}
CURRENTS = {"current_l1", "current_l2", "current_l3"}
LINE_VOLTAGES = {"line_voltage_l1_l2", "line_voltage_l2_l3", "line_voltage_l3_l1"}
POWERS = {
    f"{power}{phase}"
    for power in ("active_power", "apparent_power", "reactive_power", "power_factor")
    for phase in ("", "_l1", "_l2", "_l3")
}
EM24 = {
    *VOLTAGES,
    *CURRENTS,
    *LINE_VOLTAGES,
    *POWERS,
    "voltage_mean",
    "line_voltage_mean",
    "frequency",
    "phase_sequence",
    "tariff",
    "active_power_demand",
    "apparent_power_demand",
    "active_power_peak_demand",
    "apparent_power_peak_demand",
    "current_peak_demand",
    "energy_import",
    "energy_import_partial",
    "energy_import_l1",
    "energy_import_l2",
    "energy_import_l3",
    "energy_import_t1",
    "energy_import_t2",
    "energy_import_t3",
    "energy_import_t4",
    "energy_export",
    "reactive_energy_import",
    "reactive_energy_import_partial",
    "reactive_energy_export",
    "reactive_energy_import_t1",
    "reactive_energy_import_t2",
    "reactive_energy_import_t3",
    "reactive_energy_import_t4",
    "run_hours",
}
EM530 = {
    *VOLTAGES,
    *CURRENTS,
    *LINE_VOLTAGES,
    *POWERS,
    "voltage_mean",
    "line_voltage_mean",
    "frequency",
    "phase_sequence",
    "active_power_demand",
    "active_power_peak_demand",
    "energy_import",
    "energy_import_partial",
    "energy_import_l1",
    "energy_import_l2",
    "energy_import_l3",
    "energy_import_t1",
    "energy_import_t2",
    "energy_export",
    "energy_export_partial",
    "reactive_energy_import",
    "reactive_energy_import_partial",
    "reactive_energy_export",
    "reactive_energy_export_partial",
    "apparent_energy",
    "apparent_energy_partial",
    "run_hours",
    "run_hours_export",
    "run_hours_partial",
    "run_hours_export_partial",
    "lifetime_hours",
}
P1 = {
    *VOLTAGES,
    *CURRENTS,
    "power_import",
    "power_export",
    "power_import_l1",
    "power_import_l2",
    "power_import_l3",
    "power_export_l1",
    "power_export_l2",
    "power_export_l3",
    "energy_import_t1",
    "energy_import_t2",
    "energy_export_t1",
    "energy_export_t2",
    "tariff",
    "power_failures",
    "long_power_failures",
    "voltage_sags_l1",
    "voltage_swells_l1",
}
THREE_PHASE = {"active_power", "energy_import", "energy_export", "power_factor", "frequency", *VOLTAGES, *CURRENTS}


@pytest.mark.parametrize("meter", [EM24, EM530], ids=["EM24", "EM530"])
def test_r21_three_phase_load(meter: set[str]) -> None:
    """Of all that a three-phase meter publishes, the totals and the phases' voltage and current are on."""
    assert meter <= QUANTITIES.keys()
    assert enabled_by_default(meter) == THREE_PHASE
    # The connectivity of the load is the twelfth entity.
    assert len(THREE_PHASE) <= MAX_ENABLED == 11


@pytest.mark.parametrize(
    ("published", "enabled"),
    [
        pytest.param(
            {
                "voltage",
                "current",
                "active_power",
                "apparent_power",
                "power_factor",
                "frequency",
                "energy_import",
                "energy_import_t1",
                "energy_import_t2",
                "energy_export",
                "run_hours",
            },
            {"voltage", "current", "active_power", "power_factor", "frequency", "energy_import", "energy_export"},
            id="one phase",
        ),
        pytest.param(
            P1,
            {
                *VOLTAGES,
                "power_import",
                "power_export",
                "energy_import_t1",
                "energy_import_t2",
                "energy_export_t1",
                "energy_export_t2",
            },
            id="P1 without totals",
        ),
        pytest.param(
            P1 | {"frequency"} | {f"energy_{way}_t{n}" for way in ("import", "export") for n in (3, 4)},
            {
                "power_import",
                "power_export",
                *(f"energy_{way}_t{n}" for way in ("import", "export") for n in (1, 2, 3, 4)),
                "frequency",
            },
            id="P1 with four tariffs: what does not fit as a whole is left out",
        ),
        pytest.param(
            P1 | {"energy_import", "energy_export", "active_power"},
            {*VOLTAGES, *CURRENTS, "active_power", "energy_import", "energy_export"},
            id="P1 with totals",
        ),
        pytest.param(
            {"voltage", "voltage_l2", "voltage_l3", *LINE_VOLTAGES},
            {"voltage", "voltage_l2", "voltage_l3"},
            id="first voltage only documented",
        ),
        pytest.param(LINE_VOLTAGES | {"line_voltage_mean"}, LINE_VOLTAGES, id="three wires"),
        pytest.param({"voltage_mean", *LINE_VOLTAGES}, {"voltage_mean"}, id="mean voltage"),
        pytest.param({"current_sum", "current_mean"}, {"current_sum"}, id="current of the system"),
        pytest.param({"active_power_l1", "active_power_l2"}, {"active_power_l1", "active_power_l2"}, id="no total"),
        pytest.param({"energy_net", "energy_import_l1"}, {"energy_net"}, id="net only"),
        pytest.param({"gas", "heat_volume", "alarm"}, {"gas"}, id="pulses"),
        pytest.param({"frequency", "no such thing"}, {"frequency"}, id="unknown"),
        pytest.param(set(), set(), id="nothing"),
        pytest.param(
            set(QUANTITIES),
            {
                "active_power",
                "energy_import",
                "energy_export",
                "voltage",
                *VOLTAGES,
                "current",
                *CURRENTS,
            },
            id="everything: the first eleven",
        ),
    ],
)
def test_r21_enabled_by_default(published: set[str], enabled: set[str]) -> None:
    """The main quantities are enabled, or their replacements where they are missing."""
    assert enabled_by_default(published) == enabled


@given(st.sets(st.sampled_from(sorted(QUANTITIES))))
def test_r21_enabled_by_default_of_any_load(published: set[str]) -> None:
    """Never more than eleven, never what is not published, and the energy of a load is never forgotten."""
    enabled = enabled_by_default(published)
    assert len(enabled) <= MAX_ENABLED
    assert enabled <= published
    imports = {"energy_import", "energy_net", *(f"energy_import_{part}" for part in ("l1", "l2", "l3", "t1", "t2"))}
    assert enabled & imports or not published & imports


def test_stand_ins_stand_in_for_something() -> None:
    """Every key that a quantity stands in for is in the table, and is not its own."""
    for quantity in QUANTITIES.values():
        assert set(quantity.stands_in_for) <= QUANTITIES.keys() - {quantity.key}


def signal(uid: int, code: int, *, load: int = 1, enabled: bool = True) -> Signal:
    """Return a signal of a load."""
    return Signal(uid=uid, load_uid=load, device_uid=1, code=code, sir=None, enabled=enabled)


CODES = Catalogue({"1": "active_power/kW", "2": "energy_export/kWh", "3": "reactive_power/var"})


@pytest.mark.parametrize(
    ("signals", "values", "wanted"),
    [
        pytest.param({10: 1, 11: 7}, {}, {10}, id="nobody knows what it is, and there is something else"),
        pytest.param({10: 3, 11: 7}, {}, {11}, id="the load would show nothing else"),
        pytest.param({10: 7, 11: 8}, {}, {10, 11}, id="nobody knows anything"),
        pytest.param({10: 1, 11: 2}, {11: 0.0}, {10}, id="exports nothing"),
        pytest.param({10: 1, 11: 2}, {11: 0.01}, {10, 11}, id="has exported"),
        pytest.param({10: 1, 11: 2}, {11: None}, {10}, id="is not known to have exported"),
    ],
)
def test_r21_what_is_wanted(signals: dict[int, int], values: dict[int, float | None], wanted: set[int]) -> None:
    """Of each load what has a meaning, else what has none; an export counter that has never moved is off."""
    listed = {uid: signal(uid, code) for uid, code in signals.items()}
    assert wanted_signals(listed, CODES, values) == wanted


def test_r21_each_load_for_itself() -> None:
    """Loads do not influence each other; a signal that the gateway disables is disabled."""
    listed = {10: signal(10, 1), 20: signal(20, 7, load=2), 21: signal(21, 1, load=2, enabled=False)}
    assert wanted_signals(listed, CODES, {}) == {10, 20}
