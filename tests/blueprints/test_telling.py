"""The blueprints that tell something: a machine that is done, and a main fuse."""

from homeassistant.core import HomeAssistant, ServiceCall
import pytest

from .conftest import POWER, TOGGLE, Change, Restart, Show, Use, Wait, messages, tell

ENERGY = "sensor.main_energy_import"
PHASES = [f"sensor.main_current_l{phase}" for phase in (1, 2, 3)]


@pytest.mark.parametrize(("unit", "factor"), [("W", 1000), ("kW", 1)])
async def test_a_machine_is_done(
    use: Use, show: Show, wait: Wait, told: list[ServiceCall], unit: str, factor: float
) -> None:
    """It pauses for minutes, and is done once it has stood for five; the kWh are those of the counter."""
    await show(0.002 * factor, unit)
    await show(1200.5, "kWh", entity_id=ENERGY, kind="energy")
    await use("machine_is_done", power=POWER, energy=ENERGY, tell=tell())
    await show(2.0 * factor, unit)
    await wait(1200, 60)
    await show(0.005 * factor, unit)
    await wait(240)
    await show(0.3 * factor, unit)
    await wait(600)
    await show(1201.75, "kWh", entity_id=ENERGY, kind="energy")
    await show(0.005 * factor, unit)
    await wait(280)
    assert messages(told) == []
    await wait(40)
    assert messages(told) == ["The main_active_power is done after 34 minutes, with 1.25 kWh."]
    await wait(3600, 60)
    assert len(told) == 1


async def test_a_machine_without_a_counter(use: Use, show: Show, wait: Wait, told: list[ServiceCall]) -> None:
    """The kWh are left out; what was short, or never ends, is not told."""
    await show(0.002, "kW")
    await use("machine_is_done", power=POWER, at_most={"hours": 2}, tell=tell())
    await show(2.0, "kW")
    await wait(60)
    await show(0.0, "kW")
    await wait(600)
    assert messages(told) == [], "a minute only"
    await show(2.0, "kW")
    await wait(600)
    await show(0.0, "kW")
    await wait(320)
    assert messages(told) == ["The main_active_power is done after 10 minutes."]
    await show(2.0, "kW")
    await wait(7300, 60)
    await show(0.0, "kW")
    await wait(600)
    assert len(told) == 1


@pytest.mark.parametrize(("unit", "factor"), [("A", 1), ("mA", 1000)])
async def test_a_phase_above_its_share_of_the_fuse(
    use: Use, show: Show, wait: Wait, told: list[ServiceCall], unit: str, factor: float
) -> None:
    """For a minute above 90 % of 25 A: the phase is named; a motor that starts is not told."""
    for phase in PHASES:
        await show(8 * factor, unit, entity_id=phase, kind="current")
    await use("main_fuse", currents=PHASES, memory=TOGGLE, tell=tell(), above=tell("above"), below=tell("below"))
    await show(24 * factor, unit, entity_id=PHASES[1], kind="current")
    await wait(50)
    await show(10 * factor, unit, entity_id=PHASES[1], kind="current")
    await wait(120)
    assert "above" not in messages(told)
    told.clear()
    await show(23.5 * factor, unit, entity_id=PHASES[1], kind="current")
    await wait(70)
    assert messages(told) == [f"The main_current_l2 {23.5 * factor} {unit}, main fuse 25 A.", "above"]
    await show("unavailable", unit, entity_id=PHASES[1], kind="current")
    await wait(120)
    await show(9 * factor, unit, entity_id=PHASES[1], kind="current")
    await wait(70)
    assert messages(told)[2:] == ["below"]


async def test_phases_that_differ(
    hass: HomeAssistant, use: Use, show: Show, wait: Wait, told: list[ServiceCall]
) -> None:
    """For a quarter of an hour, and only where all three are known."""
    for phase in PHASES:
        await show(2.0, "A", entity_id=phase, kind="current")
    await use("main_fuse", currents=PHASES, memory=TOGGLE, tell=tell())
    await show("unknown", "A", entity_id=PHASES[0], kind="current")
    await show(19.0, "A", entity_id=PHASES[2], kind="current")
    await wait(1000)
    assert messages(told) == []
    await show(1.5, "A", entity_id=PHASES[0], kind="current")
    await wait(880)
    assert messages(told) == []
    await wait(60)
    assert messages(told) == [
        "The phases differ by more than 16 A: The main_current_l1 1.5 A, The main_current_l2 2.0 A, The main_current_l3 19.0 A."
    ]


async def test_a_machine_that_runs_over_a_restart(
    use: Use, show: Show, wait: Wait, restart: Restart, told: list[ServiceCall]
) -> None:
    """It is told once it is done, without a duration and kilowatt-hours that nobody knows."""
    await show(0.002, "kW")
    await show(1200.5, "kWh", entity_id=ENERGY, kind="energy")
    await use("machine_is_done", power=POWER, energy=ENERGY, tell=tell())
    await restart(main_active_power="0.0")
    await wait(400)
    assert messages(told) == [], "it did not run"
    await show(2.0, "kW", 10)
    await restart()
    await wait(100)
    await show("unavailable", "kW", 10)
    await show(0.001, "kW")
    await wait(320)
    assert messages(told) == ["The main_active_power is done."]


async def test_a_phase_that_is_above_when_home_assistant_starts(
    use: Use, show: Show, wait: Wait, restart: Restart, told: list[ServiceCall]
) -> None:
    """It is told, but not a second time after one more restart; that it is below again is not missed."""
    for phase in PHASES:
        await show(8, "A", entity_id=phase, kind="current")
    await use("main_fuse", currents=PHASES, memory=TOGGLE, tell=[], above=tell(), below=tell("below"))
    await restart(main_current_l3="24.0")
    await wait(70)
    assert messages(told) == ["The main_current_l3 24.0 A, main fuse 25 A."]
    await restart()
    await wait(70)
    await restart(main_current_l3="8.0")
    await wait(70)
    assert messages(told)[1:] == ["below"]


async def test_a_motor_that_starts_a_minute_after_home_assistant(
    hass: HomeAssistant, use: Use, show: Show, wait: Wait, restart: Restart, told: list[ServiceCall]
) -> None:
    """Ten seconds above are nothing to act on, a minute after a start neither."""
    for phase in PHASES:
        await show(8, "A", entity_id=phase, kind="current")
    await use("main_fuse", currents=PHASES, memory=TOGGLE, tell=[], above=tell("above"))
    await restart()
    await wait(50)
    await show(24, "A", entity_id=PHASES[0], kind="current")
    await wait(15, 5)
    await show(8, "A", entity_id=PHASES[0], kind="current")
    await wait(70)
    assert messages(told) == []


async def test_a_second_phase_above(
    hass: HomeAssistant, use: Use, show: Show, wait: Wait, told: list[ServiceCall]
) -> None:
    """L1 is above, and ten minutes later L2 as well: both are told."""
    for phase in PHASES:
        await show(20, "A", entity_id=phase, kind="current")
    await use("main_fuse", currents=PHASES, memory=TOGGLE, tell=tell())
    await show(24, "A", entity_id=PHASES[0], kind="current")
    await wait(600)
    assert len(told) == 1
    await show(30, "A", entity_id=PHASES[1], kind="current")
    await wait(600)
    assert any("l2" in text for text in messages(told)), messages(told)


async def test_a_machine_that_stands_at_nothing(use: Use, show: Show, wait: Wait, told: list[ServiceCall]) -> None:
    """A limit of 0 kW, which the field offers: a machine that draws nothing at all stands."""
    await show(0, "W")
    await use("machine_is_done", power=POWER, stands_below=0, tell=tell())
    await show(2000, "W")
    await wait(1200, 60)
    await show(0, "W")
    await wait(600)
    assert len(told) == 1


async def test_a_machine_whose_meter_is_away_as_it_ends(
    use: Use, show: Show, wait: Wait, told: list[ServiceCall]
) -> None:
    """It is told once, with a name and not twice after the outage."""
    await show(0, "W")
    await use("machine_is_done", power=POWER, tell=tell())
    await show(2000, "W")
    await wait(1200, 60)
    await show(0, "W")
    await wait(240)
    await show("unavailable", "W")
    await wait(120)
    await show(0, "W")
    await wait(320)
    await show(1, "W")
    await wait(600)
    assert len(told) == 1


async def test_a_second_phase_above_after_a_restart(
    use: Use, show: Show, wait: Wait, restart: Restart, told: list[ServiceCall]
) -> None:
    """The gateway comes after Home Assistant: what is known is not told again, and what is new is, as is the end of both."""
    for phase in PHASES:
        await show(20, "A", entity_id=phase, kind="current")
    await use("main_fuse", currents=PHASES, memory=TOGGLE, tell=tell(), below=tell("below"))
    await show(24, "A", entity_id=PHASES[0], kind="current")
    await wait(100)
    assert messages(told) == ["The main_current_l1 24 A, main fuse 25 A."]
    await restart(**{phase[7:]: "unavailable" for phase in PHASES})
    await wait(100)
    for phase, value in zip(PHASES, (24, 20, 20), strict=True):
        await show(value, "A", entity_id=phase, kind="current")
    await wait(100)
    assert len(told) == 1
    for value in (30, 20, 30):
        await show(value, "A", entity_id=PHASES[1], kind="current")
        await wait(100)
    assert messages(told)[1:] == ["The main_current_l2 30 A, main fuse 25 A."]
    for phase in PHASES:
        await show(20, "A", entity_id=phase, kind="current")
    await wait(100)
    assert messages(told)[2:] == ["below"]


async def test_a_fuse_changed_while_a_phase_is_above(
    use: Use, show: Show, wait: Wait, change: Change, told: list[ServiceCall]
) -> None:
    """The automation is changed half a minute after a phase went above: it is told, once."""
    for phase in PHASES:
        await show(20, "A", entity_id=phase, kind="current")
    await use("main_fuse", currents=PHASES, memory=TOGGLE, tell=[])
    await show(24, "A", entity_id=PHASES[0], kind="current")
    await wait(30)
    for _ in range(2):
        await change("main_fuse", currents=PHASES, memory=TOGGLE, tell=tell(), fuse=25 + len(told))
        await wait(100)
    assert messages(told) == ["The main_current_l1 24 A, main fuse 25 A."]
