"""What a person meets later on: another password, another certificate."""

from typing import Final

from playwright.async_api import Page, expect

from .browser import go
from .dialog import Dialog
from .order import is_in_order
from .pictures import Pictures
from .world import World

NEW_PASSWORD: Final = "another correct horse"


async def test_reauth_after_a_new_password(page: Page, world: World, pictures: Pictures) -> None:
    """Home Assistant asks for it; one dialog, and everything goes on with the same entities."""
    await world.entry()
    before = await world.entity_ids()
    await world.order("password", password=NEW_PASSWORD)
    await go(page, world, "/config/integrations/dashboard")
    card = page.locator("ha-config-flow-card")
    await card.get_by_text("Reconfigure").or_(card.get_by_text("Reauth")).first.click()
    dialog = Dialog(page)
    await dialog.title("Log in again")
    assert await dialog.names() == ["username", "password"]
    assert await dialog.shown("username") == world.gateway.username
    await dialog.type({"password": "wrong again"})
    await dialog.press("Submit")
    await expect(dialog.root.get_by_text("does not accept this username and password")).to_be_visible()
    assert await dialog.shown("password") == ""
    await is_in_order(dialog)
    await pictures.take(page, "reauth")
    await dialog.type({"password": NEW_PASSWORD})
    await dialog.press("Submit")
    await expect(dialog.root.get_by_text("The gateway accepted the new credentials.")).to_be_visible()
    world.password = NEW_PASSWORD
    await dialog.press("Close")
    await dialog.closed()
    await world.loaded()
    assert await world.entity_ids() == before


async def test_r13_another_certificate(page: Page, world: World, pictures: Pictures) -> None:
    """The repair shows the old and the new fingerprint, and is settled in one click; all entities stay."""
    await world.entry()
    await world.loaded()
    before = await world.entity_ids()
    old = world.fingerprint
    new = await world.order("rotate-certificate")
    await go(page, world, "/config/repairs")
    await page.locator("ha-config-repairs").get_by_text("certificate has changed").click()
    dialog = Dialog(page)
    await dialog.title("Trust the new certificate?")
    text = (await dialog.text()).replace(":", "").lower()
    assert old.lower() in text
    assert new.lower() in text
    await is_in_order(dialog)
    await pictures.take(page, "repair-certificate")
    await dialog.press("Submit")
    await dialog.succeed()
    await world.loaded()
    world.fingerprint = new
    assert await world.entity_ids() == before
