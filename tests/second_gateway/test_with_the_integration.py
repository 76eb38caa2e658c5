"""Home Assistant set up against a gateway that knows nothing of the integration."""

from collections import deque
import time
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_USER, ConfigEntry, ConfigEntryState, ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.carlo_gavazzi_ems.const import DOMAIN

from . import Gateway, Signal, build_site
from .conftest import DAY

#: The model's unit behind each unit that a sensor may show, and how much of it one is.
UNITS: Final = {
    "W": ("W", 1.0),
    "kW": ("W", 1e3),
    "Wh": ("J", 3600.0),
    "kWh": ("J", 3.6e6),
    "var": ("var", 1.0),
    "kvar": ("var", 1e3),
    "VA": ("VA", 1.0),
    "kVA": ("VA", 1e3),
    "varh": ("vars", 3600.0),
    "kvarh": ("vars", 3.6e6),
    "V": ("V", 1.0),
    "A": ("A", 1.0),
    "Hz": ("Hz", 1.0),
    "h": ("s", 3600.0),
    "m³": ("m3s", 1.0),
}


async def click_through(hass: HomeAssistant, result: ConfigFlowResult) -> tuple[ConfigFlowResult, list[str]]:
    """Take what each page suggests, until the dialog has ended; return its end and the pages it showed."""
    pages: list[str] = []
    while result["type"] not in {FlowResultType.CREATE_ENTRY, FlowResultType.ABORT}:
        answer: dict[str, Any] | None = None
        if result["type"] is FlowResultType.FORM:
            assert not result["errors"], (pages, result)
            pages.append(result["step_id"])
            assert len(pages) < 20, pages
            schema = result["data_schema"]
            answer = {
                str(key): (key.description or {})["suggested_value"]
                for key in (schema.schema if schema else {})
                if "suggested_value" in (key.description or {})
            }
        elif result["type"] is FlowResultType.MENU:
            pages.append(result["step_id"])
            answer = {"next_step_id": next(iter(result["menu_options"]))}
        else:
            await hass.async_block_till_done(wait_background_tasks=True)
        result = await hass.config_entries.flow.async_configure(result["flow_id"], answer)
    return result, pages


async def set_up(hass: HomeAssistant, gateway: Gateway) -> tuple[ConfigEntry, list[str]]:
    """Set up the integration as a person does who changes nothing."""
    form = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    typed = {
        CONF_HOST: f"{gateway.host}:{gateway.port}",
        CONF_USERNAME: gateway.username,
        CONF_PASSWORD: gateway.password,
    }
    result = await hass.config_entries.flow.async_configure(form["flow_id"], typed)
    done, pages = await click_through(hass, result)
    assert done["type"] is FlowResultType.CREATE_ENTRY, done
    await hass.async_block_till_done(wait_background_tasks=True)
    entry: ConfigEntry = done["result"]
    assert entry.state is ConfigEntryState.LOADED
    return entry, pages


def sensors(hass: HomeAssistant, entry: ConfigEntry, gateway: Gateway) -> dict[int, tuple[er.RegistryEntry, Signal]]:
    """Return the entities of signals by UID."""
    prefix = f"{gateway.identity.serial}_"
    found: dict[int, tuple[er.RegistryEntry, Signal]] = {}
    for item in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id):
        uid = item.unique_id.removeprefix(prefix)
        if item.unique_id.startswith(prefix) and uid.isdecimal():
            found[int(uid)] = item, gateway.site.signals[int(uid)]
    return found


def shown(hass: HomeAssistant, entity_id: str) -> float:
    """Return a sensor's value in the model's unit."""
    state = hass.states.get(entity_id)
    assert state is not None
    return float(state.state) * UNITS[state.attributes["unit_of_measurement"]][1]


async def unload(hass: HomeAssistant, entry: ConfigEntry, gateway: Gateway) -> None:
    """End the connection before the gateway goes."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    assert gateway.in_flight == 0


@pytest.fixture
def gateway_now(kind: str) -> Gateway:
    """A gateway that lives in Home Assistant's own time."""
    now = time.time()
    return Gateway(build_site(kind, 3, now - 8 * DAY), time.time)


@pytest.mark.parametrize("kind", ["house", "flat", "workshop"])
@pytest.mark.timeout(300)
async def test_set_up(
    hass: HomeAssistant, socket_enabled: None, enable_custom_integrations: None, gateway_now: Gateway
) -> None:
    """Every signal has its entity; whatever has a unit after clicking through has the right one."""
    async with gateway_now as gateway:
        entry, pages = await set_up(hass, gateway)
        assert pages[0] == "certificate"
        assert gateway.accounts.refused == 0
        found = sensors(hass, entry, gateway)
        assert found.keys() == gateway.site.signals.keys()
        named = 0
        for item, signal in found.values():
            state = hass.states.get(item.entity_id)
            assert (state is None) == (item.disabled_by is not None)
            if state is not None and "unit_of_measurement" in state.attributes:
                assert UNITS[state.attributes["unit_of_measurement"]][0] == signal.unit, (signal.quantity, state)
                named += 1
        # A P1 port alone proves little: there the documented code is enough.
        assert named >= (1 if len(gateway.site.loads) == 2 else 20)
        await unload(hass, entry, gateway)


@pytest.mark.parametrize("kind", ["house"])
@pytest.mark.timeout(300)
async def test_an_hour(
    hass: HomeAssistant,
    socket_enabled: None,
    enable_custom_integrations: None,
    freezer: FrozenDateTimeFactory,
    gateway_now: Gateway,
) -> None:
    """An hour of polls: what is shown is what the meter showed lately, and counters end within a poll of the truth."""
    async with gateway_now as gateway:
        entry, _ = await set_up(hass, gateway)
        found = {
            item.entity_id: signal
            for item, signal in sensors(hass, entry, gateway).values()
            if (state := hass.states.get(item.entity_id)) and "unit_of_measurement" in state.attributes
        }
        began = {entity: shown(hass, entity) for entity, signal in found.items() if signal.counter}
        gateway.requests.clear()
        recent: deque[float] = deque(maxlen=31)
        for number in range(1, 361):
            freezer.tick(10)
            recent.append(time.time())
            async_fire_time_changed(hass)
            await hass.async_block_till_done(wait_background_tasks=True)
            if number % 30:
                continue
            for entity, signal in found.items():
                printed = [gateway.timeline.register(signal, _sampled(gateway, signal, when)) for when in recent]
                assert shown(hass, entity) in [pytest.approx(value / signal.scale) for value in printed], (
                    signal.quantity
                )
        polls = [request for request in gateway.requests if request.path == "/v1/signals/realtime"]
        assert 355 <= len(polls) <= 365
        assert gateway.accounts.logins <= 4
        assert gateway.most_in_flight == 1
        for entity, before in began.items():
            signal = found[entity]
            gained = (shown(hass, entity) - before) / 3.6e6
            wanted = signal.curve.integral(recent[-1] - 3600, recent[-1]) / 3.6e6
            # Five minutes of a rhythm of publishing at either end.
            assert gained == pytest.approx(wanted, rel=0.2, abs=0.02), signal.quantity
        await unload(hass, entry, gateway)


def _sampled(gateway: Gateway, signal: Signal, when: float) -> float:
    return gateway.timeline.sample(gateway.site.loads[signal.load], when)
