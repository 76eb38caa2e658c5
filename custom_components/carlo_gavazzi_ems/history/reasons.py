"""Why history was left alone, in the words of the person."""

from collections.abc import Callable

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations

from custom_components.carlo_gavazzi_ems.const import DOMAIN

from .plan import Disagreement


async def async_reasons(hass: HomeAssistant) -> Callable[[Disagreement], str]:
    """Return what tells a refusal in Home Assistant's language."""
    texts = await async_get_translations(hass, hass.config.language, "exceptions", {DOMAIN})

    def tell(reason: Disagreement) -> str:
        return texts[f"component.{DOMAIN}.exceptions.{reason.refusal}.message"].format(**reason.placeholders)

    return tell
