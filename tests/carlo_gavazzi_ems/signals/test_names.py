"""Names and icons of the quantities in the integration's files."""

import json
from pathlib import Path
from string import Formatter

from custom_components.carlo_gavazzi_ems.const import PRODUCTION
from custom_components.carlo_gavazzi_ems.demand.sensors import DESCRIPTIONS
from custom_components.carlo_gavazzi_ems.signals import quantities
from custom_components.carlo_gavazzi_ems.signals.quantities import QUANTITIES, Quantity

INTEGRATION = Path(quantities.__file__).parents[1]
UNNAMED = "signal"
GATEWAY = {"last_seen", "clock_offset"}
"""Sensors of the gateway itself."""
DEMAND = {"demand_quarter_hour", "demand_half_hour", "demand_hour"} | {
    description.translation_key for description in DESCRIPTIONS if description.translation_key
}
TRANSLATION_KEYS = {quantity.translation_key for quantity in QUANTITIES.values()}


def sensors(path: Path) -> dict[str, dict[str, str]]:
    """Return the section `entity.sensor` of a file."""
    section: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))["entity"]["sensor"]
    return section


NAMES = sensors(INTEGRATION / "translations" / "en.json")
ICONS = sensors(INTEGRATION / "icons.json")


def name_of(quantity: Quantity) -> str:
    """Return the English name as Home Assistant composes it."""
    return NAMES[quantity.translation_key]["name"].format(**quantity.placeholders)


def test_no_name_is_missing_or_left_over() -> None:
    """The names are those of the quantities, of the gateway's sensors, of demands, of an unnamed code, of production."""
    assert NAMES.keys() == TRANSLATION_KEYS | GATEWAY | DEMAND | {UNNAMED, PRODUCTION}
    assert all(entry.keys() == {"name"} for entry in NAMES.values())


def test_placeholders_are_supplied() -> None:
    """A name wants exactly the placeholders that its quantity has."""
    for quantity in QUANTITIES.values():
        wanted = {name for _, name, _, _ in Formatter().parse(NAMES[quantity.translation_key]["name"]) if name}
        assert wanted == quantity.placeholders.keys(), quantity.key
    assert NAMES[UNNAMED]["name"].format(code=45) == "Signal 45"


def test_names_are_distinct_short_and_in_sentence_case() -> None:
    """No two quantities of a load look alike, and only L1, T1 and THD are in capitals."""
    names = [name_of(quantity) for quantity in QUANTITIES.values()]
    assert len(set(names)) == len(names)
    for name in names:
        assert len(name) <= 40
        first, *others = name.split()
        assert first[0].isupper()
        assert all(word.islower() or word.startswith(("L1", "L2", "L3", "THD")) or word.isdecimal() for word in others)


def test_names_of_some() -> None:
    """Some names as expected."""
    assert name_of(QUANTITIES["active_power_l1"]) == "Active power L1"
    assert name_of(QUANTITIES["line_voltage_l3_l1"]) == "Line voltage L3-L1"
    assert name_of(QUANTITIES["energy_import_t2"]) == "Energy import tariff 2"
    assert name_of(QUANTITIES["reactive_energy_q4"]) == "Reactive energy quadrant 4"
    assert name_of(QUANTITIES["voltage"]) == "Voltage"


def test_icons_only_where_no_device_class_gives_one() -> None:
    """A quantity has an icon of ours exactly if it has no device class."""
    without_class = {quantity.translation_key for quantity in QUANTITIES.values() if quantity.device_class is None}
    assert ICONS.keys() == without_class | {UNNAMED}
    assert all(entry.keys() == {"default"} and entry["default"].startswith("mdi:") for entry in ICONS.values())
