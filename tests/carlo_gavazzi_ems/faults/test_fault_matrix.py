"""Each fault of the simulator, at each kind of request, whenever an entry is set up, ends as the requirements say.

A test is a situation and a fault; its sub-tests are the requests. A new fault of the simulator is in here by itself.
"""

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.inventory.archive import Archive
from simulator import Gateway
from testbed.site_codes import codes_of
from tests.carlo_gavazzi_ems.config_pages import start, submit, typed
from tests.carlo_gavazzi_ems.conftest import SetUp
from tests.carlo_gavazzi_ems.resident import forget, reauths

from .matrix import (
    CREDENTIALS,
    Matrix,
    assert_lists_missed,
    error_shown,
    every_outcome,
    other_outcomes,
    recover,
    some_outcomes,
)
from .table import FIRST, LISTS, Situation, dialog_errors

pytestmark = pytest.mark.usefixtures("enable_custom_integrations", "forgiving_loop")


@every_outcome
async def test_r12_r15_set_up(hass: HomeAssistant, gateway: Gateway, matrix: Matrix) -> None:
    """The dialog says what is wrong, its lists included, and goes on when it is over; what fails later is repeated."""
    for request, errors in matrix.requests(Situation.SET_UP):
        with matrix.at(request):
            certificate = await submit(hass, await start(hass), typed(gateway))
            result = await submit(hass, certificate, {})
            if errors and request in FIRST | LISTS:
                assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "user")
                assert error_shown(result) in dialog_errors(request, errors)
                matrix.clear()
                result = await submit(hass, result, typed(gateway))
            assert result["type"] is FlowResultType.CREATE_ENTRY
            (entry,) = hass.config_entries.async_entries(DOMAIN)
            # What the dialog has read is handed over.
            expected = matrix.state_after(request, errors, known=True)
            assert entry.state is (ConfigEntryState.LOADED if request in FIRST | LISTS else expected)
            assert not reauths(hass)
            matrix.clear()
            await recover(hass, entry)
        for entry in hass.config_entries.async_entries(DOMAIN):
            await hass.config_entries.async_remove(entry.entry_id)


@some_outcomes
async def test_r12_start_without_lists(hass: HomeAssistant, matrix: Matrix, set_up: SetUp) -> None:
    """Where nothing is known of the gateway every request counts: loaded, or repeated; a wrong password asks a person."""
    entry = await set_up(matrix.gateway, options={"codes": codes_of(matrix.gateway.site)})
    for request, errors in matrix.requests(Situation.START):
        with matrix.at(request):
            await hass.config_entries.async_unload(entry.entry_id)
            await Archive(hass, entry).async_remove()
            forget(hass, entry)
            await hass.config_entries.async_setup(entry.entry_id)
            await hass.async_block_till_done(wait_background_tasks=True)
            assert entry.state is matrix.state_after(request, errors, known=False)
            assert len(reauths(hass)) == ("invalid_auth" in errors)
            if entry.state is ConfigEntryState.LOADED:
                assert entry.runtime_data.topology.data.fresh
            matrix.clear()
            await recover(hass, entry)


@other_outcomes
async def test_r12_reload(hass: HomeAssistant, matrix: Matrix, set_up: SetUp) -> None:
    """Set up at a start of Home Assistant: lists that fail are those of before, values are waited for."""
    entry = await set_up(matrix.gateway, options={"codes": codes_of(matrix.gateway.site)})
    everything = len(hass.states.async_all("sensor"))
    for request, errors in matrix.requests(Situation.RELOAD):
        with matrix.at(request):
            await hass.config_entries.async_unload(entry.entry_id)
            forget(hass, entry)
            await hass.config_entries.async_setup(entry.entry_id)
            await hass.async_block_till_done(wait_background_tasks=True)
            assert entry.state is matrix.state_after(request, errors, known=True)
            assert len(reauths(hass)) == ("invalid_auth" in errors)
            assert len(hass.states.async_all("sensor")) == everything
            if entry.state is ConfigEntryState.LOADED:
                assert_lists_missed(hass, entry, request, errors)
            matrix.clear()
            await recover(hass, entry)


@some_outcomes
async def test_r15_reauth(hass: HomeAssistant, matrix: Matrix, set_up: SetUp) -> None:
    """The dialog says what is wrong, and the right password helps as soon as that is over."""
    entry = await set_up(matrix.gateway, options={"codes": codes_of(matrix.gateway.site)})
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
            await hass.async_block_till_done(wait_background_tasks=True)
            expected = matrix.state_after(request, errors, known=True)
            assert entry.state is (ConfigEntryState.LOADED if request in FIRST else expected)
            assert not reauths(hass)
            matrix.clear()
            await recover(hass, entry)


@other_outcomes
async def test_r15_options(hass: HomeAssistant, gateway: Gateway, matrix: Matrix, set_up: SetUp) -> None:
    """Pages that need no answer are there whatever is wrong; what was chosen is kept, and the entry set up anew."""
    entry = await set_up(gateway, options={"codes": codes_of(gateway.site)})
    for seconds, (request, errors) in enumerate(matrix.requests(Situation.POLLING), start=20):
        with matrix.at(request):
            sent = len(gateway.requests)
            table = await _page(hass, entry.entry_id, "table")
            assert table["type"] is FlowResultType.FORM
            hass.config_entries.options.async_abort(table["flow_id"])
            form = await _page(hass, entry.entry_id, "polling")
            assert len(gateway.requests) == sent
            chosen = {"scan_interval": seconds, "throttle": 0, "repair_gaps": True, "raw_answers": False}
            done = await hass.config_entries.options.async_configure(form["flow_id"], chosen)
            assert done["type"] is FlowResultType.CREATE_ENTRY
            await hass.async_block_till_done(wait_background_tasks=True)
            assert entry.options["scan_interval"] == seconds
            assert entry.state is matrix.state_after(request, errors, known=True)
            assert len(reauths(hass)) == ("invalid_auth" in errors)
            if entry.state is ConfigEntryState.LOADED:
                assert_lists_missed(hass, entry, request, errors)
            matrix.clear()
            await recover(hass, entry)


async def _page(hass: HomeAssistant, entry_id: str, page: str) -> ConfigFlowResult:
    """Open a page of the options."""
    menu = await hass.config_entries.options.async_init(entry_id)
    return await hass.config_entries.options.async_configure(menu["flow_id"], {"next_step_id": page})
