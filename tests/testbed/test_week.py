"""The past week in the Energy dashboard of a demo."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from testbed import week as week_module
from testbed.errors import HarnessError
from testbed.rest import RestClient
from testbed.websocket import WebSocket
from testbed.week import fill_week, join_week, week_ago

from .fake_home_assistant import FakeHomeAssistant

NOW = datetime.now(UTC)
FULL = NOW.replace(minute=0, second=0, microsecond=0)
PREFERENCES = {
    "energy_sources": [
        {"type": "grid", "stat_energy_from": "sensor.main_import", "stat_energy_to": None, "stat_rate": "sensor.power"},
        {"type": "gas", "stat_energy_from": "sensor.another_integration"},
    ],
    "device_consumption": [{"stat_consumption": "sensor.new_load", "name": "New"}],
}
ROWS = [
    {"end": (FULL + timedelta(minutes=minutes)).isoformat(), "value": value}
    for minutes, value in ((-61, 100.0), (-60, 101.0), (-1, 103.0), (0, 104.0), (1, 104.5))
]


def state(entity_id: str) -> dict[str, Any]:
    """Return a counter's state."""
    return {"entity_id": entity_id, "state": "104.6", "attributes": {"unit_of_measurement": "kWh"}}


@pytest.fixture
def filled(fake: FakeHomeAssistant) -> FakeHomeAssistant:
    """Return a Home Assistant with two counters in its Energy dashboard; one of them has no history."""
    begun = {"lu": NOW.timestamp()}
    fake.results = {
        "get_states": [state("sensor.main_import"), state("sensor.new_load")],
        "energy/get_prefs": PREFERENCES,
        "history/history_during_period": {
            "sensor.main_import": [{"s": "unavailable", **begun}, {"s": "104.6", **begun}, {"s": "104.9", **begun}],
            "sensor.new_load": [{"s": "7", **begun}],
        },
    }
    hours = {"sensor.main_import": [{"sum": -3.6}, {"sum": -0.6}]}
    fake.sequences = {
        "call_service": [
            {"response": {"rows": ROWS}},
            {"response": {"rows": ROWS[3:]}},
            {"response": {"sensors": {"sensor.main_import": {"hours": 170}}}},
        ],
        "recorder/statistics_during_period": [hours, {"sensor.main_import": [{"sum": 96.4}, {"sum": 99.4}]}],
    }
    return fake


async def test_two_hours_are_written_and_those_before_imported(filled: FakeHomeAssistant, websocket: WebSocket) -> None:
    """Their sums lead up to the first value of the recorder, whose own sum begins there; what has no history is left out."""
    week = await fill_week(websocket, "e1")
    assert (week.hours, week.problems) == ({"sensor.main_import": 170}, [])
    (written,) = (one for one in filled.commands if one["type"] == "recorder/import_statistics")
    assert written["metadata"]["statistic_id"] == "sensor.main_import"
    assert written["metadata"]["unit_class"] == "energy"
    assert [(one["start"], one["state"], round(one["sum"], 6)) for one in written["stats"]] == [
        ((FULL - timedelta(hours=2)).isoformat(), 101.0, -3.6),
        ((FULL - timedelta(hours=1)).isoformat(), 104.0, -0.6),
    ]
    last = [one for one in filled.commands if one["type"] == "call_service"][-1]
    assert last["service"] == "import_history"
    assert last["service_data"] == {
        "config_entry_id": "e1",
        "entity_id": ["sensor.main_import"],
        "start": week_ago().isoformat(),
        "dry_run": False,
    }


async def test_the_recorder_goes_on_from_there(
    filled: FakeHomeAssistant, client: RestClient, websocket: WebSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The import has begun its sums at 0, a week ago, and so has the recorder, today: that is raised once it has begun."""
    monkeypatch.setattr(week_module, "_COMPILE_INTERVAL", 0.01)
    week = await fill_week(websocket, "e1")
    filled.sequences["recorder/statistics_during_period"] = [{}, {"sensor.main_import": [{"sum": 0.1}]}]
    await join_week(client, week)
    (raised,) = (one for one in filled.commands if one["type"] == "recorder/adjust_sum_statistics")
    assert (raised["statistic_id"], raised["start_time"]) == ("sensor.main_import", FULL.isoformat())
    assert (raised["adjustment"], raised["adjustment_unit_of_measurement"]) == (pytest.approx(100.0), "kWh")


async def test_what_was_refused_is_told(filled: FakeHomeAssistant, websocket: WebSocket) -> None:
    """In the integration's own words."""
    filled.sequences["call_service"][2] = {
        "response": {"sensors": {"sensor.main_import": {"hours": 3, "message": "The counter fell."}}}
    }
    assert (await fill_week(websocket, "e1")).problems == ["older history of sensor.main_import: The counter fell."]


async def test_nothing_in_the_dashboard(fake: FakeHomeAssistant, websocket: WebSocket) -> None:
    """Then there is nothing to fill in."""
    fake.results = {"get_states": [state("sensor.main_import")]}
    assert not (await fill_week(websocket, "e1")).hours


async def test_a_recorder_that_writes_nothing(
    filled: FakeHomeAssistant, websocket: WebSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not waited for without end."""
    monkeypatch.setattr(week_module, "_WRITTEN", 0.0)
    filled.results["history/history_during_period"] = {}
    with pytest.raises(HarnessError, match="has written nothing"):
        await fill_week(websocket, "e1")
