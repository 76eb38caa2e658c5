"""The same pages in every language that the integration speaks."""

from collections.abc import AsyncIterator

from playwright.async_api import Page, expect
import pytest
import pytest_asyncio

from testbed.gateway import GatewayAccess

from .conftest import translated
from .order import is_in_order
from .pictures import Pictures
from .places import open_another, open_load, open_options
from .texts import is_well_written
from .world import World


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def english_afterwards(world: World) -> AsyncIterator[None]:
    """Name entities in English again for the tests of other files; a change of language reloads the integration."""
    yield
    await world.name_in("en")


@pytest.mark.parametrize("language", translated())
async def test_r23_every_language(
    page: Page, world: World, newcomer: GatewayAccess, pictures: Pictures, language: str
) -> None:
    """The options, the set-up as far as the codes, an error, and a load's page: no key, nothing cut off."""
    await world.entry()
    await world.loaded()
    texts = await world.texts(language)
    async with world.speaking(page, language):
        await look_at_options(page, world, pictures, texts, language)
        await look_at_set_up(page, world, newcomer, pictures, texts, language)
        before = await world.entity_ids()
        await world.name_in(language)
        load = await open_load(page, world, "Heat pump")
        await load.get_by_text(texts["entity.sensor.energy_import.name"]).first.wait_for()
        await is_well_written(load)
        await pictures.take(page, f"load-{language}", keep=False)
        assert await world.entity_ids() == before


async def look_at_options(page: Page, world: World, pictures: Pictures, texts: dict[str, str], language: str) -> None:
    """Open the menu and its longest form."""
    dialog = await open_options(page, world)
    await dialog.title(texts["options.step.init.title"])
    await is_in_order(dialog)
    await pictures.take(page, f"options-{language}", keep=False)
    await dialog.choose(texts["options.step.init.menu_options.polling"])
    await dialog.title(texts["options.step.polling.title"])
    await is_in_order(dialog)
    await pictures.take(page, f"polling-{language}", keep=False)
    await dialog.close()


async def look_at_set_up(  # the page, and what the pages of the set-up need
    page: Page, world: World, newcomer: GatewayAccess, pictures: Pictures, texts: dict[str, str], language: str
) -> None:
    """Go through the set-up of another gateway, with a wrong password first, and leave it at the codes."""
    dialog = await open_another(page, world)
    await dialog.title(texts["config.step.user.title"])
    await is_in_order(dialog)
    await dialog.type({"host": newcomer.host, "username": newcomer.username, "password": "wrong"})
    await dialog.submit()
    await dialog.title(texts["config.step.certificate.title"])
    await is_in_order(dialog)
    await pictures.take(page, f"certificate-{language}", keep=False)
    await dialog.press(texts["config.step.certificate.submit"])
    await expect(dialog.root.get_by_text(texts["config.error.invalid_auth"])).to_be_visible()
    await is_in_order(dialog)
    await pictures.take(page, f"set-up-{language}", keep=False)
    await dialog.type({"password": newcomer.password})
    await dialog.submit()
    await dialog.title(texts["config.step.findings.title"])
    await is_in_order(dialog)
    await pictures.take(page, f"findings-{language}", keep=False)
    await dialog.close()
