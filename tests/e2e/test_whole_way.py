"""From the button "Add integration" to an Energy dashboard with the true numbers of the meters."""

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

from playwright.async_api import Page
import pytest

from simulator import SiteKind

from .browser import browser, move_calendar
from .now import is_true_now
from .order import is_in_order
from .places import add_integration
from .truth import HOUR, INSTALLED, Hours, Truth, signals, sources, totals
from .world import NOON, PATIENCE, World, world as start_world

#: The end of an outage that begins after the set-up: early enough before the next mark of five minutes, also for a busy
#: machine.
EVENING: Final = NOON.replace(hour=19, minute=12, second=50)
LAST: Final = EVENING.replace(hour=18, minute=0, second=0)
#: The first day of older history.
BEGIN: Final = NOON.replace(hour=0, minute=0, second=0) - timedelta(days=7)
#: kWh of the last digit in the dashboard's table, and the step of each counter.
ALLOWED: Final = 0.02
#: The meters of each site, by the labels of its loads.
GRID: Final = "Main"
HAS_WATER: Final = (SiteKind.HOUSE, SiteKind.SHOP)


@pytest.mark.long
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("kind", [SiteKind.HOUSE, SiteKind.FLAT, SiteKind.SHOP])
async def test_r29_r04_r03_from_the_button_to_a_true_energy_dashboard(kind: SiteKind, tmp_path: Path) -> None:
    """Suggestions are accepted; the past week and an outage are filled in; "Now" shows the true values."""
    more = ("--installed-days", str(INSTALLED))
    async with start_world(tmp_path, site=kind, more=more) as world, browser(world) as context:
        truth = Truth.of(kind, world.shift.now())
        page = await context.new_page()
        await set_up(page, world, kind)
        await world.loaded()
        await is_as_wired(world, truth)
        await page.goto("about:blank")
        await world.pass_by(EVENING)
        await move_calendar(context, world)
        begin, end = BEGIN.timestamp(), LAST.timestamp() + HOUR
        hours = await Hours.of(world, truth, begin, end)
        await world.until(lambda wrong: not wrong, partial(hours.wrong, world), seconds=4 * PATIENCE)
        await shows(page, world, truth, begin, end)
        await is_true_now(page, world, truth)


async def set_up(page: Page, world: World, kind: SiteKind) -> None:
    """Go through all pages; only the water meter, which can be recognised by its name alone, is named."""
    gateway = world.gateway
    dialog = await add_integration(page, world)
    await dialog.title("Connect to the gateway")
    await dialog.type({"host": gateway.host, "username": gateway.username, "password": gateway.password})
    await dialog.press("Submit")
    await dialog.title("Is this your gateway?")
    await dialog.press("Trust this certificate")
    await dialog.title("Recognised values")
    await dialog.submit()
    if kind in HAS_WATER:
        await dialog.title("Do you know what is measured here?")
        (water,) = [name for name in await dialog.names() if "Water" in await dialog.chosen(name)]
        await dialog.select(water, "Water · m³")
        await dialog.press("Submit")
    if kind is SiteKind.SHOP:
        # Which of these meters measures what another one counts is in doubt; none of them does.
        await dialog.title("What do the meters measure?")
        await is_in_order(dialog)
        await dialog.press("Next")
        await dialog.title("Which meter is upstream?")
        await is_in_order(dialog)
        await dialog.press("Next")
    await dialog.title("Add this to the Energy dashboard?")
    await is_in_order(dialog)
    # The calendar shows the month of the day that is proposed, a month ago.
    await dialog.pick_date("start", months=1, day=BEGIN.day)
    await dialog.press("Add")
    await dialog.succeed()


async def is_as_wired(world: World, truth: Truth) -> None:
    """Expect the right role of each meter: counter, name and power of the same load, and nothing counted twice."""
    uids, found = await signals(world), await sources(world)
    assert {
        (source.kind, truth.load(uids[source.counter])) for source in found if source.kind in {"grid", "return"}
    } == ({("grid", GRID), ("return", GRID)} if any(one.kind == "solar" for one in found) else {("grid", GRID)})
    for source in found:
        uid = uids[source.counter]
        if source.kind == "solar":
            assert (truth.load(uid), truth.quantity(uid)) == ("Solar", "energy_export")
        if source.kind == "device_consumption":
            assert (source.name, truth.quantity(uid)) == (truth.load(uid), "energy_import")
            assert truth.load(uid) not in {GRID, "Solar", "Smart meter"}
        if source.power in uids:
            assert truth.load(uids[source.power]) == truth.load(uid)
            assert truth.quantity(uids[source.power]) == "active_power"
    assert len({source.counter for source in found}) == len(found)
    devices = {truth.load(uids[source.counter]) for source in found if source.kind == "device_consumption"}
    counted = {
        load.label
        for load in truth.site.loads.values()
        if any(signal.quantity.value == "energy_import" for signal in truth.site.signals_of_load(load.uid))
    }
    assert devices == counted - {GRID, "Solar", "Smart meter"}


async def shows(page: Page, world: World, truth: Truth, begin: float, end: float) -> None:
    """Expect the energy of all these hours in the dashboard's table."""
    uids, found = await signals(world), await sources(world)
    shown = await totals(page, world, begin, end)

    def counted(kind: str) -> float:
        return sum(
            energy
            for source in found
            if source.kind == kind
            for energy, _ in truth.hours(uids[source.counter], begin, end).values()
        )

    wanted = {"Grid total": counted("grid") - counted("return"), "Solar total": counted("solar")}
    for name, kwh in wanted.items():
        if name in shown or kwh:
            assert shown[name] == pytest.approx(kwh, abs=ALLOWED + abs(kwh) * 1e-3), shown
    if "return" in {source.kind for source in found}:
        assert abs(shown["Main exported"]) == pytest.approx(counted("return"), abs=ALLOWED + counted("return") * 1e-3)
