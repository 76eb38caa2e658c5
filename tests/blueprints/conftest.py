"""A Home Assistant with the blueprints in its folder, and sensors that show what a test says."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
import math
from pathlib import Path
import shutil
from typing import Any, override
from unittest.mock import patch
from uuid import uuid4

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.todo import (  # type: ignore[attr-defined, unused-ignore]  # 2026.10 alone
    TodoItem,
    TodoListEntity,
    TodoListEntityFeature,
)
from homeassistant.components.todo.const import DATA_COMPONENT
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import CoreState, HomeAssistant, ServiceCall
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed, async_mock_service

ROOT = Path(__file__).parents[2]
BLUEPRINTS = ROOT / "blueprints"
FOLDER = "carlo_gavazzi_ems"
EXPECTED = "sensor.main_demand_expected"
POWER = "sensor.main_active_power"
TOGGLE = "input_boolean.memory"
LIST = "todo.memory"

type Use = Callable[..., Awaitable[None]]
type Show = Callable[..., Awaitable[None]]
type Wait = Callable[..., Awaitable[None]]
type Restart = Callable[..., Awaitable[None]]
type Change = Callable[..., Awaitable[None]]
type Begin = Callable[..., Awaitable[None]]


class TodoList(TodoListEntity):
    """A to-do list, as Home Assistant's local ones are, without a file."""

    _attr_should_poll = False
    _attr_supported_features = (
        TodoListEntityFeature.CREATE_TODO_ITEM
        | TodoListEntityFeature.UPDATE_TODO_ITEM
        | TodoListEntityFeature.DELETE_TODO_ITEM
        | TodoListEntityFeature.SET_DUE_DATETIME_ON_ITEM
    )

    def __init__(self, name: str) -> None:
        """Begin empty."""
        self._attr_name = name
        self._attr_todo_items = []

    def _show(self, items: list[TodoItem]) -> None:
        self._attr_todo_items = items
        self.async_write_ha_state()

    @override
    async def async_create_todo_item(self, item: TodoItem) -> None:
        """Add an item."""
        self._show([*(self.todo_items or []), replace(item, uid=str(uuid4()))])

    @override
    async def async_update_todo_item(self, item: TodoItem) -> None:
        """Change an item."""
        self._show([item if each.uid == item.uid else each for each in self.todo_items or []])

    @override
    async def async_delete_todo_items(self, uids: list[str]) -> None:
        """Remove items."""
        self._show([each for each in self.todo_items or [] if each.uid not in uids])


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """A configuration folder with the blueprints in it."""
    shutil.copytree(BLUEPRINTS, Path(hass_tmp_config_dir) / "blueprints", dirs_exist_ok=True)
    return hass_tmp_config_dir


async def settle() -> None:
    """Let everything run that can; with the clock standing still, an action that waits would block until it is done."""
    for _ in range(50):
        await asyncio.sleep(0)


@pytest.fixture
async def use(hass: HomeAssistant) -> AsyncIterator[Use]:
    """Make an automation from a blueprint, and expect it to run."""

    async def do(name: str, *others: dict[str, Any], **inputs: Any) -> None:
        automation = {"alias": "it", "use_blueprint": {"path": f"{FOLDER}/{name}.yaml", "input": inputs}}
        assert await async_setup_component(hass, "homeassistant", {})
        assert await async_setup_component(hass, "automation", {"automation": [automation, *others]})
        await settle()
        state = hass.states.get("automation.it")
        assert state is not None
        assert state.state == "on"

    yield do
    # With a clock that stands still, Home Assistant would wait for ever for an action that waits.
    if hass.states.get("automation.it") is not None:
        await hass.services.async_call("automation", "turn_off", {"entity_id": "automation.it"}, blocking=True)
        await settle()


@pytest.fixture
def change(hass: HomeAssistant) -> Change:
    """Change the automation as a person does: it is made anew, with other inputs."""

    async def do(name: str, **inputs: Any) -> None:
        automation = {"alias": "it", "use_blueprint": {"path": f"{FOLDER}/{name}.yaml", "input": inputs}}
        with patch("homeassistant.config.load_yaml_config_file", return_value={"automation": [automation]}):
            await hass.services.async_call("automation", "reload", blocking=True)
        await settle()

    return do


@pytest.fixture
def wait(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> Wait:
    """Let seconds pass, ten at a time or in longer steps."""

    async def do(seconds: float, step: float = 10) -> None:
        while seconds > 0:
            freezer.tick(timedelta(seconds=min(seconds, step)))
            seconds -= step
            async_fire_time_changed(hass)
            await settle()

    return do


@pytest.fixture
def show(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> Show:
    """Let a sensor show a value for some minutes."""

    async def do(
        value: float | str, unit: str = "W", minutes: float = 0, *, entity_id: str = POWER, kind: str = "power"
    ) -> None:
        attributes = {"unit_of_measurement": unit, "device_class": kind, "friendly_name": f"The {entity_id[7:]}"}
        hass.states.async_set(entity_id, str(value), attributes)
        await settle()
        freezer.tick(timedelta(minutes=minutes))
        async_fire_time_changed(hass)
        await settle()

    return do


@pytest.fixture
def restart(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> Restart:
    """Stop the automation, let minutes pass and states change, and start it as Home Assistant starts."""

    async def do(minutes: float = 1, **states: str) -> None:
        it = {"entity_id": "automation.it"}
        await hass.services.async_call("automation", "turn_off", it, blocking=True)
        freezer.tick(timedelta(minutes=minutes))
        for entity_id, value in states.items():
            old = hass.states.get(f"sensor.{entity_id}")
            assert old is not None
            hass.states.async_set(old.entity_id, value, old.attributes)
        hass.set_state(CoreState.starting)
        await hass.services.async_call("automation", "turn_on", it, blocking=True)
        hass.set_state(CoreState.running)
        hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
        await settle()

    return do


@pytest.fixture
def told(hass: HomeAssistant) -> list[ServiceCall]:
    """What was called to tell a person."""
    return async_mock_service(hass, "notify", "send_message")


@pytest.fixture(autouse=True)
async def switches(hass: HomeAssistant) -> list[str]:
    """Three loads that can be switched off, all on, and the helpers that a person makes for a blueprint."""
    # A clock that is set forward looks like a task that blocks the loop, which debugging would tell at length.
    hass.loop.slow_callback_duration = math.inf
    names = ("boiler", "wallbox", "sauna")
    toggles = {name: {"name": name.title(), "initial": True} for name in names}
    assert await async_setup_component(hass, "homeassistant", {})
    assert await async_setup_component(hass, "input_boolean", {"input_boolean": {**toggles, "memory": None}})
    assert await async_setup_component(hass, "todo", {})
    await hass.data[DATA_COMPONENT].async_add_entities([TodoList("Memory"), TodoList("Memory 2")])
    await settle()
    return [f"input_boolean.{name}" for name in names]


def tell(message: str = "{{ message }}") -> list[dict[str, Any]]:
    """Return an action that tells a person something."""
    return [{"action": "notify.send_message", "data": {"message": message}}]


def messages(calls: list[ServiceCall]) -> list[str]:
    """Return what was told."""
    return [call.data["message"] for call in calls]


def are_on(hass: HomeAssistant, entity_ids: list[str]) -> list[bool]:
    """Return which loads are on."""
    return [hass.states.is_state(entity_id, "on") for entity_id in entity_ids]


@pytest.fixture
def quarter(freezer: FrozenDateTimeFactory, use: Use, show: Show, switches: list[str]) -> Begin:
    """Keep the quarter-hour below 5 kW, four minutes after it began, with a sensor that shows 4 kW."""

    async def do(**inputs: Any) -> None:
        freezer.move_to("2026-11-20 10:04:00+00:00")
        await show(4, "kW", entity_id=EXPECTED)
        usual = {"expected": EXPECTED, "limit": 5, "loads": switches, "memory": LIST, "tell": []}
        await use("quarter_hour_below_limit", **usual | inputs)

    return do


@pytest.fixture
def contracted(use: Use, show: Show, switches: list[str]) -> Begin:
    """Stay below a contract of 3 kW, with a sensor that shows 1 kW."""

    async def do(**inputs: Any) -> None:
        await show(1.0, "kW")
        usual = {"power": POWER, "contracted": 3, "loads": switches, "memory": LIST, "tell": []}
        await use("contracted_power", **usual | inputs)

    return do
