"""Wrong readings that last, over-range values, and impossible rises."""

from pathlib import Path
from typing import Any

from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.repairs import HistoryFlow, async_create_fix_flow
from soak.worlds.judge import Verdict
from tests.nightly import rest_at_night

from .tale import Tale, instant, tell


def _three_quarters(true: float) -> float:
    return 0.75 * true


WRONG = [
    (0.0, "12:22:30"),
    (429496729.5, "12:22:30"),
    (_three_quarters, "12:25"),
    (0.0, "14:40"),
    (5e6, "12:50"),
]


@pytest.mark.parametrize(
    ("value", "until", "in_history"),
    # Every run has each of them, in turn with and without history.
    rest_at_night((*wrong, n % 2 == odd) for n, wrong in enumerate(WRONG) for odd in (0, 1)),
)
def test_r01_wrong_readings_that_last(tmp_path: Path, value: Any, until: str, *, in_history: bool) -> None:
    """Once the reading is right again, the sum holds what the meter counted."""

    async def story(tale: Tale) -> Verdict:
        await tale.begin("12:20")
        await tale.wrong(until, value, in_history=in_history)
        return await tale.end("17:20")

    tell(story, tmp_path)


def test_r01_wrong_readings_over_the_hour_and_a_restart(tmp_path: Path) -> None:
    """What was taken for another meter in one hour is put right in the next, though Home Assistant was stopped before it."""

    async def story(tale: Tale) -> Verdict:
        await tale.begin("12:20")
        await tale.until("12:50:48")
        await tale.wrong("13:19:15", _three_quarters, in_history=True)
        await tale.until("13:50")
        await tale.world.stop()
        await tale.until("13:54:59")
        await tale.world.start()
        return await tale.end("17:20")

    tell(story, tmp_path)


def test_r01_a_wrong_reading_that_ends_while_home_assistant_is_off(tmp_path: Path) -> None:
    """It was taken for a reset just before the stop; that the counter goes on where it was is no jump."""

    async def story(tale: Tale) -> Verdict:
        for signal in tale.world.counters:
            tale.gateway.misread(signal, instant("12:18:30"), instant("12:24"), 0.0, in_history=True)
        tale.holes.append((instant("12:18:30"), instant("12:24")))
        await tale.begin("12:20:30")
        assert float(tale.shown()) < 1
        await tale.off("15:34:10")
        return await tale.end("18:20")

    tell(story, tmp_path)


@pytest.mark.parametrize(
    "value",
    rest_at_night([2147483.647, 3276.8, 214748364.7, 2147483647.0, 429496729.5, 4294967295.0, 65535.0], every=4),
)
def test_r01_over_range_is_no_reading(tmp_path: Path, value: float) -> None:
    """The maker's over-range values are never shown, however long they last."""

    async def story(tale: Tale) -> None:
        await tale.begin("11:20")
        before = tale.shown()
        tale.gateway.misread(tale.counter, instant("11:20"), instant("13:20"), value)
        await tale.until("13:00")
        assert tale.shown() == before
        await tale.world.stop()

    tell(story, tmp_path)


def test_r01_a_rise_that_is_taken_back(tmp_path: Path) -> None:
    """A meter that is replaced by one with more on it: a repair names load and amount, and takes it back."""

    async def story(tale: Tale) -> Verdict:
        tale.reset("12:30:03", 90_000.0)
        await tale.begin("13:20")
        await tale.until("14:20")
        await take_back(tale)
        return await tale.end("16:20")

    tell(story, tmp_path)


def test_r01_a_meter_with_a_higher_reading_put_in_during_an_outage(tmp_path: Path) -> None:
    """No house draws so much within one row of history: a person is asked, as where a rise is seen, and takes it back."""

    async def story(tale: Tale) -> Verdict:
        more = 700_000 if tale.counter.step >= 1 else 700
        tale.reset("14:10", tale.gateway.timeline.register(tale.counter, instant("14:10")) + more)
        await tale.begin("12:05")
        await tale.off("15:33:40")
        await tale.until("16:31")
        await take_back(tale)
        return await tale.end("18:31")

    tell(story, tmp_path, poll=30, most=1)


async def take_back(tale: Tale) -> None:
    """Answer in the repair that a rise was no consumption."""
    hass = tale.world.home.hass
    (issue,) = (item for (domain, _), item in ir.async_get(hass).issues.items() if domain == DOMAIN)
    assert issue.translation_key == "counter_jumped"
    assert issue.translation_placeholders is not None
    assert "kWh" in issue.translation_placeholders["amount"]
    flow = await async_create_fix_flow(hass, issue.issue_id, issue.data)
    assert isinstance(flow, HistoryFlow)
    flow.hass = hass
    assert (await flow.async_step_init())["type"] == "form"
    assert (await flow.async_step_confirm({}))["type"] == "create_entry"
    # As Home Assistant does at the end of an issue's flow.
    ir.async_delete_issue(hass, DOMAIN, issue.issue_id)
