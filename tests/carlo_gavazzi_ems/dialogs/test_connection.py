"""The fields for the connection to a gateway, and that nothing is asked twice."""

from datetime import UTC, datetime

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
import voluptuous as vol

from custom_components.carlo_gavazzi_ems.const import CONF_FINGERPRINT, CONF_PUBLIC_KEY, DOMAIN
from custom_components.carlo_gavazzi_ems.dialogs.trust import FIRST, UNSIGNED
from simulator import CertificateSpec, EmptyBody, Gateway, HalfBody, Html, Site
from tests.carlo_gavazzi_ems.config_pages import placeholders_of, start, submit, suggested, typed
from tests.carlo_gavazzi_ems.conftest import PASSWORD, USERNAME, SetUp

pytestmark = pytest.mark.usefixtures("enable_custom_integrations", "forgiving_loop", "short_past")


def marker(result: ConfigFlowResult, field: str) -> object:
    """Return a field of a form, Required or Optional."""
    schema = result["data_schema"]
    assert schema is not None
    return next(key for key in schema.schema if key == field)


async def test_r16_only_the_address_changes(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """The certificate is the trusted one, so nothing else is asked: no password, no consent."""
    entry = await set_up(gateway)
    before = dict(entry.data)
    hass.config_entries.async_update_entry(entry, data={**before, CONF_HOST: "127.0.0.9"})
    form = await entry.start_reconfigure_flow(hass)
    address = f"{gateway.host}:{gateway.port}"
    done = await submit(hass, form, {CONF_HOST: address, CONF_USERNAME: USERNAME})
    assert (done["type"], done["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    assert {**before, CONF_PUBLIC_KEY: None} == entry.data
    assert entry.state is ConfigEntryState.LOADED


async def test_r16_another_account_needs_its_password(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """The stored password is that of the stored account only."""
    entry = await set_up(gateway)
    gateway.requests.clear()
    form = await entry.start_reconfigure_flow(hass)
    address = f"{gateway.host}:{gateway.port}"
    result = await submit(hass, form, {CONF_HOST: address, CONF_USERNAME: "another"})
    assert (result["step_id"], result["errors"]) == ("reconfigure", {CONF_PASSWORD: "missing_password"})
    assert not any(request.path.startswith("/v1/auth") for request in gateway.requests)


async def test_r13_a_stored_password_is_not_sent_to_another_certificate(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp
) -> None:
    """A wrong address may be another device: its certificate is shown as changed, and nothing is sent."""
    entry = await set_up(gateway, data={CONF_FINGERPRINT: None}, expect=ConfigEntryState.SETUP_RETRY)
    form = await entry.start_reconfigure_flow(hass)
    address = f"{gateway.host}:{gateway.port}"
    shown = await submit(hass, form, {CONF_HOST: address, CONF_USERNAME: USERNAME})
    assert (shown["step_id"], placeholders_of(shown)["old_fingerprint"]) == (UNSIGNED, "—")
    assert gateway.requests == []
    done = await submit(hass, shown, {})
    assert (done["type"], done["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")


async def test_r15_a_slip_in_the_host_does_not_cost_the_password(
    hass: HomeAssistant, gateway: Gateway, unused_tcp_port: int
) -> None:
    """The password does not have to be typed again after another error; a refused one does."""
    flow = await start(hass)
    assert isinstance(marker(flow, CONF_PASSWORD), vol.Required)
    failed = await submit(hass, flow, typed(gateway, host=f"127.0.0.1:{unused_tcp_port}", password="wrong"))
    assert failed["errors"] == {"base": "refused"}
    assert suggested(failed) == {CONF_HOST: f"127.0.0.1:{unused_tcp_port}", CONF_USERNAME: USERNAME}
    assert isinstance(marker(failed, CONF_PASSWORD), vol.Optional)
    right = {CONF_HOST: f"{gateway.host}:{gateway.port}", CONF_USERNAME: USERNAME}
    refused = await submit(hass, await submit(hass, failed, right), {})
    assert refused["errors"] == {"base": "invalid_auth"}
    assert isinstance(marker(refused, CONF_PASSWORD), vol.Required)
    slip = await submit(hass, refused, typed(gateway, host="ems local"))
    done = await submit(hass, slip, right)
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert done["data"][CONF_PASSWORD] == PASSWORD


@pytest.mark.parametrize("path", ["/v1/devices", "/v1/loads", "/v1/signals"])
@pytest.mark.parametrize("fault", [Html, EmptyBody, HalfBody])
async def test_r15_lists_that_cannot_be_read(
    hass: HomeAssistant, gateway: Gateway, path: str, fault: type[Html | EmptyBody | HalfBody]
) -> None:
    """The dialog says so and makes no entry; the next try works, without the password."""
    gateway.faults.add(fault(path=path))
    failed = await submit(hass, await submit(hass, await start(hass), typed(gateway)), {})
    assert (failed["type"], failed["step_id"]) == (FlowResultType.FORM, "user")
    assert failed["errors"] == {"base": "cannot_connect" if issubclass(fault, HalfBody) else "lists_unreadable"}
    assert hass.config_entries.async_entries(DOMAIN) == []
    gateway.faults.clear()
    right = {CONF_HOST: f"{gateway.host}:{gateway.port}", CONF_USERNAME: USERNAME}
    assert (await submit(hass, failed, right))["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "UTC", "Pacific/Pago_Pago"])
async def test_r13_a_certificate_without_end(hass: HomeAssistant, site: Site, socket_enabled: None, zone: str) -> None:
    """Usual for devices; its last second is not in the calendar east of Greenwich."""
    await hass.config.async_set_time_zone(zone)
    spec = CertificateSpec(
        not_before=datetime(1960, 1, 1, tzinfo=UTC), not_after=datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    )
    async with Gateway(site, username=USERNAME, password=PASSWORD, certificate=spec) as gateway:
        shown = await submit(hass, await start(hass), typed(gateway))
        assert shown["step_id"] == FIRST
        placeholders = placeholders_of(shown)
        assert (placeholders["not_before"], placeholders["not_after"]) == ("1960-01-01", "9999-12-31")
        done = await submit(hass, shown, {})
        assert done["type"] is FlowResultType.CREATE_ENTRY
        assert await hass.config_entries.async_unload(done["result"].entry_id)
