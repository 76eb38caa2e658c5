"""Home Assistant with the second gateway."""

from collections import deque
from collections.abc import AsyncIterator
import time

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from . import Gateway
from .driving import UNITS, sampled, sensors, set_up, shown, unload

type Installed = tuple[Gateway, ConfigEntry, list[str]]


@pytest.fixture
def before_half_past(freezer: FrozenDateTimeFactory) -> None:
    """Almost half an hour after the gas meter's last sample."""
    freezer.move_to("2026-11-29 13:29:00+00:00")


@pytest.fixture
async def installed(
    hass: HomeAssistant, socket_enabled: None, enable_custom_integrations: None, gateway_now: Gateway
) -> AsyncIterator[Installed]:
    """A gateway, its entry, and the pages of a set-up in which nothing was changed."""
    async with gateway_now as gateway:
        entry, pages = await set_up(hass, gateway)
        yield gateway, entry, pages
        await unload(hass, entry, gateway)


@pytest.mark.parametrize("kind", ["house", "flat", pytest.param("workshop", marks=pytest.mark.long)])
@pytest.mark.timeout(300)
async def test_set_up(hass: HomeAssistant, installed: Installed) -> None:
    """Every signal has its entity; whatever has a unit after clicking through has the right one."""
    gateway, entry, pages = installed
    assert pages in (["certificate", "findings"], ["certificate", "findings", "doubts"])
    assert gateway.accounts.refused == 0
    found = sensors(hass, entry, gateway)
    assert found.keys() == gateway.site.signals.keys()
    named = 0
    for item, signal in found.values():
        state = hass.states.get(item.entity_id)
        assert (state is None) == (item.disabled_by is not None)
        if state is not None and "unit_of_measurement" in state.attributes:
            assert UNITS[state.attributes["unit_of_measurement"]][0] == signal.unit, (signal.quantity, state)
            named += 1
    # A P1 port alone proves little: the documented code is enough for this test.
    assert named >= (1 if len(gateway.site.loads) == 2 else 20)


@pytest.mark.usefixtures("before_half_past")
@pytest.mark.parametrize("kind", ["flat"])
async def test_three_voltages_and_no_mean(hass: HomeAssistant, installed: Installed) -> None:
    """R26: a P1 port has three phase voltages and no mean of them; clicking through names none of them so."""
    gateway, entry, _ = installed
    found = sensors(hass, entry, gateway)
    keys = [item.translation_key for item, signal in found.values() if signal.unit == "V"]
    assert len(keys) == 3
    assert "voltage_mean" not in keys


@pytest.mark.usefixtures("before_half_past")
@pytest.mark.parametrize(("kind", "seed"), [("flat", 1)])
async def test_a_gas_meter_between_two_telegrams(hass: HomeAssistant, installed: Installed) -> None:
    """R5: a meter that is read once an hour is not stale in between, also half an hour after set-up began to look."""
    gateway, entry, _ = installed
    gas = gateway.site.signal("Gas", "gas_volume")
    state = hass.states.get(sensors(hass, entry, gateway)[gas.uid][0].entity_id)
    assert state is not None
    assert float(state.state) == pytest.approx(gateway.timeline.register(gas, time.time() // 3600 * 3600))


@pytest.mark.parametrize("kind", ["house"])
@pytest.mark.timeout(300)
async def test_an_hour(hass: HomeAssistant, freezer: FrozenDateTimeFactory, installed: Installed) -> None:
    """An hour of polls: what is shown is what the meter showed lately, and counters gain what it counted."""
    gateway, entry, _ = installed
    found = {
        item.entity_id: signal
        for item, signal in sensors(hass, entry, gateway).values()
        if (state := hass.states.get(item.entity_id)) and "unit_of_measurement" in state.attributes
    }
    began = {entity: shown(hass, entity) for entity, signal in found.items() if signal.counter}
    gateway.requests.clear()
    recent: deque[float] = deque(maxlen=31)
    for number in range(1, 361):
        freezer.tick(10)
        recent.append(time.time())
        async_fire_time_changed(hass)
        await hass.async_block_till_done(wait_background_tasks=True)
        if number % 30:
            continue
        for entity, signal in found.items():
            printed = [gateway.timeline.register(signal, sampled(gateway, signal, when)) for when in recent]
            assert shown(hass, entity) in [pytest.approx(value / signal.scale) for value in printed], signal.quantity
    polls = [request for request in gateway.requests if request.path == "/v1/signals/realtime"]
    assert 355 <= len(polls) <= 365
    assert gateway.accounts.logins <= 4
    assert gateway.most_in_flight == 1
    for entity, before in began.items():
        signal = found[entity]
        gained = (shown(hass, entity) - before) / 3.6e6
        wanted = signal.curve.integral(recent[-1] - 3600, recent[-1]) / 3.6e6
        # A counter is written every five minutes at least: so much may be missing at either end.
        assert gained == pytest.approx(wanted, rel=0.2, abs=0.02), signal.quantity
