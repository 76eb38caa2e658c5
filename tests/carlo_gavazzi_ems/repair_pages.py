"""The dialogs of repairs."""

from http import HTTPStatus
from typing import Any

from aiohttp.test_utils import TestClient
from homeassistant.components.repairs import RepairsFlowResult
from homeassistant.core import HomeAssistant

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.repairs import async_create_fix_flow


async def press(client: TestClient[Any, Any], path: str = "", **data: str) -> dict[str, Any]:
    """Press a button in the repair's dialog; return the next page."""
    response = await client.post(f"/api/repairs/issues/fix{path}", json=data)
    assert response.status == HTTPStatus.OK
    page: dict[str, Any] = await response.json()
    return page


async def opened(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> tuple[Any, RepairsFlowResult]:
    """Return the dialog of an issue, and its first page."""
    flow: Any = await async_create_fix_flow(hass, issue_id, data)
    flow.hass, flow.handler = hass, DOMAIN
    return flow, await flow.async_step_init()
