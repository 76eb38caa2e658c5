"""What the blueprints that switch loads off note and tell, over a change, a restart, and with switches that do not react."""

from typing import Any
from unittest.mock import patch

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


async def test_other_loads_first(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    use: Use,
    show: Show,
    wait: Wait,
    change: Change,
    switches: list[str],
) -> None:
    """The boiler is off by the automation; then a person puts the sauna first: the boiler is on in the next quarter-hour."""
    freezer.move_to("2026-11-20 10:04:00+00:00")
    inputs: dict[str, Any] = {"expected": EXPECTED, "limit": 5, "memory": LIST, "tell": []}
    await show(4, "kW", entity_id=EXPECTED)
    await use("quarter_hour_below_limit", loads=switches, **inputs)
    await show(6, "kW", entity_id=EXPECTED)
    assert are_on(hass, switches) == [False, True, True]
    await change("quarter_hour_below_limit", loads=[switches[2], switches[0], switches[1]], **inputs)
    await show(4, "kW", entity_id=EXPECTED)
    await wait(1200, 30)
    assert are_on(hass, switches) == [True, True, True]


async def test_other_loads_first_contracted(
    hass: HomeAssistant, use: Use, show: Show, wait: Wait, change: Change, switches: list[str]
) -> None:
    """The same with the contracted power."""
    inputs: dict[str, Any] = {"power": POWER, "contracted": 3, "memory": LIST, "tell": []}
    await show(1, "kW")
    await use("contracted_power", loads=switches, **inputs)
    await show(5, "kW")
    await wait(70)
    assert are_on(hass, switches) == [False, True, True]
    await change("contracted_power", loads=[switches[2], switches[0], switches[1]], **inputs)
    await show(1, "kW")
    await wait(7200, 60)
    assert are_on(hass, switches) == [True, True, True]


async def test_nothing_left_over_a_restart(
    hass: HomeAssistant,
    quarter: Begin,
    show: Show,
    wait: Wait,
    restart: Restart,
    switches: list[str],
    told: list[ServiceCall],
) -> None:
    """That nothing is left is said once, after a restart too."""
    await quarter(loads=switches[:1], tell=tell())
    await show(9, "kW", entity_id=EXPECTED)
    await wait(70)
    assert len(messages(told)) == 2
    await restart()
    await wait(70)
    assert len(messages(told)) == 2, messages(told)


async def test_nothing_left_in_each_quarter(
    hass: HomeAssistant,
    quarter: Begin,
    show: Show,
    wait: Wait,
    switches: list[str],
    told: list[ServiceCall],
) -> None:
    """All loads off by hand and the house above for two hours: said once."""
    await hass.services.async_call("input_boolean", "turn_off", {"entity_id": switches}, blocking=True)
    await quarter(tell=tell())
    for number in range(120):
        await show(9 + number / 1000, "kW", entity_id=EXPECTED)
        await wait(60, 60)
    assert len(messages(told)) == 1, messages(told)


async def test_contracted_nothing_left_over_a_restart(
    hass: HomeAssistant,
    contracted: Begin,
    show: Show,
    wait: Wait,
    restart: Restart,
    switches: list[str],
    told: list[ServiceCall],
) -> None:
    """The same with the contracted power."""
    await contracted(loads=switches[:1], tell=tell())
    await show(5, "kW")
    await wait(300)
    assert len(messages(told)) == 2
    await restart()
    await wait(300)
    assert len(messages(told)) == 2, messages(told)


async def test_a_quarter_that_begins_while_home_assistant_is_off(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    use: Use,
    show: Show,
    wait: Wait,
    restart: Restart,
    switches: list[str],
) -> None:
    """Off from 10:13 to 10:16: the load is on again in the quarter-hour of 10:15, which is not above."""
    freezer.move_to("2026-11-20 10:12:00+00:00")
    await show(4, "kW", entity_id=EXPECTED)
    await use("quarter_hour_below_limit", expected=EXPECTED, limit=5, loads=switches, memory=LIST, tell=[])
    await show(6, "kW", entity_id=EXPECTED)
    assert are_on(hass, switches) == [False, True, True]
    await restart(4, main_demand_expected="1")
    await wait(300)
    assert are_on(hass, switches) == [True, True, True]


async def test_a_person_switches_on_what_is_held_off(
    hass: HomeAssistant,
    quarter: Begin,
    show: Show,
    wait: Wait,
    switches: list[str],
    told: list[ServiceCall],
) -> None:
    """It is not said to be on again at the end of the quarter-hour."""
    await quarter(tell=tell())
    await show(6, "kW", entity_id=EXPECTED)
    await show(4, "kW", entity_id=EXPECTED)
    await hass.services.async_call("input_boolean", "turn_on", {"entity_id": switches[0]}, blocking=True)
    await wait(900)
    assert len(messages(told)) == 1, messages(told)


@pytest.fixture
async def stuck(hass: HomeAssistant) -> str:
    """A switch that does not react."""
    switch = {"name": "Stuck", "state": "{{ true }}", "turn_on": [], "turn_off": []}
    assert await async_setup_component(hass, "template", {"template": {"switch": switch}})
    await settle()
    return "switch.stuck"


async def test_a_switch_that_does_not_react(
    hass: HomeAssistant,
    contracted: Begin,
    show: Show,
    wait: Wait,
    switches: list[str],
    stuck: str,
    told: list[ServiceCall],
) -> None:
    """The next is switched off, and nobody is told that it is off."""
    await contracted(loads=[stuck, *switches], tell=tell())
    await show(5, "kW")
    await wait(140)
    assert are_on(hass, switches) == [False, True, True]
    assert not [text for text in messages(told) if "Stuck is off" in text], messages(told)


async def test_forty_loads_over_a_restart(
    hass: HomeAssistant, use: Use, show: Show, wait: Wait, restart: Restart
) -> None:
    """Fifty may be switched off: what was is on again, also after a restart, with a helper as Home Assistant makes it."""
    names = [f"load_{number}" for number in range(40)]
    toggles = {name: {"initial": True} for name in names}
    with patch("homeassistant.config.load_yaml_config_file", return_value={"input_boolean": toggles}):
        await hass.services.async_call("input_boolean", "reload", blocking=True)
    loads = [f"input_boolean.{name}" for name in names]
    assert all(are_on(hass, loads))
    await show(1, "kW")
    await use(
        "contracted_power", power=POWER, contracted=3, loads=loads, memory=LIST, steps=50, pause={"seconds": 1}, tell=[]
    )
    await show(9, "kW")
    await wait(60)
    await wait(60, 1)
    assert not any(are_on(hass, loads))
    await restart(main_active_power="0.1")
    await wait(400 * 40, 30)
    assert [load for load in loads if hass.states.is_state(load, "off")] == []


@pytest.fixture
async def lazy(hass: HomeAssistant) -> str:
    """A switch for the boiler that cannot be turned on while the toggle for memory is on."""
    boiler = {"entity_id": "input_boolean.boiler"}
    free = {"condition": "state", "entity_id": TOGGLE, "state": "off"}
    switch = {
        "name": "Lazy",
        "state": "{{ is_state('input_boolean.boiler', 'on') }}",
        "turn_on": [free, {"action": "input_boolean.turn_on", "target": boiler}],
        "turn_off": [{"action": "input_boolean.turn_off", "target": boiler}],
    }
    assert await async_setup_component(hass, "template", {"template": {"switch": switch}})
    await settle()
    return "switch.lazy"


LIMITS = {
    "quarter_hour_below_limit": {"expected": EXPECTED, "limit": 5},
    "contracted_power": {"power": POWER, "contracted": 3},
}


@pytest.mark.parametrize("name", LIMITS)
async def test_a_load_that_does_not_go_on_again(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    use: Use,
    show: Show,
    wait: Wait,
    switches: list[str],
    lazy: str,
    told: list[ServiceCall],
    name: str,
) -> None:
    """It is tried again until it is on, the others do not wait for it, and that it is on is told then only."""
    sensor = EXPECTED if name.startswith("quarter") else POWER
    freezer.move_to("2026-11-20 10:04:00+00:00")
    await show(1, "kW", entity_id=sensor)
    await use(name, **LIMITS[name], loads=[switches[1], lazy], memory=LIST, tell=tell())
    await show(9, "kW", entity_id=sensor)
    await wait(200)
    assert are_on(hass, [switches[1], lazy]) == [False, False]
    await hass.services.async_call("input_boolean", "turn_on", {"entity_id": TOGGLE}, blocking=True)
    await show(1, "kW", entity_id=sensor)
    await wait(1200, 30)
    assert are_on(hass, [switches[1], lazy]) == [True, False]
    await hass.services.async_call("input_boolean", "turn_off", {"entity_id": TOGGLE}, blocking=True)
    assert not [text for text in messages(told) if "gain" in text and "Lazy" in text]
    await wait(1200, 30)
    assert are_on(hass, [lazy]) == [True]
    assert len([text for text in messages(told) if "gain" in text and "Lazy" in text]) == 1
    assert hass.states.is_state(LIST, "0")


@pytest.mark.parametrize("name", LIMITS)
async def test_a_load_that_is_no_longer_listed(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    use: Use,
    show: Show,
    wait: Wait,
    change: Change,
    switches: list[str],
    name: str,
) -> None:
    """A person takes a load that is off from the list: it is on again."""
    sensor = EXPECTED if name.startswith("quarter") else POWER
    freezer.move_to("2026-11-20 10:04:00+00:00")
    await show(1, "kW", entity_id=sensor)
    await use(name, **LIMITS[name], loads=switches, memory=LIST, tell=[])
    await show(9, "kW", entity_id=sensor)
    await wait(70)
    assert not are_on(hass, switches)[0]
    await change(name, **LIMITS[name], loads=switches[1:], memory=LIST, tell=[])
    await show(1, "kW", entity_id=sensor)
    await wait(1200, 30)
    assert are_on(hass, switches) == [True, True, True]


async def test_a_person_who_cannot_be_told(
    hass: HomeAssistant, quarter: Begin, show: Show, wait: Wait, switches: list[str]
) -> None:
    """A telephone that is gone, whose action Home Assistant does not know, ends a run; the next five minutes go on."""
    await quarter(tell=tell())
    await show(9, "kW", entity_id=EXPECTED)
    await wait(400)
    assert are_on(hass, switches) == [False, False, False]
    await show(4, "kW", entity_id=EXPECTED)
    await wait(700)
    assert are_on(hass, switches) == [True, True, True]


@pytest.mark.parametrize("name", LIMITS)
async def test_another_automation_that_is_changed(
    hass: HomeAssistant, use: Use, show: Show, wait: Wait, switches: list[str], name: str
) -> None:
    """It begins no run of this one."""
    await show(1, "kW", entity_id=EXPECTED if name.startswith("quarter") else POWER)
    await use(name, **LIMITS[name], loads=switches, memory=LIST, tell=[])
    await wait(60)
    hass.bus.async_fire("automation_reloaded")
    await settle()
    state = hass.states.get("automation.it")
    assert state is not None
    assert state.attributes["last_triggered"] is None


@pytest.mark.parametrize("name", LIMITS)
async def test_a_person_ticks_off_what_is_to_be_switched_on(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    use: Use,
    show: Show,
    wait: Wait,
    switches: list[str],
    name: str,
) -> None:
    """It stays off, and the others go on again."""
    sensor = EXPECTED if name.startswith("quarter") else POWER
    freezer.move_to("2026-11-20 10:04:00+00:00")
    await show(1, "kW", entity_id=sensor)
    await use(name, **LIMITS[name], loads=switches, memory=LIST, tell=[])
    await show(9, "kW", entity_id=sensor)
    await wait(130)
    assert are_on(hass, switches)[:2] == [False, False]
    done = {"entity_id": LIST, "item": switches[0], "status": "completed"}
    await hass.services.async_call("todo", "update_item", done, blocking=True)
    await show(1, "kW", entity_id=sensor)
    await wait(2400, 30)
    assert are_on(hass, switches) == [False, True, True]
    assert hass.states.is_state(LIST, "0")
