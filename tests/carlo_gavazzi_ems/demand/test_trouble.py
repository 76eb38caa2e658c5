"""The demand where readings, clocks, stores or the gateway are wrong: R32."""

import time
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest

from simulator import CounterGlitch, FreezeLoad, Gateway, Glitch, LoadClock, SiteKind, Status, WrongClock
from tests.carlo_gavazzi_ems.conftest import SetUp
from tests.carlo_gavazzi_ems.resident import entity_id, poll

from .conftest import Kwh, Show, meter_of
from .test_demand import HISTORY, HOUR, TEN

pytestmark = pytest.mark.site(SiteKind.FLAT, seed=1, exact=True)


async def to_quarter_past(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """Let time pass until the first quarter-hour after ten is over."""
    while time.time() < TEN + 905:
        await poll(hass, freezer)


async def test_r32_a_jump_is_no_peak(
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    options: Any,
    show: Show,
    counter: int,
) -> None:
    """A counter that jumps and stays there: the quarter-hour is unknown, whatever history says, and the peak is the old one."""
    entry = await set_up(gateway, options=options)
    await poll(hass, freezer, times=20)
    before = show("demand_peak_month").state
    gateway.faults.add(Status(path="/v1/signals/history/last", code=500))
    gateway.faults.add(CounterGlitch(how=Glitch.JUMP, jump=10_000, uid=counter, times=None))
    await poll(hass, freezer, times=3)
    assert float(show("demand").state) < 1, "held back"
    await poll(hass, freezer, times=100)
    await poll(hass, freezer, times=90)
    ledger = meter_of(entry).ledger
    assert [ledger.kwh[TEN], ledger.kwh[TEN + 900]] == [None, None]
    assert show("demand_peak_month").state == before
    await poll(hass, freezer, times=90)
    assert ledger.kwh[TEN + 1800] is not None, "from then on it is known again"


async def test_r32_a_wrong_reading_costs_nothing(
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    options: Any,
    kwh: Kwh,
) -> None:
    """One reading of every wrong kind in a quarter-hour: it is right."""
    entry = await set_up(gateway, options=options)
    await poll(hass, freezer, times=14)
    for how in Glitch:
        gateway.faults.add(CounterGlitch(how=how))
        await poll(hass, freezer, times=4)
    await to_quarter_past(hass, freezer)
    assert meter_of(entry).ledger.kwh[TEN] == pytest.approx(kwh(TEN, TEN + 900), abs=0.001)


async def test_r32_a_meter_that_is_silent(
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    options: Any,
    show: Show,
    load: int,
) -> None:
    """Running values are unavailable, the peak stays; the quarter-hour is unknown, as history has no rows either."""
    entry = await set_up(gateway, options=options)
    await poll(hass, freezer, times=14)
    peak = show("demand_peak_month").state
    gateway.faults.add(FreezeLoad(load=load))
    await poll(hass, freezer, times=20)
    assert [show(key).state for key in ("demand", "demand_expected")] == ["unavailable", "unavailable"]
    assert show("demand_peak_month").state == peak != "unknown"
    await to_quarter_past(hass, freezer)
    assert TEN not in meter_of(entry).ledger.kwh


@pytest.mark.parametrize("offset", [-7200.0, 3600.0, 95.0])
@pytest.mark.parametrize("whose", ["gateway", "load"])
async def test_r32_clocks_that_are_wrong(
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    options: Any,
    kwh: Kwh,
    load: int,
    offset: float,
    whose: str,
) -> None:
    """The quarter-hours are those of Home Assistant's clock; what history tells of them too."""
    gateway.faults.add(WrongClock(offset=offset) if whose == "gateway" else LoadClock(load=load, offset=offset))
    entry = await set_up(gateway, options=options)
    await poll(hass, freezer, times=14)
    await to_quarter_past(hass, freezer)
    await poll(hass, freezer)
    ledger = meter_of(entry).ledger
    for start in (TEN - 1800, TEN):
        # A second by the clock of the gateway, ten by one of a meter.
        allowed = 0.001 if whose == "gateway" else 0.006
        assert ledger.kwh[start] == pytest.approx(kwh(start, start + 900), abs=allowed)


async def test_r32_the_gateway_is_away_over_a_boundary(
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    options: Any,
    show: Show,
    kwh: Kwh,
) -> None:
    """Unavailable while it is away; and then every quarter-hour is known, once history answers."""
    entry = await set_up(gateway, options=options)
    await poll(hass, freezer, times=14)
    away = gateway.faults.add(Status(path="/v1/signals/realtime", code=500))
    await poll(hass, freezer, seconds=60, times=20)
    assert {show(key).state for key in ("demand", "demand_expected", "demand_peak_month")} == {"unavailable"}
    gateway.faults.remove(away)
    deaf = gateway.faults.add(Status(path=HISTORY, code=500))
    await poll(hass, freezer, times=20)
    ledger = meter_of(entry).ledger
    assert TEN not in ledger.kwh
    gateway.faults.remove(deaf)
    await poll(hass, freezer, times=30)
    assert ledger.kwh[TEN] == pytest.approx(kwh(TEN, TEN + 900), abs=0.001)
    assert float(show("demand_peak_day").state) >= 4 * kwh(TEN, TEN + 900) - 0.004


async def test_r32_counters_whose_sensors_are_disabled(
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    options: Any,
    counter: int,
    kwh: Kwh,
) -> None:
    """They are polled all the same."""
    entry = await set_up(gateway, options=options)
    er.async_get(hass).async_update_entity(entity_id(hass, gateway, counter), disabled_by=er.RegistryEntryDisabler.USER)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    await poll(hass, freezer, times=14)
    await to_quarter_past(hass, freezer)
    assert meter_of(entry).ledger.kwh[TEN] == pytest.approx(kwh(TEN, TEN + 900), abs=0.001)


@pytest.mark.parametrize("stored", [{"x": {}}, {"2": {"gateway": "?"}}, [], {"2": None}])
async def test_r32_a_damaged_store(  # what it kept is read from history again
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    options: Any,
    show: Show,
    hass_storage: dict[str, Any],
    stored: Any,
) -> None:
    """Its content is read from history again."""
    key = "carlo_gavazzi_ems.an_entry.demand"
    hass_storage[key] = {"version": 1, "minor_version": 1, "key": key, "data": stored}
    await set_up(gateway, options=options, entry_id="an_entry")
    await poll(hass, freezer, times=3)
    assert float(show("demand_peak_month").state) > 0


async def test_r32_the_store_goes_with_the_entry(
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    options: Any,
    hass_storage: dict[str, Any],
) -> None:
    """What was kept is there after an unload, and not after the entry was removed."""
    entry = await set_up(gateway, options=options)
    await poll(hass, freezer, times=3)
    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    key = f"carlo_gavazzi_ems.{entry.entry_id}.demand"
    assert len(hass_storage[key]["data"]) == 1
    await hass.config_entries.async_remove(entry.entry_id)
    assert key not in hass_storage


async def test_r32_hours_instead_of_quarter_hours(
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    options: Any,
    show: Show,
    kwh: Kwh,
) -> None:
    """They are made of what is known, whatever history still knows; the sensors keep their entity ids, and say what they are."""
    entry = await set_up(gateway, options=options)
    await poll(hass, freezer, times=3)
    name = show("demand").attributes["friendly_name"]
    assert name.endswith("Demand of this quarter-hour")
    quarters = meter_of(entry).ledger.kwh
    gateway.faults.add(Status(path=HISTORY, code=500))
    hass.config_entries.async_update_entry(entry, options={**options, "demand_period": 60})
    await hass.config_entries.async_reload(entry.entry_id)
    await poll(hass, freezer, times=3)
    assert show("demand").attributes["friendly_name"].endswith("Demand of this hour")
    assert len(meter_of(entry).ledger.kwh) == len(quarters) // 4
    assert meter_of(entry).ledger.kwh[TEN - HOUR - HOUR] == pytest.approx(kwh(TEN - 2 * HOUR, TEN - HOUR), abs=0.001)
