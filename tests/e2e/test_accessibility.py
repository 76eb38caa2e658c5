"""What is wrong with every dialog of Home Assistant's frontend, shown in one that is not ours."""

from playwright.async_api import Page

from .accessibility import FRONTENDS_OWN, violations
from .browser import go
from .dialog import Dialog
from .world import World


async def test_what_is_not_ours(page: Page, world: World) -> None:
    """The form of a helper of Home Assistant's own breaks the very rules that are left out for ours."""
    await go(page, world, "/config/helpers/add?domain=template")
    await page.locator("dialog-box").locator("ha-button").get_by_text("OK").click()
    dialog = Dialog(page)
    await dialog.title("Template helper")
    await dialog.choose("Sensor")
    await dialog.root.locator("step-flow-form").wait_for()
    await dialog.pick_one("unit_of_measurement", "kWh")
    await (await dialog.input("name")).focus()
    assert {found.kind for found in await violations(page)} >= FRONTENDS_OWN
    await dialog.close()
