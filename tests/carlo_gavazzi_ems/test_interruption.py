"""A reload, a stop or a closed dialog at every await: nothing is left behind, and the next attempt works."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
import logging

from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER, ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, UnknownFlow
from homeassistant.helpers import entity_registry as er
from homeassistant.loader import async_get_integration
from homeassistant.setup import async_setup_component
import pytest

from custom_components.carlo_gavazzi_ems.const import CONF_FINGERPRINT, DOMAIN
from custom_components.carlo_gavazzi_ems.issues import async_certificate_changed, certificate_issue_id
from simulator import Gateway, Identity
from testbed.site_codes import codes_of

from .config_pages import submit, typed
from .conftest import SetUp, entry_for
from .interruption import cancel, every_suspension, meanwhile
from .repair_pages import opened
from .resident import forget

pytestmark = [
    pytest.mark.usefixtures("enable_custom_integrations", "forgiving_loop"),
    pytest.mark.timeout(120),
]


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Read minutes of history; expect no line of ours above info, and no traceback."""
    monkeypatch.setattr("custom_components.carlo_gavazzi_ems.recognition.observation.SPAN", timedelta(minutes=10))
    yield
    for record in caplog.get_records("call"):
        # Home Assistant itself reports a cancelled set-up as an error.
        if record.levelno >= logging.WARNING and (DOMAIN in record.pathname or record.name == "asyncio"):
            assert record.levelno < logging.ERROR, record.getMessage()
            assert not record.exc_info, record.getMessage()


async def settled(hass: HomeAssistant) -> None:
    """Wait for running tasks, and expect none of the integration to be left."""
    await hass.async_block_till_done(wait_background_tasks=True)
    states = {entry.state for entry in hass.config_entries.async_entries(DOMAIN)}
    ours = [task for task in asyncio.all_tasks() if DOMAIN in f"{task.get_coro()} {task.get_name()}"]
    ours = [task for task in ours if not task.done() and task is not asyncio.current_task()]
    assert ConfigEntryState.LOADED in states or not ours, ours


async def loaded(hass: HomeAssistant, entry: ConfigEntry, number: int) -> None:
    """Load an entry whose set-up was cancelled, which Home Assistant takes for a failure."""
    if entry.state is not ConfigEntryState.LOADED:
        unfinished = {ConfigEntryState.NOT_LOADED, ConfigEntryState.SETUP_ERROR, ConfigEntryState.SETUP_RETRY}
        assert entry.state in unfinished, number
        await hass.config_entries.async_reload(entry.entry_id)
        await settled(hass)
    assert entry.state is ConfigEntryState.LOADED, number


async def test_a_stop_at_every_await_of_the_set_up(hass: HomeAssistant, gateway: Gateway) -> None:
    """The entry is not loaded then, and loads at the next try with all of its entities, once."""
    entry = entry_for(gateway, gateway.identity.serial_number)
    # Home Assistant never repeats a set-up of the domain itself that was cancelled.
    assert await async_setup_component(hass, DOMAIN, {})
    entry.add_to_hass(hass)
    number = 0
    async for number in every_suspension(lambda: hass.config_entries.async_setup(entry.entry_id), cancel):
        await settled(hass)
        await loaded(hass, entry, number)
        assert hass.states.async_all("sensor")
        assert await hass.config_entries.async_unload(entry.entry_id)
        await settled(hass)
        forget(hass, entry)
    # Login, serial number and values, over the former connection.
    assert number >= 4


async def test_a_reload_at_every_await_of_the_set_up(hass: HomeAssistant, gateway: Gateway) -> None:
    """The reload waits for the set-up; in the end the entry is loaded once."""
    entry = entry_for(gateway, gateway.identity.serial_number)
    entry.add_to_hass(hass)
    reload = meanwhile(lambda: hass.config_entries.async_reload(entry.entry_id))
    async for number in every_suspension(lambda: hass.config_entries.async_setup(entry.entry_id), reload):
        await settled(hass)
        assert entry.state is ConfigEntryState.LOADED, number
        ids = [item.entity_id for item in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)]
        assert not any(entity_id.endswith("_2") for entity_id in ids)
        assert await hass.config_entries.async_unload(entry.entry_id)
        await settled(hass)


@pytest.mark.parametrize("how", ["stop", "closed"])
async def test_an_end_at_every_await_of_the_dialog(hass: HomeAssistant, gateway: Gateway, how: str) -> None:
    """There is no entry or a whole one, and the dialog can be opened again at once."""

    async def dialog() -> object:
        form = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
        page = await submit(hass, form, typed(gateway))
        return page if page["type"] is FlowResultType.CREATE_ENTRY else await submit(hass, page, {})

    async def close() -> None:
        for flow in hass.config_entries.flow.async_progress(include_uninitialized=True):
            hass.config_entries.flow.async_abort(flow["flow_id"])

    # Home Assistant's loader waits for ever after a search for custom integrations that was cancelled.
    await async_get_integration(hass, DOMAIN)
    number = 0
    interrupt = cancel if how == "stop" else meanwhile(close)
    try:
        async for number in every_suspension(dialog, interrupt):
            await close()
            await settled(hass)
            for entry in hass.config_entries.async_entries(DOMAIN):
                await loaded(hass, entry, number)
                assert entry.unique_id == gateway.identity.serial_number
                await hass.config_entries.async_remove(entry.entry_id)
            await settled(hass)
            assert hass.config_entries.flow.async_progress() == []
    except UnknownFlow:
        pytest.fail("the dialog ended, though it was not closed")
    assert number > 10


async def test_a_stop_at_every_await_of_a_new_address(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """The entry has its old certificate or its new one, and either is put right by the next try."""
    entry = await set_up(gateway)
    good = dict(entry.data)

    async def dialog() -> object:
        hass.config_entries.async_update_entry(entry, data={**good, CONF_FINGERPRINT: "00" * 32})
        form = await hass.config_entries.flow.async_init(
            DOMAIN, context={"source": SOURCE_RECONFIGURE, "entry_id": entry.entry_id}
        )
        answer = {CONF_HOST: f"{gateway.host}:{gateway.port}", CONF_USERNAME: good[CONF_USERNAME]}
        return await submit(hass, await submit(hass, form, answer), {})

    async for number in every_suspension(dialog, cancel):
        for flow in hass.config_entries.flow.async_progress(include_uninitialized=True):
            hass.config_entries.flow.async_abort(flow["flow_id"])
        await settled(hass)
        assert entry.data[CONF_FINGERPRINT] in {"00" * 32, gateway.fingerprint}, number
    assert entry.data[CONF_FINGERPRINT] == gateway.fingerprint
    assert entry.state is ConfigEntryState.LOADED


@pytest.mark.parametrize("how", ["stop", "reload"])
async def test_an_end_at_every_await_of_a_repair(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, how: str
) -> None:
    """A repair that was not finished has changed nothing, and can be opened again."""
    entry = await set_up(gateway)
    good = dict(entry.data)

    async def repair() -> object:
        hass.config_entries.async_update_entry(entry, data={**good, CONF_FINGERPRINT: "00" * 32})
        async_certificate_changed(hass, entry)
        flow, _ = await opened(hass, certificate_issue_id(entry), {"entry_id": entry.entry_id})
        return await flow.async_step_certificate_changed({})

    interrupt = cancel if how == "stop" else meanwhile(lambda: hass.config_entries.async_reload(entry.entry_id))
    async for number in every_suspension(repair, interrupt):
        await settled(hass)
        assert entry.data[CONF_FINGERPRINT] in {"00" * 32, gateway.fingerprint}, number
    assert entry.data[CONF_FINGERPRINT] == gateway.fingerprint
    assert entry.state is ConfigEntryState.LOADED


async def test_an_end_at_every_await_of_a_replacement(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """The entities are those of the old gateway or those of the new one, never of both."""
    gateway.identity = old = Identity(serial_number="BX10000001")
    entry = await set_up(gateway)
    await settled(hass)
    before = {item.entity_id for item in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)}
    gateway.identity = new = Identity(serial_number="BX10000042")
    gateway.reboot()

    async def repair() -> object:
        flow, page = await opened(hass, f"other_gateway_{entry.entry_id}", {"entry_id": entry.entry_id})
        if page["type"] is FlowResultType.MENU:
            await flow.async_step_replace()
        return None

    async for _ in every_suspension(repair, cancel):
        await settled(hass)
        items = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
        assert {item.entity_id for item in items} == before
        assert {item.unique_id.partition("_")[0] for item in items} == {entry.unique_id}
        assert entry.unique_id in {old.serial_number, new.serial_number}
    assert entry.unique_id == new.serial_number
    assert entry.state is ConfigEntryState.LOADED


@pytest.mark.parametrize("how", ["stop", "reload"])
async def test_an_end_at_every_await_of_the_options(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, how: str
) -> None:
    """While codes are named: the options are the old or the new ones, the entry is loaded, and the dialog can be opened again."""
    entry = await set_up(gateway, options={"codes": codes_of(gateway.site)})
    flows = hass.config_entries.options
    before = dict(entry.options)

    async def dialog() -> object:
        page = await flows.async_init(entry.entry_id)
        page = await flows.async_configure(page["flow_id"], {"next_step_id": "name_codes"})
        while page["type"] is FlowResultType.SHOW_PROGRESS:
            await hass.async_block_till_done(wait_background_tasks=True)
            page = await flows.async_configure(page["flow_id"])
        return await flows.async_configure(page["flow_id"], {})

    reload = meanwhile(lambda: hass.config_entries.async_reload(entry.entry_id))
    number = 0
    async for number in every_suspension(dialog, cancel if how == "stop" else reload):
        for flow in flows.async_progress(include_uninitialized=True):
            flows.async_abort(flow["flow_id"])
        await settled(hass)
        await loaded(hass, entry, number)
        assert {**entry.options, **before} == {**entry.options}
    assert number > 2
    assert await hass.config_entries.async_unload(entry.entry_id)
