"""The blueprints that switch loads off: in order, not more than allowed, and on again."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.setup import async_setup_component
import pytest

from .conftest import (
    EXPECTED,
    LIST,
    POWER,
    TOGGLE,
    Begin,
    Change,
    Restart,
    Show,
    Use,
    Wait,
    are_on,
    messages,
    settle,
    tell,
)


@pytest.mark.parametrize(("unit", "factor"), [("kW", 1), ("W", 1000), ("MW", 0.001)])
async def test_r32_the_quarter_hour_stays_below_its_limit(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    use: Use,
    show: Show,
    wait: Wait,
    switches: list[str],
    told: list[ServiceCall],
    unit: str,
    factor: float,
) -> None:
    """Not in the first minutes; then load by load while it would end above; on again in the next quarter-hour."""
    freezer.move_to("2026-11-20 10:00:30+00:00")
    await show(4 * factor, unit, entity_id=EXPECTED)
    await use("quarter_hour_below_limit", expected=EXPECTED, limit=5, loads=switches, memory=LIST, tell=tell())
    await show(6 * factor, unit, entity_id=EXPECTED)
    await wait(120)
    assert are_on(hass, switches) == [True, True, True], "the first minutes"
    await wait(60)
    assert are_on(hass, switches) == [False, True, True]
    await wait(60)
    assert are_on(hass, switches) == [False, False, True]
    await show(4.9 * factor, unit, entity_id=EXPECTED)
    await wait(300)
    assert are_on(hass, switches) == [False, False, True]
    await show("unavailable", unit, entity_id=EXPECTED)
    await wait(60)
    assert are_on(hass, switches) == [False, False, True], "a sensor without a value is not above"
    await wait(360)
    assert are_on(hass, switches) == [True, True, True]
    assert messages(told) == [
        "The main_demand_expected 6.0 kW, limit 5 kW: Boiler is off until 02:15.",
        "The main_demand_expected 6.0 kW, limit 5 kW: Wallbox is off until 02:15.",
        "On again: Boiler, Wallbox.",
    ]
    await show(6 * factor, unit, entity_id=EXPECTED)
    await wait(120)
    assert are_on(hass, switches) == [False, True, True], "and so in each"


async def test_r32_nothing_left_to_switch_off_is_said_once(
    hass: HomeAssistant,
    quarter: Begin,
    show: Show,
    wait: Wait,
    switches: list[str],
    told: list[ServiceCall],
) -> None:
    """At most so many loads; one that a person has switched off stays off."""
    await hass.services.async_call("input_boolean", "turn_off", {"entity_id": switches[0]}, blocking=True)
    await quarter(steps=1, tell=tell())
    await show(9, "kW", entity_id=EXPECTED)
    await wait(540)
    assert are_on(hass, switches) == [False, False, True]
    assert messages(told)[1:] == ["The main_demand_expected 9.0 kW, limit 5 kW: nothing is left to switch off."]
    await wait(240)
    assert are_on(hass, switches) == [False, True, True]


@pytest.mark.parametrize(("kw", "seconds"), [(3.4, 3600), (4.0, 60)])
async def test_contracted_power(
    hass: HomeAssistant,
    contracted: Begin,
    show: Show,
    wait: Wait,
    switches: list[str],
    told: list[ServiceCall],
    kw: float,
    seconds: int,
) -> None:
    """A little above for an hour, or far above for a minute; then load by load, and the last one on first."""
    await contracted(tell=tell())
    await show(1000 * kw, "W")
    await wait(seconds - 60, 60)
    await wait(50)
    assert are_on(hass, switches) == [True, True, True]
    await wait(20)
    assert are_on(hass, switches) == [False, True, True]
    await wait(60)
    assert are_on(hass, switches) == [False, False, True]
    await show(2.5, "kW")
    await wait(1200, 60)
    assert are_on(hass, switches) == [False, False, True], "no room yet"
    await show(1.5, "kW")
    await wait(400)
    assert are_on(hass, switches) == [False, True, True]
    await show("unavailable", "kW")
    await wait(900, 60)
    assert are_on(hass, switches) == [False, True, True], "nobody knows"
    await show(1.5, "kW")
    await wait(400)
    assert are_on(hass, switches) == [True, True, True]
    assert messages(told)[0] == f"The main_active_power {kw} kW, contracted 3 kW: Boiler is off."
    assert messages(told)[-1] == "The main_active_power 1.5 kW, contracted 3 kW: Boiler is on again."
    await show(4500, "W")
    await wait(80)
    assert are_on(hass, switches) == [False, True, True], "and again"


async def test_contracted_power_with_nothing_left(
    hass: HomeAssistant, contracted: Begin, show: Show, wait: Wait, switches: list[str], told: list[ServiceCall]
) -> None:
    """It is said once; a power that a cloud of seconds pushes up is nothing."""
    await contracted(tell=tell())
    await show(5, "kW")
    await wait(50)
    await show(2, "kW")
    await wait(600)
    assert messages(told) == []
    await show(5, "kW")
    await wait(1800, 30)
    assert are_on(hass, switches) == [False, False, False]
    assert [text for text in messages(told) if "nothing is left" in text] == [
        "The main_active_power 5.0 kW, contracted 3 kW: nothing is left to switch off."
    ]


async def test_a_quarter_hour_with_a_restart_in_it(
    hass: HomeAssistant,
    quarter: Begin,
    show: Show,
    wait: Wait,
    restart: Restart,
    switches: list[str],
) -> None:
    """What is off stays off, what is above goes on being switched off, and all is given back in the next one."""
    await quarter()
    await show(6, "kW", entity_id=EXPECTED)
    assert are_on(hass, switches) == [False, True, True]
    await restart(main_demand_expected="unavailable")
    await wait(90)
    assert are_on(hass, switches) == [False, True, True]
    await show(6, "kW", entity_id=EXPECTED)
    await wait(70)
    assert are_on(hass, switches) == [False, False, True]
    await show(4, "kW", entity_id=EXPECTED)
    await wait(500)
    assert are_on(hass, switches) == [True, True, True]
    assert hass.states.is_state(LIST, "0")


async def test_loads_that_nobody_would_switch_on_again(
    hass: HomeAssistant, quarter: Begin, show: Show, wait: Wait, switches: list[str]
) -> None:
    """An automation that a person stopped, or changed, in its run: the next quarter-hour puts it right."""
    await quarter()
    await show(6, "kW", entity_id=EXPECTED)
    for action in ("turn_off", "turn_on"):
        await hass.services.async_call("automation", action, {"entity_id": "automation.it"}, blocking=True)
    await show(4, "kW", entity_id=EXPECTED)
    await wait(600)
    assert are_on(hass, switches) == [False, True, True]
    await wait(70)
    assert are_on(hass, switches) == [True, True, True]


async def test_a_load_that_is_too_much_is_tried_less_and_less(
    hass: HomeAssistant, contracted: Begin, show: Show, wait: Wait, switches: list[str], told: list[ServiceCall]
) -> None:
    """A boiler that takes the house above its contract whenever it is on: 5 minutes, 10, 20, and so on."""
    await contracted(loads=switches[:1], tell=tell())
    for _ in range(4 * 60):
        await show(4.2 if are_on(hass, switches)[0] else 1.0, "kW")
        await wait(60, 60)
    switched_on = [text for text in messages(told) if "on again" in text]
    assert 3 <= len(switched_on) <= 6


async def test_contracted_power_over_a_restart(
    hass: HomeAssistant, contracted: Begin, show: Show, wait: Wait, restart: Restart, switches: list[str]
) -> None:
    """What was off is given back; a house that is above when Home Assistant starts is acted on."""
    await contracted()
    await show(4.5, "kW")
    await wait(70)
    assert are_on(hass, switches) == [False, True, True]
    await restart(main_active_power="1.0")
    await wait(400)
    assert are_on(hass, switches) == [True, True, True]
    await restart(10, main_active_power="4.5")
    await wait(40)
    assert are_on(hass, switches) == [True, True, True], "it may be a moment"
    await wait(40)
    assert are_on(hass, switches) == [False, True, True]


@pytest.fixture
async def heater(hass: HomeAssistant) -> str:
    """A switch for the boiler that is out of reach while the toggle for memory is on."""
    boiler = {"entity_id": "input_boolean.boiler"}
    switch = {
        "name": "Heater",
        "state": "{{ is_state('input_boolean.boiler', 'on') }}",
        "availability": "{{ is_state('input_boolean.memory', 'off') }}",
        "turn_on": [{"action": "input_boolean.turn_on", "target": boiler}],
        "turn_off": [{"action": "input_boolean.turn_off", "target": boiler}],
    }
    assert await async_setup_component(hass, "template", {"template": {"switch": switch}})
    await settle()
    return "switch.heater"


@pytest.mark.parametrize("name", ["quarter", "contracted"])
async def test_a_load_out_of_reach_when_it_is_to_be_switched_on_again(
    hass: HomeAssistant,
    quarter: Begin,
    contracted: Begin,
    show: Show,
    wait: Wait,
    switches: list[str],
    heater: str,
    name: str,
) -> None:
    """It is not forgotten: it goes on once it is there; the others do not wait for it."""
    sensor = EXPECTED if name == "quarter" else POWER
    begin = quarter if name == "quarter" else contracted
    await begin(loads=[switches[1], heater])
    await show(9, "kW", entity_id=sensor)
    await wait(200)
    assert are_on(hass, [switches[1], heater]) == [False, False]
    await hass.services.async_call("input_boolean", "turn_on", {"entity_id": TOGGLE}, blocking=True)
    await show(1, "kW", entity_id=sensor)
    await wait(1200, 30)
    assert are_on(hass, switches[:2]) == [False, True]
    await hass.services.async_call("input_boolean", "turn_off", {"entity_id": TOGGLE}, blocking=True)
    await wait(1200, 30)
    assert are_on(hass, switches[:2]) == [True, True]
    assert hass.states.is_state(LIST, "0")


async def test_contracted_power_of_nothing(
    hass: HomeAssistant,
    contracted: Begin,
    show: Show,
    wait: Wait,
    switches: list[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A limit of 0 is one as well, and no error."""
    await contracted(contracted=0)
    await show(0.0, "kW")
    await show(0.2, "kW")
    await wait(80)
    assert are_on(hass, switches) == [False, True, True]
    assert "ERROR" not in caplog.text


async def test_an_hour_is_not_over_after_a_quarter(
    hass: HomeAssistant, quarter: Begin, show: Show, wait: Wait, switches: list[str]
) -> None:
    """An automation that was changed in its run leaves its loads off until the hour is over."""
    await quarter(period="60")
    await show(6, "kW", entity_id=EXPECTED)
    for action in ("turn_off", "turn_on"):
        await hass.services.async_call("automation", action, {"entity_id": "automation.it"}, blocking=True)
    await show(4, "kW", entity_id=EXPECTED)
    await wait(3300, 30)
    assert are_on(hass, switches) == [False, True, True]
    await wait(120)
    assert are_on(hass, switches) == [True, True, True]


async def test_changed_while_above(
    hass: HomeAssistant, use: Use, show: Show, wait: Wait, change: Change, switches: list[str]
) -> None:
    """The automation is changed (another notification) while the house is far above for half a minute: it still acts."""
    inputs: dict[str, Any] = {"power": POWER, "contracted": 3, "memory": LIST, "loads": switches}
    await show(1, "kW")
    await use("contracted_power", tell=[], **inputs)
    await show(5, "kW")
    await wait(30)
    await change("contracted_power", tell=tell(), **inputs)
    for number in range(30):
        await show(5 + number / 100, "kW")
        await wait(60, 60)
    assert are_on(hass, switches) == [False, False, False]


async def test_a_moment_a_little_above_while_a_load_is_off(
    hass: HomeAssistant, use: Use, show: Show, wait: Wait, switches: list[str]
) -> None:
    """A little above is borne for an hour, also while a load is off already."""
    await show(1, "kW")
    await use("contracted_power", power=POWER, contracted=3, loads=switches, memory=LIST, tell=[])
    await show(5, "kW")
    await wait(70)
    await show(2.5, "kW")
    await wait(600)
    assert are_on(hass, switches) == [False, True, True]
    await show(3.35, "kW")
    await wait(70)
    await show(2.5, "kW")
    await wait(70)
    assert are_on(hass, switches) == [False, True, True]
