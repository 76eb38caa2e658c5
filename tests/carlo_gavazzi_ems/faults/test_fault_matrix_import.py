"""Each fault of the simulator while history is imported: the dialog says why it ends, and nothing else changes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder.db_schema import Statistics
from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.translation import async_get_translations
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from simulator import Gateway, Site
from simulator.faults.base import DataFault, StateFault, kinds
from tests.carlo_gavazzi_ems.conftest import make_site
from tests.carlo_gavazzi_ems.dialogs.import_pages import NOON, entry, open_page, submit, through
from tests.carlo_gavazzi_ems.recorder import in_recorder

from .matrix import Matrix, Strike, recover
from .patience import later
from .table import Request, Situation, Variant, kinds_of_outcome

__all__ = ["entry"]

FIRST = "2026-10-20"


@pytest.fixture
def site() -> Site:
    """A flat with one of its loads, and a row of history in a quarter of an hour."""
    return make_site(loads=1, period=900)


async def preview(hass: HomeAssistant, entry: MockConfigEntry) -> ConfigFlowResult:
    """Read what there is to import."""
    flow = await submit(hass, await open_page(hass, entry), start=FIRST)
    return await through(hass, flow, "import_preview")


async def test_r15_import(
    entry: MockConfigEntry,
    hass: HomeAssistant,
    gateway: Gateway,
    strike: Strike,
    subtests: pytest.Subtests,
    caplog: pytest.LogCaptureFixture,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Before the question or after it: the dialog says what is wrong, and what is written is whole."""
    assert await async_setup_component(hass, "energy", {})
    texts = await async_get_translations(hass, "en", "exceptions", {DOMAIN})
    for variant in kinds_of_outcome():
        matrix = Matrix(gateway, variant, strike, subtests, caplog)
        for request, errors in matrix.requests(Situation.IMPORT):
            sentences = [texts[f"component.{DOMAIN}.exceptions.{key}.message"] for key in errors]
            for begun in (False, True):
                forget(hass)
                async with matrix_at(matrix, request, freezer):
                    if begun:
                        matrix.clear()
                        confirm = await preview(hass, entry)
                        matrix.strike(request)
                    if request is Request.LOGIN:
                        gateway.reboot()
                    if begun:
                        end = await through(hass, await submit(hass, confirm), "import_run")
                    else:
                        end = await preview(hass, entry)
                    problems = {sentence.format(gateway=entry.title) for sentence in sentences}
                    assert_ended(end, "import_done" if begun else "import_confirm", problems, variant)
                    if request is Request.HISTORY:
                        # The page about the Energy dashboard looks at the history too, and comes without it.
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


def assert_ended(end: ConfigFlowResult, step: str, problems: set[str], variant: Variant) -> None:
    """Expect the next page, or the one that says what is wrong in the gateway's own words."""
    words: dict[str, Any] = dict(end.get("description_placeholders") or {})
    if problems:
        assert (end["type"], end["reason"]) == (FlowResultType.ABORT, "import_failed")
        assert words["problem"] in problems
    elif issubclass(kinds()[variant.kind], DataFault | StateFault) or variant.kind in {
        "garbage-numbers",
        "endless-list",
    }:
        # Of what has no value, is no row, or lies at another time, there may be nothing to import.
        assert end.get("step_id") == step or end.get("reason") == "nothing_to_import"
    else:
        assert end["step_id"] == step
        assert int(words["hours"]) > 0


def forget(hass: HomeAssistant) -> None:
    """Take what was imported out of the database, so that there is something to import again."""
    in_recorder(hass, lambda session: session.query(Statistics).filter(Statistics.start_ts < NOON.timestamp()).delete())
