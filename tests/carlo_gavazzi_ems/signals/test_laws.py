"""The reasons for candidates are readable sentences."""

import ast
from pathlib import Path
import re

from custom_components.carlo_gavazzi_ems.signals import identification
from custom_components.carlo_gavazzi_ems.signals.identify import LAWS
from custom_components.carlo_gavazzi_ems.signals.quantities import QUANTITIES

PACKAGE = Path(identification.__file__).parent
_KEY = re.compile(r"[a-z0-9]+(_[a-z0-9]+){2,}")
_SHORT = {"known", "looks_like"}
_NOT_LAWS = {*QUANTITIES, "line_voltage_thd"}


def keys_in(path: Path) -> set[str]:
    """Return the keys of laws in a module: strings of three words and more that are not quantities."""
    constants = {node.value for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Constant)}
    return {one for one in constants if isinstance(one, str) and _KEY.fullmatch(one)} - _NOT_LAWS


def test_every_law_has_a_sentence() -> None:
    """Each key that the laws use is in the table, and the table has no other."""
    used = {key for path in PACKAGE.rglob("*.py") if path.name != "law_texts.py" for key in keys_in(path)}
    assert len(used) > 12
    assert used | _SHORT == LAWS.keys()


def test_sentences_are_sentences() -> None:
    """They begin with a capital, end with a full stop, and none is twice."""
    assert len(set(LAWS.values())) == len(LAWS)
    for sentence in LAWS.values():
        assert re.fullmatch(r"[A-Z].{15,160}\.", sentence), sentence
