"""Numbers as people read them."""

from typing import Final

#: The languages of the translations that write a decimal comma; in all others the texts are English.
_DECIMAL_COMMA: Final = frozenset({"da", "de", "es", "fr", "it", "nl"})


def written(number: str, language: str) -> str:
    """Return a number with its unit, such as `1353.755 kWh`, as a language writes it."""
    return number.replace(".", ",") if language in _DECIMAL_COMMA else number
