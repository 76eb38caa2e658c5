"""An outage, an import and the Energy dashboard, whose bars match the meter's hours."""

from collections.abc import Mapping
from datetime import datetime, timedelta
import re
from typing import Any, Final
from zoneinfo import ZoneInfo

import aiohttp
from playwright.async_api import Page, expect
import pytest

from .browser import go, move_calendar
from .chart import Bar, bars, is_painted
from .dialog import settled
from .order import is_in_order
from .pictures import Pictures
from .places import open_options
from .texts import is_well_written
from .world import NOON, PATIENCE, TIME_ZONE, World

#: When Home Assistant is back, shortly before the recorder's next five minutes are full: then the outage is repaired.
#: Not within ten minutes of a full hour, for then the hour before may not be touched yet.
EVENING: Final = NOON.replace(hour=19, minute=13, second=50)
MIDNIGHT: Final = NOON.replace(hour=0, minute=0, second=0)
HOUR: Final = 3600.0
#: The last full hour that is over in the evening, and the first that is not of the import but of the outage.
LAST: Final = EVENING.replace(hour=18, minute=0, second=0)
OUTAGE: Final = EVENING.replace(hour=17, minute=0, second=0)
#: kWh by which a bar may be off: two steps of the counter, and a pixel of a bar as it is drawn.
ALLOWED: Final = 0.03
IMPORT: Final = "Import older history"
ENERGY: Final = "Add meters to the Energy dashboard"


async def test_r04_import_with_its_bar(page: Page, world: World, pictures: Pictures) -> None:
    """Home Assistant was off for three hours; what was before it is read, shown, and imported."""
    await world.entry()
    await world.loaded()
    # Nobody looks at a Home Assistant that is off.
    await page.goto("about:blank")
    await world.pass_by(EVENING)
    await move_calendar(page.context, world)
    # An import that is under way would have the repair wait for the next five minutes.
    await repaired(world)
    dialog = await open_options(page, world)
    await dialog.title("Options")
    await dialog.choose(IMPORT)
    await dialog.title(IMPORT)
    await is_in_order(dialog)
    await dialog.pick_date("start", months=1, day=NOON.day)
    await dialog.press("Submit")
    await dialog.title("Reading the history")
    await expect(dialog.root.get_by_text("nothing is written")).to_be_visible()
    await dialog.title("Import this history?")
    await is_in_order(dialog)
    await pictures.take(page, "import")
    await dialog.press("Import")
    await dialog.title("Importing the history")
    await expect(
        dialog.root.get_by_text(re.compile(r"[1-9]\d* of [1-9]\d* hours of all sensors are done"))
    ).to_be_visible()
    await expect(dialog.root.locator("ha-progress-ring, progress, [role=progressbar]").first).to_be_visible()
    await pictures.take(page, "import-bar")
    await dialog.title("History imported")
    await is_in_order(dialog)
    await dialog.press("Finish")
    await dialog.succeed()


async def test_meters_into_the_energy_dashboard(page: Page, world: World, pictures: Pictures) -> None:
    """What the energy shows is chosen, a redundant meter is not a device, and the review shows all before it is added."""
    dialog = await open_options(page, world)
    await dialog.title("Options")
    await dialog.choose(ENERGY)
    await dialog.title("What do the meters measure?")
    await is_in_order(dialog)
    for field, chosen in (("grid", "Main"), ("solar", "Solar"), ("devices", "Heat pump")):
        chips = (await dialog.field(field)).locator("ha-input-chip, ha-chip, md-input-chip")
        await expect(chips.filter(has_text=chosen)).to_have_count(1)
        await expect(chips.filter(has_text="Smart meter")).to_have_count(0)
    await pictures.take(page, "energy-roles")
    await dialog.press("Next")
    await dialog.title("Add this to the Energy dashboard?")
    await is_in_order(dialog)
    assert "Smart meter" not in await dialog.text()
    await pictures.take(page, "energy-review")
    await dialog.press("Add")
    await dialog.succeed()


async def test_r03_r04_bars_as_high_as_what_was_counted(page: Page, world: World, pictures: Pictures) -> None:
    """Every full hour of the day: those that were imported, that in which it began, and those of the outage."""
    counted = {
        series: await hourly(world, (await counter(world, direction))[1])
        for series, direction in (("from_grid", "import"), ("to_grid", "export"))
    }
    await go(page, world, "/energy/electricity", anew=True)
    card = page.locator("hui-energy-usage-graph-card")
    chart = card.locator("ha-chart-base")
    await expect(chart.locator("canvas").first).to_be_visible()
    await expect(card.get_by_text("Main exported")).to_be_visible()
    await settled(page)
    drawn = await bars(chart)
    for series, hours in counted.items():
        heights = {bar.start: abs(bar.value) for bar in drawn if bar.series.endswith(series)}
        wrong = {
            datetime.fromtimestamp(start, ZoneInfo(TIME_ZONE)): (heights.get(start, 0.0), kwh)
            for start, kwh in hours.items()
            if abs(heights.get(start, 0.0) - kwh) > ALLOWED
        }
        assert not wrong, series
    high = [bar for bar in drawn if bar.series.endswith("to_grid") and is_high(bar)]
    assert OUTAGE.timestamp() in {bar.start for bar in high}
    for bar in (high[0], high[-1]):
        assert await is_painted(chart, bar)
    await is_well_written(page.locator("hui-energy-usage-graph-card"))
    await pictures.take(page, "energy-dashboard")


def is_high(bar: Bar) -> bool:
    """Return whether a bar is high enough to check its colour."""
    return bar.ends[1] - bar.ends[0] > 20


async def hourly(world: World, uid: int) -> Mapping[float, float]:
    """Return the kWh of each full hour since midnight, by the gateway's own history."""
    begin, end = MIDNIGHT.timestamp(), (LAST + timedelta(hours=1)).timestamp()
    stands = await readings(world, uid, begin - 120, end)
    return {
        start: stands[start + HOUR] - stands[start]
        for start in (begin + HOUR * hour for hour in range(round((end - begin) / HOUR)))
    }


async def readings(world: World, uid: int, begin: float, end: float) -> dict[float, float]:
    """Return the readings of a counter by the end of their minute, from the gateway's API."""
    gateway = world.gateway
    trust = aiohttp.Fingerprint(bytes.fromhex(world.fingerprint))
    account = {"username": gateway.username, "password": world.password}
    found: dict[float, float] = {}
    async with aiohttp.ClientSession(gateway.url, raise_for_status=True) as session:
        async with session.post("/v1/auth/login", json=account, ssl=trust) as answer:
            token = (await answer.json())["token"]
        headers = {"Authorization": f"Bearer {token}"}
        # The page of a thousand minutes that the gateway gives is not enough for a day.
        for start in range(round(begin), round(end), 36_000):
            span = {"start": str(start * 1000), "end": str(min(start + 36_000, round(end) + 60) * 1000)}
            path = f"/v1/signals/{uid}/history"
            async with session.get(path, params=span, headers=headers, ssl=trust) as answer:
                rows: list[dict[str, Any]] = await answer.json()
            found |= {row["p"]: row["v"] for row in rows}
    return found


async def counter(world: World, direction: str) -> tuple[str, int]:
    """Return entity ID and UID of the main meter's import or export counter."""
    (found,) = (
        (entity_id, int(unique_id.rpartition("_")[2]))
        for unique_id, entity_id in (await world.entity_ids()).items()
        if entity_id.endswith(f"main_energy_{direction}")
    )
    return found


async def repaired(world: World) -> None:
    """Wait for the repair of the outage, which starts with the recorder's next short-term statistics."""
    entity_id, uid = await counter(world, "export")
    wanted = {start: kwh for start, kwh in (await hourly(world, uid)).items() if start >= OUTAGE.timestamp()}

    async def recorded() -> dict[float, float]:
        answer = await world.command(
            "recorder/statistics_during_period",
            start_time=OUTAGE.isoformat(),
            statistic_ids=[entity_id],
            period="hour",
            types=["change"],
        )
        return {row["start"] / 1000: row["change"] for row in answer.get(entity_id, [])}

    await world.until(
        lambda found: all(found.get(start, 0.0) == pytest.approx(kwh, abs=ALLOWED) for start, kwh in wanted.items()),
        recorded,
        seconds=2 * PATIENCE,
    )
