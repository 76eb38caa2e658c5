"""Each fault of the simulator, at each kind of request of a loaded entry, ends as the requirements say."""

from datetime import timedelta

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from simulator import Gateway
from testbed.site_codes import codes_of
from tests.carlo_gavazzi_ems.conftest import SetUp
from tests.carlo_gavazzi_ems.resident import entity_id, reauths, state_of

from .matrix import Matrix, other_faults, recover, some_faults, some_outcomes, unavailable
from .patience import later
from .table import LISTS, Request, Situation

pytestmark = pytest.mark.usefixtures("enable_custom_integrations", "forgiving_loop")


@some_outcomes
async def test_r15_naming(hass: HomeAssistant, matrix: Matrix, set_up: SetUp) -> None:
    """What cannot be read costs proposals; where there is nothing to name, the dialog says why."""
    entry = await set_up(matrix.gateway)
    for request, errors in matrix.requests(Situation.NAMING):
        with matrix.at(request):
            if request is Request.LOGIN:
                matrix.gateway.reboot()
            menu = await hass.config_entries.options.async_init(entry.entry_id)
            flow = await hass.config_entries.options.async_configure(menu["flow_id"], {"next_step_id": "name_codes"})
            while flow["type"] is FlowResultType.SHOW_PROGRESS:
                await hass.async_block_till_done(wait_background_tasks=True)
                flow = await hass.config_entries.options.async_configure(flow["flow_id"])
            if errors and request in {Request.LOGIN, Request.LOADS, Request.SIGNALS}:
                assert flow["type"] is FlowResultType.ABORT
                assert flow["reason"] in errors
            else:
                assert (flow["type"], flow["step_id"]) == (FlowResultType.FORM, "codes")
                assert not flow["errors"]
                hass.config_entries.options.async_abort(flow["flow_id"])
            assert entry.state is ConfigEntryState.LOADED
            assert "codes" not in entry.options
            matrix.clear()
            await recover(hass, entry, anew=bool(errors))


@pytest.fixture
async def running(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> MockConfigEntry:
    """An entry that polls only when a test wants it, with all codes named."""
    return await set_up(gateway, options={"codes": codes_of(gateway.site), "scan_interval": 300, "throttle": 0})


@other_faults
async def test_r09_r10_running_values(hass: HomeAssistant, matrix: Matrix, running: MockConfigEntry) -> None:
    """Two failed polls change nothing, the third does; the connectivity sensor says so; then all is back."""
    gateway = matrix.gateway
    everything = len(hass.states.async_all("sensor"))
    for request, errors in matrix.requests(Situation.RUNNING, Request.REALTIME, Request.LOGIN):
        with matrix.at(request):
            realtime = running.runtime_data.realtime
            logins = gateway.logins
            if request is Request.LOGIN:
                gateway.reboot()
            for poll in range(3):
                await realtime.async_refresh()
                if errors and poll < 2 and not errors & {"invalid_auth", "locked"} and request is Request.REALTIME:
                    assert not unavailable(hass)
            if not errors:
                assert realtime.last_update_success
                assert unavailable(hass) <= matrix.harmed
            else:
                assert unavailable(hass) == everything
                assert state_of(hass, gateway, "gateway_connectivity", "binary_sensor").state == STATE_OFF
                # R7, R8: a poll that fails costs a login at most, one that is refused is not repeated.
                assert gateway.logins - logins <= (1 if errors & {"invalid_auth", "locked"} else 4)
            matrix.clear()
            assert len(reauths(hass)) == ("invalid_auth" in errors)
            if "invalid_auth" in errors:
                sent = len(gateway.requests)
                await running.runtime_data.topology.async_refresh()
                assert len(gateway.requests) == sent
                await recover(hass, running)
            later(running)
            for _ in range(2):
                await running.runtime_data.realtime.async_refresh()
            assert not unavailable(hass)
            assert state_of(hass, gateway, "gateway_connectivity", "binary_sensor").state == STATE_ON


@some_faults
async def test_r10_running_lists(hass: HomeAssistant, matrix: Matrix, running: MockConfigEntry) -> None:
    """Without new lists the former ones are used; a clock that cannot be read is not a failure."""
    for request, errors in matrix.requests(Situation.RUNNING, *LISTS, Request.DATE):
        with matrix.at(request):
            topology = running.runtime_data.topology
            before = topology.data
            await topology.async_refresh()
            await hass.async_block_till_done(wait_background_tasks=True)
            if errors and request is Request.DATE:
                assert topology.data.clock_offset is None
            assert topology.last_update_success == (not errors or request is Request.DATE)
            if errors and request in LISTS:
                assert topology.data is before
            assert unavailable(hass) <= (0 if errors else matrix.harmed)
            matrix.clear()
            later(running)
            await topology.async_refresh()
            await topology.async_refresh()
            assert topology.last_update_success
            await running.runtime_data.realtime.async_refresh()
            assert not unavailable(hass)
            assert not reauths(hass)


@other_faults
async def test_r15_running_history(hass: HomeAssistant, matrix: Matrix, running: MockConfigEntry) -> None:
    """The action answers with rows, or with a sentence that a person understands; values go on."""
    sensor = entity_id(hass, matrix.gateway, matrix.gateway.site.find("voltage_l1"))
    span = {"start": dt_util.utcnow() - timedelta(minutes=5), "end": dt_util.utcnow()}
    for request, errors in matrix.requests(Situation.RUNNING, Request.HISTORY):
        with matrix.at(request):
            call = hass.services.async_call(
                DOMAIN, "get_history", {"entity_id": sensor, **span}, blocking=True, return_response=True
            )
            if errors:
                with pytest.raises(HomeAssistantError) as caught:
                    await call
                assert caught.value.translation_key in errors
            else:
                assert "rows" in (await call or {})
            matrix.clear()
            later(running)
            await running.runtime_data.realtime.async_refresh()
            await running.runtime_data.realtime.async_refresh()
            assert not unavailable(hass)
            assert not reauths(hass)
