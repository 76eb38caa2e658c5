"""Runs the integration's flows over REST: submits forms and waits for progress steps."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
import re
from types import MappingProxyType
from typing import Any, ClassVar, Final

from . import DOMAIN
from .errors import HarnessError
from .rest import RestClient
from .websocket import WebSocket

_FLOWS: Final = "/api/config/config_entries"
POLL_INTERVAL: Final = 0.5
#: Seconds that all steps together may take; identifying a hundred codes is one of them.
FLOW_TIMEOUT: Final = 600.0
#: Most forms of a flow; more mean that it repeats itself.
MAX_STEPS: Final = 30

type Placeholders = Mapping[str, str]
type FormData = dict[str, Any]
#: Answers a form: returns the values to submit, or raises HarnessError.
type Answer = Callable[[Form], Awaitable[FormData]]


class FlowError(HarnessError):
    """The flow showed an error or was aborted; the message is the text shown to the user."""


class FlowAbortedError(FlowError):
    """The flow ended without an entry; the message is the text shown to the user."""


class _NotOfferedError(Exception):
    """The menu lacks a page."""


@dataclass(frozen=True, slots=True)
class Form:
    """A form of the flow, or a menu."""

    step_id: str
    fields: list[Any]
    """The names of its pages in a menu."""

    placeholders: Placeholders

    def as_shown(self) -> FormData:
        """Return the form's values as shown; FlowError if a required field is empty."""
        return _as_shown(self.step_id, self.fields)


def _as_shown(step_id: str, fields: list[Any]) -> FormData:
    data: FormData = {}
    for field in fields:
        name = field["name"]
        if field.get("type") == "expandable":
            data[name] = _as_shown(step_id, field["schema"])
        elif (suggested := (field.get("description") or {}).get("suggested_value")) is not None:
            data[name] = suggested
        elif "default" in field:
            data[name] = field["default"]
        elif field.get("required"):
            raise FlowError(f"The form '{step_id}' wants the field '{name}', which nobody has a value for.")
    return data


class Texts:
    """The integration's English texts of a flow."""

    def __init__(self, resources: Mapping[str, str], category: str = "config") -> None:
        """Take the result of `frontend/get_translations`, and its category: `config` or `options`."""
        self._resources = resources
        self._category = category

    @classmethod
    async def load(cls, websocket: WebSocket, category: str = "config") -> Texts:
        """Load the texts from Home Assistant."""
        answer = await websocket.command(
            "frontend/get_translations", language="en", category=category, integration=[DOMAIN], config_flow=True
        )
        return cls(answer["resources"], category)

    def text(self, group: str, key: str, placeholders: Placeholders | None = None) -> str:
        """Return a text such as group `error`, key `cannot_connect`; the key itself where there is none."""
        text = self._resources.get(f"component.{DOMAIN}.{self._category}.{group}.{key}", key)
        values = placeholders or {}
        return re.sub(r"\{(\w+)\}", lambda match: str(values.get(match[1], match[0])), text)


class _Flow:
    """One run through a flow."""

    _path: ClassVar[str]

    def __init__(self, client: RestClient, texts: Texts, say: Callable[[str], None]) -> None:
        """Prepare a run; `say` is called with each step that is waited for."""
        self._client = client
        self._texts = texts
        self._say = say

    async def _through(self, result: Any, answers: Mapping[str, Answer]) -> Any:
        """Go from the first result to the end and return the last one; raises FlowError.

        `answers` is by step; a form without an answer is submitted as it is shown. Where the flow does not
        end in an entry it is removed, so that nothing of it stays in Home Assistant.
        """
        try:
            async with asyncio.timeout(FLOW_TIMEOUT):
                return await self._follow(result, answers)
        except TimeoutError:
            await self._abandon(result)
            raise FlowError(f"The flow did not come to an end within {FLOW_TIMEOUT:.0f} s.") from None
        except Exception:
            await self._abandon(result)
            raise

    async def _follow(self, result: Any, answers: Mapping[str, Answer]) -> Any:
        shown = ""
        forms = 0
        while True:
            match result["type"]:
                case "create_entry":
                    return result
                case "menu" if (answer := answers.get(result["step_id"])) is not None:
                    form = Form(result["step_id"], result["menu_options"], {})
                    result = await self._client.post(self._at(result), await answer(form))
                case "form":
                    if (forms := forms + 1) > MAX_STEPS:
                        raise FlowError(f"The flow asks '{result['step_id']}' again and again.")
                    result = await self._submit(result, answers)
                case "progress":
                    text = self._texts.text("progress", result["progress_action"], result["description_placeholders"])
                    if text != shown:
                        self._say(shown := text)
                    await asyncio.sleep(POLL_INTERVAL)
                    result = await self._client.get(self._at(result))
                case "progress_done":
                    result = await self._client.get(self._at(result))
                case "abort":
                    text = self._texts.text("abort", result["reason"], result.get("description_placeholders"))
                    raise FlowAbortedError(text)
                case other:
                    raise FlowError(f"The flow shows a '{other}', which nobody here knows how to answer.")

    async def _submit(self, result: Any, answers: Mapping[str, Answer]) -> Any:
        placeholders = result.get("description_placeholders") or {}
        if errors := result.get("errors"):
            # The run ends here: it has no better input. One sentence for each field.
            raise FlowError(" ".join(self._texts.text("error", key, placeholders) for key in errors.values()))
        form = Form(result["step_id"], result.get("data_schema") or [], placeholders)
        answer = answers.get(form.step_id)
        data = await answer(form) if answer else form.as_shown()
        return await self._client.post(self._at(result), data)

    async def _abandon(self, result: Any) -> None:
        # An aborted flow is gone already, and Home Assistant may be gone too.
        try:
            await self._client.delete(self._at(result))
        except Exception:  # noqa: BLE001  # the reason why the flow ended matters more
            return

    def _at(self, result: Any) -> str:
        return f"{self._path}/{result['flow_id']}"


class ConfigFlow(_Flow):
    """One run through the set-up."""

    _path = f"{_FLOWS}/flow"

    next_flow: str | None = None
    """The id of the options flow that the set-up leads to."""

    async def run(self, answers: Mapping[str, Answer]) -> str:
        """Go through the flow and return the new config entry's id; raises FlowError."""
        begun = await self._client.post(self._path, {"handler": DOMAIN, "show_advanced_options": False})
        result = await self._through(begun, answers)
        if (following := result.get("next_flow")) is not None:
            self.next_flow = following[1]
        return str(result["result"]["entry_id"])


class OptionsFlow(_Flow):
    """One run through a page of the options."""

    _path = f"{_FLOWS}/options/flow"

    async def follow(self, flow_id: str, answers: Mapping[str, Answer]) -> None:
        """Go through the pages that the set-up leads to. Raises FlowError."""
        await self._through(await self._client.get(f"{self._path}/{flow_id}"), answers)

    async def run(self, entry_id: str, page: str, answers: Mapping[str, Answer] = MappingProxyType({})) -> bool:
        """Choose a page of the menu and go through it; return False where the menu lacks it. Raises FlowError."""

        async def choose(menu: Form) -> FormData:
            if page not in menu.fields:
                raise _NotOfferedError
            return {"next_step_id": page}

        try:
            begun = await self._client.post(self._path, {"handler": entry_id})
            await self._through(begun, {"init": choose, **answers})
        except _NotOfferedError:
            return False
        return True
