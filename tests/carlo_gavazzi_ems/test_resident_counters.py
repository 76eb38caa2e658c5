"""Counters over wrong readings, reloads and restarts: R1 and R2, from the wire to the state."""

from dataclasses import dataclass
import re
import time
from typing import Any, override

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, State, callback
from homeassistant.helpers import issue_registry as ir, restore_state
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.util import dt as dt_util
import pytest

from simulator import CounterGlitch, Gateway, Glitch, ManualClock, Status
from simulator.faults.base import Answer, DataFault, FaultTarget
from testbed.site_codes import codes_of

from .conftest import SetUp
from .resident import entity_id, poll, state_of

NOW = 1_768_478_400.0


@pytest.fixture
def clock() -> ManualClock:
    """A clock of the gateway that only the test moves."""
    return ManualClock(NOW)


@pytest.fixture
def gateway_options(clock: ManualClock) -> dict[str, Any]:
    """A gateway with that clock."""
    return {"clock": clock}


@pytest.fixture
def options(gateway: Gateway) -> dict[str, Any]:
    """All codes named, and no throttle."""
    return {"codes": codes_of(gateway.site), "throttle": 0}


@dataclass(kw_only=True, eq=False)
class ZeroInHistory(DataFault):
    """The newest row of a counter reads 0, as after a reset."""

    uid: int

    @override
    def touches(self, answer: Answer, gateway: FaultTarget) -> bool:
        return answer.what == "last" and str(self.uid) in answer.records

    @override
    def spoil(self, answer: Answer, gateway: FaultTarget) -> None:
        row = answer.records[str(self.uid)]
        assert isinstance(row, dict)
        row |= {"v": 0, "min": 0, "max": 0}


def follow(hass: HomeAssistant, entity: str) -> list[float]:
    """Return a list to which every number is added that an entity shows from now on."""
    shown: list[float] = []

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        state = event.data["new_state"]
        if state is not None and state.state not in {"unknown", "unavailable"}:
            shown.append(float(state.state))

    async_track_state_change_event(hass, entity, note)
    return shown


@pytest.mark.parametrize("how", Glitch)
async def test_r01_a_wrong_reading_on_the_wire_never_shows(
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    options: dict[str, Any],
    clock: ManualClock,
    how: Glitch,
) -> None:
    """However a counter is read wrong for one poll: what is shown never falls, and gains what was consumed."""
    await set_up(gateway, options=options)
    uid = gateway.site.find("energy_import")
    before = float(state_of(hass, gateway, uid).state)
    shown = follow(hass, entity_id(hass, gateway, uid))
    gateway.faults.add(CounterGlitch(how=how, uid=uid))
    await poll(hass, freezer)
    assert float(state_of(hass, gateway, uid).state) == before
    clock.advance(3600)
    await poll(hass, freezer)
    after = float(state_of(hass, gateway, uid).state)
    assert after - before == pytest.approx(gateway.site.reading(uid, NOW + 3600) - before, abs=1e-3)
    assert after > before
    assert shown == sorted(shown)


async def test_r01_a_reset_is_accepted_and_logged_once(
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    options: dict[str, Any],
    clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A counter that stays at 0 began anew, although its value does not change, once a row of history says so too."""
    await set_up(gateway, options=options)
    uid = gateway.site.find("energy_import")
    gateway.faults.add(CounterGlitch(how=Glitch.ZERO, uid=uid, times=None))
    gateway.faults.add(ZeroInHistory(uid=uid))
    # The row of the first minute is requested after 70 s, and used with a later poll.
    for _ in range(7):
        clock.advance(10)
        await poll(hass, freezer)
        assert float(state_of(hass, gateway, uid).state) > 0
    for _ in range(7):
        clock.advance(10)
        await poll(hass, freezer)
    assert float(state_of(hass, gateway, uid).state) == 0
    await poll(hass, freezer, times=5)
    assert sum("(reset)" in record.getMessage() for record in caplog.records) == 1


async def test_r01_a_dip_that_stays_is_accepted_with_one_warning(
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    options: dict[str, Any],
    issue_registry: ir.IssueRegistry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Neither tiny nor a reset, without history: held back for 15 minutes; without a repair, as there is no fix."""
    await set_up(gateway, options=options)
    gateway.faults.add(Status(path="/v1/signals/history/last", code=500))
    uid = gateway.site.find("energy_import")
    before = float(state_of(hass, gateway, uid).state)
    _, unit = gateway.site.truth(uid)
    gateway.faults.add(CounterGlitch(how=Glitch.JUMP, jump=-before / 20, uid=uid, times=None))
    await poll(hass, freezer, times=90)
    assert float(state_of(hass, gateway, uid).state) == before
    await poll(hass, freezer)
    assert float(state_of(hass, gateway, uid).state) == pytest.approx(before * 0.95)
    assert {issue.translation_key for issue in issue_registry.issues.values()} <= {"clock_behind"}
    (warning,) = [record.getMessage() for record in caplog.records if "(corrected)" in record.getMessage()]
    load = gateway.site.loads[gateway.site.signals[uid].lid]
    assert warning.startswith(f"{load.label}: ")
    found = re.search(r"([\d.]+) kWh below", warning)
    assert found is not None
    assert float(found[1]) == pytest.approx(before / 20 / (1000 if unit == "Wh" else 1), abs=0.001)


async def test_r02_twenty_reloads_with_a_first_reading_of_0_add_nothing(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, options: dict[str, Any]
) -> None:
    """The last good value is there before the first reading is judged."""
    entry = await set_up(gateway, options=options)
    uid = gateway.site.find("energy_import")
    before = float(state_of(hass, gateway, uid).state)
    shown = follow(hass, entity_id(hass, gateway, uid))
    for _ in range(20):
        gateway.faults.add(CounterGlitch(how=Glitch.ZERO))
        await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
        assert entry.state is ConfigEntryState.LOADED
    assert len(shown) >= 20
    assert set(shown) == {before}


async def _start_with(
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    options: dict[str, Any],
    hass_storage: dict[str, Any],
    changes: dict[str, object],
) -> float:
    """Return what a counter shows after a restart with a first reading of 0, by the stored state with some changes."""
    entry = await set_up(gateway, options=options)
    uid = gateway.site.find("energy_import")
    entity = entity_id(hass, gateway, uid)
    value = float(state_of(hass, gateway, uid).state)
    assert await hass.config_entries.async_unload(entry.entry_id)
    kept = {
        "gateway": gateway.identity.serial_number,
        "signal": uid,
        "unit": gateway.site.truth(uid)[1],
        "value": value,
        "changed_at": time.time(),
        **changes,
    }
    state = {"state": State(entity, str(value)).as_dict(), "extra_data": kept, "last_seen": dt_util.utcnow()}
    hass_storage[restore_state.STORAGE_KEY] = {"version": restore_state.STORAGE_VERSION, "data": [state]}
    await restore_state.async_get(hass).async_load()
    gateway.faults.add(CounterGlitch(how=Glitch.ZERO))
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return float(state_of(hass, gateway, uid).state)


async def test_r02_what_was_kept_is_shown_after_a_restart(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, options: dict[str, Any], hass_storage: dict[str, Any]
) -> None:
    """The stored value wins over a first reading of 0."""
    assert await _start_with(hass, gateway, set_up, options, hass_storage, {}) > 0


@pytest.mark.parametrize(
    "changes", [{"gateway": "BX1"}, {"signal": 4711}, {"unit": "MWh"}, {"value": "n/a"}, {"changed_at": None}]
)
async def test_r02_what_was_kept_of_something_else_does_not_count(
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    options: dict[str, Any],
    hass_storage: dict[str, Any],
    changes: dict[str, object],
) -> None:
    """Another gateway, signal or unit, or a damaged file: the first reading stands."""
    assert await _start_with(hass, gateway, set_up, options, hass_storage, changes) == 0


async def test_r05_a_counter_keeps_its_value_where_the_gateway_has_none(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, freezer: FrozenDateTimeFactory, options: dict[str, Any]
) -> None:
    """A net counter too, which no guard watches: null is no number."""
    uid = gateway.site.find("energy_import")
    code = str(gateway.site.signals[uid].si)
    _, unit = gateway.site.truth(uid)
    await set_up(gateway, options={**options, "codes": {**options["codes"], code: f"energy_net/{unit}"}})
    before = state_of(hass, gateway, uid).state
    gateway.faults.add(CounterGlitch(how=Glitch.NULL, uid=uid, times=None))
    await poll(hass, freezer, times=3)
    assert state_of(hass, gateway, uid).state == before
    gateway.faults.clear()
    gateway.faults.add(CounterGlitch(how=Glitch.JUMP, jump=-1000.0, uid=uid, times=None))
    await poll(hass, freezer)
    assert float(state_of(hass, gateway, uid).state) == pytest.approx(float(before) - 1000)
