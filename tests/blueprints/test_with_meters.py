"""The blueprints with the sensors of a gateway, whose loads really go off and on: R32."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
import time

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, ServiceCall, callback
from homeassistant.helpers.event import async_track_state_change_event
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.carlo_gavazzi_ems import coordinator
from custom_components.carlo_gavazzi_ems.const import DOMAIN
from tests.second_gateway import Gateway

from .conftest import EXPECTED, LIST, TOGGLE, Use, are_on, messages, settle, tell
from .plant import Level, Plant

REALTIME = "/v1/signals/realtime"
STEP = 10
"""Seconds from one poll to the next; the connection is kept for fifteen."""
POWER = "sensor.main_active_power"
CURRENTS = [f"sensor.main_current_l{phase}" for phase in (1, 2, 3)]
type Pass = Callable[[float], Awaitable[None]]


@pytest.fixture
def begin() -> str:
    """When the test begins; a test can set another time by a parameter."""
    return "2026-11-20 10:00:00+00:00"


@pytest.fixture
def plant(freezer: FrozenDateTimeFactory, begin: str) -> Plant:
    """A house whose loads draw 3, 4 and 5 kW while their switches are on; they begin off."""
    freezer.move_to(begin)
    return Plant()


@pytest.fixture
async def gateway(hass: HomeAssistant, socket_enabled: None, plant: Plant) -> AsyncIterator[Gateway]:
    """The gateway of the house."""
    async with Gateway(plant.site, time.time) as running:
        yield running


@pytest.fixture(autouse=True)
async def entry(
    hass: HomeAssistant,
    enable_custom_integrations: None,
    plant: Plant,
    gateway: Gateway,
    switches: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[MockConfigEntry]:
    """The integration beside it, which shows each value at once and follows the demand; switches that switch loads."""
    monkeypatch.setattr(coordinator, "RETRY_DELAY", 0)
    levels: dict[str, tuple[Level, float]] = dict(
        zip(switches, ((plant.boiler, 3000.0), (plant.wallbox, 4000.0), (plant.sauna, 5000.0)), strict=True)
    )

    @callback
    def switch(event: Event[EventStateChangedData]) -> None:
        level, watts = levels[event.data["entity_id"]]
        if (state := event.data["new_state"]) is not None:
            level.set(watts if state.state == "on" else 0.0)

    async_track_state_change_event(hass, switches, switch)
    data = {"host": gateway.host, "port": gateway.port, "fingerprint": gateway.certificate.fingerprint}
    account = {"username": gateway.username, "password": gateway.password}
    options = {"codes": plant.codes, "throttle": 0, "demand_loads": [2]}
    entry = MockConfigEntry(
        domain=DOMAIN, title="EMS", unique_id=gateway.identity.serial, data=data | account, options=options
    )
    entry.add_to_hass(hass)
    await hass.services.async_call("input_boolean", "turn_off", {"entity_id": switches}, blocking=True)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    yield entry
    if entry.state is ConfigEntryState.LOADED:
        assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.fixture
def passing(hass: HomeAssistant, freezer: FrozenDateTimeFactory, entry: MockConfigEntry) -> Pass:
    """Let minutes pass, with six polls in each; actions with a delay do not block the test."""

    async def do(minutes: float) -> None:
        for _ in range(round(minutes * 60 / STEP)):
            freezer.tick(STEP)
            async_fire_time_changed(hass)
            for _ in range(20_000):
                await asyncio.sleep(0)
                if entry.runtime_data.realtime.last_seen.timestamp() == time.time():
                    break
            await settle()

    return do


def kw(hass: HomeAssistant, entity_id: str) -> float:
    """Return what a power sensor shows in kW."""
    state = hass.states.get(entity_id)
    assert state is not None
    return float(state.state) * {"W": 0.001, "kW": 1.0}[state.attributes["unit_of_measurement"]]


async def turn_on(hass: HomeAssistant, *entity_ids: str) -> None:
    """Turn loads on by their switches."""
    await hass.services.async_call("input_boolean", "turn_on", {"entity_id": list(entity_ids)}, blocking=True)


async def test_r32_no_quarter_hour_above_the_limit(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    plant: Plant,
    use: Use,
    passing: Pass,
    switches: list[str],
    told: list[ServiceCall],
) -> None:
    """Loads of 13 kW, of which 6 may be drawn: each quarter-hour ends below, by the meter, and loads come back in the next."""
    await passing(0.5)
    await use(
        "quarter_hour_below_limit",
        expected=EXPECTED,
        limit=6,
        loads=switches,
        memory=LIST,
        pause={"seconds": 30},
        tell=tell(),
    )
    await turn_on(hass, *switches)
    begin = time.time() // 900 * 900
    await passing(15)
    assert messages(told)[0].startswith("Main Demand expected ")
    assert messages(told)[0].endswith("kW, limit 6 kW: Boiler is off until 02:15.")
    assert are_on(hass, switches) == [True, True, True], "given back"
    await passing(15.5)
    for start in (begin, begin + 900):
        assert 4 * plant.kwh("Main", start, start + 900) < 6
    (meter,) = entry.runtime_data.demand.meters.values()
    assert meter.ledger.kwh[begin + 900] == pytest.approx(plant.kwh("Main", begin + 900, begin + 1800), abs=0.02)


async def test_the_power_stays_below_what_is_contracted(
    hass: HomeAssistant, use: Use, passing: Pass, switches: list[str], told: list[ServiceCall]
) -> None:
    """Far above for a minute: load by load until it is below, and none more; and on again when there is room for it."""
    await use("contracted_power", power=POWER, contracted=6, loads=switches, memory=LIST, tell=tell())
    await passing(1)
    await turn_on(hass, *switches)
    await passing(4)
    assert are_on(hass, switches) == [False, False, True]
    assert kw(hass, POWER) == pytest.approx(5.9, abs=0.01)
    assert [text.rpartition(": ")[2] for text in messages(told)] == ["Boiler is off.", "Wallbox is off."]
    await hass.services.async_call("input_boolean", "turn_off", {"entity_id": switches[2]}, blocking=True)
    await passing(14)
    assert are_on(hass, switches) == [False, True, False], (
        "the last one first; beside it there is no room for the boiler"
    )


@pytest.mark.long
async def test_r32_two_limits_at_once(
    hass: HomeAssistant, plant: Plant, use: Use, passing: Pass, switches: list[str]
) -> None:
    """The quarter-hour and the contract, with the same loads: both hold, and no load goes on and off all the time."""
    inputs = {"power": POWER, "contracted": 9, "loads": switches, "memory": f"{LIST}_2", "tell": []}
    other = {"alias": "other", "use_blueprint": {"path": "carlo_gavazzi_ems/contracted_power.yaml", "input": inputs}}
    await use("quarter_hour_below_limit", other, expected=EXPECTED, limit=7, loads=switches, memory=LIST, tell=[])
    await passing(0.5)
    begin = time.time() // 900 * 900
    await turn_on(hass, *switches)
    await passing(45)
    for start in (begin, begin + 900, begin + 1800):
        assert 4 * plant.kwh("Main", start, start + 900) < 7
    for level in (plant.boiler, plant.wallbox, plant.sauna):
        assert len(level.times) < 3 * 2 * 2, "twice in each quarter-hour at most"
    await hass.services.async_call("automation", "turn_off", {"entity_id": "automation.other"}, blocking=True)


async def test_a_main_fuse_phase_by_phase(
    hass: HomeAssistant, plant: Plant, use: Use, passing: Pass, told: list[ServiceCall]
) -> None:
    """The phase above its share is named with its current; phases that differ are told; both end."""
    await use(
        "main_fuse",
        currents=CURRENTS,
        memory=TOGGLE,
        fuse=25,
        unbalance_for={"minutes": 3},
        tell=tell(),
        below=tell("below"),
    )
    await passing(1)
    plant.wallbox.set(230 * 23 - 300.0)
    await passing(0.5)
    assert messages(told) == []
    await passing(1)
    assert messages(told) == ["Main Current L2 23.00 A, main fuse 25 A."]
    await passing(3)
    assert messages(told)[1:] == [
        "The phases differ by more than 16 A: Main Current L1 1.30 A, Main Current L2 23.00 A, Main Current L3 1.30 A."
    ]
    plant.wallbox.set(0.0)
    await passing(1.5)
    assert messages(told)[2:] == ["below"]


async def test_a_machine_by_its_own_counter(
    hass: HomeAssistant, plant: Plant, use: Use, passing: Pass, told: list[ServiceCall]
) -> None:
    """The kilowatt-hours that are told are those that the meter counted."""
    await use(
        "machine_is_done",
        power="sensor.washing_machine_active_power",
        energy="sensor.washing_machine_energy_import",
        tell=tell(),
    )
    await passing(1)
    begin = time.time()
    for watts, minutes in ((2100.0, 12.0), (0.0, 3.0), (450.0, 14.0), (0.0, 6.0)):
        plant.washer.set(watts)
        await passing(minutes)
    counted = plant.kwh("Washing machine", begin, time.time())
    assert messages(told) == [f"Washing machine is done after 29 minutes, with {counted:.2f} kWh."]


async def test_a_load_above_its_limit_by_its_meter(
    hass: HomeAssistant, plant: Plant, use: Use, passing: Pass, told: list[ServiceCall]
) -> None:
    """Told once, also where the gateway is away in between, with the power that is shown."""
    await use(
        "load_above_limit",
        power="sensor.washing_machine_active_power",
        limit_kw=1.5,
        duration={"minutes": 3},
        memory=TOGGLE,
        above=tell(),
        below=tell("below"),
    )
    plant.washer.set(2100.0)
    await passing(3.5)
    assert messages(told) == ["Washing machine Active power 2100 W, limit 1.5 kW."]
    plant.washer.set(100.0)
    await passing(3.5)
    assert messages(told)[1:] == ["below"]


async def test_surplus_to_a_wallbox_that_takes_it(
    hass: HomeAssistant, plant: Plant, use: Use, passing: Pass, switches: list[str], told: list[ServiceCall]
) -> None:
    """On while there is more sun than it takes, and off when a cloud stays."""
    await use("solar_surplus_wallbox", grid=POWER, wallbox=switches[1], surplus_kw=4.2, tell=tell())
    plant.solar.set(-6000.0)
    await passing(5.5)
    assert are_on(hass, switches) == [False, True, False]
    assert kw(hass, POWER) == pytest.approx(-1.1, abs=0.01)
    plant.solar.set(-1000.0)
    await passing(5.5)
    assert are_on(hass, switches) == [False, False, False]
    assert [text.rpartition(": ")[2] for text in messages(told)] == ["Wallbox is on.", "Wallbox is off."]
