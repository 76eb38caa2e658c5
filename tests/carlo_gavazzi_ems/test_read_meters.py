"""The action that returns the counters' readings at an instant."""

import csv
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.components.recorder.models import StatisticData
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
    do_adhoc_statistics,
)

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.history.meter_readings import MeterReading, as_csv, meter_records
from custom_components.carlo_gavazzi_ems.history.targets import async_targets
from simulator import Gateway, SiteKind
from simulator.site.quantities import is_counter
from testbed.site_codes import codes_of

from .conftest import SetUp
from .resident import entity_id

pytestmark = pytest.mark.site(SiteKind.FLAT, seed=1, exact=True)
NOON = datetime(2026, 10, 20, 12, tzinfo=UTC)
FIRST = datetime(2026, 10, 1, tzinfo=UTC)


@pytest.fixture
async def entry(
    recorder_mock: Any,
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
) -> MockConfigEntry:
    """An entry whose sensors have statistics."""
    freezer.move_to(NOON)
    entry = await set_up(gateway, options={"codes": codes_of(gateway.site)})
    await async_wait_recording_done(hass)
    do_adhoc_statistics(hass, start=NOON)
    await async_wait_recording_done(hass)
    freezer.move_to(NOON + timedelta(minutes=6))
    return entry


async def read(hass: HomeAssistant, entry: MockConfigEntry, context: Context | None = None, **data: Any) -> Any:
    """Call the action and return its answer."""
    call = {"config_entry_id": entry.entry_id, **data}
    return await hass.services.async_call(
        DOMAIN, "read_meters", call, blocking=True, return_response=True, context=context
    )


async def test_the_readings_of_a_month(entry: MockConfigEntry, hass: HomeAssistant, gateway: Gateway) -> None:
    """Of every counter, at both instants, from the gateway's history; the table holds the same."""
    end = NOON - timedelta(minutes=33, seconds=20)
    answer = await read(hass, entry, start=FIRST, end=end)
    site = gateway.site
    counters = {uid for uid in site.signals if is_counter(site.signals[uid].quantity)}
    found = {meter["entity_id"]: meter for meter in answer["meters"]}
    for uid in counters:
        meter = found.pop(entity_id(hass, gateway, uid))
        assert meter["load"] == site.loads[site.signals[uid].lid].label
        assert (meter["quantity"], meter["unit"]) == site.truth(uid)
        # The energy of a second, as the last sample of a row is a second old.
        assert meter["start"] == pytest.approx(site.reading(uid, FIRST), rel=1e-5, abs=0.01)
        assert meter["end"] == pytest.approx(site.reading(uid, end), rel=1e-5, abs=0.01)
        assert meter["difference"] == pytest.approx(meter["end"] - meter["start"])
        assert meter["end"] == round(meter["end"], 6)
    assert found == {}
    table = list(csv.DictReader(StringIO(answer["csv"])))
    assert [row["entity_id"] for row in table] == [meter["entity_id"] for meter in answer["meters"]]
    assert [float(row["difference"]) for row in table] == [meter["difference"] for meter in answer["meters"]]
    assert datetime.fromisoformat(answer["end"]) == end


async def test_a_month_by_the_clock(entry: MockConfigEntry, hass: HomeAssistant, gateway: Gateway) -> None:
    """Midnight is Home Assistant's, before and after a change of the clock."""
    await hass.config.async_set_time_zone("Europe/Brussels")
    answer = await read(hass, entry, start="2026-03-01 00:00:00", end="2026-04-01 00:00:00")
    start, end = datetime(2026, 2, 28, 23, tzinfo=UTC), datetime(2026, 3, 31, 22, tzinfo=UTC)
    assert (datetime.fromisoformat(answer["start"]), datetime.fromisoformat(answer["end"])) == (start, end)
    uid = gateway.site.find("energy_import")
    meter = next(meter for meter in answer["meters"] if meter["entity_id"] == entity_id(hass, gateway, uid))
    truth = gateway.site.reading(uid, end) - gateway.site.reading(uid, start)
    assert meter["difference"] == pytest.approx(truth, rel=1e-4)


async def test_a_meter_that_was_set_back(entry: MockConfigEntry, hass: HomeAssistant, gateway: Gateway) -> None:
    """What it counted comes from the statistics where they have both instants; else it is not known, and never negative."""
    uid = gateway.site.find("energy_import")
    mine = entity_id(hass, gateway, uid)
    start, end = datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)
    read_then = gateway.site.reading(uid, start), gateway.site.reading(uid, end)
    target = next(target for target in await async_targets(hass, entry) if target.entity_id == mine)
    rows = [
        # In between the recorder has seen a reset to 0, after 70 units.
        StatisticData(start=at - timedelta(hours=1), state=state, sum=total)
        for at, state, total in ((start, read_then[0], 100.0), (end, read_then[1], 170.0 + read_then[1]))
    ]
    async_import_statistics(hass, target.metadata, rows)
    await async_wait_recording_done(hass)
    answer = await read(hass, entry, start=start, end=end)
    meter = next(meter for meter in answer["meters"] if meter["entity_id"] == mine)
    assert meter["difference"] == pytest.approx(70 + read_then[1], rel=1e-4)


async def test_a_counter_that_runs_back_is_not_a_negative_bill(
    entry: MockConfigEntry, hass: HomeAssistant, gateway: Gateway
) -> None:
    """Without statistics of the time, the energy of a meter that was reset is not known."""
    target = next(target for target in await async_targets(hass, entry) if target.is_counter and target.increasing)
    before, after = {target.uid: MeterReading(500.0, None)}, {target.uid: MeterReading(3.0, None)}
    (record,) = meter_records(entry, [target], before, after)
    assert (record["start"], record["end"], record["difference"]) == (500.0, 3.0, None)
    assert as_csv([record]).splitlines()[1].endswith(",500.0,3.0,")


@pytest.mark.parametrize(
    ("load", "cell"),
    [
        *((text, text) for text in ("Flat 1, left", 'He said "no"', "Two\nlines", "Büro Süd", "דירה", "A=1", "")),
        *((text, f"'{text}") for text in ("=1+1", "+49 170", "-5", "@SUM(A1)", "\t=1", " =HYPERLINK(1)")),
    ],
)
def test_names_of_loads_in_the_table(load: str, cell: str) -> None:
    """Whatever a load is called, it is one cell of text, which no spreadsheet calculates; numbers stay numbers."""
    table = as_csv([{"load": load, "quantity": "energy_net", "start": 1.0, "end": -2.5, "difference": -3.5}])
    (row,) = csv.DictReader(StringIO(table))
    assert (row["load"], row["end"], row["difference"]) == (cell, "-2.5", "-3.5")


async def test_no_counter_at_all(entry: MockConfigEntry, hass: HomeAssistant, hass_read_only_user: MockUser) -> None:
    """A table of names, and no line."""
    hass_read_only_user.mock_policy({})
    answer = await read(hass, entry, Context(user_id=hass_read_only_user.id), end=FIRST)
    assert answer["meters"] == []
    assert answer["csv"] == "load,quantity,entity_id,unit,start,end,difference\n"


async def test_an_instant_that_nobody_knows(entry: MockConfigEntry, hass: HomeAssistant, gateway: Gateway) -> None:
    """Before the gateway was installed: no reading, and no difference."""
    answer = await read(hass, entry, start=datetime(2020, 1, 1, tzinfo=UTC), end=FIRST)
    assert {meter["start"] for meter in answer["meters"]} == {None}
    assert {meter["difference"] for meter in answer["meters"]} == {None}
    assert None not in {meter["end"] for meter in answer["meters"]}


async def test_one_instant_has_no_difference(entry: MockConfigEntry, hass: HomeAssistant) -> None:
    """Only the readings."""
    answer = await read(hass, entry, end=FIRST)
    assert "difference" not in answer["meters"][0]
    assert "start" not in answer


@pytest.mark.parametrize("data", [{"end": NOON + timedelta(days=1)}, {"start": NOON, "end": FIRST}])
async def test_spans_that_make_no_sense(entry: MockConfigEntry, hass: HomeAssistant, data: Any) -> None:
    """The future, or an end before its beginning."""
    with pytest.raises(ServiceValidationError):
        await read(hass, entry, **data)


async def test_r31_a_user_sees_what_they_may_read(
    entry: MockConfigEntry, hass: HomeAssistant, gateway: Gateway, hass_read_only_user: MockUser
) -> None:
    """One sensor of all."""
    mine = entity_id(hass, gateway, gateway.site.find("energy_import"))
    hass_read_only_user.mock_policy({"entities": {"entity_ids": {mine: {POLICY_READ: True}}}})
    answer = await read(hass, entry, Context(user_id=hass_read_only_user.id), end=FIRST)
    assert [meter["entity_id"] for meter in answer["meters"]] == [mine]
