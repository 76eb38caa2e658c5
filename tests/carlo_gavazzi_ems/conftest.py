"""A simulated gateway over real HTTPS on loopback, and Home Assistant."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.carlo_gavazzi_ems import coordinator, sensor
from custom_components.carlo_gavazzi_ems.const import CONF_FINGERPRINT, DOMAIN
from custom_components.carlo_gavazzi_ems.dialogs import progress
from simulator import Gateway, Site, SiteKind, build_site

USERNAME = "homeassistant"
PASSWORD = "correct horse"


def signal_entries(registry: er.EntityRegistry, entry: MockConfigEntry) -> list[er.RegistryEntry]:
    """Return the entities of signals; those of loads and of the gateway itself are left out."""
    return [
        item
        for item in er.async_entries_for_config_entry(registry, entry.entry_id)
        if item.unique_id.rpartition("_")[2].isdecimal()
    ]


type SetUp = Callable[..., Awaitable[MockConfigEntry]]


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeat a failed poll at once, and end progress bars with their work: a frozen clock never ends a wait."""
    monkeypatch.setattr(coordinator, "RETRY_DELAY", 0)
    monkeypatch.setattr(progress, "MIN_SHOWN", 0)


def make_site(kind: SiteKind = SiteKind.FLAT, *, seed: int = 1, loads: int | None = None, **options: Any) -> Site:
    """Return a site, cut down to `loads` loads if that is given."""
    site = build_site(kind, seed=seed, **options)
    for uid in [] if loads is None else sorted(site.loads)[loads:]:
        site.remove_load(uid)
    return site


@pytest.fixture
def site(request: pytest.FixtureRequest) -> Site:
    """A flat on one phase, or that of a test's or module's marker: `pytest.mark.site(SiteKind.HOUSE, seed=3)`."""
    marker = request.node.get_closest_marker("site")
    return make_site(*marker.args, **marker.kwargs) if marker else make_site()


@pytest.fixture
def load(site: Site) -> int:
    """A load with a counter and a power, which is not the main meter."""
    return next(
        load
        for load in reversed(site.loads)
        if {"energy_import", "active_power"} <= {site.truth(signal.uid)[0] for signal in site.signals_of_load(load)}
    )


@pytest.fixture
def gateway_options() -> dict[str, Any]:
    """The gateway's options; a test overrides this fixture."""
    return {}


@pytest.fixture
async def gateway(socket_enabled: None, site: Site, gateway_options: dict[str, Any]) -> AsyncIterator[Gateway]:
    """A gateway that listens on loopback."""
    async with Gateway(site, username=USERNAME, password=PASSWORD, **gateway_options) as running:
        yield running


@pytest.fixture
def forgiving_loop(hass: HomeAssistant) -> None:
    """Let a client close the connection during the handshake.

    The gateway shares Home Assistant's event loop here, and its debug mode logs an error of the server
    when the client does not trust its certificate.
    """
    report = hass.loop.get_exception_handler()
    assert report is not None

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if "incoming connection" not in context["message"]:
            report(loop, context)

    hass.loop.set_exception_handler(handle)


def entry_for(gateway: Gateway, serial: str, **changes: Any) -> MockConfigEntry:
    """Return an entry as the config flow makes it."""
    data = {
        CONF_HOST: gateway.host,
        CONF_PORT: gateway.port,
        CONF_FINGERPRINT: gateway.fingerprint,
        CONF_USERNAME: USERNAME,
        CONF_PASSWORD: PASSWORD,
        **changes.pop("data", {}),
    }
    return MockConfigEntry(domain=DOMAIN, title=f"EMS {serial[-4:]}", unique_id=serial, data=data, **changes)


@pytest.fixture
def every_sensor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enable every sensor of a signal that is on, as a person can; a module about the defaults overrides this."""
    monkeypatch.setattr(
        sensor, "wanted_signals", lambda signals, *_: {uid for uid, signal in signals.items() if signal.enabled}
    )


@pytest.fixture
def set_up(hass: HomeAssistant, enable_custom_integrations: None, forgiving_loop: None, every_sensor: None) -> SetUp:
    """Set up an entry for a gateway, and expect it to load."""

    async def do(
        gateway: Gateway, *, expect: ConfigEntryState = ConfigEntryState.LOADED, **changes: Any
    ) -> MockConfigEntry:
        entry = entry_for(gateway, gateway.identity.serial_number, **changes)
        entry.add_to_hass(hass)
        await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        assert entry.state is expect
        return entry

    return do


@pytest.fixture
def short_past(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read minutes of history where a test is not about the codes."""
    monkeypatch.setattr("custom_components.carlo_gavazzi_ems.recognition.observation.SPAN", timedelta(minutes=10))
