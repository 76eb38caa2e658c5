"""R15: each failure of the set-up has its own message, and the next attempt works."""

import asyncio
from unittest.mock import patch

from homeassistant.const import CONF_HOST, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.helpers.aiohttp_client import DATA_RESOLVER, async_get_clientsession
import pytest

from custom_components.carlo_gavazzi_ems.api import EmsTimeoutError
from custom_components.carlo_gavazzi_ems.const import DOMAIN
from simulator import (
    Delay,
    Drop,
    EmptyBody,
    Gateway,
    HalfBody,
    Html,
    Identity,
    Redirect,
    RefuseLogins,
    SiteKind,
    Status,
    build_site,
)
from tests.carlo_gavazzi_ems.config_pages import start, submit, suggested, typed

from .conftest import PASSWORD, USERNAME

pytestmark = pytest.mark.usefixtures("enable_custom_integrations", "forgiving_loop", "short_past")


@pytest.mark.parametrize(
    ("host", "error"),
    [
        ("", "invalid_host"),
        ("ems local", "invalid_host"),
        ("http://127.0.0.1", "plain_http"),
        ("192.168.1", "invalid_host"),
        ("https://127.0.0.1/ems/v1", "address_with_path"),
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
    """The form shows the error and the values typed, except the password; the second attempt works."""
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
    with patch("custom_components.carlo_gavazzi_ems.access.account.fetch_certificate") as fetch:
        fetch.side_effect = EmsTimeoutError("gone")
        result = await submit(hass, await start(hass), typed(gateway))
    assert result["errors"] == {"base": "timeout"}


async def test_r15_a_slow_gateway(hass: HomeAssistant, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gateway that does not answer in time is told from one that refuses."""
    monkeypatch.setattr("custom_components.carlo_gavazzi_ems.access.account.MAX_TIME_LIMIT", 0.2)
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
    """Only an unexpected exception is unknown, and its traceback is logged."""
    with patch("custom_components.carlo_gavazzi_ems.config_flow.async_log_in", side_effect=RuntimeError("bug")):
        failed = await submit(hass, await start(hass), typed(gateway))
    assert failed["errors"] == {"base": "unknown"}
    assert "RuntimeError: bug" in caplog.text


async def test_r15_a_name_that_does_not_resolve(
    hass: HomeAssistant, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong host name has its own error."""

    async def nowhere(*_args: object, **_kwargs: object) -> list[object]:
        raise OSError(-2, "Name or service not known")

    async_get_clientsession(hass)
    monkeypatch.setattr(hass.data[DATA_RESOLVER], "resolve", nowhere)
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
