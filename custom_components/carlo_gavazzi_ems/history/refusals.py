"""Translated texts for hours that were not written."""

from collections.abc import Callable

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.texts.numbers import written

from .arithmetic.plan import HistoryMismatchError


async def async_refusal_texts(hass: HomeAssistant) -> Callable[[HistoryMismatchError], str]:
    """Return a function that gives the reason of a refusal in Home Assistant's language."""
    language = hass.config.language
    texts = await async_get_translations(hass, language, "exceptions", {DOMAIN})

    def text(reason: HistoryMismatchError) -> str:
        words = {name: written(number, language) for name, number in reason.placeholders.items()}
        return texts[f"component.{DOMAIN}.exceptions.{reason.refusal}.message"].format(**words)

    return text
