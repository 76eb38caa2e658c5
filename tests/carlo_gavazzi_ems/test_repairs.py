"""A changed certificate: nothing is sent until it is trusted with one click."""

from typing import Any

from aiohttp.test_utils import TestClient
from cryptography.hazmat.primitives.asymmetric import ec
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.carlo_gavazzi_ems.api import fetch_certificate
from custom_components.carlo_gavazzi_ems.const import CONF_FINGERPRINT, CONF_PUBLIC_KEY, DOMAIN
from custom_components.carlo_gavazzi_ems.dialogs.trust import CHANGED, KEY_UNKNOWN, RENEWED, readable_fingerprint
from custom_components.carlo_gavazzi_ems.issues import async_certificate_changed
from simulator import CertificateSpec, Gateway

from .conftest import SetUp
from .repair_pages import opened, press


@pytest.fixture
async def client(hass: HomeAssistant, hass_client: ClientSessionGenerator) -> TestClient[Any, Any]:
    """An HTTP client like a person's browser."""
    await async_setup_component(hass, "repairs", {})
    return await hass_client()


def certificate_issues(registry: ir.IssueRegistry) -> list[ir.IssueEntry]:
    """Return the issues about a certificate."""
    return [issue for issue in registry.issues.values() if issue.translation_key == "certificate_changed"]


async def new_certificate(gateway: Gateway, spec: CertificateSpec | None = None) -> None:
    """Give the gateway another certificate, as a firmware update does."""
    await gateway.stop()
    await gateway.rotate_certificate(spec)
    await gateway.start()
    gateway.requests.clear()


async def changed(
    gateway: Gateway, entry: MockConfigEntry, registry: ir.IssueRegistry, spec: CertificateSpec | None = None
) -> ir.IssueEntry:
    """Give the gateway another certificate; return the issue about it."""
    await new_certificate(gateway, spec)
    await entry.runtime_data.realtime.async_refresh()
    (issue,) = certificate_issues(registry)
    return issue


async def test_r13_a_changed_certificate_is_settled_in_one_click(
    hass: HomeAssistant,
    client: TestClient[Any, Any],
    entity_registry: er.EntityRegistry,
    issue_registry: ir.IssueRegistry,
    gateway: Gateway,
    set_up: SetUp,
) -> None:
    """Nothing is sent, a repair shows both fingerprints, one click later everything is as before."""
    entry = await set_up(gateway)
    before = er.async_entries_for_config_entry(entity_registry, entry.entry_id)
    old = gateway.fingerprint
    await new_certificate(gateway)
    for coordinator in (entry.runtime_data.realtime, entry.runtime_data.topology, entry.runtime_data.realtime):
        await coordinator.async_refresh()
    assert gateway.requests == []
    assert {state.state for state in hass.states.async_all("sensor")} == {STATE_UNAVAILABLE}
    (issue,) = certificate_issues(issue_registry)
    assert (issue.domain, issue.is_fixable, issue.severity) == (DOMAIN, True, ir.IssueSeverity.ERROR)
    assert issue.translation_placeholders == {"gateway": entry.title}

    form = await press(client, handler=DOMAIN, issue_id=issue.issue_id)
    # An entry of the first releases, which did not store the key.
    assert form["step_id"] == KEY_UNKNOWN
    assert form["description_placeholders"]["old_fingerprint"] == readable_fingerprint(old)
    assert form["description_placeholders"]["fingerprint"] == readable_fingerprint(gateway.fingerprint)
    assert form["description_placeholders"]["gateway"] == entry.title
    assert gateway.requests == []
    done = await press(client, f"/{form['flow_id']}")
    assert done["type"] == "create_entry"
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data[CONF_FINGERPRINT] == gateway.fingerprint
    assert before == er.async_entries_for_config_entry(entity_registry, entry.entry_id)
    assert STATE_UNAVAILABLE not in {state.state for state in hass.states.async_all("sensor")}
    assert not certificate_issues(issue_registry)


async def test_r13_at_start_a_changed_certificate_gets_nothing(
    hass: HomeAssistant, issue_registry: ir.IssueRegistry, gateway: Gateway, set_up: SetUp
) -> None:
    """Also at a start of Home Assistant nothing is sent, and the repair is there."""
    await set_up(gateway, data={CONF_FINGERPRINT: "00" * 32}, expect=ConfigEntryState.SETUP_RETRY)
    assert gateway.requests == []
    assert len(certificate_issues(issue_registry)) == 1


async def test_r13_a_certificate_that_no_authority_vouches_for_any_more(
    hass: HomeAssistant, issue_registry: ir.IssueRegistry, gateway: Gateway, set_up: SetUp
) -> None:
    """An entry without a pin relied on an authority; the same repair offers to pin instead."""
    await set_up(gateway, data={CONF_FINGERPRINT: None}, expect=ConfigEntryState.SETUP_RETRY)
    assert gateway.requests == []
    assert len(certificate_issues(issue_registry)) == 1


async def test_r13_the_old_certificate_comes_back(
    hass: HomeAssistant, issue_registry: ir.IssueRegistry, gateway: Gateway, set_up: SetUp
) -> None:
    """Another device had the address for a while: the repair is deleted."""
    entry = await set_up(gateway)
    async with Gateway(gateway.site, username=gateway.username, password=gateway.password) as other:
        port = gateway.port
        await gateway.stop()
        await other.stop()
        other.port = port
        await other.start()
        await entry.runtime_data.realtime.async_refresh()
        assert len(certificate_issues(issue_registry)) == 1
        assert other.requests == []
    await gateway.start()
    await entry.runtime_data.realtime.async_refresh()
    assert not certificate_issues(issue_registry)
    assert entry.runtime_data.realtime.last_update_success


async def test_r13_the_gateway_is_away_when_the_repair_is_opened(
    hass: HomeAssistant,
    client: TestClient[Any, Any],
    issue_registry: ir.IssueRegistry,
    gateway: Gateway,
    set_up: SetUp,
) -> None:
    """The dialog says so, and can be opened again."""
    entry = await set_up(gateway)
    issue = await changed(gateway, entry, issue_registry)
    await gateway.stop()
    result = await press(client, handler=DOMAIN, issue_id=issue.issue_id)
    assert (result["type"], result["reason"]) == ("abort", "refused")
    await gateway.start()
    assert (await press(client, handler=DOMAIN, issue_id=issue.issue_id))["step_id"] == KEY_UNKNOWN


@pytest.mark.parametrize("name", ["certificate_changed", "other_gateway", "load_missing", "of_a_later_version"])
async def test_a_repair_without_its_entry(hass: HomeAssistant, name: str) -> None:
    """An issue whose entry is gone has a dialog that says so."""
    known: list[dict[str, str | int | float | None] | None] = [
        {"entry_id": "x"},
        {"entry_id": "x", "load": 1},
        {},
        None,
    ]
    for data in known:
        _, result = await opened(hass, f"{name}_x", data)
        assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "not_found")


@pytest.mark.parametrize("issue_id", ["of_a_later_version", "load_missing", "certificate"])
async def test_an_issue_that_this_version_does_not_know(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, issue_id: str
) -> None:
    """It opens no dialog about something else."""
    entry = await set_up(gateway)
    _, result = await opened(hass, f"{issue_id}_{entry.entry_id}", {"entry_id": entry.entry_id})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "not_found")


async def test_r13_a_repair_is_confirmed_after_its_entry_was_removed(
    hass: HomeAssistant,
    client: TestClient[Any, Any],
    issue_registry: ir.IssueRegistry,
    gateway: Gateway,
    set_up: SetUp,
) -> None:
    """Two windows: in one the dialog is open, in the other the integration is deleted."""
    entry = await set_up(gateway)
    issue = await changed(gateway, entry, issue_registry)
    form = await press(client, handler=DOMAIN, issue_id=issue.issue_id)
    await hass.config_entries.async_remove(entry.entry_id)
    done = await press(client, f"/{form['flow_id']}")
    assert (done["type"], done["reason"]) == ("abort", "not_found")


@pytest.mark.parametrize("step", [RENEWED, CHANGED])
async def test_r13_a_renewed_certificate_is_called_renewed(
    hass: HomeAssistant,
    client: TestClient[Any, Any],
    issue_registry: ir.IssueRegistry,
    gateway: Gateway,
    set_up: SetUp,
    step: str,
) -> None:
    """The repair says whether the key is the same; either is settled by one click, and the next change compares again."""
    key = ec.generate_private_key(ec.SECP256R1())
    await gateway.rotate_certificate(CertificateSpec(key=key))
    trusted = await fetch_certificate(async_get_clientsession(hass), gateway.host, gateway.port)
    entry = await set_up(gateway, data={CONF_PUBLIC_KEY: trusted.public_key})
    for _ in range(2):
        spec = CertificateSpec(key=key if step == RENEWED else None)
        issue = await changed(gateway, entry, issue_registry, spec)
        form = await press(client, handler=DOMAIN, issue_id=issue.issue_id)
        assert form["step_id"] == step
        assert gateway.requests == []
        assert (await press(client, f"/{form['flow_id']}"))["type"] == "create_entry"
        await hass.async_block_till_done()
        assert entry.state is ConfigEntryState.LOADED
        assert entry.data[CONF_FINGERPRINT] == gateway.fingerprint


async def test_r13_the_trusted_certificate_is_back_when_the_repair_is_opened(
    hass: HomeAssistant, issue_registry: ir.IssueRegistry, gateway: Gateway, set_up: SetUp
) -> None:
    """There is nothing to trust; the entry loads at once."""
    entry = await set_up(gateway)
    async_certificate_changed(hass, entry)
    (issue,) = certificate_issues(issue_registry)
    _, result = await opened(hass, issue.issue_id, issue.data)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "not_found")
    assert not certificate_issues(issue_registry)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
