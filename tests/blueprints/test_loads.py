"""The blueprints, as a person uses them: imported, made into automations, and given states."""

from pathlib import Path
from typing import Any

from homeassistant.components.blueprint import importer
from homeassistant.core import HomeAssistant, ServiceCall
import pytest
from pytest_homeassistant_custom_component.test_util.aiohttp import AiohttpClientMocker

from tests.test_repository import HACS, MANIFEST

from .conftest import BLUEPRINTS, POWER, ROOT, TOGGLE, Change, Restart, Show, Use, Wait, messages, tell

TEXTS = {path.relative_to(ROOT): path.read_text(encoding="utf-8") for path in sorted(BLUEPRINTS.rglob("*.yaml"))}
WALLBOX = "input_boolean.wallbox"


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
    await use("load_above_limit", power=POWER, limit_kw=3, memory=TOGGLE, above=tell("above"), below=tell("below"))
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
    """Nine minutes above, one below, nine above: nobody is told, not of the end either."""
    await use("load_above_limit", power=POWER, memory=TOGGLE, above=tell("above"), below=tell("below"))
    await show(500)
    for _ in range(3):
        await show(3500, minutes=9)
        await show(500, minutes=1)
    await show(500, minutes=15)
    assert messages(told) == []


async def test_a_sensor_without_a_value_is_not_below(use: Use, show: Show, told: list[ServiceCall]) -> None:
    """A gateway that is away for an hour neither ends nor begins anything."""
    await use("load_above_limit", power=POWER, memory=TOGGLE, above=tell("above"), below=tell("below"))
    await show(500)
    await show(3500, minutes=10.1)
    for value in ("unavailable", "unknown"):
        await show(value, minutes=60)
    await show(3500, minutes=30)
    assert messages(told) == ["above"]


async def test_a_load_above_its_limit_over_a_restart(
    use: Use, show: Show, wait: Wait, restart: Restart, told: list[ServiceCall]
) -> None:
    """What changed while Home Assistant was off is told after ten minutes, what did not change is not told again."""
    await use("load_above_limit", power=POWER, memory=TOGGLE, above=tell(), below=tell("below"))
    await show(500)
    await restart(main_active_power="3600")
    await wait(590)
    assert messages(told) == []
    await wait(20)
    assert messages(told) == ["The main_active_power 3600 W, limit 3 kW."]
    await restart()
    await wait(700)
    await restart(main_active_power="500")
    await wait(620)
    assert messages(told)[1:] == ["below"]


async def test_solar_surplus_to_the_wallbox(
    hass: HomeAssistant, use: Use, show: Show, wait: Wait, restart: Restart, told: list[ServiceCall]
) -> None:
    """Five minutes of surplus turn it on, five minutes of drawing from the grid off; in between it stays as it is."""
    await hass.services.async_call("input_boolean", "turn_off", {"entity_id": WALLBOX}, blocking=True)
    await use("solar_surplus_wallbox", grid=POWER, wallbox=WALLBOX, tell=tell())

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
    await restart(main_active_power="-3.0")
    await wait(310)
    assert is_on(), "the surplus was there before Home Assistant"
    assert messages(told) == [
        "The main_active_power -2.1 kW: Wallbox is on.",
        "The main_active_power 1.5 kW: Wallbox is off.",
        "The main_active_power -3.0 kW: Wallbox is on.",
    ]


async def test_limit_raised_while_above(
    hass: HomeAssistant, use: Use, show: Show, wait: Wait, change: Change, told: list[ServiceCall]
) -> None:
    """What was done when the load was above is undone, also where a person has raised the limit above it in between."""
    inputs: dict[str, Any] = {"power": POWER, "memory": TOGGLE, "above": tell("above"), "below": tell("below")}
    await show(500)
    await use("load_above_limit", limit_kw=3, **inputs)
    await show(3500, minutes=10.1)
    assert messages(told) == ["above"]
    await change("load_above_limit", limit_kw=4, **inputs)
    await show(3400)
    await wait(3600, 60)
    await show(500)
    await wait(3600, 60)
    assert messages(told) == ["above", "below"]


async def test_surplus_while_the_wallbox_is_away(
    hass: HomeAssistant, use: Use, show: Show, wait: Wait, restart: Restart
) -> None:
    """The wallbox cannot be reached when the five minutes are over; a minute later it can, and there is a surplus for hours."""
    wallbox = "switch.wallbox"
    hass.states.async_set(wallbox, "off")
    calls: list[ServiceCall] = []

    async def note(call: ServiceCall) -> None:
        calls.append(call)
        hass.states.async_set(wallbox, "on")

    await use("solar_surplus_wallbox", grid=POWER, wallbox=wallbox)
    hass.services.async_register("switch", "turn_on", note)
    await show(500)
    await show(-3000)
    await wait(240)
    hass.states.async_set(wallbox, "unavailable")
    await wait(90)
    hass.states.async_set(wallbox, "off")
    for number in range(120):
        await show(-3000 - number, minutes=1)
    assert hass.states.is_state(wallbox, "on")


async def test_a_moment_of_surplus_five_minutes_after_the_start(
    hass: HomeAssistant, use: Use, show: Show, wait: Wait, restart: Restart
) -> None:
    """A sun of ten seconds turns nothing on."""
    wallbox = "input_boolean.wallbox"
    await hass.services.async_call("input_boolean", "turn_off", {"entity_id": wallbox}, blocking=True)
    await show(500)
    await use("solar_surplus_wallbox", grid=POWER, wallbox=wallbox)
    await restart(main_active_power="1500")
    await wait(290)
    await show(-3000)
    await wait(20)
    await show(1500)
    assert hass.states.is_state(wallbox, "off")
