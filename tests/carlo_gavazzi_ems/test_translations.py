"""Every text that can be shown exists, says something, and gets what it asks for."""

from collections.abc import Iterator
import json
from pathlib import Path
import re
from typing import Any

from homeassistant.components import sensor
from homeassistant.helpers.selector import selector
import pytest
import yaml

from custom_components.carlo_gavazzi_ems import api
from custom_components.carlo_gavazzi_ems.access.account import ERROR_KEYS, error_key
from custom_components.carlo_gavazzi_ems.dialogs.code_table import TABLE
from custom_components.carlo_gavazzi_ems.dialogs.codes import CODES_PER_PAGE
from custom_components.carlo_gavazzi_ems.dialogs.connection import FORMS
from custom_components.carlo_gavazzi_ems.dialogs.energy import DEVICES_PER_PAGE
from custom_components.carlo_gavazzi_ems.dialogs.import_history import IMPORT
from custom_components.carlo_gavazzi_ems.dialogs.options import POLLING
from custom_components.carlo_gavazzi_ems.dialogs.trust import CHANGED, FIRST, KEY_UNKNOWN, RENEWED, UNSIGNED
from custom_components.carlo_gavazzi_ems.history.arithmetic.plan import Refusal
from custom_components.carlo_gavazzi_ems.services import (
    GET_HISTORY,
    IMPORT_HISTORY,
    REPAIR_HISTORY,
    SERVICE_GET_HISTORY,
    SERVICE_IMPORT_HISTORY,
    SERVICE_REPAIR_HISTORY,
)
from custom_components.carlo_gavazzi_ems.signals.quantities import QUANTITIES

from .test_walls import INTEGRATION

TRANSLATIONS: dict[str, Any] = json.loads((INTEGRATION / "translations" / "en.json").read_text(encoding="utf-8"))
#: The dialogs that name codes.
CODES_FLOWS = ("config", "options")
CODES_PLACEHOLDERS = {"page", "pages", *(f"code_{n}" for n in range(1, CODES_PER_PAGE + 1))}
CERTIFICATE_PLACEHOLDERS = {"host", "subject", "not_before", "not_after", "fingerprint", "old_fingerprint"}
REPLACEMENT_PLACEHOLDERS = {"gateway", "host", "other", "kept", "gone", "new", "signals", "all_signals"}
#: What each part of the dialogs is given to fill in.
PLACEHOLDERS = {
    "config.step.certificate": CERTIFICATE_PLACEHOLDERS,
    "config.step.reauth_confirm": {"gateway"},
    "config.step.reconfigure": {"gateway"},
    "config.step.other_gateway": REPLACEMENT_PLACEHOLDERS,
    "config.abort.no_gateway": {"host"},
    "config.abort.not_verified": {"gateway", "host"},
    "config.abort.other_gateway": {"gateway", "host"},
    "exceptions.no_signal": {"entity"},
    "exceptions.no_statistics": {"entity"},
    "exceptions.history": {"value"},
    "exceptions": {"gateway"},
    "issues.certificate_changed.title": {"gateway"},
    "issues.certificate_changed.fix_flow.step": {"gateway"} | CERTIFICATE_PLACEHOLDERS,
    "issues.certificate_changed.fix_flow.abort": {"gateway", "host"},
    "issues.other_gateway.title": {"gateway"},
    "issues.other_gateway.fix_flow.step": REPLACEMENT_PLACEHOLDERS,
    "issues.other_gateway.fix_flow.abort": {"gateway", "host"},
    "issues.load_missing": {"gateway", "load"},
    "issues.counter_jumped": {"gateway", "load", "amount"},
    "issues.history_waits": {"gateway", "loads"},
    "issues.account_shared": {"gateway"},
    "issues.clock_ahead": {"gateway", "minutes"},
    "issues.clock_behind": {"gateway", "minutes"},
    "device": {"uid"},
    **{f"{flow}.step.codes": CODES_PLACEHOLDERS for flow in CODES_FLOWS},
    **{f"{flow}.step.corrected": {"codes"} for flow in CODES_FLOWS},
    "options.error.unreadable_table": {"problems"},
    **{
        f"options.{page}": {"sensors", "hours", "imported", "refused", "waiting"}
        for page in ("step.import_confirm", "step.import_done", "abort.nothing_to_import")
    },
    **{f"options.progress.{page}": {"done", "left", "total"} for page in ("import_preview", "import_run")},
    "options.abort.import_failed": {"problem"},
    "options.step.energy_upstream": {"page", "pages", *(f"device_{n}" for n in range(1, DEVICES_PER_PAGE + 1))},
    "options.step.energy_review": {"grid", "solar", "battery", "gas", "water", "devices"},
    "options.step.energy_done": {"sources", "devices"},
    "options.step.init": {"codes", "recognised"},
}


def texts(node: Any = TRANSLATIONS, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text with its path."""
    if isinstance(node, str):
        yield path, node
        return
    for key, value in node.items():
        yield from texts(value, f"{path}.{key}" if path else key)


def test_r15_every_error_has_a_sentence_in_a_dialog_and_in_the_log() -> None:
    """What the client raises is told in a form and as an exception; nothing is left over."""
    keys = {key for _, key in ERROR_KEYS}
    forms = {
        "address_with_path",
        "invalid_host",
        "lists_unreadable",
        "missing_password",
        "no_signals",
        "plain_http",
        "unknown",
        "unknown_meaning",
    }
    assert set(TRANSLATIONS["config"]["error"]) == keys | forms
    actions = {
        "import_stopped",
        "no_recorder",
        "no_signal",
        "no_statistics",
        "not_started",
        "recorder_failed",
        "span_empty",
    }
    # Of the reasons for which hours wait, only this one stops an import; each other one that stays has a repair.
    assert set(TRANSLATIONS["exceptions"]) == keys | actions | {"other_gateway", Refusal.UNKNOWN_STATE}
    waits = {
        f"history_waits_{reason.removeprefix('history_')}" for reason in Refusal if reason != Refusal.NO_HISTORY_YET
    }
    assert waits == {key for key in TRANSLATIONS["issues"] if key.startswith("history_waits")}
    handshake = (api.EmsTimeoutError, api.TlsError, api.HostNotFoundError, api.RefusedError, api.EmsConnectionError)
    aborts = TRANSLATIONS["issues"]["certificate_changed"]["fix_flow"]["abort"]
    assert set(aborts) == {error_key(kind("")) for kind in handshake} | {"not_found"}
    replacing = TRANSLATIONS["issues"]["other_gateway"]["fix_flow"]
    assert set(replacing["abort"]) == keys | {"not_found", "already_configured", "other_gateway"}
    assert replacing["step"]["other_gateway"] == TRANSLATIONS["config"]["step"]["other_gateway"]
    naming = (keys - {"unsupported_version"}) | {"not_loaded"}
    assert set(TRANSLATIONS["options"]["abort"]) > naming


def test_r13_every_changed_certificate_shows_both_fingerprints_and_how_to_compare_them() -> None:
    """Side by side, in the dialogs and in the repair; only the first certificate has nothing to stand beside."""
    steps = TRANSLATIONS["config"]["step"]
    fixes = TRANSLATIONS["issues"]["certificate_changed"]["fix_flow"]["step"]
    kinds = {RENEWED, CHANGED, KEY_UNKNOWN, UNSIGNED}
    assert {step for step in steps if step.startswith(FIRST)} == kinds | {FIRST}
    assert set(fixes) == kinds
    for page in [*(steps[kind] for kind in kinds), *fixes.values()]:
        assert re.search(r"`\{old_fingerprint\}`\n[^\n]*`\{fingerprint\}`", page["description"])
        assert "`https://{host}` in a browser" in page["description"]
    assert "`https://{host}` in a browser" in steps[FIRST]["description"]
    assert "{old_fingerprint}" not in steps[FIRST]["description"]
    assert len({page["description"] for page in fixes.values()}) == len(kinds)


def test_r15_each_failure_has_words_of_its_own() -> None:
    """What can go wrong in a dialog is told apart; nothing is told in the words of something else."""
    config = TRANSLATIONS["config"]
    named = {
        "DNS failure": config["error"]["host_not_found"],
        "refused": config["error"]["refused"],
        "timeout": config["error"]["timeout"],
        "TLS failure": config["error"]["tls_failed"],
        "certificate changed": config["error"]["certificate_changed"],
        "not an EMS": config["error"]["not_an_ems"],
        "unsupported API version": config["error"]["unsupported_version"],
        "wrong user or password": config["error"]["invalid_auth"],
        "locked": config["error"]["locked"],
        "no rights": config["error"]["no_rights"],
        "no signals": config["error"]["no_signals"],
        "already configured": config["abort"]["already_configured"],
        "other gateway": config["abort"]["other_gateway"],
        "a bug": config["error"]["unknown"],
    }
    assert len(set(named.values())) == len(named)
    everything = [*config["error"].values(), *config["abort"].values()]
    assert len(set(everything)) == len(everything)


def test_r19_every_repair_and_reauth_names_its_gateway() -> None:
    """With two gateways it is clear which one is meant, in the list of repairs and in each first page."""
    for key, issue in TRANSLATIONS["issues"].items():
        assert "{gateway}" in issue["title"], key
        assert "{gateway}" in str(issue.get("fix_flow", {}).get("step", {}).get("confirm", issue)), key
    assert "{gateway}" in TRANSLATIONS["config"]["step"]["reauth_confirm"]["description"]
    assert "{gateway}" in TRANSLATIONS["config"]["step"]["reconfigure"]["description"]


@pytest.mark.parametrize("name", [name for name in api.__all__ if name.endswith("Error")])
def test_r15_every_error_of_the_client_has_a_key(name: str) -> None:
    """The narrow errors have narrow texts."""
    kind: type[api.EmsError] = getattr(api, name)
    matching = [key for known, key in ERROR_KEYS if issubclass(kind, known)]
    assert matching
    exact = [key for known, key in ERROR_KEYS if known is kind]
    assert not exact or matching[0] == exact[0]


def test_r24_every_field_has_a_name_and_an_explanation() -> None:
    """Forms and texts name the same fields."""
    steps = TRANSLATIONS["config"]["step"]
    for step, schema in FORMS.items():
        fields = {str(marker) for marker in schema.schema}
        assert set(steps[step]["data"]) == set(steps[step]["data_description"]) == fields
    for step, schema in (("polling", POLLING), ("table", TABLE), ("import_history", IMPORT)):
        page = TRANSLATIONS["options"]["step"][step]
        assert set(page["data"]) == set(page["data_description"]) == {str(marker) for marker in schema.schema}


def test_r24_no_field_of_any_dialog_lacks_its_explanation() -> None:
    """Set-up, options and repairs, in the order of the fields."""
    flows = [TRANSLATIONS["config"], TRANSLATIONS["options"]]
    flows += [issue["fix_flow"] for issue in TRANSLATIONS["issues"].values() if "fix_flow" in issue]
    forms = [step for flow in flows for step in flow.get("step", {}).values() if "data" in step]
    assert forms
    for step in forms:
        assert list(step["data"]) == list(step.get("data_description", {})), step["title"]


def test_r24_every_entity_has_an_icon() -> None:
    """Where Home Assistant has none for what it measures, the integration brings one; it never paints over one."""
    of_classes = json.loads((Path(sensor.__file__).parent / "icons.json").read_text(encoding="utf-8"))[
        "entity_component"
    ]
    ours = json.loads((INTEGRATION / "icons.json").read_text(encoding="utf-8"))["entity"]
    assert set(ours) <= set(TRANSLATIONS["entity"])
    assert not {
        quantity.translation_key
        for quantity in QUANTITIES.values()
        if (quantity.device_class in of_classes) == (quantity.translation_key in ours["sensor"])
    }
    # The other sensors and the connections have a class; a button and a bare signal have none.
    assert set(ours["button"]) == set(TRANSLATIONS["entity"]["button"])
    assert "signal" in ours["sensor"]


def test_r24_every_action_has_a_name_an_explanation_and_a_form() -> None:
    """Actions, their fields, texts, icons and forms name the same things."""
    forms = yaml.safe_load((INTEGRATION / "services.yaml").read_text(encoding="utf-8"))
    icons = json.loads((INTEGRATION / "icons.json").read_text(encoding="utf-8"))["services"]
    schemas = {
        SERVICE_GET_HISTORY: GET_HISTORY,
        SERVICE_IMPORT_HISTORY: IMPORT_HISTORY,
        SERVICE_REPAIR_HISTORY: REPAIR_HISTORY,
    }
    assert set(forms) == set(icons) == set(schemas) == set(TRANSLATIONS["services"])
    for service, schema in schemas.items():
        texts_of = TRANSLATIONS["services"][service]
        assert set(texts_of) == {"name", "description", "fields"}
        fields = {str(marker): marker for marker in schema.schema}
        assert set(texts_of["fields"]) == set(forms[service]["fields"]) == set(fields)
        for field in forms[service]["fields"].values():
            selector(field["selector"])
        required = {name for name, field in forms[service]["fields"].items() if field.get("required")}
        assert required == {name for name, marker in fields.items() if type(marker).__name__ == "Required"}


def test_the_codes_are_asked_in_the_same_words_everywhere() -> None:
    """The dialog is one, so its words are the same at set-up and in the options."""
    for step in ("codes", "corrected"):
        assert TRANSLATIONS["options"]["step"][step] == TRANSLATIONS["config"]["step"][step]
    assert set(TRANSLATIONS["options"]["step"]["codes"]["data"]) == CODES_PLACEHOLDERS - {"page", "pages"}
    assert {"identify": TRANSLATIONS["options"]["progress"]["identify"]} == TRANSLATIONS["config"]["progress"]


@pytest.mark.parametrize(("path", "text"), list(texts()))
def test_r15_every_text_says_something_in_plain_words(path: str, text: str) -> None:
    """No empty text, no HTML, no stray blanks, no placeholder that nobody fills in."""
    assert text.strip() == text != ""
    assert not re.search(r"</?[a-z][^>]*>", text, re.IGNORECASE)
    assert "  " not in text
    if path.startswith("entity."):
        return
    known = next((names for prefix, names in PLACEHOLDERS.items() if path.startswith(prefix)), set[str]())
    assert set(re.findall(r"\{(\w+)\}", text)) <= known
