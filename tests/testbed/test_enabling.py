"""Sensors that are disabled by default are enabled for the check, and no others."""

from typing import Any

import pytest

from testbed import enabling
from testbed.device_tree import missing
from testbed.enabling import enable_all
from testbed.inventory import GatewaySignal, Inventory
from testbed.rest import RestClient
from testbed.websocket import WebSocket

from .answers import registries
from .fake_home_assistant import FakeHomeAssistant
from .test_device_tree import SWITCHED_OFF, snapshot


def entities(**disabled_by: str | None) -> list[dict[str, Any]]:
    """Return entities as Home Assistant lists them, by the UID of their signal."""
    (one, *_) = registries()["config/entity_registry/list"]
    return [
        one | {"unique_id": f"BX1_{uid[1:]}", "entity_id": f"sensor.{uid}", "disabled_by": by}
        for uid, by in disabled_by.items()
    ]


@pytest.fixture
def inventory() -> Inventory:
    """Two signals that are on at the gateway, one that is off."""
    on = (GatewaySignal(100, 29, enabled=True), GatewaySignal(101, 45, enabled=True))
    return Inventory("BX1", (*on, GatewaySignal(102, 46, enabled=False)))


async def test_what_the_integration_left_off_is_switched_on(
    client: RestClient, websocket: WebSocket, fake: FakeHomeAssistant, inventory: Inventory
) -> None:
    """Of a signal that is on; not what is off at the gateway, nor what the person switched off."""
    listed = entities(u100="integration", u101="user", u102="integration")
    fake.results |= registries() | {"config/entity_registry/list": listed, "config/entity_registry/update": {}}
    assert await enable_all(client, websocket, "e1", inventory) == 1
    updates = [command for command in fake.commands if command["type"] == "config/entity_registry/update"]
    assert [(update["entity_id"], update["disabled_by"]) for update in updates] == [("sensor.u100", None)]
    assert fake.reloads == ["e1"]


async def test_nothing_to_switch_on_is_no_reload(
    client: RestClient, websocket: WebSocket, fake: FakeHomeAssistant, inventory: Inventory
) -> None:
    """Where all is on, nothing is disturbed."""
    fake.results |= registries() | {"config/entity_registry/list": entities(u100=None, u101=None)}
    assert await enable_all(client, websocket, "e1", inventory) == 0
    assert fake.reloads == []


async def test_an_integration_that_does_not_load(
    client: RestClient,
    websocket: WebSocket,
    fake: FakeHomeAssistant,
    inventory: Inventory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is waited for, but not for ever."""
    monkeypatch.setattr(enabling, "LOADED_TIMEOUT", 0.1)
    monkeypatch.setattr(enabling, "POLL_INTERVAL", 0.01)
    entry = registries()["config_entries/get_single"]["config_entry"] | {"state": "setup_retry"}
    fake.results |= registries() | {"config_entries/get_single": {"config_entry": entry}}
    assert await enable_all(client, websocket, "e1", inventory) == 0


def test_off_by_default_is_missing_only_where_all_is_to_be_on() -> None:
    """A person does not miss what most people do not want."""
    inventory = Inventory("BX1", (GatewaySignal(102, 46, enabled=True),))
    found = snapshot(SWITCHED_OFF)
    assert missing(found, inventory, all_on=False) == []
    assert len(missing(found, inventory)) == 1
