"""R16: what becomes of a device that the network announces, over real HTTPS."""

import asyncio
from collections.abc import AsyncIterator, Mapping
import contextlib
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
import json
from typing import Any

import aiohttp
from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import (
    SOURCE_DHCP,
    SOURCE_IGNORE,
    SOURCE_USER,
    ConfigEntry,
    ConfigEntryDisabler,
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo
from homeassistant.loader import async_get_dhcp
import pytest
import pytest_socket

from custom_components.carlo_gavazzi_ems.access import discovery
from custom_components.carlo_gavazzi_ems.access.discovery import MAX_MOVES
from custom_components.carlo_gavazzi_ems.config_flow import MAX_OFFERS
from custom_components.carlo_gavazzi_ems.const import CONF_FINGERPRINT, DOMAIN
from custom_components.carlo_gavazzi_ems.dialogs.trust import KEY_UNKNOWN, readable_fingerprint
from custom_components.carlo_gavazzi_ems.issues import async_certificate_changed, certificate_issue_id
from custom_components.carlo_gavazzi_ems.repairs import async_create_fix_flow
from simulator import Gateway, Html, Identity, RefuseLogins, Status
from tests.carlo_gavazzi_ems.conftest import PASSWORD, USERNAME, SetUp
from tests.carlo_gavazzi_ems.resident import LOGIN, poll, requests
from tests.carlo_gavazzi_ems.test_repairs import opened
from tests.carlo_gavazzi_ems.test_walls import INTEGRATION

#: Where the gateway was before. Nothing listens there.
ELSEWHERE = "127.0.0.9"

pytestmark = pytest.mark.usefixtures("enable_custom_integrations", "forgiving_loop")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, gateway: Gateway) -> None:
    """Expect a gateway where the simulated one listens, at once; read minutes of history; use loopback as a network."""
    pytest_socket.socket_allow_hosts(["127.0.0.0/16"])
    monkeypatch.setattr(discovery, "DEFAULT_PORT", gateway.port)
    monkeypatch.setattr(discovery, "BOOT_DELAYS", (0.0, 0.0))
    monkeypatch.setattr("custom_components.carlo_gavazzi_ems.dialogs.observation.SPAN", timedelta(minutes=10))


async def announce(hass: HomeAssistant, mac: str, host: str = "127.0.0.1") -> ConfigFlowResult:
    """Let the network announce a device, as Home Assistant hands it on."""
    result = await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_DHCP},
        data=DhcpServiceInfo(ip=host, hostname="ems", macaddress=mac.replace(":", "").lower()),
    )
    await hass.async_block_till_done(wait_background_tasks=True)
    return result


async def submit(hass: HomeAssistant, flow: ConfigFlowResult, data: Mapping[str, Any]) -> ConfigFlowResult:
    """Fill in a form, and leave what the codes measure open."""
    result = await hass.config_entries.flow.async_configure(flow["flow_id"], dict(data))
    while result["type"] is FlowResultType.SHOW_PROGRESS:
        await hass.async_block_till_done(wait_background_tasks=True)
        result = await hass.config_entries.flow.async_configure(flow["flow_id"])
    if result["type"] is FlowResultType.FORM and result["step_id"] == "codes":
        return await submit(hass, result, {})
    await hass.async_block_till_done(wait_background_tasks=True)
    return result


def outcome(result: ConfigFlowResult) -> str | None:
    """Return why a dialog ended, None where it did not."""
    return result["reason"] if result["type"] is FlowResultType.ABORT else None


def typed(gateway: Gateway) -> dict[str, str]:
    """Return what a person types."""
    return {
        CONF_HOST: f"{gateway.host}:{gateway.port}",
        CONF_USERNAME: USERNAME,
        CONF_PASSWORD: PASSWORD,
    }


def move(hass: HomeAssistant, entry: ConfigEntry, host: str = ELSEWHERE) -> None:
    """Let the entry's address be an old one."""
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_HOST: host})


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
    """The name was forgotten by the router; the announced address is good."""
    entry = await set_up(gateway)
    move(hass, entry, "ems.invalid")

    async def nowhere(*_: object, **__: object) -> list[Any]:
        raise OSError(-2, "Name or service not known")

    connector = async_get_clientsession(hass).connector
    assert isinstance(connector, aiohttp.TCPConnector)
    resolve = connector._resolver.resolve

    async def known(host: str, *arguments: Any, **options: Any) -> list[Any]:
        return await (nowhere() if host == "ems.invalid" else resolve(host, *arguments, **options))

    with monkeypatch.context() as patched:
        patched.setattr(hass.loop, "getaddrinfo", nowhere)
        patched.setattr(connector._resolver, "resolve", known)
        assert outcome(await announce(hass, gateway.identity.mac)) == "already_configured"
    assert entry.data[CONF_HOST] == "127.0.0.1"


async def test_r16_r13_nothing_is_sent_to_a_box_with_another_certificate(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp
) -> None:
    """Whoever borrows the MAC address gets neither password nor token, and the entry stays as it is."""
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
    """A discovery is no excuse to send a password that was refused, or too early one that has to wait."""
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


async def test_r16_a_new_gateway_is_offered_with_its_address(hass: HomeAssistant, gateway: Gateway) -> None:
    """The offer shows the host, the form has it filled in; nothing secret is sent before the certificate is trusted."""
    form = await announce(hass, gateway.identity.mac)
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "user")
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["title_placeholders"] == {"name": "127.0.0.1"}
    schema = form["data_schema"]
    assert schema is not None
    shown = {str(key): (key.description or {}).get("suggested_value") for key in schema.schema}
    assert shown == {CONF_HOST: f"127.0.0.1:{gateway.port}", CONF_USERNAME: None, CONF_PASSWORD: None}
    assert [request.path for request in gateway.requests] == ["/ver"]
    page = await submit(hass, form, typed(gateway))
    assert page["step_id"] == "certificate"
    assert [request.path for request in gateway.requests] == ["/ver"]
    done = await submit(hass, page, {})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert (entry.unique_id, entry.state) == (gateway.identity.serial_number, ConfigEntryState.LOADED)
    assert (entry.data[CONF_PORT], entry.data[CONF_FINGERPRINT]) == (gateway.port, gateway.fingerprint)


async def test_r16_the_same_gateway_is_offered_once(hass: HomeAssistant, gateway: Gateway) -> None:
    """Announced again, also while the first look is still going on: one offer; at a new address it takes its place."""
    first, second = await asyncio.gather(*(announce(hass, gateway.identity.mac) for _ in range(2)))
    assert sorted(result["type"] for result in (first, second)) == [FlowResultType.ABORT, FlowResultType.FORM]
    assert outcome(await announce(hass, gateway.identity.mac)) == "already_in_progress"
    assert len(hass.config_entries.flow.async_progress()) == 1
    (flow,) = hass.config_entries.flow.async_progress()
    flow["context"]["title_placeholders"] = {"name": ELSEWHERE}
    renewed = await announce(hass, gateway.identity.mac)
    assert renewed["type"] is FlowResultType.FORM
    assert [flow["flow_id"] for flow in hass.config_entries.flow.async_progress()] == [renewed["flow_id"]]


async def test_r16_what_was_ignored_is_not_offered_again(hass: HomeAssistant, gateway: Gateway) -> None:
    """A person who does not want it is asked once."""
    form = await announce(hass, gateway.identity.mac)
    (flow,) = hass.config_entries.flow.async_progress()
    await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_IGNORE},
        data={"unique_id": flow["context"]["unique_id"], "title": "127.0.0.1"},
    )
    assert form["flow_id"] not in {flow["flow_id"] for flow in hass.config_entries.flow.async_progress()}
    gateway.requests.clear()
    assert outcome(await announce(hass, gateway.identity.mac)) == "already_configured"
    assert gateway.requests == []


async def test_r16_a_set_up_by_hand_ends_the_offer(hass: HomeAssistant, gateway: Gateway) -> None:
    """While the offer waits the person types the address: afterwards there is one entry and no offer."""
    await announce(hass, gateway.identity.mac)
    form = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    done = await submit(hass, await submit(hass, form, typed(gateway)), {})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert not hass.config_entries.flow.async_progress()
    assert outcome(await announce(hass, gateway.identity.mac)) == "already_configured"


async def test_r16_an_entry_at_the_address_that_never_loaded_is_no_new_gateway(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp
) -> None:
    """Its MAC address is not known yet, its address is."""
    gateway.faults.add(Status(code=500))
    await set_up(gateway, expect=ConfigEntryState.SETUP_RETRY)
    assert outcome(await announce(hass, gateway.identity.mac)) == "already_configured"


async def test_r16_another_product_of_the_maker_is_not_offered(hass: HomeAssistant, gateway: Gateway) -> None:
    """It has the same first bytes in its MAC address, and does not answer as a gateway does."""
    gateway.faults.add(Html())
    assert outcome(await announce(hass, gateway.identity.mac)) == "no_gateway"
    assert requests(gateway, "/ver") == 3
    assert not hass.config_entries.flow.async_progress()


async def test_r16_a_gateway_that_is_starting_is_waited_for(hass: HomeAssistant, gateway: Gateway) -> None:
    """It asks for its address before it answers requests."""
    gateway.faults.add(Status(code=503, times=2))
    assert (await announce(hass, gateway.identity.mac))["type"] is FlowResultType.FORM


async def test_r16_a_gateway_of_another_version_is_offered(hass: HomeAssistant, gateway: Gateway) -> None:
    """It is one all the same; the dialog says what is wrong."""
    gateway.identity = Identity(mac=gateway.identity.mac, api_version=2)
    form = await announce(hass, gateway.identity.mac)
    page = await submit(hass, await submit(hass, form, typed(gateway)), {})
    assert page["errors"] == {"base": "unsupported_version"}


async def test_r14_twenty_mac_addresses_at_one_address_are_one_offer(hass: HomeAssistant, gateway: Gateway) -> None:
    """Whoever makes up MAC addresses of the maker fills no page with dialogs."""
    macs = [f"00:19:ee:00:00:{number:02x}" for number in range(20)]
    results = await asyncio.gather(*(announce(hass, mac) for mac in macs))
    assert [outcome(result) for result in results].count(None) == 1
    assert len(hass.config_entries.flow.async_progress()) == 1
    assert requests(gateway, "/ver") == 1


async def test_r14_the_number_of_offers_is_limited(hass: HomeAssistant, gateway: Gateway) -> None:
    """Each made-up MAC address has an address of its own."""
    async with AsyncExitStack() as stack:
        hosts = [f"127.0.1.{number}" for number in range(1, 16)]
        for host in hosts:
            await stack.enter_async_context(relay(gateway, host))
        for number, host in enumerate(hosts):
            await announce(hass, f"00:19:ee:00:01:{number:02x}", host)
        assert len(hass.config_entries.flow.async_progress()) == MAX_OFFERS


@asynccontextmanager
async def relay(gateway: Gateway, host: str) -> AsyncIterator[None]:
    """Pass every byte on to the gateway, from another address: its certificate is the trusted one."""

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, on = await asyncio.open_connection(gateway.host, gateway.port)
        await asyncio.gather(copy(reader, on), copy(back, writer))

    server = await asyncio.start_server(serve, host, gateway.port)
    try:
        yield
    finally:
        server.close()
        server.close_clients()


async def test_r14_a_relay_is_not_followed(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """The gateway answers where it was: announced elsewhere twenty times, it costs no login and no reload."""
    entry = await set_up(gateway)
    runtime, before = entry.runtime_data, dict(entry.data)
    gateway.requests.clear()
    async with relay(gateway, "127.0.0.2"), relay(gateway, "127.0.0.3"):
        for number in range(20):
            host = f"127.0.0.{2 + number % 2}"
            assert outcome(await announce(hass, gateway.identity.mac, host)) == "already_configured"
    assert entry.runtime_data is runtime
    assert dict(entry.data) == before
    assert requests(gateway, LOGIN) == 0


async def test_r14_the_number_of_moves_is_limited(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """An address that changes all the time costs three logins an hour, and three reloads."""
    entry = await set_up(gateway)
    logins = gateway.logins
    followed = 0
    async with relay(gateway, "127.0.0.2"), relay(gateway, "127.0.0.3"):
        for number in range(6):
            move(hass, entry)
            host = f"127.0.0.{2 + number % 2}"
            await announce(hass, gateway.identity.mac, host)
            followed += entry.data[CONF_HOST] == host
        move(hass, entry, gateway.host)
        await hass.config_entries.async_unload(entry.entry_id)
    assert followed == MAX_MOVES
    # One where it is verified, one of the reload.
    assert gateway.logins - logins <= 2 * MAX_MOVES


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
    page = await opened(hass, issue.issue_id, issue.data)
    assert page["step_id"] == KEY_UNKNOWN
    placeholders = page["description_placeholders"]
    assert placeholders is not None
    assert placeholders["old_fingerprint"] == readable_fingerprint(old)
    assert placeholders["fingerprint"] == readable_fingerprint(gateway.fingerprint)
    assert placeholders["host"] == f"127.0.0.1:{gateway.port}"
    assert gateway.requests == []
    flow: Any = await async_create_fix_flow(hass, issue.issue_id, issue.data)
    flow.hass, flow.handler = hass, DOMAIN
    await flow.async_step_init()
    await flow.async_step_certificate_key_unknown({})
    await hass.async_block_till_done()
    assert (entry.data[CONF_HOST], entry.data[CONF_FINGERPRINT]) == ("127.0.0.1", gateway.fingerprint)
    assert entry.state is ConfigEntryState.LOADED
