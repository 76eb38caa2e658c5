"""R31: who may do what, over Home Assistant's own HTTP API and WebSocket, for a user of each group."""

from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final

from aiohttp.test_utils import TestClient
from homeassistant.auth.const import GROUP_ID_ADMIN, GROUP_ID_READ_ONLY, GROUP_ID_USER
from homeassistant.auth.models import User
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.issues import async_certificate_changed
from simulator import Gateway

from .conftest import SetUp
from .test_services import sensor

GROUPS: Final = (GROUP_ID_ADMIN, GROUP_ID_USER, GROUP_ID_READ_ONLY)
EVERYBODY: Final = set(GROUPS)
ADMINISTRATORS: Final = {GROUP_ID_ADMIN}
#: Who may call each action. A new action must be added here.
ACTIONS: Final = {
    "get_history": EVERYBODY,
    "read_meters": EVERYBODY,
    "import_history": ADMINISTRATORS,
    "repair_history": ADMINISTRATORS,
}


# Set up before Home Assistant: without a recorder the import is refused.
pytestmark = pytest.mark.usefixtures("recorder_mock")


@pytest.fixture
async def entry(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> MockConfigEntry:
    """A loaded gateway, and the integrations that make up Home Assistant's API."""
    for part in ("api", "websocket_api", "config", "repairs", "diagnostics"):
        assert await async_setup_component(hass, part, {})
    return await set_up(gateway)


@dataclass
class Person:
    """A user of one group, with a token."""

    group: str
    user: User
    client: TestClient[Any, Any]
    token: str

    async def post(self, path: str, **data: object) -> HTTPStatus:
        """Return the status of a request."""
        return HTTPStatus((await self.client.post(path, json=data)).status)


@pytest.fixture(params=GROUPS)
async def person(
    request: pytest.FixtureRequest, hass: HomeAssistant, hass_client: ClientSessionGenerator, entry: MockConfigEntry
) -> Person:
    """A user of each group in turn."""
    # The first user would become the owner, who may do everything.
    MockUser(is_owner=True).add_to_hass(hass)
    user = await hass.auth.async_create_user("Person", group_ids=[request.param])
    token = await access_token(hass, user)
    return Person(request.param, user, await hass_client(token), token)


async def access_token(hass: HomeAssistant, user: User) -> str:
    """Return a token with which a user calls the API."""
    refresh = await hass.auth.async_create_refresh_token(user, client_id="https://example.com/")
    return hass.auth.async_create_access_token(refresh)


def expected(person: Person, allowed: set[str]) -> HTTPStatus:
    """Return the expected status for a user of this group."""
    return HTTPStatus.OK if person.group in allowed else HTTPStatus.UNAUTHORIZED


def action_data(action: str, entry: MockConfigEntry, gateway: Gateway) -> dict[str, Any]:
    """Return the data of an action's call."""
    start = (dt_util.utcnow() - timedelta(hours=1)).isoformat()
    if action == "get_history":
        return {"entity_id": sensor(entry, gateway.site.find("voltage_l1")), "start": start}
    return {"config_entry_id": entry.entry_id, "end" if action == "read_meters" else "start": start}


def test_r31_every_action_is_known_here(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Every action is in the table of who may call it."""
    assert hass.services.async_services_for_domain(DOMAIN).keys() == ACTIONS.keys()


async def test_r31_actions_over_http(entry: MockConfigEntry, gateway: Gateway, person: Person) -> None:
    """What writes is for administrators; what reads is for all who may read the entity."""
    for action, allowed in ACTIONS.items():
        data = action_data(action, entry, gateway)
        status = await person.post(f"/api/services/{DOMAIN}/{action}?return_response", **data)
        assert status == expected(person, allowed), action


async def test_r31_actions_over_websocket(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    entry: MockConfigEntry,
    gateway: Gateway,
    person: Person,
) -> None:
    """The same over the connection that the frontend uses."""
    client = await hass_ws_client(hass, person.token)
    for action, allowed in ACTIONS.items():
        call = {"domain": DOMAIN, "service": action, "service_data": action_data(action, entry, gateway)}
        await client.send_json_auto_id({"type": "call_service", **call, "return_response": True})
        answer = await client.receive_json()
        assert answer["success"] is (person.group in allowed), action
        assert answer["success"] or answer["error"]["message"] == "Unauthorized"


async def test_r31_what_writes_needs_no_response(entry: MockConfigEntry, gateway: Gateway, person: Person) -> None:
    """An action that writes can be called without asking what it has written."""
    for action in ("import_history", "repair_history"):
        status = await person.post(f"/api/services/{DOMAIN}/{action}", **action_data(action, entry, gateway))
        assert status == expected(person, ADMINISTRATORS), action


async def test_r31_history_only_of_what_a_user_may_read(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, entry: MockConfigEntry, gateway: Gateway
) -> None:
    """A user whose group sees one entity gets the history of that one alone."""
    seen, hidden = (sensor(entry, gateway.site.find(key)) for key in ("voltage_l1", "energy_import"))
    user = MockUser().add_to_hass(hass)
    user.mock_policy({"entities": {"entity_ids": {seen: {"read": True}}}})
    client = await hass_client(await access_token(hass, user))
    start = (dt_util.utcnow() - timedelta(hours=1)).isoformat()
    for entity_id, status in ((seen, HTTPStatus.OK), (hidden, HTTPStatus.UNAUTHORIZED)):
        data = {"entity_id": entity_id, "start": start}
        answer = await client.post(f"/api/services/{DOMAIN}/get_history?return_response", json=data)
        assert answer.status == status


async def test_r31_an_automation_may_read_and_import(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway
) -> None:
    """A call without a user comes from an automation, which an administrator has written."""
    for action in ACTIONS:
        data = action_data(action, entry, gateway)
        assert await hass.services.async_call(DOMAIN, action, data, blocking=True, return_response=True)


async def _set_up(person: Person, entry: MockConfigEntry) -> HTTPStatus:
    return await person.post("/api/config/config_entries/flow", handler=DOMAIN)


async def _reconfigure(person: Person, entry: MockConfigEntry) -> HTTPStatus:
    return await person.post("/api/config/config_entries/flow", handler=DOMAIN, entry_id=entry.entry_id)


async def _options(person: Person, entry: MockConfigEntry) -> HTTPStatus:
    return await person.post("/api/config/config_entries/options/flow", handler=entry.entry_id)


async def _reload(person: Person, entry: MockConfigEntry) -> HTTPStatus:
    return await person.post(f"/api/config/config_entries/entry/{entry.entry_id}/reload")


async def _remove(person: Person, entry: MockConfigEntry) -> HTTPStatus:
    return HTTPStatus((await person.client.delete(f"/api/config/config_entries/entry/{entry.entry_id}")).status)


async def _diagnostics(person: Person, entry: MockConfigEntry) -> HTTPStatus:
    return HTTPStatus((await person.client.get(f"/api/diagnostics/config_entry/{entry.entry_id}")).status)


#: Removal comes last.
DIALOGS: Final = (_set_up, _reconfigure, _options, _diagnostics, _reload, _remove)


async def test_r31_dialogs(entry: MockConfigEntry, person: Person) -> None:
    """Set-up, options, diagnostics, reload and removal are for administrators."""
    for dialog in DIALOGS:
        assert await dialog(person, entry) == expected(person, ADMINISTRATORS), dialog


async def test_r31_repairs(
    hass: HomeAssistant, issue_registry: ir.IssueRegistry, entry: MockConfigEntry, person: Person
) -> None:
    """Each repair that can be fixed is fixed by administrators alone."""
    async_certificate_changed(hass, entry)
    issues = [issue for issue in issue_registry.issues.values() if issue.domain == DOMAIN and issue.is_fixable]
    assert issues
    for issue in issues:
        status = await person.post("/api/repairs/issues/fix", handler=DOMAIN, issue_id=issue.issue_id)
        assert status == expected(person, ADMINISTRATORS)


async def test_r31_the_rescan_button(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, entry: MockConfigEntry, person: Person
) -> None:
    """Users may press a button, those of the read-only group may not."""
    entity_id = entity_registry.async_get_entity_id("button", DOMAIN, f"{entry.unique_id}_rescan")
    assert entity_id is not None
    status = await person.post("/api/services/button/press", entity_id=entity_id)
    assert status == expected(person, {GROUP_ID_ADMIN, GROUP_ID_USER})
