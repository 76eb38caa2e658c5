"""R24: every rule of the quality scale has an answer."""

import ast
from pathlib import Path
import re
from typing import Any

import pytest
import yaml

from .test_walls import INTEGRATION, ROOT

RULES = {
    "bronze": """action-setup appropriate-polling brands common-modules config-flow config-flow-test-coverage
        dependency-transparency docs-actions docs-conditions docs-high-level-description docs-installation-instructions
        docs-removal-instructions docs-triggers entity-event-setup entity-unique-id has-entity-name runtime-data
        test-before-configure test-before-setup unique-config-entry""",
    "silver": """action-exceptions config-entry-unloading docs-configuration-parameters docs-installation-parameters
        entity-unavailable integration-owner log-when-unavailable parallel-updates reauthentication-flow
        test-coverage""",
    "gold": """devices diagnostics discovery discovery-update-info docs-data-update docs-examples docs-known-limitations
        docs-supported-devices docs-supported-functions docs-troubleshooting docs-use-cases dynamic-devices
        entity-category entity-device-class entity-disabled-by-default entity-translations exception-translations
        icon-translations reconfiguration-flow repair-issues stale-devices""",
    "platinum": "async-dependency inject-websession strict-typing",
}
ANSWERS: dict[str, Any] = yaml.safe_load((INTEGRATION / "quality_scale.yaml").read_text(encoding="utf-8"))["rules"]


def test_r24_every_rule_is_answered_in_order() -> None:
    """All 54, tier by tier, none invented."""
    rules = [rule for tier in RULES.values() for rule in tier.split()]
    assert len(rules) == 54
    assert list(ANSWERS) == rules


@pytest.mark.parametrize("rule", ANSWERS)
def test_r24_an_answer_says_where_to_look(rule: str) -> None:
    """Done or exempt, with a sentence; a file or folder that it names exists."""
    answer = ANSWERS[rule]
    assert set(answer) == {"status", "comment"}
    assert answer["status"] in {"done", "exempt"}
    assert answer["comment"].endswith(".")
    places = re.findall(r"[\w/.-]*\w/(?!\w)|[\w/-]+\.(?:py|md|json|toml|yaml)|scripts/\w+", answer["comment"])
    for place in places:
        assert any((base / place).exists() for base in (INTEGRATION, ROOT, Path(__file__).parent)), place
    assert places or answer["status"] == "exempt"


def test_r24_every_platform_says_how_many_updates_run_at_once() -> None:
    """Each platform sets `PARALLEL_UPDATES`."""
    for name in ("sensor", "binary_sensor", "button", "event"):
        assert "PARALLEL_UPDATES = 0" in (INTEGRATION / f"{name}.py").read_text(encoding="utf-8")


def test_r24_a_config_entry_has_its_own_type() -> None:
    """As Home Assistant's checker of the rule strict-typing asks: each entry is annotated with a type of its own."""
    own = re.compile(r"[A-Za-z]+ConfigEntry")
    entries = [
        (ast.unparse(node.annotation), f"{path.relative_to(INTEGRATION)}:{node.lineno}")
        for path in INTEGRATION.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.arg)
        and node.arg in {"entry", "config_entry"}
        and node.annotation is not None
        and "ConfigEntry" in ast.unparse(node.annotation)
    ]
    assert entries
    assert [(annotation, where) for annotation, where in entries if not own.fullmatch(annotation)] == []
