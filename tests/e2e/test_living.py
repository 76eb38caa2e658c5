"""Later changes: another password, another account, another certificate, a wrong clock."""

from typing import Final

from playwright.async_api import Page, expect

from .accessibility import violations
from .browser import go
from .conftest import translated
from .dialog import Dialog
from .order import is_in_order
from .pictures import Pictures
from .places import integration_page
from .texts import is_well_written
from .world import World

NEW_PASSWORD: Final = "another correct horse"


async def test_reauth_after_a_new_password(page: Page, world: World, pictures: Pictures) -> None:
    """Home Assistant asks for the new password in one dialog; all entities stay."""
    await world.entry()
    before = await world.entity_ids()
    await world.order("password", password=NEW_PASSWORD)
    await world.reload()
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
    await expect(dialog.root.get_by_text("Re-authentication was successful")).to_be_visible()
    world.password = NEW_PASSWORD
    await dialog.press("Close")
    await dialog.closed()
    await world.loaded()
    assert await world.entity_ids() == before


async def test_r16_a_new_address_or_account(page: Page, world: World, pictures: Pictures) -> None:
    """Reconfigure, in the menu of the gateway's row: another gateway is refused, and all entities stay."""
    await world.entry()
    await world.loaded()
    before = await world.entity_ids()
    row = await integration_page(page, world)
    await row.get_by_role("button", name="Menu").first.click()
    await row.get_by_text("Reconfigure", exact=True).click()
    dialog = Dialog(page)
    await dialog.title("New address or account")
    assert await dialog.shown("host") == world.gateway.host
    assert await dialog.shown("password") == ""
    await is_in_order(dialog)
    await pictures.take(page, "reconfigure", keep=False)
    await dialog.type({"password": world.password})
    await dialog.press("Submit")
    await expect(dialog.root.get_by_text("Reconfiguration was successful")).to_be_visible()
    await dialog.press("Close")
    await dialog.closed()
    await world.loaded()
    assert await world.entity_ids() == before


async def test_the_gateways_clock(page: Page, world: World, pictures: Pictures) -> None:
    """A repair names the error of the gateway's clock and its effect, and goes away with it."""
    await world.entry()
    await world.loaded()
    fault = await world.break_it("wrong-clock", offset=900.0)
    await world.rescan()
    await go(page, world, "/config/repairs")
    await page.locator("ha-config-repairs").get_by_text("clock is ahead").click()
    told = page.locator("dialog-repairs-issue")
    await expect(told.get_by_text("is ahead by 15 minutes")).to_be_visible()
    await is_well_written(told)
    assert not [one for one in await violations(page, "dialog-repairs-issue") if one.is_ours]
    await pictures.take(page, "repair-clock", keep=False)
    await told.locator("ha-icon-button button").locator("visible=true").first.click()
    await world.mend(fault)
    await world.rescan()
    await expect(page.locator("ha-config-repairs").get_by_text("clock is ahead")).to_have_count(0)


async def test_r13_another_certificate(page: Page, world: World, pictures: Pictures) -> None:
    """The repair shows the old and the new fingerprint, and is settled in one click; all entities stay."""
    await world.entry()
    await world.loaded()
    before = await world.entity_ids()
    old = world.fingerprint
    # A web server restarts for a new certificate; an open connection would not show it.
    await world.order("offline")
    new = await world.order("rotate-certificate")
    await world.order("online")
    await world.reload()
    await go(page, world, "/config/repairs")
    await page.locator("ha-config-repairs").get_by_text("certificate has changed").click()
    dialog = Dialog(page)
    await dialog.title("Trust the new certificate?")
    text = (await dialog.text()).replace(":", "").lower()
    assert old.lower() in text
    assert new.lower() in text
    await is_in_order(dialog)
    await pictures.take(page, "repair-certificate")
    await dialog.close()
    for language in translated():
        await in_language(page, world, pictures, language)
    await go(page, world, "/config/repairs", anew=True)
    await page.locator("ha-config-repairs").get_by_text("certificate has changed").click()
    await dialog.title("Trust the new certificate?")
    await dialog.press("Trust this certificate")
    await dialog.succeed()
    await world.loaded()
    world.fingerprint = new
    assert await world.entity_ids() == before


async def in_language(page: Page, world: World, pictures: Pictures, language: str) -> None:
    """Check the repair in another language without fixing it."""
    texts = await world.texts(language)
    issue = "issues.certificate_changed"
    async with world.speaking(page, language):
        # The page reads the texts of its repairs only once.
        await go(page, world, "/config/repairs", anew=True)
        title = texts[f"{issue}.title"].partition("{gateway}")[2]
        await page.locator("ha-config-repairs").get_by_text(title).click()
        dialog = Dialog(page)
        await dialog.title(texts[f"{issue}.fix_flow.step.certificate_changed.title"])
        await is_in_order(dialog)
        await pictures.take(page, f"repair-certificate-{language}", keep=False)
        await dialog.close()
