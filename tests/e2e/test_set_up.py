"""The set-up, from the button "Add integration" to the devices."""

from playwright.async_api import Page, expect

from testbed.gateway import GatewayAccess

from .browser import PHONE
from .keyboard import tab_into, tab_to
from .order import is_in_order
from .pictures import Pictures
from .places import add_integration, integration_page
from .texts import is_well_written
from .world import World


async def test_r15_r13_r27_from_the_button_to_the_devices(page: Page, world: World, pictures: Pictures) -> None:
    """A slip in the password, the certificate, the bar, the codes, the devices."""
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
    await dialog.title("What do the codes measure?")
    await is_in_order(dialog)
    await pictures.take(page, "codes")
    await dialog.press("Next")
    await expect(dialog.root.get_by_text("Page 2 of 2")).to_be_visible()
    await dialog.drawn()
    await dialog.press("Submit")

    # The set-up leads on to the Energy dashboard.
    await dialog.title("What do the meters measure?")
    await is_in_order(dialog)
    await dialog.close()
    await world.loaded()
    await integration_page(page, world)
    await expect(page.get_by_text("Heat pump").first).to_be_visible()
    await is_well_written(page)
    await pictures.take(page, "integration")


async def test_r27_pages_of_codes_on_a_phone_in_the_dark(
    page: Page, world: World, newcomer: GatewayAccess, pictures: Pictures
) -> None:
    """Two pages of codes fit the width of a phone."""
    await page.set_viewport_size(PHONE)
    await page.emulate_media(color_scheme="dark")
    dialog = await add_integration(page, world)
    await dialog.title("Connect to the gateway")
    await dialog.type({"host": newcomer.host, "username": newcomer.username, "password": newcomer.password})
    await dialog.press("Submit")
    await dialog.title("Is this your gateway?")
    await pictures.take(page, "phone-certificate")
    await dialog.press("Trust this certificate")
    fields = []
    for number, button in enumerate(("Next", "Submit"), start=1):
        await expect(dialog.root.get_by_text(f"Page {number} of 2")).to_be_visible()
        await dialog.drawn()
        fields.append(len(await dialog.names()))
        assert await page.evaluate("document.scrollingElement.scrollWidth") <= PHONE["width"]
        if number == 1:
            await is_in_order(dialog)
            await pictures.take(page, "phone-codes")
        await expect(dialog.button(button)).to_be_visible()
        if button == "Next":
            await dialog.press(button)
    await dialog.close()
    assert fields[0] == 40 > fields[1]


async def test_r27_set_up_by_keyboard_only(
    page: Page, world: World, newcomer: GatewayAccess, pictures: Pictures
) -> None:
    """The form is filled, the certificate trusted, the pages of codes gone through without a mouse."""
    dialog = await add_integration(page, world)
    await dialog.title("Connect to the gateway")
    for name, text in (("host", newcomer.host), ("username", newcomer.username), ("password", newcomer.password)):
        await tab_into(page, await dialog.input(name))
        await page.keyboard.type(text)
    await pictures.take(page, "set-up")
    await page.keyboard.press("Enter")
    await dialog.title("Is this your gateway?")
    await tab_to(page, "Trust this certificate")
    await page.keyboard.press("Enter")
    await expect(dialog.root.get_by_text("Page 1 of 2")).to_be_visible()
    await dialog.drawn()
    await tab_to(page, "Next")
    await page.keyboard.press("Enter")
    await expect(dialog.root.get_by_text("Page 2 of 2")).to_be_visible()
    await dialog.drawn()
    await tab_to(page, "Close")
    await page.keyboard.press("Enter")
    await dialog.closed()
