"""Translated texts for hours that were not written."""

from collections.abc import Callable

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations

from custom_components.carlo_gavazzi_ems.const import DOMAIN

from .arithmetic.plan import HistoryMismatchError


async def async_refusal_texts(hass: HomeAssistant) -> Callable[[HistoryMismatchError], str]:
    """Return a function that gives the reason of a refusal in Home Assistant's language."""
    texts = await async_get_translations(hass, hass.config.language, "exceptions", {DOMAIN})

    def text(reason: HistoryMismatchError) -> str:
        return texts[f"component.{DOMAIN}.exceptions.{reason.refusal}.message"].format(**reason.placeholders)

    return text
