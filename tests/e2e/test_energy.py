"""An outage, older history and the Energy dashboard, whose bars match the meter's hours."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import aiohttp
from playwright.async_api import Page, expect
import pytest

from simulator import SiteKind

from .browser import go, move_calendar
from .chart import Bar, bars, is_painted
from .dialog import settled
from .now import is_true_now
from .order import is_in_order
from .pictures import Pictures
from .places import open_options
from .texts import is_well_written
from .truth import Hours, Truth
from .world import NOON, PATIENCE, TIME_ZONE, World

#: When Home Assistant is back, shortly before the recorder's next five minutes are full: then the outage is repaired.
#: Not within ten minutes of a full hour, for then the hour before may not be touched yet.
EVENING: Final = NOON.replace(hour=19, minute=13, second=50)
MIDNIGHT: Final = NOON.replace(hour=0, minute=0, second=0)
HOUR: Final = 3600.0
#: The last full hour before the evening, and the first that comes from the repair of the outage, not from the import.
LAST: Final = EVENING.replace(hour=18, minute=0, second=0)
OUTAGE: Final = EVENING.replace(hour=17, minute=0, second=0)
#: kWh by which a bar may be off: two steps of the counter, and a pixel.
ALLOWED: Final = 0.03
OLDER_HISTORY: Final = "Fill in older history"
ENERGY: Final = "Add meters to the Energy dashboard"


async def test_r04_older_history_fills_itself_in(page: Page, world: World, pictures: Pictures) -> None:
    """Home Assistant was off for three hours; what was before it is wished for, and filled in without the dialog."""
    await world.entry()
    await world.loaded()
    # No page is open while Home Assistant is off.
    await page.goto("about:blank")
    await world.pass_by(EVENING)
    await move_calendar(page.context, world)
    await repaired(world)
    dialog = await open_options(page, world)
    await dialog.title("Options")
    await dialog.choose(OLDER_HISTORY)
    await dialog.title(OLDER_HISTORY)
    await is_in_order(dialog)
    await dialog.pick_date("start", months=1, day=NOON.day)
    await pictures.take(page, "import")
    await dialog.press("Begin")
    await expect(dialog.root.get_by_text("It goes on by itself")).to_be_visible()
    await page.goto("about:blank")
    entity_id, uid = await counter(world, "export")
    wanted = await hourly(world, uid)

    async def first_hour() -> float | None:
        answer = await world.command(
            "recorder/statistics_during_period",
            start_time=MIDNIGHT.isoformat(),
            statistic_ids=[entity_id],
            period="hour",
            types=["change"],
        )
        rows = answer.get(entity_id, [])
        return rows[0]["start"] / 1000 if rows else None

    await world.until(lambda found: found == min(wanted), first_hour, seconds=2 * PATIENCE)
    dialog = await open_options(page, world)
    await dialog.title("Options")
    await is_in_order(dialog)
    await dialog.close()


async def test_meters_into_the_energy_dashboard(page: Page, world: World, pictures: Pictures) -> None:
    """What the energy shows is chosen, a redundant meter is left out, and the review shows all before it is added."""
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
    text = await dialog.text()
    assert "counts the same: Smart meter." in text
    assert text.count("Smart meter") == 1
    await pictures.take(page, "energy-review", keep=False)
    await dialog.press("Add")
    await dialog.succeed()


async def test_r03_r04_bars_as_high_as_what_was_counted(page: Page, world: World, pictures: Pictures) -> None:
    """Every full hour of the day: those that were filled in, that in which it began, and those of the outage."""
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


async def test_r29_every_counter_by_the_hour_and_every_power_to_the_second(page: Page, world: World) -> None:
    """All that the Energy dashboard has is as the meters counted and read it."""
    # A simulator has 400 days of history by default.
    truth = Truth.of(SiteKind.HOUSE, NOON.timestamp(), days=400)
    hours = await Hours.of(world, truth, MIDNIGHT.timestamp(), LAST.timestamp() + HOUR)
    assert not await hours.wrong(world)
    await is_true_now(page, world, truth)


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
