"""Runs a config flow over REST: submits forms and waits for progress steps."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
import re
from typing import Any, Final

from . import DOMAIN
from .errors import HarnessError
from .rest import RestClient
from .websocket import WebSocket

PATH: Final = "/api/config/config_entries/flow"
POLL_INTERVAL: Final = 0.5
#: Seconds that all steps together may take; identifying a hundred codes is one of them.
FLOW_TIMEOUT: Final = 600.0
#: Most forms of a flow; more mean that it repeats itself.
MAX_STEPS: Final = 30

#: End of a list entry that was identified: its confidence.
_PROPOSAL: Final = re.compile(r" · (\d+)%( \*)?$")

type Placeholders = Mapping[str, str]
type FormData = dict[str, Any]
#: Answers a form: returns the values to submit, or raises HarnessError.
type Answer = Callable[[Form], Awaitable[FormData]]


class FlowError(HarnessError):
    """The flow showed an error or was aborted; the message is the text shown to the user."""


@dataclass(frozen=True, slots=True)
class Form:
    """A form of the flow."""

    step_id: str
    fields: list[Any]
    placeholders: Placeholders

    def as_shown(self) -> FormData:
        """Return the form's values as shown; FlowError if a required field is empty."""
        return _as_shown(self.step_id, self.fields)

    def as_proposed(self) -> FormData:
        """Return the form's values with every list set to its first proposal, if it is the likeliest."""
        proposed: FormData = {}
        for field in self.fields:
            shares = [
                int(found[1])
                for option in field.get("selector", {}).get("select", {}).get("options", ())
                if (found := _PROPOSAL.search(option))
            ]
            if shares and shares[0] > max(shares[1:], default=0):
                proposed[field["name"]] = field["selector"]["select"]["options"][0]
        return {**proposed, **self.as_shown()}


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
    """The integration's English texts of its config flow."""

    def __init__(self, resources: Mapping[str, str]) -> None:
        """Take the result of `frontend/get_translations`."""
        self._resources = resources

    @classmethod
    async def load(cls, websocket: WebSocket) -> Texts:
        """Load the texts from Home Assistant."""
        answer = await websocket.command(
            "frontend/get_translations", language="en", category="config", integration=[DOMAIN], config_flow=True
        )
        return cls(answer["resources"])

    def text(self, group: str, key: str, placeholders: Placeholders | None = None) -> str:
        """Return a text such as group `error`, key `cannot_connect`; the key itself where there is none."""
        text = self._resources.get(f"component.{DOMAIN}.config.{group}.{key}", key)
        values = placeholders or {}
        return re.sub(r"\{(\w+)\}", lambda match: str(values.get(match[1], match[0])), text)


class ConfigFlow:
    """One run through the integration's config flow."""

    def __init__(self, client: RestClient, texts: Texts, say: Callable[[str], None]) -> None:
        """Prepare a run; `say` is told what is waited for."""
        self._client = client
        self._texts = texts
        self._say = say

    async def run(self, answers: Mapping[str, Answer]) -> str:
        """Go through the flow and return the new config entry's id; raises FlowError.

        `answers` is by step; a form without an answer is submitted as it is shown. Where the flow does not
        end in an entry it is removed, so that nothing of it stays in Home Assistant.
        """
        result = await self._client.post(PATH, {"handler": DOMAIN, "show_advanced_options": False})
        try:
            async with asyncio.timeout(FLOW_TIMEOUT):
                return await self._follow(result, answers)
        except TimeoutError:
            await self._abandon(result)
            raise FlowError(f"The set-up did not come to an end within {FLOW_TIMEOUT:.0f} s.") from None
        except Exception:
            await self._abandon(result)
            raise

    async def _follow(self, result: Any, answers: Mapping[str, Answer]) -> str:
        shown = ""
        forms = 0
        while True:
            match result["type"]:
                case "create_entry":
                    return str(result["result"]["entry_id"])
                case "form":
                    if (forms := forms + 1) > MAX_STEPS:
                        raise FlowError(f"The set-up asks '{result['step_id']}' again and again.")
                    result = await self._submit(result, answers)
                case "progress":
                    text = self._texts.text("progress", result["progress_action"], result["description_placeholders"])
                    if text != shown:
                        self._say(shown := text)
                    await asyncio.sleep(POLL_INTERVAL)
                    result = await self._client.get(self._path(result))
                case "progress_done":
                    result = await self._client.get(self._path(result))
                case "abort":
                    raise FlowError(self._texts.text("abort", result["reason"], result.get("description_placeholders")))
                case other:
                    raise FlowError(f"The set-up shows a '{other}', which nobody here knows how to answer.")

    async def _submit(self, result: Any, answers: Mapping[str, Answer]) -> Any:
        placeholders = result.get("description_placeholders") or {}
        if errors := result.get("errors"):
            # One sentence for each field; nobody is here to type something better.
            raise FlowError(" ".join(self._texts.text("error", key, placeholders) for key in errors.values()))
        form = Form(result["step_id"], result.get("data_schema") or [], placeholders)
        answer = answers.get(form.step_id)
        data = await answer(form) if answer else form.as_shown()
        return await self._client.post(self._path(result), data)

    async def _abandon(self, result: Any) -> None:
        # An aborted flow is gone already, and Home Assistant may be gone too.
        try:
            await self._client.delete(self._path(result))
        except Exception:  # noqa: BLE001  # the reason why the flow ended matters more
            return

    @staticmethod
    def _path(result: Any) -> str:
        return f"{PATH}/{result['flow_id']}"
