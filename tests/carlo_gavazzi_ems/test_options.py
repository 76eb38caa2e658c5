"""Keys, types and defaults of options are in one file only."""

import ast
from dataclasses import fields
from pathlib import Path

from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.carlo_gavazzi_ems import options
from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.dialogs.options import POLLING
from custom_components.carlo_gavazzi_ems.options import Options

ROOT = Path(options.__file__).parent
KEYS = {item.name for item in fields(Options)}


def read_by_key(source: str) -> list[int]:
    """Return the lines that look up an entry's options by a key."""
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Attribute(attr="options"), attr="get" | "pop")):
                found.append(node.lineno)
            case ast.Subscript(value=ast.Attribute(attr="options")):
                found.append(node.lineno)
    return found


def test_options_are_read_in_one_place() -> None:
    """No file looks one up by its key; the dialogs that write them take the keys from that place."""
    files = list(ROOT.rglob("*.py"))
    assert len(files) > 50
    assert not {path.name: lines for path in files if (lines := read_by_key(path.read_text(encoding="utf-8")))}


def test_a_look_up_by_key_would_be_seen() -> None:
    """In each of its forms."""
    assert read_by_key('a = entry.options.get("x", 1)\nb = self._entry.options["x"]\nc = Options.of(entry).x\n') == [
        1,
        2,
    ]


def test_each_key_is_a_field() -> None:
    """And what the dialog offers has the defaults of the fields."""
    assert KEYS - {"scan_interval"} == {
        value for name, value in vars(options).items() if name.startswith("CONF_") and isinstance(value, str)
    }
    assert Options.read(POLLING({})) == Options()


def test_options_of_an_entry() -> None:
    """What is not stored has its default; what another version has stored is left out."""
    entry = MockConfigEntry(domain=DOMAIN, options={"throttle": 0, "codes": {"45": "active_power/kW"}, "older": 1})
    assert Options.of(entry) == Options(throttle=0, codes={"45": "active_power/kW"})
    assert Options.of(MockConfigEntry(domain=DOMAIN)) == Options()
