"""The dialogs, against a gateway over HTTPS."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import aiohttp
from homeassistant.config_entries import SOURCE_USER, ConfigEntry, ConfigEntryState, ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.aiohttp_client import async_get_clientsession
import pytest

from custom_components.carlo_gavazzi_ems.api import EmsTimeoutError, fetch_certificate
from custom_components.carlo_gavazzi_ems.const import CONF_FINGERPRINT, CONF_PUBLIC_KEY, DOMAIN
from custom_components.carlo_gavazzi_ems.dialogs.trust import CHANGED, KEY_UNKNOWN, readable_fingerprint
from simulator import (
    CertificateSpec,
    Delay,
    Drop,
    EmptyBody,
    Gateway,
    HalfBody,
    Html,
    Identity,
    Redirect,
    RefuseLogins,
    Site,
    SiteKind,
    Status,
    build_site,
)

from .conftest import PASSWORD, USERNAME, SetUp
from .texts.hostile import HOSTILE, is_plain


@pytest.fixture(autouse=True)
def short_past(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read minutes of history where a test is not about the codes."""
    monkeypatch.setattr("custom_components.carlo_gavazzi_ems.dialogs.observation.SPAN", timedelta(minutes=10))


pytestmark = pytest.mark.usefixtures("enable_custom_integrations", "forgiving_loop")


def typed(gateway: Gateway, **changes: str) -> dict[str, str]:
    """Return what a person types."""
    return {
        CONF_HOST: f"{gateway.host}:{gateway.port}",
        CONF_USERNAME: USERNAME,
        CONF_PASSWORD: PASSWORD,
    } | changes


async def start(hass: HomeAssistant) -> ConfigFlowResult:
    """Press "Add integration"."""
    return await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})


async def submit(hass: HomeAssistant, flow: ConfigFlowResult, data: Mapping[str, Any]) -> ConfigFlowResult:
    """Press "Submit", and leave the form with the codes as it is shown."""
    result = await hass.config_entries.flow.async_configure(flow["flow_id"], dict(data))
    await hass.async_block_till_done()
    while result["type"] is FlowResultType.SHOW_PROGRESS:
        await hass.async_block_till_done(wait_background_tasks=True)
        result = await hass.config_entries.flow.async_configure(flow["flow_id"])
    if result["type"] is FlowResultType.FORM and (result["step_id"] or "").startswith("codes"):
        return await submit(hass, result, suggested(result))
    await hass.async_block_till_done()
    return result


def placeholders_of(result: ConfigFlowResult) -> Mapping[str, str]:
    """Return what a page fills into its text."""
    placeholders = result["description_placeholders"]
    assert placeholders is not None
    return placeholders


def suggested(result: ConfigFlowResult) -> dict[str, Any]:
    """Return what the form shows in its fields."""
    schema = result["data_schema"]
    assert schema is not None
    return {
        str(marker): marker.description["suggested_value"]
        for marker in schema.schema
        if marker.description and "suggested_value" in marker.description
    }


async def test_from_an_address_to_an_entry(hass: HomeAssistant, gateway: Gateway) -> None:
    """Host and credentials, the certificate, done."""
    flow = await start(hass)
    assert (flow["type"], flow["step_id"], flow["errors"]) == (FlowResultType.FORM, "user", {})
    shown = await submit(hass, flow, typed(gateway))
    assert (shown["type"], shown["step_id"]) == (FlowResultType.FORM, "certificate")
    assert gateway.requests == []
    done = await submit(hass, shown, {})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert done["title"] == f"EMS {gateway.identity.serial_number[-4:]}"
    assert done["data"] == {
        CONF_HOST: gateway.host,
        CONF_PORT: gateway.port,
        CONF_FINGERPRINT: gateway.fingerprint,
        CONF_PUBLIC_KEY: (await fetch_certificate(gateway.host, gateway.port)).public_key,
        CONF_USERNAME: USERNAME,
        CONF_PASSWORD: PASSWORD,
    }
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert (entry.unique_id, entry.state) == (gateway.identity.serial_number, ConfigEntryState.LOADED)


async def test_r13_the_certificate_is_shown_before_anything_is_sent(hass: HomeAssistant, gateway: Gateway) -> None:
    """Fingerprint, subject and dates are shown once; until consent no request has reached the gateway."""
    shown = await submit(hass, await start(hass), typed(gateway))
    placeholders = shown["description_placeholders"]
    assert placeholders is not None
    assert placeholders["fingerprint"] == readable_fingerprint(gateway.fingerprint)
    assert placeholders["host"] == f"{gateway.host}:{gateway.port}"
    assert "CN=ems.local" in placeholders["subject"]
    assert placeholders["not_before"] < placeholders["not_after"]
    assert gateway.requests == []
    hass.config_entries.flow.async_abort(shown["flow_id"])
    assert gateway.requests == []


async def test_r13_a_slip_in_the_password_does_not_ask_for_the_certificate_again(
    hass: HomeAssistant, gateway: Gateway
) -> None:
    """What was confirmed stays confirmed while the dialog is open."""
    shown = await submit(hass, await start(hass), typed(gateway, password="wrong"))
    failed = await submit(hass, shown, {})
    assert (failed["step_id"], failed["errors"]) == ("user", {"base": "invalid_auth"})
    done = await submit(hass, failed, typed(gateway))
    assert done["type"] is FlowResultType.CREATE_ENTRY


async def test_r13_the_certificate_changes_while_the_dialog_is_open(hass: HomeAssistant, gateway: Gateway) -> None:
    """What was shown is what is pinned: another certificate in between is shown beside it, as a changed one."""
    shown = await submit(hass, await start(hass), typed(gateway))
    old = gateway.fingerprint
    await gateway.rotate_certificate()
    again = await submit(hass, shown, {})
    assert (again["type"], again["step_id"]) == (FlowResultType.FORM, CHANGED)
    assert placeholders_of(again)["old_fingerprint"] == readable_fingerprint(old)
    placeholders = again["description_placeholders"]
    assert placeholders is not None
    assert placeholders["fingerprint"] == readable_fingerprint(gateway.fingerprint)
    assert gateway.requests == []
    done = await submit(hass, again, {})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert done["data"][CONF_FINGERPRINT] == gateway.fingerprint


async def test_r13_markup_in_a_certificate_is_text(hass: HomeAssistant, site: Site, socket_enabled: None) -> None:
    """The gateway chose the subject; it cannot write into the dialog with it."""
    evil = CertificateSpec(common_name=HOSTILE[:60].replace("\x00", ""))
    async with Gateway(site, username=USERNAME, password=PASSWORD, certificate=evil) as gateway:
        shown = await submit(hass, await start(hass), typed(gateway))
    placeholders = shown["description_placeholders"]
    assert placeholders is not None
    assert "(click)(http: //x.example) /(img" in placeholders["subject"]
    assert is_plain(placeholders["subject"])
    hass.config_entries.flow.async_abort(shown["flow_id"])


@pytest.mark.parametrize(
    ("host", "error"),
    [
        ("", "invalid_host"),
        ("ems local", "invalid_host"),
        ("http://127.0.0.1", "plain_http"),
        ("192.168.1", "invalid_host"),
    ],
)
async def test_r15_an_address_that_is_none(hass: HomeAssistant, gateway: Gateway, host: str, error: str) -> None:
    """A clear sentence at the field, and nothing is sent."""
    result = await submit(hass, await start(hass), typed(gateway, host=host))
    assert (result["step_id"], result["errors"]) == ("user", {CONF_HOST: error})
    assert suggested(result) == {CONF_HOST: host, CONF_USERNAME: USERNAME}
    assert gateway.requests == []


async def test_a_field_that_is_missing(hass: HomeAssistant, gateway: Gateway) -> None:
    """Home Assistant itself refuses a form with a field left out."""
    flow = await start(hass)
    with pytest.raises(InvalidData):
        await submit(hass, flow, {CONF_HOST: gateway.host})


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Drop(), "cannot_connect"),
        (HalfBody(), "cannot_connect"),
        (EmptyBody(), "not_an_ems"),
        (Html(), "not_an_ems"),
        (Redirect(), "not_an_ems"),
        (Status(code=404, path="/ver"), "gateway_error"),
        (Status(code=500), "gateway_error"),
        (RefuseLogins(), "invalid_auth"),
        (RefuseLogins(code=403), "no_rights"),
        (Status(code=403, path="/v1/serial-number"), "no_rights"),
        (RefuseLogins(code=423), "locked"),
        (RefuseLogins(code=429), "locked"),
        (RefuseLogins(code=503), "locked"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value.kind}-{getattr(value, 'code', '')}",
)
async def test_r15_every_failure_has_its_sentence(
    hass: HomeAssistant, gateway: Gateway, fault: Drop, error: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What went wrong is told, what was typed stays but for the password, and the second try works."""
    gateway.faults.add(fault)
    failed = await submit(hass, await submit(hass, await start(hass), typed(gateway)), {})
    assert (failed["type"], failed["step_id"]) == (FlowResultType.FORM, "user")
    assert failed["errors"] == {"base": error}
    assert suggested(failed) == {CONF_HOST: f"{gateway.host}:{gateway.port}", CONF_USERNAME: USERNAME}
    assert hass.config_entries.async_entries(DOMAIN) == []
    assert PASSWORD not in caplog.text
    gateway.faults.clear()
    assert (await submit(hass, failed, typed(gateway)))["type"] is FlowResultType.CREATE_ENTRY


async def test_r15_nobody_listens(hass: HomeAssistant, gateway: Gateway, unused_tcp_port: int) -> None:
    """A port where nothing listens."""
    result = await submit(hass, await start(hass), typed(gateway, host=f"127.0.0.1:{unused_tcp_port}"))
    assert result["errors"] == {"base": "refused"}


async def test_r15_the_gateway_goes_away_before_it_shows_its_certificate(hass: HomeAssistant, gateway: Gateway) -> None:
    """Between the first look and the second the gateway is gone."""
    with patch("custom_components.carlo_gavazzi_ems.config_flow.fetch_certificate") as fetch:
        fetch.side_effect = EmsTimeoutError("gone")
        result = await submit(hass, await start(hass), typed(gateway))
    assert result["errors"] == {"base": "timeout"}


async def test_r15_a_slow_gateway(hass: HomeAssistant, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gateway that does not answer in time is told from one that refuses."""
    monkeypatch.setattr("custom_components.carlo_gavazzi_ems.api.transport.TIME_LIMIT", 0.2)
    gateway.faults.add(Delay(seconds=2))
    failed = await submit(hass, await submit(hass, await start(hass), typed(gateway)), {})
    assert failed["errors"] == {"base": "timeout"}


async def test_r15_a_version_that_is_not_known(hass: HomeAssistant, gateway: Gateway) -> None:
    """A gateway with another version of the API never sees the password."""
    gateway.identity = Identity(api_version=2)
    failed = await submit(hass, await submit(hass, await start(hass), typed(gateway)), {})
    assert failed["errors"] == {"base": "unsupported_version"}
    assert gateway.logins == 0


async def test_r15_a_bug_is_called_unknown_and_logged(
    hass: HomeAssistant, gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    """Only what nobody foresaw is unknown, and it leaves a traceback."""
    with patch("custom_components.carlo_gavazzi_ems.config_flow.async_log_in", side_effect=RuntimeError("bug")):
        failed = await submit(hass, await start(hass), typed(gateway))
    assert failed["errors"] == {"base": "unknown"}
    assert "RuntimeError: bug" in caplog.text


async def test_r15_a_gateway_that_is_set_up_already(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """The same gateway is not set up twice."""
    await set_up(gateway)
    result = await submit(hass, await submit(hass, await start(hass), typed(gateway)), {})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")


async def test_r15_a_name_that_does_not_resolve(
    hass: HomeAssistant, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slip in the host name is told as one."""

    async def nowhere(*_args: object, **_kwargs: object) -> list[object]:
        raise OSError(-2, "Name or service not known")

    connector = async_get_clientsession(hass).connector
    assert isinstance(connector, aiohttp.TCPConnector)
    monkeypatch.setattr(connector._resolver, "resolve", nowhere)
    result = await submit(hass, await start(hass), typed(gateway, host="no-such-gateway.invalid"))
    assert (result["step_id"], result["errors"]) == ("user", {"base": "host_not_found"})


async def test_r15_a_port_that_does_not_speak_tls(hass: HomeAssistant, gateway: Gateway) -> None:
    """Another device's web page, unencrypted."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(speak, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        result = await submit(hass, await start(hass), typed(gateway, host=f"127.0.0.1:{port}"))
    assert (result["step_id"], result["errors"]) == ("user", {"base": "tls_failed"})


async def test_r15_a_gateway_without_signals(hass: HomeAssistant, socket_enabled: None) -> None:
    """Nobody has set up its meters: that is said, no entry is made, and the next try works."""
    site = build_site(SiteKind.LOAD_TEST, seed=1, signals=0)
    async with Gateway(site, username=USERNAME, password=PASSWORD) as gateway:
        failed = await submit(hass, await submit(hass, await start(hass), typed(gateway)), {})
        assert (failed["step_id"], failed["errors"]) == ("user", {"base": "no_signals"})
        assert hass.config_entries.async_entries(DOMAIN) == []
        site.add_load("Sauna")
        done = await submit(hass, failed, typed(gateway))
        assert done["type"] is FlowResultType.CREATE_ENTRY
        assert await hass.config_entries.async_unload(done["result"].entry_id)


async def test_r15_another_certificate_while_new_credentials_are_asked_for(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp
) -> None:
    """It is shown before the new password is sent to it."""
    entry = await set_up(gateway)
    entry.async_start_reauth(hass)
    await hass.async_block_till_done()
    (flow,) = hass.config_entries.flow.async_progress()
    await gateway.stop()
    await gateway.rotate_certificate()
    await gateway.start()
    gateway.requests.clear()
    form = await hass.config_entries.flow.async_configure(flow["flow_id"])
    old = entry.data[CONF_FINGERPRINT]
    shown = await submit(hass, form, {CONF_USERNAME: USERNAME, CONF_PASSWORD: PASSWORD})
    assert shown["step_id"] == KEY_UNKNOWN
    assert placeholders_of(shown)["old_fingerprint"] == readable_fingerprint(old)
    assert placeholders_of(shown)["fingerprint"] == readable_fingerprint(gateway.fingerprint)
    assert gateway.requests == []
    done = await submit(hass, shown, {})
    assert (done["type"], done["reason"]) == (FlowResultType.ABORT, "reauth_successful")
    assert entry.data[CONF_FINGERPRINT] == gateway.fingerprint


async def test_a_dialog_that_was_left_half_way(hass: HomeAssistant, gateway: Gateway) -> None:
    """A closed browser leaves it behind; a new one goes through all the same, and ends the old one."""
    left = await submit(hass, await start(hass), typed(gateway))
    left = await hass.config_entries.flow.async_configure(left["flow_id"], {})
    await hass.async_block_till_done()
    assert (left["type"], left["step_id"]) == (FlowResultType.SHOW_PROGRESS, "identify")
    certificate = await submit(hass, await start(hass), typed(gateway))
    done = await submit(hass, certificate, {})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert hass.config_entries.flow.async_progress() == []


async def test_r08_new_credentials(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, gateway: Gateway, set_up: SetUp
) -> None:
    """The password was changed on the gateway: the dialog takes the new one, everything else stays."""
    entry = await set_up(gateway)
    before = er.async_entries_for_config_entry(entity_registry, entry.entry_id)
    gateway.password = "new password"
    gateway.reboot()
    await entry.runtime_data.realtime.async_refresh()
    await hass.async_block_till_done()
    (flow,) = hass.config_entries.flow.async_progress()
    form = await hass.config_entries.flow.async_configure(flow["flow_id"])
    assert form["step_id"] == "reauth_confirm"
    assert suggested(form) == {CONF_USERNAME: USERNAME}
    assert form["description_placeholders"] == {"gateway": entry.title, "name": entry.title}
    wrong = await submit(hass, form, {CONF_USERNAME: USERNAME, CONF_PASSWORD: "wrong"})
    assert (wrong["step_id"], wrong["errors"]) == ("reauth_confirm", {"base": "invalid_auth"})
    done = await submit(hass, wrong, {CONF_USERNAME: USERNAME, CONF_PASSWORD: "new password"})
    assert (done["type"], done["reason"]) == (FlowResultType.ABORT, "reauth_successful")
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data[CONF_PASSWORD] == "new password"
    assert entry.data[CONF_FINGERPRINT] == gateway.fingerprint
    assert before == er.async_entries_for_config_entry(entity_registry, entry.entry_id)


async def test_r16_a_new_address(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, gateway: Gateway, set_up: SetUp
) -> None:
    """The gateway has moved: its new address and certificate, the same entities."""
    entry = await set_up(gateway)
    before = er.async_entries_for_config_entry(entity_registry, entry.entry_id)
    async with Gateway(gateway.site, username=USERNAME, password=PASSWORD, identity=gateway.identity) as moved:
        form = await entry.start_reconfigure_flow(hass)
        assert suggested(form) == {CONF_HOST: f"{gateway.host}:{gateway.port}", CONF_USERNAME: USERNAME}
        shown = await submit(hass, form, typed(moved))
        assert shown["step_id"] == KEY_UNKNOWN
        assert moved.requests == []
        done = await submit(hass, shown, {})
        assert (done["type"], done["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
        assert entry.state is ConfigEntryState.LOADED
        assert (entry.data[CONF_PORT], entry.data[CONF_FINGERPRINT]) == (moved.port, moved.fingerprint)
        assert before == er.async_entries_for_config_entry(entity_registry, entry.entry_id)
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_r16_the_address_of_another_gateway(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """Another gateway at the new address changes nothing."""
    entry = await set_up(gateway)
    before = dict(entry.data)
    async with Gateway(
        gateway.site, username=USERNAME, password=PASSWORD, identity=Identity(serial_number="BX10000042")
    ) as other:
        form = await entry.start_reconfigure_flow(hass)
        result = await submit(hass, await submit(hass, form, typed(other)), {})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "other_gateway")
    placeholders = result["description_placeholders"]
    assert placeholders is not None
    assert placeholders["gateway"] == entry.title
    assert dict(entry.data) == before


async def test_r15_a_new_address_that_is_none(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """A slip leads back to the form."""
    entry = await set_up(gateway)
    result = await submit(hass, await entry.start_reconfigure_flow(hass), typed(gateway, host="ems local"))
    assert (result["step_id"], result["errors"]) == ("reconfigure", {CONF_HOST: "invalid_host"})


async def polling_form(hass: HomeAssistant, entry: ConfigEntry) -> ConfigFlowResult:
    """Open the options and choose how often to poll."""
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    assert (menu["type"], menu["step_id"]) == (FlowResultType.MENU, "init")
    return await hass.config_entries.options.async_configure(menu["flow_id"], {"next_step_id": "polling"})


@pytest.mark.parametrize("seconds", [2, 300])
async def test_how_often_to_poll(hass: HomeAssistant, gateway: Gateway, set_up: SetUp, seconds: int) -> None:
    """The option is kept beside the others, and holds at once."""
    entry = await set_up(gateway, options={"codes": {"45": "active_power/kW"}})
    form = await polling_form(hass, entry)
    assert form["step_id"] == "polling"
    await hass.config_entries.options.async_configure(form["flow_id"], {"scan_interval": seconds})
    await hass.async_block_till_done()
    assert entry.options == {
        "codes": {"45": "active_power/kW"},
        "scan_interval": seconds,
        "throttle": 1.0,
        "repair_gaps": True,
        "raw_answers": False,
    }
    interval = entry.runtime_data.realtime.update_interval
    assert interval is not None
    assert interval.total_seconds() == seconds


@pytest.mark.parametrize("seconds", [1, 301, "often"])
async def test_an_interval_that_is_none(hass: HomeAssistant, gateway: Gateway, set_up: SetUp, seconds: object) -> None:
    """Faster or slower than offered is refused."""
    entry = await set_up(gateway)
    form = await polling_form(hass, entry)
    with pytest.raises(InvalidData):
        await hass.config_entries.options.async_configure(form["flow_id"], {"scan_interval": seconds})
    assert entry.options == {}
