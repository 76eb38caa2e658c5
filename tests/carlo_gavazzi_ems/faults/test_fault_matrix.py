"""Each fault of the simulator, at each kind of request, in each situation, ends as the requirements say.

A test is a situation and a fault; its sub-tests are the requests. A new fault of the simulator is in here by itself.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
import logging
from typing import Any

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry, ConfigEntryState, ConfigFlowResult
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME, STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from simulator import Gateway
from tests.carlo_gavazzi_ems.conftest import PASSWORD, USERNAME, SetUp
from tests.carlo_gavazzi_ems.resident import entity_id, named, state_of
from tests.carlo_gavazzi_ems.test_config_flow import start, submit, typed

from .conftest import Strike, later, quiet, unavailable
from .table import ASKED, Request, Situation, Variant, error_of, kinds_of_outcome, meaningless, variants

pytestmark = pytest.mark.usefixtures("enable_custom_integrations", "forgiving_loop")
every_fault = pytest.mark.parametrize("variant", list(variants()), ids=str)
every_outcome = pytest.mark.parametrize("variant", list(kinds_of_outcome()), ids=str)

#: Asked for before anything else: what is wrong with them is told in the dialog itself.
FIRST = (Request.VERSION, Request.LOGIN, Request.INFO)
LISTS = (Request.DEVICES, Request.LOADS, Request.SIGNALS)
CREDENTIALS = {CONF_USERNAME: USERNAME, CONF_PASSWORD: PASSWORD}


def error_shown(form: ConfigFlowResult) -> str:
    """Return the error that stands above a form."""
    shown = form["errors"]
    assert shown is not None
    return shown["base"]


class Matrix:
    """One fault, on its way through all requests of a situation."""

    def __init__(
        self,
        gateway: Gateway,
        variant: Variant,
        strike: Strike,
        subtests: pytest.Subtests,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """Take what a test needs."""
        self.gateway = gateway
        self.kind = variant.kind
        self._variant = variant
        self._strike = strike
        self._subtests = subtests
        self._caplog = caplog

    def requests(self, situation: Situation, *among: Request) -> Iterator[tuple[Request, frozenset[str]]]:
        """Yield the requests at which the fault may strike, with the errors they may end in."""
        for request in Request:
            if (
                request in ASKED[situation]
                and request in (among or Request)
                and not meaningless(self._variant, request)
            ):
                yield request, error_of(self._variant, request)

    @contextmanager
    def at(self, request: Request) -> Iterator[None]:
        """Have the fault at a request; afterwards everything is well again, whatever was found."""
        with self._subtests.test(request.name), self._caplog.at_level(logging.INFO):
            self._strike(self._variant, request)
            with quiet(self._caplog):
                yield
        self.clear()

    def state_after(self, request: Request, errors: frozenset[str]) -> ConfigEntryState:
        """Return what a set-up ends in that meets these errors at a request."""
        # Where reading the clock voids the token, it is the request after it that fails.
        missed = request is Request.HISTORY or (request is Request.DATE and self.kind != "void-tokens")
        if not errors or missed:
            return ConfigEntryState.LOADED
        # R8: a wrong password waits for a person. R12: all else is repeated by Home Assistant.
        return ConfigEntryState.SETUP_ERROR if "invalid_auth" in errors else ConfigEntryState.SETUP_RETRY

    def clear(self) -> None:
        """Have the fault no more."""
        self.gateway.faults.clear()


@pytest.fixture
def matrix(
    gateway: Gateway,
    variant: Variant,
    strike: Strike,
    subtests: pytest.Subtests,
    caplog: pytest.LogCaptureFixture,
) -> Matrix:
    """The fault that a test is about."""
    return Matrix(gateway, variant, strike, subtests, caplog)


def reauths(hass: HomeAssistant) -> list[Any]:
    """Return the dialogs that ask for a password."""
    return [flow for flow in hass.config_entries.flow.async_progress() if flow["context"]["source"] == SOURCE_REAUTH]


async def recover(hass: HomeAssistant, entry: ConfigEntry[Any], *, anew: bool = False) -> None:
    """Set the entry up again, if need be, now that nothing is wrong; a person had a hand in it."""
    if not anew and entry.state is ConfigEntryState.LOADED and entry.runtime_data.realtime.last_update_success:
        return
    for flow in reauths(hass):
        hass.config_entries.flow.async_abort(flow["flow_id"])
    hass.config_entries.async_update_entry(entry, title=f"{entry.title}.")
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert not unavailable(hass)


@every_outcome
async def test_r12_r15_set_up(hass: HomeAssistant, gateway: Gateway, matrix: Matrix) -> None:
    """The dialog says what is wrong and goes on when it is over; what fails later is repeated by Home Assistant."""
    for request, errors in matrix.requests(Situation.SET_UP):
        with matrix.at(request):
            certificate = await submit(hass, await start(hass), typed(gateway))
            result = await submit(hass, certificate, {})
            if errors and request in FIRST:
                assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "user")
                assert error_shown(result) in errors
                matrix.clear()
                result = await submit(hass, result, typed(gateway))
            assert result["type"] is FlowResultType.CREATE_ENTRY
            (entry,) = hass.config_entries.async_entries(DOMAIN)
            assert entry.state is (ConfigEntryState.LOADED if request in FIRST else matrix.state_after(request, errors))
            matrix.clear()
            await recover(hass, entry)
        for entry in hass.config_entries.async_entries(DOMAIN):
            await hass.config_entries.async_remove(entry.entry_id)


@every_outcome
async def test_r12_reload(hass: HomeAssistant, matrix: Matrix, set_up: SetUp) -> None:
    """Set up anew, also at a start of Home Assistant: loaded, or repeated; only a wrong password asks a person."""
    entry = await set_up(matrix.gateway, options={"codes": named(matrix.gateway.site)})
    for request, errors in matrix.requests(Situation.RELOAD):
        with matrix.at(request):
            await hass.config_entries.async_reload(entry.entry_id)
            await hass.async_block_till_done()
            assert entry.state is matrix.state_after(request, errors)
            assert len(reauths(hass)) == ("invalid_auth" in errors)
            matrix.clear()
            await recover(hass, entry)


@every_outcome
async def test_r15_reauth(hass: HomeAssistant, matrix: Matrix, set_up: SetUp) -> None:
    """The dialog says what is wrong, and the right password helps as soon as that is over."""
    entry = await set_up(matrix.gateway, options={"codes": named(matrix.gateway.site)})
    for request, errors in matrix.requests(Situation.REAUTH):
        with matrix.at(request):
            result = await entry.start_reauth_flow(hass)
            result = await submit(hass, result, CREDENTIALS)
            if errors and request in FIRST:
                assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "reauth_confirm")
                assert error_shown(result) in errors
                assert entry.state is ConfigEntryState.LOADED
                matrix.clear()
                result = await submit(hass, result, CREDENTIALS)
            assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reauth_successful")
            await hass.async_block_till_done()
            assert entry.state is (ConfigEntryState.LOADED if request in FIRST else matrix.state_after(request, errors))
            matrix.clear()
            await recover(hass, entry)


@every_outcome
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
                await hass.async_block_till_done()
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
    """An entry that polls when a test says so, and has a name for every code."""
    return await set_up(gateway, options={"codes": named(gateway.site), "scan_interval": 300, "throttle": 0})


@every_fault
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
                assert unavailable(hass) <= harmed(matrix)
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


def harmed(matrix: Matrix) -> int:
    """Return how many sensors a fault in the data may make unavailable: those of one record, or of one load."""
    return {"bad-record": 1, "hide-load": len(matrix.gateway.site.signals_of_load(2))}.get(matrix.kind, 0)


@every_fault
async def test_r10_running_lists(hass: HomeAssistant, matrix: Matrix, running: MockConfigEntry) -> None:
    """Lists that fail are not missed; a clock that cannot be read is no failure."""
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
            assert unavailable(hass) <= (0 if errors else harmed(matrix))
            matrix.clear()
            later(running)
            await topology.async_refresh()
            await topology.async_refresh()
            assert topology.last_update_success
            await running.runtime_data.realtime.async_refresh()
            assert not unavailable(hass)
            assert not reauths(hass)


@every_fault
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
