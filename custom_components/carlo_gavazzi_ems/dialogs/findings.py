"""The page of recognised codes, and the page that asks about uncertain ones."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Final, override

from homeassistant.data_entry_flow import FlowContext, FlowResult
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
import voluptuous as vol

from .doubts import doubts
from .findings_texts import FindingsTexts
from .identification import IdentificationFlow

#: The answer "I do not know".
UNKNOWN: Final = "unknown"


class FindingsFlow[ContextT: FlowContext, ResultT: FlowResult[Any, Any], HandlerT](
    IdentificationFlow[ContextT, ResultT, HandlerT]
):
    """Shows what is certain, to be accepted with one click, then asks about a few uncertain codes."""

    _step_after_identification: ClassVar[str] = "findings"

    @override
    @abstractmethod
    async def _async_codes_named(self) -> ResultT:
        """Continue after naming."""

    def _found(self) -> Mapping[int, str]:
        """Return the meanings to show, by code."""
        return self._naming.meanings()

    async def async_step_findings(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Show what is certain, and accept all of it on confirmation."""
        naming = self._naming
        if not naming.signals and naming.failure is not None:
            return await self._async_not_read(naming.failure)
        if user_input is not None:
            naming.chosen.update({str(code): text for code, text in naming.certain().items()})
            return await self.async_step_doubts()
        # If other entries have named every code, there is nothing to show.
        if not naming.certain() and all(naming.catalogue.meaning(code) for code in naming.listed):
            return await self._async_codes_named()
        texts = await FindingsTexts.async_load(self.hass)
        return self.async_show_form(
            step_id="findings",
            data_schema=vol.Schema({}),
            description_placeholders={
                "recognised": str(len(naming.meanings())),
                "kinds": str(len(naming.listed)),
                "found": texts.groups(self._found(), naming),
            },
            last_step=not doubts(naming),
        )

    async def async_step_doubts(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Ask for the meaning of a few codes. Nothing is preselected."""
        naming = self._naming
        # Translations need fixed field names, so fields are numbered and labels are placeholders.
        asked = {f"doubt_{n}": doubt for n, doubt in enumerate(doubts(naming), start=1)}
        if user_input is not None or not asked:
            answers = {field: text for field, text in (user_input or {}).items() if text != UNKNOWN}
            naming.chosen.update({str(asked[field].code): text for field, text in answers.items()})
            return await self._async_codes_named()
        texts = await FindingsTexts.async_load(self.hass)
        schema = {
            vol.Optional(field): _picker({text: texts.names.of_text(text) for text in doubt.meanings})
            for field, doubt in asked.items()
        }
        return self.async_show_form(
            step_id="doubts",
            data_schema=vol.Schema(schema),
            description_placeholders={field: texts.question(doubt) for field, doubt in asked.items()},
            last_step=True,
        )


def _picker(labels: Mapping[str, str]) -> SelectSelector:
    """Return a list of meanings that ends with "I do not know"."""
    options = [SelectOptionDict(value=text, label=label) for text, label in labels.items()]
    options.append(SelectOptionDict(value=UNKNOWN, label=UNKNOWN))  # The frontend translates it.
    return SelectSelector(
        SelectSelectorConfig(options=options, mode=SelectSelectorMode.DROPDOWN, sort=False, translation_key="doubt")
    )
