"""The pages of the options."""

from typing import Final

from playwright.async_api import Page, expect
import pytest

from .dialog import Dialog, take_first
from .keyboard import tab_into, tab_to
from .order import is_in_order
from .pictures import Pictures
from .places import open_options
from .world import World

MENU: Final = {
    "Polling and recording": "Polling and recording",
    "Table of codes as text": "Table of codes",
}


async def options(page: Page, world: World) -> Dialog:
    """Open the menu of options."""
    dialog = await open_options(page, world)
    await dialog.title("Options")
    return dialog


async def test_the_menu(page: Page, world: World, pictures: Pictures) -> None:
    """Every page of the options has its line with a description."""
    dialog = await options(page, world)
    await is_in_order(dialog)
    await pictures.take(page, "options")
    await dialog.close()


@pytest.mark.parametrize(("line", "title"), MENU.items())
async def test_every_page(page: Page, world: World, pictures: Pictures, line: str, title: str) -> None:
    """Every page opens, is in order, and can be closed without a change."""
    dialog = await options(page, world)
    await dialog.choose(line)
    await dialog.title(title)
    await is_in_order(dialog)
    await pictures.take(page, f"options-{title.split(maxsplit=1)[0].lower()}")
    await dialog.close()
    assert await world.state() == "loaded"


async def test_polling_is_kept(page: Page, world: World) -> None:
    """A changed interval is stored, and shown the next time."""
    for before, after in (("10", "20"), ("20", "10")):
        dialog = await options(page, world)
        await dialog.choose("Polling and recording")
        await dialog.title("Polling and recording")
        assert await dialog.shown("scan_interval") == before
        await dialog.type({"scan_interval": after})
        await dialog.press("Submit")
        await dialog.succeed()
        await world.loaded()


async def test_a_table_that_cannot_be_read(page: Page, world: World) -> None:
    """The error names the line, the text is kept, and nothing is changed."""
    before = await world.entity_ids()
    dialog = await options(page, world)
    await dialog.choose("Table of codes as text")
    await dialog.title("Table of codes")
    table = await dialog.shown("table")
    assert " = voltage" in table
    await dialog.type({"table": f"{table}\n31 = nonsense/kW"})
    await dialog.press("Submit")
    await expect(dialog.root.get_by_text("Nothing was changed.")).to_be_visible()
    assert (await dialog.shown("table")).rstrip().endswith("31 = nonsense/kW")
    await is_in_order(dialog)
    await dialog.close()
    assert await world.entity_ids() == before


async def test_r27_codes_by_keyboard_only(page: Page, world: World, pictures: Pictures) -> None:
    """One picked and one taken back, submitted without a mouse; what that does is said before it is done."""
    dialog = await options(page, world)
    await dialog.choose("Name the signal codes")  # the frontend's menus are not for the keyboard
    await dialog.title("What do the codes measure?")
    await is_in_order(dialog)
    await pictures.take(page, "options-codes", keep=False)
    await tab_into(page, (await dialog.field("code_1")).locator("ha-picker-field button").first)
    await page.keyboard.press("Space")  # where Enter leads on to the next page
    picker = page.locator("ha-picker-combo-box")
    await expect(picker.locator("input").first).to_be_focused()
    await page.keyboard.type("Frequency Hz")
    await take_first(picker, "Frequency · Hz")
    await expect(picker).not_to_be_visible()
    assert "Frequency · Hz" in await dialog.chosen("code_1")
    await tab_to(page, "Next")
    await page.keyboard.press("Enter")
    await expect(dialog.root.get_by_text("Page 2 of 2")).to_be_visible()
    await dialog.drawn()
    await tab_to(page, "Submit")
    await page.keyboard.press("Enter")
    await dialog.title("Change the meaning of codes?")
    assert "→ Frequency · Hz" in await dialog.text()
    await is_in_order(dialog)
    await pictures.take(page, "options-corrected", keep=False)
    await tab_to(page, "Close")
    await page.keyboard.press("Enter")
    await dialog.closed()
