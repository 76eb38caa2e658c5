"""The same pages in every language that the integration speaks."""

from playwright.async_api import Page
import pytest

from .browser import go
from .conftest import translated
from .order import is_in_order
from .pictures import Pictures
from .places import open_another, open_load, open_options
from .texts import is_well_written
from .world import World


@pytest.mark.parametrize("language", translated())
async def test_r23_every_language(page: Page, world: World, pictures: Pictures, language: str) -> None:
    """The form of the set-up, the menu of options and a load's page: no key, nothing cut off."""
    await world.entry()
    texts = await world.texts(language)
    await world.speak(language)
    try:
        await go(page, world, "/config/dashboard", anew=True)
        dialog = await open_options(page, world)
        await dialog.title(texts["options.step.init.title"])
        await is_in_order(dialog)
        await pictures.take(page, f"options-{language}", keep=False)
        await dialog.close()
        dialog = await open_another(page, world)
        await dialog.title(texts["config.step.user.title"])
        await is_in_order(dialog)
        await pictures.take(page, f"set-up-{language}", keep=False)
        await dialog.close()
        load = await open_load(page, world, "Heat pump")
        await load.get_by_text(texts["entity.sensor.energy_import.name"]).first.wait_for()
        await is_well_written(load)
        await pictures.take(page, f"load-{language}", keep=False)
    finally:
        await world.speak("en")
        await go(page, world, "/config/dashboard", anew=True)
