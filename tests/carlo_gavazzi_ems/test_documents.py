"""R22: every entity that a document or a blueprint names is in the demo."""

from pathlib import Path
import re

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest

from simulator import Gateway, SiteKind
from tests.second_gateway.driving import click_through

from .dialogs.code_pages import to_findings

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("README.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "blueprints").rglob("*.yaml")]


@pytest.mark.timeout(300)
@pytest.mark.site(SiteKind.HOUSE)
@pytest.mark.usefixtures("enable_custom_integrations", "forgiving_loop")
async def test_r22_every_entity_that_is_named_is_in_the_demo(
    hass: HomeAssistant, gateway: Gateway, freezer: FrozenDateTimeFactory
) -> None:
    """A set-up of the demo's gateway with all suggestions accepted creates each of them."""
    texts = [page.read_text(encoding="utf-8") for page in PAGES]
    mentioned = {found for text in texts for found in re.findall(r"\b(?:binary_)?sensor\.(?!py\b)\w+", text)}
    assert len(mentioned) > 5
    freezer.move_to("2026-06-17 17:00:00+00:00")
    done, _ = await click_through(hass, await to_findings(hass, gateway))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert sorted(entity_id for entity_id in mentioned if hass.states.get(entity_id) is None) == []
    assert await hass.config_entries.async_unload(done["result"].entry_id)
