"""Runs a fault at each request of a situation, checks the log, and recovers the entry as a person would."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import logging
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigEntryState, ConfigFlowResult
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
import pytest

from simulator import Gateway
from simulator.faults import Fault
from tests.carlo_gavazzi_ems.config_pages import submit
from tests.carlo_gavazzi_ems.conftest import PASSWORD, USERNAME
from tests.carlo_gavazzi_ems.resident import reauths
from tests.nightly import rest_at_night

from .patience import later
from .table import AWAITED, LISTS, Request, Situation, Variant, asked, error_of, kinds_of_outcome, variants

#: All faults, or those with different outcomes. Every second one, from the first or from the second on, runs always.
some_faults, other_faults = (
    pytest.mark.parametrize("variant", rest_at_night(variants(), first=first), ids=str) for first in (0, 1)
)
every_outcome = pytest.mark.parametrize("variant", list(kinds_of_outcome()), ids=str)
some_outcomes, other_outcomes = (
    pytest.mark.parametrize("variant", rest_at_night(kinds_of_outcome(), first=first), ids=str) for first in (0, 1)
)
type Strike = Callable[[Variant, Request], Fault]
CREDENTIALS = {CONF_USERNAME: USERNAME, CONF_PASSWORD: PASSWORD}


class Matrix:
    """One fault at each request of a situation."""

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
        self.slow = variant.slow
        self._variant = variant
        self._strike = strike
        self._subtests = subtests
        self._caplog = caplog

    def requests(self, situation: Situation, *among: Request) -> Iterator[tuple[Request, frozenset[str]]]:
        """Yield the requests at which the fault may strike, with the errors they may end in."""
        for request in asked(situation, self._variant):
            if not among or request in among:
                yield request, error_of(self._variant, request)

    @contextmanager
    def at(self, request: Request, *, level: int = logging.INFO) -> Iterator[None]:
        """Switch the fault on for a request, in a subtest, and off again afterwards."""
        with self._subtests.test(f"{self._variant} {request.name}"), self._caplog.at_level(level):
            self.strike(request)
            with quiet(self._caplog):
                yield
        self.clear()

    def strike(self, request: Request) -> None:
        """Switch the fault on."""
        self._strike(self._variant, request)

    def state_after(self, request: Request, errors: frozenset[str], *, known: bool) -> ConfigEntryState:
        """Return the entry's state after a set-up with these errors at a request.

        `known` is whether the gateway's lists are stored: then the set-up waits for values only.
        """
        missed = request is Request.HISTORY or (request not in AWAITED if known else request is Request.DATE)
        if not errors or missed:
            return ConfigEntryState.LOADED
        # R8: a wrong password waits for a person. R12: all else is repeated by Home Assistant.
        return ConfigEntryState.SETUP_ERROR if "invalid_auth" in errors else ConfigEntryState.SETUP_RETRY

    def clear(self) -> None:
        """Switch the fault off."""
        self.gateway.faults.clear()

    @property
    def harmed(self) -> int:
        """How many sensors a fault in the data may make unavailable: those of one record, or of one load."""
        return {"bad-record": 1, "hide-load": len(self.gateway.site.signals_of_load(2))}.get(self.kind, 0)


def error_shown(form: ConfigFlowResult) -> str:
    """Return the error that stands above a form."""
    shown = form["errors"]
    assert shown is not None
    return shown["base"]


def assert_lists_missed(hass: HomeAssistant, entry: ConfigEntry[Any], request: Request, errors: frozenset[str]) -> None:
    """Expect a loaded entry with all values; lists that could not be read are the former ones."""
    topology = entry.runtime_data.topology
    missed = bool(errors) and request in {Request.VERSION, *LISTS}
    assert topology.data.fresh is not missed
    assert topology.last_update_success is not missed
    if missed:
        assert not unavailable(hass)


async def recover(hass: HomeAssistant, entry: ConfigEntry[Any], *, anew: bool = False) -> None:
    """Expect the entry to recover without the fault; do the steps that only a person can do."""
    if anew or entry.state is not ConfigEntryState.LOADED or not entry.runtime_data.realtime.last_update_success:
        if not reauths(hass):
            # A change by a person is tried at once, also while the integration waits because of `Retry-After`.
            hass.config_entries.async_update_entry(entry, title=f"{entry.title}.")
            await hass.config_entries.async_reload(entry.entry_id)
            await hass.async_block_till_done(wait_background_tasks=True)
        # A refused password is not sent again until the person enters one.
        for flow in reauths(hass):
            result = await submit(hass, flow, CREDENTIALS)
            assert result["reason"] == "reauth_successful"
        await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.LOADED
    later(entry)
    for coordinator in (entry.runtime_data.topology, entry.runtime_data.realtime):
        # If the fault has voided the token, the first refresh gets a new one.
        for _ in range(2):
            await coordinator.async_refresh()
        assert coordinator.last_update_success
    assert entry.runtime_data.topology.data.fresh
    assert not unavailable(hass)
    assert not reauths(hass)


@contextmanager
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Expect neither an error nor a traceback in the log."""
    caplog.clear()
    yield
    bugs = [
        f"{record.name}: {record.getMessage()} {record.exc_text or ''}"
        for record in caplog.records
        # At debug level Home Assistant logs a traceback for every set-up that it will repeat.
        if record.levelno > logging.DEBUG
        and (record.levelno >= logging.ERROR or record.exc_info)
        and not _expected(record)
    ]
    assert not bugs


def _expected(record: logging.LogRecord) -> bool:
    """Return whether a line is the simulated gateway's, or Home Assistant's own about a refused password."""
    # The gateway runs in this process too; its server logs an error when a client closes a connection.
    return record.name == "aiohttp.server" or (
        record.name == "homeassistant.config_entries" and "could not authenticate" in record.getMessage()
    )


def unavailable(hass: HomeAssistant) -> int:
    """Return how many sensors are unavailable."""
    return sum(state.state == "unavailable" for state in hass.states.async_all("sensor"))
