"""The card with the peaks of a month, made as documented."""

from datetime import timedelta
import re
from typing import Any, Final

from playwright.async_api import Page, expect
import pytest
import yaml

from testbed import DOMAIN, ROOT

from .browser import go
from .chart import bars
from .dialog import settled
from .pictures import Pictures
from .places import open_options
from .test_energy import counter, readings
from .texts import is_well_written
from .world import NOON, PATIENCE, World

SERIES: Final = f"{DOMAIN}:main_demand"
DEMAND: Final = "Quarter-hour demand and peaks"
URL_PATH: Final = "quarter-hours"
QUARTER: Final = 900


def card() -> dict[str, Any]:
    """Return the card of the documents."""
    text = (ROOT / "docs" / "automations.md").read_text(encoding="utf-8")
    blocks = (yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL))
    (found,) = (block for block in blocks if block.get("entities") == [SERIES])
    assert isinstance(found, dict)
    return found


async def test_r32_the_peaks_of_the_month(page: Page, world: World, pictures: Pictures) -> None:
    """A person chooses the main meter in the options; the card shows each day's highest quarter-hour, by the gateway's history."""
    dialog = await open_options(page, world)
    following = "Add this to the Energy dashboard?"
    await expect(dialog.root.locator(".dialog-title").first).to_have_text(re.compile(f"Options|{following[:-1]}"))
    if await dialog.root.get_by_text(following, exact=True).count():
        # A set-up without a browser leaves these options open.
        await dialog.close()
        dialog = await open_options(page, world)
    await dialog.title("Options")
    await dialog.choose(DEMAND)
    await dialog.title(DEMAND)
    # Until the main meter is in the Energy dashboard, the smart meter, which counts the same, is proposed.
    chips = (await dialog.field("demand_loads")).locator("ha-input-chip, ha-chip, md-input-chip")
    if await chips.filter(has_text="Main").count() == 0:
        await dialog.pick("demand_loads", "Main")
    await pictures.take(page, "options-demand", keep=False)
    await dialog.press("Submit")
    await dialog.succeed()
    first = NOON.replace(day=1, hour=0, minute=0, second=0)

    async def highest() -> dict[float, float]:
        answer = await world.command(
            "recorder/statistics_during_period",
            start_time=first.isoformat(),
            statistic_ids=[SERIES],
            period="day",
            types=["max"],
        )
        return {row["start"] / 1000: row["max"] for row in answer.get(SERIES, [])}

    days = [(first + timedelta(days=number)).timestamp() for number in range(NOON.day)]
    await world.until(lambda found: list(found) == days, highest, seconds=2 * PATIENCE)
    shown = await highest()
    _, uid = await counter(world, "import")
    for day in days[-3:-1]:
        stands = await readings(world, uid, day - 120, day + 86_400)
        quarters = [stands[day + at + QUARTER] - stands[day + at] for at in range(0, 86_400, QUARTER)]
        # A reading is taken a second before its row closes, and rounded down to its last digit.
        assert shown[day] == pytest.approx(4 * max(quarters), abs=0.012)
    await world.command(
        "lovelace/dashboards/create", url_path=URL_PATH, title="Quarter-hours", mode="storage", require_admin=False
    )
    view = {"title": "Peaks", "type": "panel", "cards": [card()]}
    await world.command("lovelace/config/save", url_path=URL_PATH, config={"views": [view]})
    await page.set_viewport_size({"width": 1280, "height": 520})
    await go(page, world, f"/{URL_PATH}", anew=True)
    graph = page.locator("hui-statistics-graph-card")
    chart = graph.locator("ha-chart-base")
    await expect(chart.locator("canvas").first).to_be_visible()
    await settled(page)
    await is_well_written(graph)
    await pictures.take(page, "peaks")
    heights = {bar.start: bar.value for bar in await bars(chart)}
    assert heights.keys() >= shown.keys() - {days[-1]}
    for day in days[:-1]:
        assert heights[day] == pytest.approx(shown[day], abs=0.03)
