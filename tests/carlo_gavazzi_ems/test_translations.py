"""Every text that can be shown exists, is not empty, and gets its placeholders."""

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
from custom_components.carlo_gavazzi_ems.dialogs.doubts import MAX_DOUBTS
from custom_components.carlo_gavazzi_ems.dialogs.energy import CHOOSE, DEVICES_PER_PAGE
from custom_components.carlo_gavazzi_ems.dialogs.findings import UNKNOWN
from custom_components.carlo_gavazzi_ems.dialogs.findings_texts import Group
from custom_components.carlo_gavazzi_ems.dialogs.older_history import START, WISH
from custom_components.carlo_gavazzi_ems.dialogs.options import POLLING
from custom_components.carlo_gavazzi_ems.dialogs.trust import CHANGED, FIRST, KEY_UNKNOWN, RENEWED, UNSIGNED
from custom_components.carlo_gavazzi_ems.history.arithmetic.plan import Refusal
from custom_components.carlo_gavazzi_ems.services import (
    GET_HISTORY,
    IMPORT_HISTORY,
    READ_METERS,
    REPAIR_HISTORY,
    SERVICE_GET_HISTORY,
    SERVICE_IMPORT_HISTORY,
    SERVICE_READ_METERS,
    SERVICE_REPAIR_HISTORY,
)
from custom_components.carlo_gavazzi_ems.signals.quantities import QUANTITIES

from .test_walls import INTEGRATION

TRANSLATIONS: dict[str, Any] = json.loads((INTEGRATION / "translations" / "en.json").read_text(encoding="utf-8"))
CODES_PLACEHOLDERS = {"page", "pages", *(f"code_{n}" for n in range(1, CODES_PER_PAGE + 1))}
DOUBTS = {f"doubt_{n}" for n in range(1, MAX_DOUBTS + 1)}
CERTIFICATE_PLACEHOLDERS = {"host", "subject", "not_before", "not_after", "fingerprint", "old_fingerprint"}
REPLACEMENT_PLACEHOLDERS = {"gateway", "host", "other", "kept", "gone", "new", "signals", "all_signals"}
#: The placeholders of each part of the dialogs.
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
    **{f"{flow}.step.findings": {"recognised", "kinds", "found"} for flow in ("config", "options")},
    "config.step.doubts": DOUBTS,
    "selector.findings.options.and_more": {"load", "more"},
    "options.step.codes": CODES_PLACEHOLDERS,
    "options.step.corrected": {"codes"},
    "options.error.unreadable_table": {"problems"},
    "options.step.import_history": {"result"},
    "options.step.filling": {"how_far"},
    "options.abort.filling_in": {"how_far"},
    "common": {"date", "days", "time", "meters"},
    "options.step.energy_upstream": {"page", "pages", *(f"device_{n}" for n in range(1, DEVICES_PER_PAGE + 1))},
    "options.step.energy_review": {"added", "left_out"},
    "options.step.energy_done": {"sources", "devices"},
    "options.step.init": {"codes", "recognised", "how_far"},
}


def texts(node: Any = TRANSLATIONS, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text with its path."""
    if isinstance(node, str):
        yield path, node
        return
    for key, value in node.items():
        yield from texts(value, f"{path}.{key}" if path else key)


def test_r15_every_error_has_a_sentence_in_a_dialog_and_in_the_log() -> None:
    """Every error of the client has a text for forms and one for exceptions, and there are no other texts."""
    keys = {key for _, key in ERROR_KEYS}
    forms = {
        "address_with_path",
        "invalid_host",
        "lists_unreadable",
        "missing_password",
        "no_signals",
        "plain_http",
        "unknown",
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
    # Of the reasons for waiting hours, only this one stops an import; the other permanent ones have a repair.
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
    """Side by side, in the dialogs and in the repair, except for the first certificate."""
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
    """All failures in a dialog have different texts."""
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
    """Specific errors have specific texts."""
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
    for step, schema in (
        ("polling", POLLING),
        ("table", TABLE),
        ("import_history", START),
        ("older_history", WISH),
        ("energy_review", CHOOSE.extend(WISH.schema)),
    ):
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
    """The integration has icons exactly for entities without one of Home Assistant's."""
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
    # Other sensors and the connections have a device class; a button and a signal without a meaning have none.
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
        SERVICE_READ_METERS: READ_METERS,
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


def test_r27_the_pages_of_values_have_their_words() -> None:
    """Fields, groups and the answer "I do not know"; set-up and options differ only in what was looked at."""
    options, config, selector = TRANSLATIONS["options"], TRANSLATIONS["config"], TRANSLATIONS["selector"]
    assert set(options["step"]["codes"]["data"]) == CODES_PLACEHOLDERS - {"page", "pages"}
    assert set(config["step"]["doubts"]["data"]) == DOUBTS
    assert set(selector["findings"]["options"]) == {*Group, "and_more", "rising", "phases_assumed"}
    assert set(selector["doubt"]["options"]) == {UNKNOWN}
    assert options["step"]["findings"]["submit"] == config["step"]["findings"]["submit"]
    assert {"identify": options["progress"]["identify"]} == config["progress"]


def test_r27_who_sets_up_a_gateway_reads_nothing_of_codes() -> None:
    """Only the options, where codes are named one by one, use the word."""
    steps = TRANSLATIONS["config"]["step"]
    read = [text for step in ("findings", "doubts") for _, text in texts(steps[step])]
    read += [text for _, text in texts(TRANSLATIONS["config"]["progress"])]
    assert not [text for text in read if re.search(r"\bcode|signal", text, re.IGNORECASE)]


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
