"""Hours that cannot be repaired yet: a repair says why, and both it and an action try again."""

from pathlib import Path
from typing import Any

from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.repairs import HistoryFlow, async_create_fix_flow
from soak.worlds.judge import Verdict

from .tale import Tale, instant, tell

_ISSUE = "history_waits_no_state_after"


async def _try_again(tale: Tale) -> str:
    """Press the button of the repair; return the result."""
    hass = tale.world.home.hass
    issues = ir.async_get(hass).issues
    (issue,) = (item for (domain, _), item in issues.items() if domain == DOMAIN and item.translation_key == _ISSUE)
    assert issue.translation_placeholders is not None
    assert "Lathe" in issue.translation_placeholders["loads"]
    flow = await async_create_fix_flow(hass, issue.issue_id, issue.data)
    assert isinstance(flow, HistoryFlow)
    flow.hass = hass
    assert (await flow.async_step_init())["type"] == "form"
    result: dict[str, Any] = dict(await flow.async_step_confirm({}))
    return str(result.get("reason", result["type"]))


@pytest.mark.parametrize("by", ["repair", "action"])
def test_r03_what_waits_says_why_and_can_be_tried_again(tmp_path: Path, by: str) -> None:
    """For five hours the gateway reads 0 and its history goes on; then it reads right, and is asked at once."""

    async def repair_history(tale: Tale) -> dict[str, Any]:
        response = await tale.world.home.hass.services.async_call(
            DOMAIN,
            "repair_history",
            {"config_entry_id": tale.world.home.entry.entry_id},
            blocking=True,
            return_response=True,
        )
        assert isinstance(response, dict)
        return response

    async def story(tale: Tale) -> Verdict:
        await tale.begin("12:20")
        shown = tale.shown()
        for signal in tale.world.counters:
            tale.gateway.misread(signal, instant("12:20"), instant("17:20"), 0.0)
        tale.world.misses()
        await tale.until("14:20")
        assert _ISSUE not in tale.current_issues()
        await tale.until("17:05")
        assert tale.shown() == shown
        assert await _try_again(tale) == "still_waiting"
        assert len((await repair_history(tale))["waiting"]) == 2
        await tale.until("17:21")
        tale.world.sees()
        # The recorder needs a right reading, and the gateway a closed row.
        await tale.until("17:31")
        if by == "repair":
            assert await _try_again(tale) == "create_entry"
        else:
            assert {hours > 3 for hours in (await repair_history(tale))["hours"].values()} == {True}
        assert _ISSUE not in tale.current_issues()
        return await tale.end("19:20")

    tell(story, tmp_path)
