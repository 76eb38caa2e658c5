"""Words in the labels of loads, in the languages of the integration: evidence for proposals, never for certainty."""

from collections.abc import Iterable
import re
import unicodedata

_WORDS: dict[str, tuple[str, ...]] = {
    # Longer words first: "hot water" contains "water".
    "hot_water": (
        "hot water", "warmwasser", "brauchwasser", "acqua calda", "eau chaude", "agua caliente", "warm water", "tapwater", "varmt vand", "varmtvand",
    ),
    "cooling_energy": ("cooling", "kalte", "kuhlung", "raffrescamento", "refroidissement", "refrigeracion", "koeling", "koling"),
    "heat_energy": ("heat", "warme", "calore", "chaleur", "calor", "warmte", "varme", "heizung", "riscaldamento", "chauffage"),
    "gas": ("gas", "gaz", "erdgas"),
    "water": ("water", "wasser", "acqua", "eau", "agua", "vand", "garten", "zisterne"),
    "temperature": ("temperature", "temperatur", "temperatura", "temperatuur", "thermometer", "room", "raum"),
}  # fmt: skip
"""Quantity -> words without accents in the label of a load that measures it."""


def named_quantity(labels: Iterable[str | None]) -> str | None:
    """Return the quantity that the labels of some loads name; None if there is none, or they disagree."""
    found = {_quantity(label) for label in labels if label}
    return found.pop() if len(found) == 1 else None


def _quantity(label: str) -> str | None:
    """Return the quantity that a label names, None if there is none."""
    plain = unicodedata.normalize("NFKD", label.casefold())
    words = re.sub(r"[^a-z ]", "", "".join(one for one in plain if not unicodedata.combining(one)))
    for quantity, spoken in _WORDS.items():
        if any(re.search(rf"\b{word}", words) for word in spoken) and not re.search(r"pump|boiler|heater", words):
            return quantity
    return None
