"""Navigation in the frontend, in any language."""

from typing import Final

from playwright.async_api import Locator, Page

from testbed import DOMAIN

from .browser import go
from .dialog import Dialog
from .world import World

NAME: Final = "Carlo Gavazzi EMS"
INTEGRATION: Final = f"/config/integrations/integration/{DOMAIN}"


async def integration_page(page: Page, world: World) -> Locator:
    """Open the integration's page, and return the row of its gateway."""
    await world.entry()
    await go(page, world, INTEGRATION)
    row = page.locator("ha-config-entry-row").first
    await row.wait_for()
    return row


async def open_options(page: Page, world: World) -> Dialog:
    """Open the options from the gateway's row."""
    row = await integration_page(page, world)
    await row.locator("ha-icon-button:not(.expand-button)").first.click()
    return Dialog(page)


async def open_another(page: Page, world: World) -> Dialog:
    """Open the dialog that adds another gateway."""
    await integration_page(page, world)
    await page.locator("ha-config-integration-page ha-button").first.click()
    return Dialog(page)


async def add_integration(page: Page, world: World, name: str = NAME) -> Dialog:
    """Open the set-up by searching for the integration; in English."""
    await go(page, world, "/config/integrations/dashboard")
    await page.get_by_text("Add integration").click()
    choice = page.locator("dialog-add-integration")
    await choice.locator("input").first.fill(name)
    await choice.get_by_text(name, exact=True).click()
    return Dialog(page)


async def open_load(page: Page, world: World, label: str) -> Locator:
    """Open the page of a load's device."""
    await world.entry()
    await go(page, world, f"/config/devices/device/{await world.load_device(label)}")
    return page.locator("ha-config-device-page")
