"""The blueprints, as a person uses them: imported, made into automations, and given states."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
import shutil
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.blueprint import importer
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed, async_mock_service
from pytest_homeassistant_custom_component.test_util.aiohttp import AiohttpClientMocker

from tests.test_repository import HACS, MANIFEST

ROOT = Path(__file__).parents[1]
BLUEPRINTS = ROOT / "blueprints"
TEXTS = {path.relative_to(ROOT): path.read_text(encoding="utf-8") for path in sorted(BLUEPRINTS.rglob("*.yaml"))}
FOLDER = "carlo_gavazzi_ems"
POWER = "sensor.main_active_power"
WALLBOX = "input_boolean.wallbox"

type Use = Callable[..., Awaitable[None]]
type Show = Callable[..., Awaitable[None]]


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """A configuration folder with the blueprints in it."""
    shutil.copytree(BLUEPRINTS, Path(hass_tmp_config_dir) / "blueprints")
    return hass_tmp_config_dir


@pytest.fixture
def use(hass: HomeAssistant) -> Use:
    """Make an automation from a blueprint, and expect it to run."""

    async def do(name: str, **inputs: Any) -> None:
        automation = {"alias": "it", "use_blueprint": {"path": f"{FOLDER}/{name}.yaml", "input": inputs}}
        assert await async_setup_component(hass, "automation", {"automation": automation})
        await hass.async_block_till_done()
        state = hass.states.get("automation.it")
        assert state is not None
        assert state.state == "on"

    return do


@pytest.fixture
def show(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> Show:
    """Let a sensor show a value for some minutes."""

    async def do(value: float | str, unit: str = "W", minutes: float = 0) -> None:
        hass.states.async_set(POWER, str(value), {"unit_of_measurement": unit, "device_class": "power"})
        await hass.async_block_till_done()
        freezer.tick(timedelta(minutes=minutes))
        async_fire_time_changed(hass)
        await hass.async_block_till_done()

    return do


@pytest.fixture
def told(hass: HomeAssistant) -> list[ServiceCall]:
    """What was called to tell a person."""
    return async_mock_service(hass, "notify", "send_message")


def tell(message: str) -> list[dict[str, Any]]:
    """Return an action that tells a person something."""
    return [{"action": "notify.send_message", "data": {"message": message}}]


def messages(calls: list[ServiceCall]) -> list[str]:
    """Return what was told."""
    return [call.data["message"] for call in calls]


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
async def test_importable(hass: HomeAssistant, aioclient_mock: AiohttpClientMocker, path: Path) -> None:
    """Its address leads to the file, and Home Assistant's importer takes what is there, on the oldest release too."""
    source = f"{MANIFEST['documentation']}/blob/main/{path}"
    raw = source.replace("github.com", "raw.githubusercontent.com").replace("/blob/", "/")
    aioclient_mock.get(raw, text=TEXTS[path])  # type: ignore[no-untyped-call]
    imported = await importer.fetch_blueprint_from_url(hass, source)
    assert imported.blueprint.domain == "automation"
    assert imported.blueprint.metadata["source_url"] == source
    assert imported.blueprint.metadata["homeassistant"]["min_version"] == HACS["homeassistant"]
    assert imported.blueprint.validate() is None
    for declared in imported.blueprint.inputs.values():
        assert declared["name"]
        assert declared["description"].endswith(".")


@pytest.mark.parametrize(("unit", "factor"), [("W", 1), ("kW", 0.001), ("MW", 0.000001)])
async def test_a_load_above_its_limit_for_ten_minutes(
    use: Use, show: Show, told: list[ServiceCall], unit: str, factor: float
) -> None:
    """Ten minutes above are told once, ten minutes below too, in whatever unit the sensor is."""
    await use("load_above_limit", power=POWER, limit=3000, above=tell("above"), below=tell("below"))
    await show(500 * factor, unit)
    await show(3500 * factor, unit, 9)
    assert messages(told) == []
    await show(3600 * factor, unit, 1.1)
    assert messages(told) == ["above"]
    await show(3700 * factor, unit, 30)
    assert messages(told) == ["above"]
    await show(500 * factor, unit, 10.1)
    assert messages(told) == ["above", "below"]


async def test_a_short_peak_is_not_told(use: Use, show: Show, told: list[ServiceCall]) -> None:
    """Nine minutes above, one below, nine above: nobody is told."""
    await use("load_above_limit", power=POWER, above=tell("above"))
    await show(500)
    for _ in range(3):
        await show(3500, minutes=9)
        await show(500, minutes=1)
    await show(500, minutes=15)
    assert messages(told) == []


async def test_a_sensor_without_a_value_is_not_below(use: Use, show: Show, told: list[ServiceCall]) -> None:
    """A gateway that is away for an hour neither ends nor begins anything."""
    await use("load_above_limit", power=POWER, above=tell("above"), below=tell("below"))
    await show(500)
    await show(3500, minutes=10.1)
    for value in ("unavailable", "unknown"):
        await show(value, minutes=60)
    assert messages(told) == ["above"]


async def test_solar_surplus_to_the_wallbox(hass: HomeAssistant, use: Use, show: Show) -> None:
    """Five minutes of surplus turn it on, five minutes of drawing from the grid off; in between it stays as it is."""
    assert await async_setup_component(hass, "homeassistant", {})
    assert await async_setup_component(hass, "input_boolean", {"input_boolean": {"wallbox": None}})
    await use("solar_surplus_wallbox", grid=POWER, wallbox=WALLBOX)

    def is_on() -> bool:
        return hass.states.is_state(WALLBOX, "on")

    await show(0.4, "kW")
    await show(-2.0, "kW", 4)
    assert not is_on()
    await show(-2.1, "kW", 1.1)
    assert is_on()
    await show(0.1, "kW", 60)
    assert is_on(), "a little may be drawn"
    await show(1.5, "kW", 4)
    assert is_on(), "a cloud goes by"
    await show("unavailable", "kW", 60)
    assert is_on()
    await show(-0.5, "kW", 1)
    await show(1.5, "kW", 5.1)
    assert not is_on()
    await show(-1.0, "kW", 60)
    assert not is_on(), "not enough to charge with"
