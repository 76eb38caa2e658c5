"""Numbers as a person reads them: what is a decimal point to one is a thousand to another."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.issues import COUNTER_JUMPED, async_counter_jumped
from custom_components.carlo_gavazzi_ems.texts.numbers import written
from simulator import Gateway
from tests.carlo_gavazzi_ems.conftest import SetUp
from tests.carlo_gavazzi_ems.test_languages import LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_r23_every_other_language_writes_a_comma(language: str) -> None:
    """206.441 would be two hundred thousand there."""
    assert written("-206.441 kWh", language) == "-206,441 kWh"


@pytest.mark.parametrize("language", ["en", "en-GB", "pl"])
def test_r23_english_texts_have_a_point(language: str) -> None:
    """Where there is no translation, the texts around the number are English too."""
    assert written("-206.441 kWh", language) == "-206.441 kWh"


async def test_r23_the_energy_of_a_jump(
    hass: HomeAssistant, issue_registry: ir.IssueRegistry, gateway: Gateway, set_up: SetUp
) -> None:
    """A repair that asks about 1234.567 kWh is not understood as a million."""
    hass.config.language = "de"
    entry = await set_up(gateway)
    uid = gateway.site.find("energy_import")
    async_counter_jumped(hass, entry, uid, amount="1234.567 kWh", at=0.0)
    issue = issue_registry.async_get_issue(DOMAIN, f"{COUNTER_JUMPED}_{entry.entry_id}_{uid}")
    assert issue is not None
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["amount"] == "1234,567 kWh"
    assert await hass.config_entries.async_unload(entry.entry_id)
