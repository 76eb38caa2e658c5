"""The device page of a load."""

import re
from typing import Final

from playwright.async_api import Page, expect
import pytest

from .browser import DESKTOP, PHONE
from .dialog import settled
from .pictures import Pictures
from .places import open_load
from .texts import is_well_written, read
from .world import World

LOAD: Final = "Heat pump"
#: A value as drawn, with a readable number of decimals.
DECIMALS: Final = {"kW": 3, "W": 1, "kWh": 2, "V": 1, "A": 2, "Hz": 2, "kvar": 3, "kVA": 3}


async def load_page(page: Page, world: World) -> None:
    """Open the load's page and wait until every row has a value."""
    await open_load(page, world, LOAD)
    await expect(page.get_by_text("Energy import").first).to_be_visible()
    await expect(page.locator("ha-device-entities-card").get_by_text(re.compile(r"\d\s(kWh|Wh)"))).not_to_have_count(0)
    await expect(page.locator("ha-spinner").locator("visible=true")).to_have_count(0)  # the device's recent events
    await settled(page)


async def test_a_load(page: Page, world: World, pictures: Pictures) -> None:
    """Names, values with units and few decimals; nothing raw."""
    await load_page(page, world)
    await is_well_written(page.locator("ha-config-device-page"))
    texts = await read(page.locator("ha-config-device-page"))
    values = [found for text in texts if (found := re.fullmatch(r"(-?[\d,]+(?:\.(\d+))?)\s(\S+)", text))]
    units = {value[3] for value in values}
    assert {"V", "A"} <= units
    wrong = [value[0] for value in values if len(value[2] or "") > DECIMALS.get(value[3], 3)]
    assert not wrong
    await pictures.take(page, "load")


@pytest.mark.parametrize(("name", "viewport"), [("load-dark", DESKTOP), ("load-phone", PHONE)])
async def test_a_load_in_the_dark_and_on_a_phone(
    page: Page, world: World, pictures: Pictures, name: str, viewport: dict[str, int]
) -> None:
    """Nothing is wider than the screen."""
    await page.emulate_media(color_scheme="dark")
    await page.set_viewport_size({"width": viewport["width"], "height": viewport["height"]})
    await load_page(page, world)
    assert await page.evaluate("document.scrollingElement.scrollWidth") <= viewport["width"]
    await pictures.take(page, name)
