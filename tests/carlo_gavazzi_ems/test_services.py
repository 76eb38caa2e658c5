"""The actions, from the call to the gateway and back."""

from datetime import UTC, datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder.db_schema import StatisticsRuns
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.const import EVENT_RECORDER_5MIN_STATISTICS_GENERATED
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.recorder import get_instance, session_scope
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_recorder_block_till_done,
    async_wait_recording_done,
    do_adhoc_statistics,
)

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.diagnostics import async_get_config_entry_diagnostics
from custom_components.carlo_gavazzi_ems.options import CONF_CODES
from simulator import Drop, Gateway
from simulator.dialect import LimitCounts

from .conftest import SetUp

NOON = datetime(2026, 10, 20, 12, tzinfo=UTC)


async def call(hass: HomeAssistant, service: str, **data: Any) -> Any:
    """Call an action and return its answer."""
    return await hass.services.async_call(DOMAIN, service, data, blocking=True, return_response=True)


def sensor(entry: MockConfigEntry, uid: int) -> str:
    """Return the entity id of a signal."""
    assert entry.unique_id is not None
    registry = er.async_get(entry.runtime_data.topology.hass)
    entity_id = registry.async_get_entity_id("sensor", DOMAIN, f"{entry.unique_id}_{uid}")
    assert entity_id is not None
    return entity_id


async def test_get_history(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, freezer: FrozenDateTimeFactory
) -> None:
    """Rows are as the gateway has them, the oldest first, no more than wanted."""
    freezer.move_to(NOON)
    gateway.dialect.newest_first = True
    entry = await set_up(gateway)
    uid = gateway.site.find("voltage_l1")
    answer = await call(
        hass,
        "get_history",
        entity_id=sensor(entry, uid),
        start=NOON - timedelta(hours=30),
        end=NOON - timedelta(hours=1),
    )
    assert answer["unit"] == "V"
    assert answer["more"]
    assert len(answer["rows"]) == 1000
    ends = [datetime.fromisoformat(row["end"]) for row in answer["rows"]]
    assert ends == [NOON - timedelta(hours=30) + timedelta(minutes=minute) for minute in range(1000)]
    assert all(row["min"] <= row["value"] <= row["max"] for row in answer["rows"])
    answer = await call(hass, "get_history", entity_id=sensor(entry, uid), start=NOON - timedelta(minutes=10), limit=50)
    assert not answer["more"]
    assert datetime.fromisoformat(answer["rows"][-1]["end"]) == NOON
    assert len(answer["rows"]) == 11
    unnamed = next(uid for uid, signal in gateway.site.signals.items() if signal.si != 29 and signal.enable)
    answer = await call(hass, "get_history", entity_id=sensor(entry, unnamed), start=NOON - timedelta(minutes=2))
    assert answer["unit"] is None
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_get_history_from_the_first_row_to_the_last(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, freezer: FrozenDateTimeFactory
) -> None:
    """Each row comes once, none from after the end, and what has not happened yet is not asked for."""
    freezer.move_to(NOON)
    entry = await set_up(gateway)
    entity_id = sensor(entry, gateway.site.find("voltage_l1"))
    start, end = NOON - timedelta(hours=50), NOON - timedelta(hours=1)

    async def ends(**asked: Any) -> tuple[list[datetime], bool]:
        answer = await call(hass, "get_history", entity_id=entity_id, **asked)
        return [datetime.fromisoformat(row["end"]) for row in answer["rows"]], answer["more"]

    minutes = [start + timedelta(minutes=minute) for minute in range(49 * 60 + 1)]
    assert await ends(start=start, end=end, limit=10_000) == (minutes, False)
    # The rows of the first of two days.
    assert await ends(start=start, end=end, limit=1441) == (minutes[:1441], True)
    gateway.requests.clear()
    assert (await ends(start=end, end=NOON + timedelta(days=30)))[0][-1] == NOON
    asked = [int(request.query["start"]) for request in gateway.requests if "start" in request.query]
    assert asked
    assert max(asked) < NOON.timestamp() * 1000
    assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("counts", LimitCounts)
@pytest.mark.parametrize("newest_first", [False, True], ids=["oldest first", "newest first"])
async def test_get_history_from_years_before_there_was_any(
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    *,
    counts: LimitCounts,
    newest_first: bool,
) -> None:
    """The first rows are found in a few requests, one at a time; a history without rows is detected soon, too."""
    freezer.move_to(NOON)
    gateway.dialect.newest_first, gateway.dialect.limit_counts = newest_first, counts
    entry = await set_up(gateway)
    gateway.requests.clear()
    entity_id = sensor(entry, gateway.site.find("voltage_l1"))
    years_ago = NOON - timedelta(days=3650)
    answer = await call(hass, "get_history", entity_id=entity_id, start=years_ago, limit=5)
    first = datetime.fromtimestamp(gateway.site.installed, UTC)
    ends = [datetime.fromisoformat(row["end"]) for row in answer["rows"]]
    assert ends == [first + timedelta(minutes=minute) for minute in range(1, 6)]
    assert answer["more"]
    assert len(gateway.requests) < 30
    gateway.requests.clear()
    answer = await call(
        hass, "get_history", entity_id=entity_id, start=years_ago, end=first - timedelta(days=1, minutes=30)
    )
    assert (answer["rows"], answer["more"]) == ([], False)
    assert len(gateway.requests) < 15
    assert gateway.peak_in_flight == 1
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_get_history_of_what_there_is_none(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, entity_registry: er.EntityRegistry
) -> None:
    """Calls that cannot be answered get a reason."""
    entry = await set_up(gateway)
    entity_id = sensor(entry, gateway.site.find("voltage_l1"))
    foreign = entity_registry.async_get_or_create("sensor", "other", "1").entity_id
    own = entity_registry.async_get_or_create("sensor", DOMAIN, "BX_other", config_entry=entry).entity_id
    for wrong in ("sensor.none", foreign, own):
        with pytest.raises(ServiceValidationError) as error:
            await call(hass, "get_history", entity_id=wrong, start="2026-01-01 00:00:00")
        assert error.value.translation_key == "no_signal"
    for span in (
        {"start": "2026-02-01 00:00:00", "end": "2026-01-01 00:00:00"},
        {"start": "0001-01-01 00:00:00"},
        {"start": "0001-01-01 00:00:00+14:00"},
        {"start": "9999-12-31 23:59:59"},
        {"start": "2026-01-01 00:00:00", "end": "9999-12-31 23:59:59-12:00"},
    ):
        with pytest.raises(ServiceValidationError) as error:
            await call(hass, "get_history", entity_id=entity_id, **span)
        assert error.value.translation_key == "span_empty"
    gateway.faults.add(Drop(path="/v1/signals/history"))
    with pytest.raises(HomeAssistantError) as failed:
        await call(hass, "get_history", entity_id=entity_id, start=datetime.now(UTC) - timedelta(hours=1))
    assert failed.value.translation_key == "cannot_connect"
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_r04_import_history_has_conditions(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """Without a recorder there is nothing to import into."""
    entry = await set_up(gateway)
    with pytest.raises(ServiceValidationError) as error:
        await call(hass, "import_history", config_entry_id=entry.entry_id, start="2026-01-01 00:00:00")
    assert error.value.translation_key == "no_recorder"
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_r04_import_history(
    recorder_mock: Any,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
) -> None:
    """From a real gateway over HTTPS into the real recorder, beside polling; the meter's truth in every hour."""
    freezer.move_to(NOON - timedelta(minutes=1))
    assert await async_setup_component(hass, "sensor", {})
    await async_recorder_block_till_done(hass)
    with session_scope(session=get_instance(hass).get_session()) as session:
        session.query(StatisticsRuns).delete()
    site = gateway.site
    uid = site.find("energy_import")
    quantity, unit = site.truth(uid)
    entry = await set_up(gateway, options={CONF_CODES: {str(site.signals[uid].si): f"{quantity}/{unit}"}})
    entity_id = sensor(entry, uid)
    for step in range(15):
        for offset in (10, 290):
            # A scheduled poll that is still running would seem to take minutes.
            await hass.async_block_till_done(wait_background_tasks=True)
            freezer.move_to(NOON + timedelta(minutes=5 * step, seconds=offset))
            await entry.runtime_data.realtime.async_refresh()
        await async_wait_recording_done(hass)
        freezer.move_to(NOON + timedelta(minutes=5 * step + 5, seconds=10))
        do_adhoc_statistics(hass, start=NOON + timedelta(minutes=5 * step))
        await async_recorder_block_till_done(hass)
    # The entry checks for gaps by itself; there are none.
    hass.bus.async_fire(EVENT_RECORDER_5MIN_STATISTICS_GENERATED)
    await hass.async_block_till_done(wait_background_tasks=True)
    progress = hass_storage[f"{DOMAIN}.{entry.entry_id}.repair"]["data"]
    assert {"checked": set(progress["checked"].values())} | {
        key: progress[key] for key in ("waiting", "gaps", "cut_short", "taken_back")
    } == {
        "checked": {(NOON + timedelta(hours=1)).timestamp()},
        "waiting": {},
        "gaps": {},
        "cut_short": {},
        "taken_back": {},
    }
    assert (await async_get_config_entry_diagnostics(hass, entry))["gap_repair"]["hours"] == {}
    # Only full hours are imported.
    begin = NOON - timedelta(hours=30, minutes=20)
    asked = {"config_entry_id": entry.entry_id, "start": begin, "entity_id": [entity_id]}
    told = await call(hass, "import_history", **asked)
    assert told["dry_run"]
    assert told["sensors"][entity_id]["hours"] == 30
    assert len(await hours(hass, entity_id)) == 1
    written = await call(hass, "import_history", **asked, dry_run=False)
    assert written["sensors"] == told["sensors"]
    await async_recorder_block_till_done(hass)
    rows = await hours(hass, entity_id)
    assert len(rows) == 31
    for row in rows:
        truth = site.energy_wh(uid, row["start"] - 1, row["start"] + 3599) / (1000 if unit == "kWh" else 1)
        # The meter's decimals, and the energy of ten seconds: Home Assistant's last reading may be that old.
        assert row["change"] == pytest.approx(
            truth, abs=0.03 if row is rows[-1] else 0.0021 * (1 if unit == "kWh" else 1000)
        )
    for _ in range(2):
        again = await call(hass, "import_history", **asked, dry_run=False)
        assert again["sensors"] == {entity_id: {"hours": 0}}
        assert await hours(hass, entity_id) == rows
    assert gateway.peak_in_flight == 1
    await invalid_imports(hass, gateway, asked)
    async_fire_time_changed(hass)
    assert await hass.config_entries.async_unload(entry.entry_id)


async def hours(hass: HomeAssistant, entity_id: str) -> list[Any]:
    """Return all hours of a sensor."""
    found = await get_instance(hass).async_add_executor_job(
        lambda: statistics_during_period(
            hass, NOON - timedelta(days=9), None, {entity_id}, "hour", None, {"change", "sum", "state"}
        )
    )
    return found[entity_id]


async def invalid_imports(hass: HomeAssistant, gateway: Gateway, asked: dict[str, Any]) -> None:
    """Expect each invalid call to be refused with its reason."""
    for key, wrong in (
        ("no_statistics", {"entity_id": ["sensor.none"]}),
        ("span_empty", {"start": NOON + timedelta(days=1)}),
        ("span_empty", {"start": "0001-01-01 00:00:00+14:00"}),
        ("span_empty", {"start": "9999-12-31 23:59:59-12:00"}),
        ("span_empty", {"start": datetime(1999, 12, 31, tzinfo=UTC)}),
    ):
        with pytest.raises(ServiceValidationError) as error:
            await call(hass, "import_history", **(asked | wrong))
        assert error.value.translation_key == key
    hass.set_state(CoreState.starting)
    with pytest.raises(ServiceValidationError) as error:
        await call(hass, "import_history", **asked)
    hass.set_state(CoreState.running)
    assert error.value.translation_key == "not_started"
    gateway.faults.add(Drop(path="/v1/signals/history"))
    with pytest.raises(HomeAssistantError) as failed:
        await call(hass, "import_history", **(asked | {"start": NOON - timedelta(hours=60)}))
    assert failed.value.translation_key == "cannot_connect"
