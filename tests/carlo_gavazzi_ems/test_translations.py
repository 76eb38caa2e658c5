"""Every text that can be shown exists, says something, and gets what it asks for."""

from collections.abc import Iterator
import json
import re
from typing import Any

import pytest

from custom_components.carlo_gavazzi_ems import api
from custom_components.carlo_gavazzi_ems.config_flow import _FORMS, _OPTIONS
from custom_components.carlo_gavazzi_ems.connection import _ERROR_KEYS, error_key

from .test_walls import INTEGRATION

TRANSLATIONS: dict[str, Any] = json.loads((INTEGRATION / "translations" / "en.json").read_text(encoding="utf-8"))
#: What each part of the dialogs is given to fill in.
PLACEHOLDERS = {
    "config.step.certificate": {"host", "subject", "not_before", "not_after", "fingerprint"},
    "config.step.reauth_confirm": {"gateway"},
    "config.step.reconfigure": {"gateway"},
    "config.abort.other_gateway": {"gateway", "host"},
    "exceptions": {"gateway"},
    "issues.certificate_changed.title": {"gateway"},
    "issues.certificate_changed.fix_flow.step": {
        "gateway",
        "old_fingerprint",
        "subject",
        "not_before",
        "not_after",
        "fingerprint",
    },
    "issues.certificate_changed.fix_flow.abort": {"gateway", "host"},
    "device": {"uid"},
}


def texts(node: Any = TRANSLATIONS, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text with its path."""
    if isinstance(node, str):
        yield path, node
        return
    for key, value in node.items():
        yield from texts(value, f"{path}.{key}" if path else key)


def test_every_error_has_a_sentence_in_a_dialog_and_in_the_log() -> None:
    """What the client raises is told in a form and as an exception; nothing is left over."""
    keys = {key for _, key in _ERROR_KEYS}
    forms = {"invalid_host", "plain_http", "unknown"}
    assert set(TRANSLATIONS["config"]["error"]) == keys | forms
    assert set(TRANSLATIONS["exceptions"]) == keys | {"other_gateway"}
    handshake = (api.EmsTimeoutError, api.TlsError, api.HostNotFoundError, api.RefusedError, api.EmsConnectionError)
    aborts = TRANSLATIONS["issues"]["certificate_changed"]["fix_flow"]["abort"]
    assert set(aborts) == {error_key(kind("")) for kind in handshake}


@pytest.mark.parametrize("name", [name for name in api.__all__ if name.endswith("Error")])
def test_every_error_of_the_client_has_a_key(name: str) -> None:
    """The narrow errors have narrow texts."""
    kind: type[api.EmsError] = getattr(api, name)
    matching = [key for known, key in _ERROR_KEYS if issubclass(kind, known)]
    assert matching
    exact = [key for known, key in _ERROR_KEYS if known is kind]
    assert not exact or matching[0] == exact[0]


def test_every_field_has_a_name_and_an_explanation() -> None:
    """Forms and texts name the same fields."""
    steps = TRANSLATIONS["config"]["step"]
    for step, schema in _FORMS.items():
        fields = {str(marker) for marker in schema.schema}
        assert set(steps[step]["data"]) == set(steps[step]["data_description"]) == fields
    init = TRANSLATIONS["options"]["step"]["init"]
    assert set(init["data"]) == set(init["data_description"]) == {str(marker) for marker in _OPTIONS.schema}


@pytest.mark.parametrize(("path", "text"), list(texts()))
def test_every_text_says_something_in_plain_words(path: str, text: str) -> None:
    """No empty text, no HTML, no stray blanks, no placeholder that nobody fills in."""
    assert text.strip() == text != ""
    assert not re.search(r"</?[a-z][^>]*>", text, re.IGNORECASE)
    assert "  " not in text
    if path.startswith("entity."):
        return
    known = next((names for prefix, names in PLACEHOLDERS.items() if path.startswith(prefix)), set[str]())
    assert set(re.findall(r"\{(\w+)\}", text)) <= known
