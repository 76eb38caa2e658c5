"""R16: how the discovery of a device on the network ends, over real HTTPS."""

import json
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import (
    ConfigEntryDisabler,
    ConfigEntryState,
)
from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
from homeassistant.helpers.aiohttp_client import DATA_RESOLVER
from homeassistant.loader import async_get_dhcp
import pytest

from custom_components.carlo_gavazzi_ems.const import CONF_FINGERPRINT, DOMAIN
from custom_components.carlo_gavazzi_ems.dialogs.trust import KEY_UNKNOWN, readable_fingerprint
from custom_components.carlo_gavazzi_ems.issues import async_certificate_changed, certificate_issue_id
from simulator import Gateway, Identity, RefuseLogins
from tests.carlo_gavazzi_ems.conftest import PASSWORD, USERNAME, SetUp
from tests.carlo_gavazzi_ems.repair_pages import opened
from tests.carlo_gavazzi_ems.resident import LOGIN, poll
from tests.carlo_gavazzi_ems.test_walls import INTEGRATION

from .announcing import ELSEWHERE, announce, move, outcome

pytestmark = pytest.mark.usefixtures("enable_custom_integrations", "forgiving_loop", "quick_discovery")


async def test_r16_both_address_ranges_of_the_maker_are_looked_for(hass: HomeAssistant) -> None:
    """Home Assistant is told the maker's two OUIs, and to look for what is set up already."""
    manifest = json.loads((INTEGRATION / "manifest.json").read_text(encoding="utf-8"))
    assert {"macaddress": "0019EE*"} in manifest["dhcp"]
    assert {"macaddress": "6849B2*"} in manifest["dhcp"]
    matchers = [matcher for matcher in await async_get_dhcp(hass) if matcher["domain"] == DOMAIN]
    assert {"domain": DOMAIN, "registered_devices": True} in matchers
    assert len(matchers) == 3


async def test_r16_a_gateway_that_has_moved_is_followed(
    hass: HomeAssistant,
    entity_registry: er.EntityRegistry,
    device_registry: dr.DeviceRegistry,
    gateway: Gateway,
    set_up: SetUp,
) -> None:
    """Its new address is taken over, certificate, credentials, entities and devices stay; nobody is asked."""
    entry = await set_up(gateway)
    entities = er.async_entries_for_config_entry(entity_registry, entry.entry_id)
    devices = {item.id for item in dr.async_entries_for_config_entry(device_registry, entry.entry_id)}
    before = dict(entry.data)
    move(hass, entry)
    gateway.requests.clear()
    assert outcome(await announce(hass, gateway.identity.mac)) == "already_configured"
    assert dict(entry.data) == before
    assert entry.state is ConfigEntryState.LOADED
    assert [request.path for request in gateway.requests[:2]] == [LOGIN, "/v1/serial-number"]
    assert er.async_entries_for_config_entry(entity_registry, entry.entry_id) == entities
    assert {item.id for item in dr.async_entries_for_config_entry(device_registry, entry.entry_id)} == devices
    assert not hass.config_entries.flow.async_progress()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_r16_a_gateway_that_is_where_it_was_is_left_alone(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, host: str
) -> None:
    """Not a byte is sent; a host name that leads there stays."""
    entry = await set_up(gateway)
    move(hass, entry, host)
    gateway.requests.clear()
    assert outcome(await announce(hass, gateway.identity.mac)) == "already_configured"
    assert gateway.requests == []
    assert entry.data[CONF_HOST] == host


async def test_r16_a_gateway_that_a_person_disabled_is_left_alone(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp
) -> None:
    """Not a byte is sent."""
    entry = await set_up(gateway)
    await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    move(hass, entry)
    gateway.requests.clear()
    assert outcome(await announce(hass, gateway.identity.mac)) == "already_configured"
    assert gateway.requests == []
    assert entry.data[CONF_HOST] == ELSEWHERE


async def test_r16_a_host_name_that_leads_nowhere_is_replaced(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The router no longer resolves the name; the announced address works."""
    entry = await set_up(gateway)
    move(hass, entry, "ems.invalid")

    async def nowhere(*_: object, **__: object) -> list[Any]:
        raise OSError(-2, "Name or service not known")

    resolver = hass.data[DATA_RESOLVER]
    resolve = resolver.resolve

    async def known(host: str, *arguments: Any, **options: Any) -> list[Any]:
        return await (nowhere() if host == "ems.invalid" else resolve(host, *arguments, **options))

    with monkeypatch.context() as patched:
        patched.setattr(hass.loop, "getaddrinfo", nowhere)
        patched.setattr(resolver, "resolve", known)
        assert outcome(await announce(hass, gateway.identity.mac)) == "already_configured"
    assert entry.data[CONF_HOST] == "127.0.0.1"


async def test_r16_r13_nothing_is_sent_to_a_box_with_another_certificate(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp
) -> None:
    """A device with a copied MAC address gets neither password nor token, and the entry does not change."""
    entry = await set_up(gateway)
    move(hass, entry)
    before = dict(entry.data)
    await gateway.stop()
    async with Gateway(
        gateway.site, username=USERNAME, password=PASSWORD, identity=gateway.identity, port=gateway.port
    ) as impostor:
        assert outcome(await announce(hass, gateway.identity.mac)) == "not_verified"
        assert impostor.requests == []
    assert dict(entry.data) == before


async def test_r16_another_gateway_at_the_address_changes_nothing(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp
) -> None:
    """The same certificate, as a maker may put into all of them, but another serial number."""
    entry = await set_up(gateway)
    mac = gateway.identity.mac
    move(hass, entry)
    before = dict(entry.data)
    gateway.identity = Identity(serial_number="BX10000042", mac=mac)
    result = await announce(hass, mac)
    assert outcome(result) == "other_gateway"
    assert result["description_placeholders"] == {"gateway": entry.title, "host": "127.0.0.1"}
    assert dict(entry.data) == before


async def test_r16_r08_refused_credentials_are_not_tried_at_a_new_address(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, freezer: FrozenDateTimeFactory
) -> None:
    """A discovery does not send a refused password again, nor log in before the time to wait is over."""
    entry = await set_up(gateway)
    gateway.reboot()
    fault = gateway.faults.add(RefuseLogins())
    await poll(hass, freezer, times=2)
    gateway.faults.remove(fault)
    move(hass, entry)
    gateway.requests.clear()
    assert outcome(await announce(hass, gateway.identity.mac)) == "not_verified"
    assert gateway.requests == []
    assert entry.data[CONF_HOST] == ELSEWHERE


async def test_r13_a_gateway_that_moved_with_a_new_certificate_gets_a_repair(
    hass: HomeAssistant, issue_registry: ir.IssueRegistry, gateway: Gateway, set_up: SetUp
) -> None:
    """Nothing is sent; the repair shows the new certificate at the new address, and takes over both on consent."""
    entry = await set_up(gateway)
    old = entry.data[CONF_FINGERPRINT]
    move(hass, entry)
    await gateway.stop()
    await gateway.rotate_certificate()
    await gateway.start()
    gateway.requests.clear()
    assert outcome(await announce(hass, gateway.identity.mac)) == "not_verified"
    async_certificate_changed(hass, entry)
    issue = issue_registry.async_get_issue(DOMAIN, certificate_issue_id(entry))
    assert issue is not None
    flow, page = await opened(hass, issue.issue_id, issue.data)
    assert page["step_id"] == KEY_UNKNOWN
    placeholders = page["description_placeholders"]
    assert placeholders is not None
    assert placeholders["old_fingerprint"] == readable_fingerprint(old)
    assert placeholders["fingerprint"] == readable_fingerprint(gateway.fingerprint)
    assert placeholders["host"] == f"127.0.0.1:{gateway.port}"
    assert gateway.requests == []
    await flow.async_step_certificate_key_unknown({})
    await hass.async_block_till_done()
    assert (entry.data[CONF_HOST], entry.data[CONF_FINGERPRINT]) == ("127.0.0.1", gateway.fingerprint)
    assert entry.state is ConfigEntryState.LOADED
