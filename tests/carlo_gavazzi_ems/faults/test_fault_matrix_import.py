"""Each fault of the simulator while history is imported: the action says why it ends, and nothing else changes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder.db_schema import Statistics
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from simulator import Gateway, Site
from simulator.faults.base import DataFault, StateFault, kinds
from tests.carlo_gavazzi_ems.conftest import make_site
from tests.carlo_gavazzi_ems.dialogs.import_pages import NOON, entry, open_page, through
from tests.carlo_gavazzi_ems.recorder import in_recorder

from .matrix import Matrix, Strike, recover
from .patience import later
from .table import Request, Situation, Variant, kinds_of_outcome

__all__ = ["entry"]

START = datetime(2026, 10, 20, 7, tzinfo=UTC)


@pytest.fixture
def site() -> Site:
    """A flat with one of its loads, and a row of history in a quarter of an hour."""
    return make_site(loads=1, period=900)


async def imported(hass: HomeAssistant, entry: MockConfigEntry, *, dry_run: bool) -> int | str:
    """Import by the action; return the number of hours, or the key of the error that it ends in."""
    asked = {"config_entry_id": entry.entry_id, "start": START, "dry_run": dry_run}
    try:
        response = await hass.services.async_call(DOMAIN, "import_history", asked, blocking=True, return_response=True)
    except HomeAssistantError as error:
        return str(error.translation_key)
    sensors: Any = (response or {})["sensors"]
    return sum(int(sensor["hours"]) for sensor in sensors.values())


@pytest.mark.parametrize("dry_run", [False, pytest.param(True, marks=pytest.mark.long)], ids=["written", "dry"])
async def test_r15_import(
    entry: MockConfigEntry,
    hass: HomeAssistant,
    gateway: Gateway,
    strike: Strike,
    subtests: pytest.Subtests,
    caplog: pytest.LogCaptureFixture,
    freezer: FrozenDateTimeFactory,
    *,
    dry_run: bool,
) -> None:
    """Dry or not: the action says what is wrong, and what is written is whole."""
    assert await async_setup_component(hass, "energy", {})
    for variant in kinds_of_outcome():
        matrix = Matrix(gateway, variant, strike, subtests, caplog)
        for request, errors in matrix.requests(Situation.IMPORT):
            forget(hass)
            async with matrix_at(matrix, request, freezer):
                if request is Request.LOGIN:
                    gateway.reboot()
                assert_ended(await imported(hass, entry, dry_run=dry_run), errors, variant)
                if request is Request.HISTORY:
                    # The page about the Energy dashboard reads history too, and is shown without it.
                    page = await through(hass, await open_page(hass, entry, "energy"), "energy")
                    assert (page["type"], page["step_id"]) == (FlowResultType.FORM, "energy_roles")
                for flow in hass.config_entries.options.async_progress():
                    hass.config_entries.options.async_abort(flow["flow_id"])
                assert entry.state is ConfigEntryState.LOADED
                matrix.clear()
                # What a person changes comes after the refusal.
                freezer.tick(timedelta(seconds=1))
                await recover(hass, entry, anew=request is Request.LOGIN and bool(errors))
                later(entry)
    assert await hass.config_entries.async_unload(entry.entry_id)


@asynccontextmanager
async def matrix_at(matrix: Matrix, request: Request, freezer: FrozenDateTimeFactory) -> AsyncIterator[None]:
    """Have the fault at a request, and time that passes: else nothing that waits would ever be given up."""

    async def pass_time() -> None:
        while True:
            await asyncio.sleep(0)
            freezer.tick(timedelta(milliseconds=1))

    # A gateway that hangs up does so a moment after its answer.
    passing = asyncio.create_task(pass_time()) if matrix.slow or matrix.kind == "hang-up" else None
    try:
        with matrix.at(request):
            yield
    finally:
        if passing is not None:
            passing.cancel()


def assert_ended(end: int | str, errors: frozenset[str], variant: Variant) -> None:
    """Expect hours, or what is wrong."""
    if errors:
        assert end in errors
    elif issubclass(kinds()[variant.kind], DataFault | StateFault) or variant.kind in {
        "garbage-numbers",
        "endless-list",
    }:
        # Of what has no value, is no row, or lies at another time, there may be nothing to import.
        assert isinstance(end, int)
    else:
        assert isinstance(end, int)
        assert end > 0


def forget(hass: HomeAssistant) -> None:
    """Take what was imported out of the database, so that there is something to import again."""
    in_recorder(hass, lambda session: session.query(Statistics).filter(Statistics.start_ts < NOON.timestamp()).delete())
