"""R14: a debug log of all loggers through all faults, searched for every secret in every form."""

import asyncio
import base64
from collections.abc import Iterator
import logging
from urllib.parse import quote

from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
import pytest

from custom_components.carlo_gavazzi_ems.access.lockout import async_forget_logins
from custom_components.carlo_gavazzi_ems.const import DOMAIN
from simulator import Gateway
from testbed.site_codes import codes_of
from tests.carlo_gavazzi_ems.config_pages import submit
from tests.carlo_gavazzi_ems.conftest import PASSWORD, SetUp
from tests.carlo_gavazzi_ems.resident import forget

from .matrix import Matrix, other_outcomes
from .table import Request, Situation

pytestmark = pytest.mark.usefixtures("enable_custom_integrations", "forgiving_loop")

USER = "anna.weber"
#: Loggers of the simulated gateway's side, which shares the process; of the tests' own storage; and of the event loop's
#: debug mode, which Home Assistant does not run in.
_NOT_OURS = ("aiohttp.server", "aiohttp.access", "asyncio", "simulator", "pytest_homeassistant_custom_component")


def secrets_of(gateway: Gateway, tokens: set[str]) -> dict[str, list[str]]:
    """Return everything that no log may hold, in every form."""
    fingerprint = bytes.fromhex(gateway.fingerprint)
    mac, serial = gateway.identity.mac, gateway.identity.serial_number
    return {
        "host": [gateway.host],
        "port": [str(gateway.port)],
        "fingerprint": [
            gateway.fingerprint,
            gateway.fingerprint.upper(),
            fingerprint.hex(":"),
            fingerprint.hex(":").upper(),
            repr(fingerprint)[2:-1],
            base64.b64encode(fingerprint).decode(),
        ],
        "user name": [USER],
        "password": [PASSWORD, quote(PASSWORD), base64.b64encode(PASSWORD.encode()).decode()],
        "token": [form for token in tokens for form in (token, token.rpartition(".")[2])],
        "serial number": [serial, serial.lower()],
        "mac": [mac, mac.lower(), mac.replace(":", ""), mac.replace(":", "").lower(), mac.replace(":", "-")],
    }


def written(caplog: pytest.LogCaptureFixture) -> Iterator[str]:
    """Yield every line as a log file has it, tracebacks and what they come from included."""
    formatter = logging.Formatter("%(name)s %(message)s")
    for record in caplog.records:
        if not record.name.startswith(_NOT_OURS):
            yield formatter.format(record)


def assert_no_secret(gateway: Gateway, tokens: set[str], caplog: pytest.LogCaptureFixture) -> None:
    """Search the log."""
    forms = secrets_of(gateway, tokens)
    found = {
        (what, line[:600]) for line in written(caplog) for what, texts in forms.items() if any(t in line for t in texts)
    }
    assert not found


@other_outcomes
async def test_r14_the_log_of_all_faults_holds_no_secret(
    hass: HomeAssistant, gateway: Gateway, matrix: Matrix, set_up: SetUp, caplog: pytest.LogCaptureFixture
) -> None:
    """Set-up, polls, lists, reload and a dialog with each fault at each request, at debug level."""
    caplog.set_level(logging.DEBUG)
    # The usual one is the name of half of the loggers.
    gateway.username = USER
    entry = await set_up(
        gateway,
        data={CONF_USERNAME: USER},
        options={"codes": codes_of(gateway.site), "raw_answers": True},
    )
    tokens: set[str] = set()
    for request, _ in matrix.requests(Situation.RUNNING):
        with matrix.at(request, level=logging.DEBUG):
            if request is Request.LOGIN:
                gateway.reboot()
            tokens |= {token for token in [entry.runtime_data.client.token] if token}
            await entry.runtime_data.topology.async_refresh()
            await entry.runtime_data.realtime.async_refresh()
            await hass.config_entries.async_reload(entry.entry_id)
            await hass.async_block_till_done(wait_background_tasks=True)
            dialog = await entry.start_reauth_flow(hass)
            await submit(hass, dialog, {CONF_USERNAME: USER, CONF_PASSWORD: PASSWORD})
            assert_no_secret(gateway, tokens, caplog)
            matrix.clear()
            hass.config_entries.async_update_entry(entry, title=f"{entry.title}.")
            await async_forget_logins(hass, entry)
            forget(hass, entry)
            await hass.config_entries.async_reload(entry.entry_id)
            await hass.async_block_till_done(wait_background_tasks=True)
            assert_no_secret(gateway, tokens, caplog)
    assert [line for line in written(caplog) if DOMAIN in line]


@pytest.mark.parametrize("gone", ["off", "another certificate", "unknown name", "no tls"])
async def test_r14_the_log_of_a_gateway_that_cannot_be_reached_holds_no_secret(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, caplog: pytest.LogCaptureFixture, gone: str
) -> None:
    """The errors of the HTTP library name host, port and fingerprints; none of them is printed."""
    caplog.set_level(logging.DEBUG)
    gateway.username = USER
    entry = await set_up(gateway, data={CONF_USERNAME: USER}, options={"codes": codes_of(gateway.site)})
    tokens = {str(entry.runtime_data.client.token)}
    secrets = secrets_of(gateway, tokens)
    await gateway.stop()
    match gone:
        case "another certificate":
            await gateway.rotate_certificate()
            await gateway.start()
        case "unknown name":
            hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_HOST: "gone.invalid"})
            secrets["host"].append("gone.invalid")
        case "no tls":
            server = await asyncio.start_server(lambda _, writer: writer.close(), gateway.host, gateway.port)
    for _ in range(2):
        await entry.runtime_data.topology.async_refresh()
        for _ in range(4):
            await entry.runtime_data.realtime.async_refresh()
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    dialog = await entry.start_reauth_flow(hass)
    await submit(hass, dialog, {CONF_USERNAME: USER, CONF_PASSWORD: PASSWORD})
    await gateway.stop()
    if gone == "no tls":
        server.close()
    for what, forms in secrets_of(gateway, tokens).items():
        secrets[what] += forms
    lines = list(written(caplog))
    assert [line for line in lines if "Traceback" in line]
    assert not {
        (what, line[-700:]) for line in lines for what, forms in secrets.items() if any(f in line for f in forms)
    }
