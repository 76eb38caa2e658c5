"""The daily look during other events: no history, no gateway, an unload, a dialog, an import, another gateway."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
import threading
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.carlo_gavazzi_ems.recognition import identifying
from custom_components.carlo_gavazzi_ems.signals.identify import Finding
from simulator import Drop, Gateway, Identity, Status
from tests.carlo_gavazzi_ems.config_pages import placeholders_of
from tests.carlo_gavazzi_ems.conftest import PASSWORD, USERNAME, SetUp
from tests.carlo_gavazzi_ems.dialogs.code_pages import code_of, labels, suggested
from tests.carlo_gavazzi_ems.recognition.days import Identification, pass_days, pass_hours, recognised
from tests.carlo_gavazzi_ems.resident import our_log, poll, requests

HISTORY = "/v1/signals/history"


class SlowIdentification:
    """An identification that runs until a test ends it, and checks whether it was cancelled."""

    def __init__(self) -> None:
        """Begin without a call."""
        self.begun = 0
        self.end = threading.Event()
        self.ended = threading.Event()
        self.at_once = 0
        self.most_at_once = 0

    def __call__(self, *_: object, progress: Any, **__: object) -> Mapping[int, Finding]:
        """Run until the end."""
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.begun += 1
        try:
            while not self.end.wait(0.01):
                progress(0.5)
            return {}
        finally:
            self.at_once -= 1
            self.ended.set()


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowIdentification]:
    """A slow identification, with ten minutes of a day."""
    work = SlowIdentification()
    monkeypatch.setattr(identifying, "identify", work)
    monkeypatch.setattr("custom_components.carlo_gavazzi_ems.recognition.observation.SPAN", timedelta(minutes=10))
    yield work
    work.end.set()


async def begun(hass: HomeAssistant, slow: SlowIdentification, times: int) -> None:
    """Wait until `times` identifications have begun."""
    while slow.begun < times:
        await hass.async_add_executor_job(slow.end.wait, 0.02)


async def begin_look(hass: HomeAssistant, freezer: FrozenDateTimeFactory, slow: SlowIdentification) -> None:
    """Let a day pass, and wait until a look identifies."""
    before = slow.begun
    freezer.tick(timedelta(days=1))
    async_fire_time_changed(hass)
    await begun(hass, slow, before + 1)


async def test_r26_a_gateway_without_history(
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    identification: Identification,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its history is requested once a day, without an error in the log."""
    gateway.faults.add(Status(path=HISTORY, code=404))
    entry = await set_up(gateway)
    await pass_days(hass, freezer, 3)
    assert identification.rows == [0, 0, 0]
    assert requests(gateway, HISTORY) <= 2 * 3
    assert await recognised(hass, entry) == 0
    assert our_log(caplog) == []


async def test_r26_a_gateway_that_is_away_is_looked_at_when_it_is_back(
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    identification: Identification,
) -> None:
    """While polls fail there are no other requests; the look follows within an hour of the gateway's return."""
    await set_up(gateway)
    away = gateway.faults.add(Drop())
    await poll(hass, freezer, 300)
    asked = requests(gateway, HISTORY)
    await pass_hours(hass, freezer, 25)
    assert (identification.looks, requests(gateway, HISTORY)) == (0, asked)
    gateway.faults.remove(away)
    await poll(hass, freezer, 300, times=2)
    await pass_hours(hass, freezer, 1.1)
    assert identification.looks == 1


@pytest.mark.parametrize("path", [HISTORY, "/v1/signals/realtime"])
async def test_r26_a_gateway_that_goes_away_meanwhile(
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    identification: Identification,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
) -> None:
    """A look that lost the gateway does not count as the one of its day; an hour later it is repeated."""
    entry = await set_up(gateway)
    monkeypatch.setattr(entry.runtime_data.realtime, "last_update_success", True)
    monkeypatch.setattr(entry.runtime_data.realtime, "update_interval", None)
    away = gateway.faults.add(Drop(path=path))
    await pass_hours(hass, freezer, 25)
    assert identification.looks == 0
    gateway.faults.remove(away)
    await pass_hours(hass, freezer, 1.1)
    assert identification.looks == 1


async def test_r26_an_unload_ends_a_look(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    slow: SlowIdentification,
) -> None:
    """The unload does not wait, the thread ends too, nothing half done is kept, and the look is repeated."""
    entry = await set_up(gateway)
    await begin_look(hass, freezer, slow)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert await hass.async_add_executor_job(slow.ended.wait, 10)
    assert f"carlo_gavazzi_ems.{entry.entry_id}.recognised" not in hass_storage
    slow.end.set()
    assert await hass.config_entries.async_setup(entry.entry_id)
    await pass_hours(hass, freezer, 1.1)
    assert slow.begun == 2


async def test_r26_a_dialog_goes_before_a_look(
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    slow: SlowIdentification,
) -> None:
    """Opening the naming of codes ends a look that runs, and none begins while the dialog reads."""
    entry = await set_up(gateway)
    await begin_look(hass, freezer, slow)
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    flow = await hass.config_entries.options.async_configure(menu["flow_id"], {"next_step_id": "name_codes"})
    assert flow["step_id"] == "identify"
    assert await hass.async_add_executor_job(slow.ended.wait, 10)
    await begun(hass, slow, 2)  # the dialog's own
    freezer.tick(timedelta(hours=1.1))
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    assert (slow.begun, slow.most_at_once) == (2, 1)
    slow.end.set()
    while flow["type"] is FlowResultType.SHOW_PROGRESS:
        await hass.async_block_till_done(wait_background_tasks=True)
        flow = await hass.config_entries.options.async_configure(flow["flow_id"])
    assert flow["step_id"] == "codes"
    hass.config_entries.options.async_abort(flow["flow_id"])


async def test_r26_an_import_goes_before_a_look(
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    slow: SlowIdentification,
) -> None:
    """Reading history for the statistics cancels a running look; none begins before that is over."""
    entry = await set_up(gateway)
    history = entry.runtime_data.history
    await begin_look(hass, freezer, slow)
    async with history.reading():
        assert await hass.async_add_executor_job(slow.ended.wait, 10)
        freezer.tick(timedelta(hours=1.1))
        async_fire_time_changed(hass)
        await hass.async_block_till_done()
        assert slow.begun == 1
    await begin_look(hass, freezer, slow)


async def test_r26_two_gateways_are_looked_at_one_after_the_other(
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    slow: SlowIdentification,
) -> None:
    """Identification takes one core at a time."""
    await set_up(gateway)
    twin = Identity(serial_number="BX19999999", mac="00:19:EE:00:00:99")
    async with Gateway(gateway.site, username=USERNAME, password=PASSWORD, identity=twin) as other:
        second = await set_up(other)
        freezer.tick(timedelta(days=1))
        async_fire_time_changed(hass)
        while requests(gateway, HISTORY) == 0 or requests(other, HISTORY) == 0:
            await hass.async_add_executor_job(slow.end.wait, 0.05)
        await hass.async_add_executor_job(slow.end.wait, 0.3)
        slow.end.set()
        await hass.async_block_till_done(wait_background_tasks=True)
        assert second.state is ConfigEntryState.LOADED
        assert slow.most_at_once == 1
        assert await hass.config_entries.async_unload(second.entry_id)


async def test_r26_the_form_has_what_was_recognised_also_where_the_history_fails(
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    identification: Identification,
) -> None:
    """Stored findings do not have to be proven again."""
    power = code_of(gateway, "active_power")
    entry = await set_up(gateway)
    identification.certain = {power: "active_power/kW"}
    await pass_days(hass, freezer, 1)
    gateway.faults.add(Status(path=HISTORY, code=500))
    identification.certain = {}
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    flow = await hass.config_entries.options.async_configure(menu["flow_id"], {"next_step_id": "name_codes"})
    while flow["type"] is FlowResultType.SHOW_PROGRESS:
        await hass.async_block_till_done(wait_background_tasks=True)
        flow = await hass.config_entries.options.async_configure(flow["flow_id"])
    assert suggested(flow)[labels(flow)[power]] == "active_power/kW"
    hass.config_entries.options.async_abort(flow["flow_id"])


async def test_r26_the_page_of_what_was_recognised_needs_no_values(
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    identification: Identification,
) -> None:
    """The gateway answers nothing any more: the names are certain all the same, and are taken."""
    power = code_of(gateway, "active_power")
    entry = await set_up(gateway)
    identification.certain = {power: "active_power/kW"}
    await pass_days(hass, freezer, 1)
    gateway.faults.add(Status(code=500))
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    page = await hass.config_entries.options.async_configure(menu["flow_id"], {"next_step_id": "name_recognised"})
    assert page["step_id"] == "findings"
    assert "- Active power (" in placeholders_of(page)["found"]
    done = await hass.config_entries.options.async_configure(page["flow_id"], {})
    assert done["data"]["codes"] == {str(power): "active_power/kW"}
    gateway.faults.clear()
    await hass.async_block_till_done()
