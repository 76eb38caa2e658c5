"""The violations of Home Assistant's frontend itself, shown in dialogs of other integrations."""

from playwright.async_api import Page
import pytest

from .accessibility import FRONTENDS_OWN, violations
from .browser import go
from .dialog import Dialog
from .keyboard import tab_to
from .world import World


async def test_what_is_not_ours(page: Page, world: World) -> None:
    """Every rule that is not checked in the integration's dialogs is violated by Home Assistant's own helpers."""
    dialog = await helper(page, world, "template", "Template helper")
    # The keyboard does not reach a menu: of our own dialogs only the forms are checked.
    with pytest.raises(AssertionError, match="the keyboard does not reach 'Sensor'"):
        await tab_to(page, "Sensor", limit=50)
    await dialog.choose("Sensor")
    await dialog.root.locator("step-flow-form").wait_for()
    await dialog.pick_one("unit_of_measurement", "kWh")
    await (await dialog.input("name")).focus()
    kinds = {found.kind for found in await violations(page)}
    await dialog.close()
    dialog = await helper(page, world, "group", "Create group")
    await dialog.choose("Binary sensor group")
    await dialog.root.locator("step-flow-form").wait_for()
    await dialog.drawn()
    kinds |= {found.kind for found in await violations(page)}
    assert kinds >= FRONTENDS_OWN
    await dialog.close()


async def helper(page: Page, world: World, domain: str, title: str) -> Dialog:
    """Open the menu of a helper of Home Assistant's own."""
    await go(page, world, f"/config/helpers/add?domain={domain}", anew=True)
    await page.locator("dialog-box").locator("ha-button").get_by_text("OK").click()
    dialog = Dialog(page)
    await dialog.title(title)
    return dialog
