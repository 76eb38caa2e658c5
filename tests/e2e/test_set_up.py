"""The set-up, from the button "Add integration" to the devices."""

import re

from playwright.async_api import Page, expect

from testbed.gateway import GatewayAccess

from .browser import PHONE
from .dialog import settled
from .keyboard import tab_into, tab_to
from .order import is_in_order
from .pictures import Pictures
from .places import add_integration, integration_page
from .texts import is_well_written
from .world import World


async def test_r15_r13_r27_from_the_button_to_the_devices(page: Page, world: World, pictures: Pictures) -> None:
    """A wrong password, the certificate, the progress bar, the findings, the doubts, the devices."""
    await world.clear()
    gateway = world.gateway
    dialog = await add_integration(page, world)
    await dialog.title("Connect to the gateway")
    await dialog.type({"host": f" https://{gateway.host}/ ", "username": gateway.username, "password": "wrong"})
    await is_in_order(dialog)
    await dialog.press("Submit")

    await dialog.title("Is this your gateway?")
    assert gateway.fingerprint is not None
    assert gateway.fingerprint.upper() in (await dialog.text()).replace(":", "").upper()
    await is_in_order(dialog)
    await pictures.take(page, "certificate")
    await dialog.press("Trust this certificate")

    await expect(dialog.root.get_by_text("does not accept this username and password")).to_be_visible()
    assert await dialog.shown("host") == f" https://{gateway.host}/ "
    assert await dialog.shown("username") == gateway.username
    assert await dialog.shown("password") == ""
    await is_in_order(dialog)
    await dialog.type({"host": gateway.host, "password": gateway.password})
    await dialog.press("Submit")

    await expect(dialog.root.get_by_text("Reading the gateway's history")).to_be_visible()
    await is_in_order(dialog)
    await dialog.title("Recognised values")
    await is_in_order(dialog)
    assert re.search(r"\d\d of \d\d kinds of values recognised", await dialog.text())
    await pictures.take(page, "findings")
    await dialog.press("Accept all")
    await dialog.title("Do you know what is measured here?")
    assert re.search(r"Water: [\d.]+, rising", await dialog.text())
    (water,) = [name for name in await dialog.names() if "Water" in await dialog.chosen(name)]
    await dialog.select(water, "Water · m³")
    await is_in_order(dialog)
    await pictures.take(page, "doubts")
    await dialog.press("Submit")

    # The set-up continues with the Energy dashboard; each meter has its place there, so that nothing is asked.
    await dialog.title("Add this to the Energy dashboard?")
    await is_in_order(dialog)
    assert "the grid meter counts the same: Smart meter." in await dialog.text()
    await pictures.take(page, "energy-review")
    await dialog.close()
    await world.loaded()
    await integration_page(page, world)
    await expect(page.get_by_text("Heat pump").first).to_be_visible()
    await is_well_written(page)
    await pictures.take(page, "integration")


async def test_r27_what_was_recognised_on_a_phone_in_the_dark(
    page: Page, world: World, newcomer: GatewayAccess, pictures: Pictures
) -> None:
    """A gateway without history: little is recognised, and the page says where the rest waits."""
    await page.set_viewport_size(PHONE)
    await page.emulate_media(color_scheme="dark")
    dialog = await add_integration(page, world)
    await dialog.title("Connect to the gateway")
    await dialog.type({"host": newcomer.host, "username": newcomer.username, "password": newcomer.password})
    await dialog.press("Submit")
    await dialog.title("Is this your gateway?")
    await pictures.take(page, "phone-certificate")
    await dialog.press("Trust this certificate")
    await dialog.title("Recognised values")
    assert await page.evaluate("document.scrollingElement.scrollWidth") <= PHONE["width"]
    assert "waits in the options" in await dialog.text()
    await is_in_order(dialog)
    await pictures.take(page, "phone-findings", keep=False)
    await expect(dialog.button("Accept all")).to_be_visible()
    await dialog.close()


async def test_r27_set_up_by_keyboard_only(page: Page, world: World, pictures: Pictures) -> None:
    """The form is filled, the certificate trusted, what was recognised taken, a question answered without a mouse."""
    await world.clear()
    gateway = world.gateway
    dialog = await add_integration(page, world)
    await dialog.title("Connect to the gateway")
    for name, text in (("host", gateway.host), ("username", gateway.username), ("password", gateway.password)):
        await tab_into(page, await dialog.input(name))
        await page.keyboard.type(text)
    await pictures.take(page, "set-up")
    await page.keyboard.press("Enter")
    await dialog.title("Is this your gateway?")
    await tab_to(page, "Trust this certificate")
    await page.keyboard.press("Enter")
    await dialog.title("Recognised values")
    await tab_to(page, "Accept all")
    await page.keyboard.press("Enter")
    await dialog.title("Do you know what is measured here?")
    first = (await dialog.names())[0]
    await tab_into(page, (await dialog.field(first)).locator("ha-picker-field button").first)
    await page.keyboard.press("Space")
    await expect((await dialog.field(first)).locator("ha-dropdown-item").first).to_be_visible()
    await settled(page)
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect((await dialog.field(first)).locator("ha-dropdown-item").first).not_to_be_visible()
    await tab_to(page, "Submit")
    await page.keyboard.press("Enter")
    await dialog.title("Add this to the Energy dashboard?")
    await tab_into(page, (await dialog.field("choose")).locator("input").first)
    await page.keyboard.press("Space")
    await tab_to(page, "Add")
    await page.keyboard.press("Enter")
    await dialog.title("What do the meters measure?")
    await tab_to(page, "Next")
    await page.keyboard.press("Enter")
    await dialog.title("Add this to the Energy dashboard?")
    await tab_to(page, "Close")
    await page.keyboard.press("Enter")
    await dialog.closed()
    await world.loaded()
