"""Wrong readings that last, over-range values, and rises that no installation makes."""

from pathlib import Path
from typing import Any

from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.repairs import HistoryFlow, async_create_fix_flow
from soak.worlds.judge import Verdict

from .tale import Tale, instant, tell


def _three_quarters(true: float) -> float:
    return 0.75 * true


@pytest.mark.parametrize("in_history", [False, True], ids=["realtime", "history too"])
@pytest.mark.parametrize(
    ("value", "until"),
    [
        (0.0, "12:22:30"),
        (429496729.5, "12:22:30"),
        (_three_quarters, "12:25"),
        (0.0, "14:40"),
        (5e6, "12:50"),
    ],
    ids=["zero", "over range", "three quarters", "zero for hours", "too much"],
)
def test_r01_wrong_readings_that_last(tmp_path: Path, value: Any, until: str, *, in_history: bool) -> None:
    """Once the reading is right again, the sum holds what the meter counted."""

    async def story(tale: Tale) -> Verdict:
        await tale.begin("12:20")
        await tale.wrong(until, value, in_history=in_history)
        return await tale.end("17:20")

    tell(story, tmp_path)


@pytest.mark.parametrize("value", [2147483.647, 214748364.7, 2147483647.0, 429496729.5, 4294967295.0, 65535.0, 3276.8])
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
        issues = ir.async_get(tale.world.home.hass).issues
        (issue,) = (item for (domain, _), item in issues.items() if domain == DOMAIN)
        assert issue.translation_key == "counter_jumped"
        assert issue.translation_placeholders is not None
        assert "kWh" in issue.translation_placeholders["amount"]
        await tale.until("14:20")
        flow = await async_create_fix_flow(tale.world.home.hass, issue.issue_id, issue.data)
        assert isinstance(flow, HistoryFlow)
        flow.hass = tale.world.home.hass
        assert (await flow.async_step_init())["type"] == "form"
        assert (await flow.async_step_confirm({}))["type"] == "create_entry"
        # As Home Assistant does with an issue whose flow has come to its end.
        ir.async_delete_issue(tale.world.home.hass, DOMAIN, issue.issue_id)
        return await tale.end("16:20")

    tell(story, tmp_path)
