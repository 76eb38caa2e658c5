"""The driver of the config flow, against a small Home Assistant."""

from typing import Any

import pytest

from testbed.errors import HarnessError
from testbed.flow import MAX_STEPS, ConfigFlow, FlowAbortedError, FlowError, Form, FormData, OptionsFlow, Texts
from testbed.rest import RestClient
from testbed.websocket import WebSocket

from .answers import CERTIFICATE, ENTRY, USER
from .fake_home_assistant import FakeHomeAssistant

TEXTS = Texts(
    {
        "component.carlo_gavazzi_ems.config.error.cannot_connect": "The gateway at {host} does not answer.",
        "component.carlo_gavazzi_ems.config.error.invalid_auth": "Wrong password.",
        "component.carlo_gavazzi_ems.config.abort.already_configured": "{title} is set up already.",
        "component.carlo_gavazzi_ems.config.progress.identify": "Reading the history of {count} codes",
    }
)
CREDENTIALS = {"host": "127.0.0.1:9443", "username": "api", "password": "s3cret"}


async def user(_form: Form) -> FormData:
    """Answer the first form."""
    return CREDENTIALS


async def run(client: RestClient, *, said: list[str] | None = None, **answers: Any) -> str:
    """Drive the flow."""
    flow = ConfigFlow(client, TEXTS, (said if said is not None else []).append)
    return await flow.run({"user": user, **answers})


async def test_user_then_certificate(client: RestClient, fake: FakeHomeAssistant) -> None:
    """The way of a gateway that is not signed by an authority; an empty form is submitted as it is."""
    fake.flow = [USER, CERTIFICATE, ENTRY]
    assert await run(client) == "e1"
    assert fake.submitted == [
        {"handler": "carlo_gavazzi_ems", "show_advanced_options": False},
        CREDENTIALS,
        {},
    ]
    assert fake.deleted == []


async def test_answer_sees_the_form(client: RestClient, fake: FakeHomeAssistant) -> None:
    """What a person reads in the form can be looked at, and can be a reason to stop."""
    fake.flow = [USER, CERTIFICATE, ENTRY]

    async def refuse(form: Form) -> FormData:
        raise FlowError(f"no to {form.placeholders['fingerprint']}")

    with pytest.raises(FlowError, match="no to AB:CD"):
        await run(client, certificate=refuse)
    assert fake.deleted == ["f1"]


async def test_later_steps_are_submitted_as_shown(client: RestClient, fake: FakeHomeAssistant) -> None:
    """Progress is waited for, and a form whose fields all have a value needs no answer."""
    progress = {
        "type": "progress",
        "step_id": "identify",
        "progress_action": "identify",
        "description_placeholders": {"count": 12},
    }
    codes: dict[str, Any] = {
        "type": "form",
        "step_id": "codes",
        "errors": {},
        "description_placeholders": None,
        "data_schema": [
            {"name": "code_45", "required": True, "default": "active_power/kW"},
            {"name": "code_46", "required": False, "description": {"suggested_value": "current/A"}, "default": "x"},
            {"name": "code_47", "optional": True},
            {
                "name": "more",
                "type": "expandable",
                "required": True,
                "schema": [{"name": "code_48", "required": True, "default": "unknown"}],
            },
        ],
    }
    fake.flow = [USER, progress, progress, {**progress, "type": "progress_done"}, codes, ENTRY]
    said: list[str] = []
    assert await run(client, said=said) == "e1"
    assert said == ["Reading the history of 12 codes"]
    assert fake.submitted[-1] == {
        "code_45": "active_power/kW",
        "code_46": "current/A",
        "more": {"code_48": "unknown"},
    }


async def test_error_is_told_in_the_integrations_words(client: RestClient, fake: FakeHomeAssistant) -> None:
    """The form comes again with errors: nobody is there to type something better."""
    fake.flow = [
        USER,
        {
            **USER,
            "errors": {"base": "cannot_connect", "password": "invalid_auth"},
            "description_placeholders": {"host": "ems"},
        },
    ]
    with pytest.raises(FlowError, match=r"^The gateway at ems does not answer\. Wrong password\.$") as caught:
        await run(client)
    assert "s3cret" not in str(caught.value)
    assert fake.deleted == ["f1"]


@pytest.mark.parametrize(
    ("result", "sentence"),
    [
        (
            {"type": "abort", "reason": "already_configured", "description_placeholders": {"title": "EMS 0001"}},
            "EMS 0001 is set up already",
        ),
        ({"type": "abort", "reason": "unheard_of"}, "unheard_of"),
        ({"type": "menu", "step_id": "choose", "menu_options": ["a"]}, "'menu'"),
        ({"type": "form", "step_id": "codes", "data_schema": [{"name": "x", "required": True}]}, "the field 'x'"),
        (CERTIFICATE, "'certificate' again and again"),
    ],
)
async def test_dead_ends(client: RestClient, fake: FakeHomeAssistant, result: dict[str, Any], sentence: str) -> None:
    """Each ends in a sentence, and no open flow stays behind."""
    fake.flow = [USER, result]
    with pytest.raises(FlowError, match=sentence):
        await run(client)
    assert fake.deleted == ["f1"]
    assert len(fake.submitted) <= MAX_STEPS + 2


async def test_page_of_the_options(client: RestClient, fake: FakeHomeAssistant) -> None:
    """The pages behind the set-up are gone through; then a page is chosen and submitted as it is shown, unless it is not there."""
    menu = {"type": "menu", "step_id": "init", "menu_options": ["polling", "demand"]}
    field = {"name": "demand_loads", "description": {"suggested_value": ["7"]}}
    demand = {"type": "form", "step_id": "demand", "errors": {}, "data_schema": [field]}
    fake.flow = [{**ENTRY, "next_flow": ["options_flow", "f0"]}]
    complete = {"type": "abort", "reason": "energy_complete"}
    fake.options = [{**CERTIFICATE, "step_id": "energy_review"}, complete, menu, demand, {"type": "create_entry"}, menu]
    set_up = ConfigFlow(client, TEXTS, print)
    assert await set_up.run({}) == "e1"
    options = OptionsFlow(client, TEXTS, print)
    with pytest.raises(FlowAbortedError, match="energy_complete"):
        await options.follow(str(set_up.next_flow), {})
    assert await options.run("e1", "demand")
    assert fake.submitted[1:] == [{}, {"handler": "e1"}, {"next_step_id": "demand"}, {"demand_loads": ["7"]}]
    assert not await options.run("e1", "energy")
    assert fake.deleted == ["f1", "f1"]


async def test_endless_progress(client: RestClient, fake: FakeHomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Progress that never ends is given up."""
    monkeypatch.setattr("testbed.flow.FLOW_TIMEOUT", 0.2)
    monkeypatch.setattr("testbed.flow.POLL_INTERVAL", 0.01)
    fake.flow = [{"type": "progress", "progress_action": "wait", "description_placeholders": None}]
    with pytest.raises(FlowError, match="did not come to an end"):
        await run(client)
    assert fake.deleted == ["f1"]


async def test_integration_that_home_assistant_does_not_find(client: RestClient, fake: FakeHomeAssistant) -> None:
    """Home Assistant's own answer is shown."""
    fake.flow = [{"status": 404, "message": "Invalid handler specified"}]
    with pytest.raises(HarnessError, match=r"404.*Invalid handler"):
        await run(client)


async def test_flow_that_cannot_be_removed(client: RestClient, fake: FakeHomeAssistant) -> None:
    """The reason why the flow ended is told, not that tidying up failed."""
    fake.flow = [{"type": "abort", "reason": "already_configured", "flow_id": "x/y"}]
    with pytest.raises(FlowError, match="set up already"):
        await run(client)


async def test_texts(fake: FakeHomeAssistant, websocket: WebSocket) -> None:
    """They are the texts that the frontend shows; what has no text is shown as its key."""
    fake.results = {
        "frontend/get_translations": {"resources": {"component.carlo_gavazzi_ems.config.error.a": "{x} and {y}"}}
    }
    texts = await Texts.load(websocket)
    assert texts.text("error", "a", {"x": "1"}) == "1 and {y}"
    assert texts.text("error", "b") == "b"
    (command,) = fake.commands
    assert command["integration"] == ["carlo_gavazzi_ems"]
