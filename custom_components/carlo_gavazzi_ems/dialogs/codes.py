"""The pages of the options for experts, which name all codes."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Final, override

from homeassistant.data_entry_flow import FlowContext, FlowResult
from homeassistant.helpers.selector import SelectSelector, SelectSelectorConfig, SelectSelectorMode
import voluptuous as vol

from .identification import IdentificationFlow
from .naming import MEANINGS, CodeRow, QuantityNames, code_rows

CODES_PER_PAGE: Final = 40


class CodesFlow[ContextT: FlowContext, ResultT: FlowResult[Any, Any], HandlerT](
    IdentificationFlow[ContextT, ResultT, HandlerT]
):
    """Asks for the meaning of every code, page by page, and shows what a change does."""

    _step_after_identification: ClassVar[str] = "codes"
    _looks_at_a_week: ClassVar[bool] = True

    @override
    @abstractmethod
    async def _async_codes_named(self) -> ResultT:
        """Continue after naming."""

    async def async_step_codes(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Show a page of codes, and accept its choices."""
        naming = self._naming
        if not naming.signals and naming.failure is not None:
            return await self._async_not_read(naming.failure)
        all_rows = code_rows(naming.signals, naming.loads, naming.samples, naming.findings, self.hass.config.language)
        start = naming.page * CODES_PER_PAGE
        # Translations need fixed field names, so fields are numbered and labels are placeholders.
        rows = {f"code_{n}": row for n, row in enumerate(all_rows[start : start + CODES_PER_PAGE], start=1)}
        names = await QuantityNames.async_load(self.hass)
        pickers = {field: names.labels(row.finding) for field, row in rows.items()}
        errors: dict[str, str] = {}
        if user_input is None:
            suggested = self._suggested(rows, pickers)
        else:
            suggested = user_input
            texts = {field: pickers[field].get(label, label) for field, label in user_input.items() if label}
            errors = {field: "unknown_meaning" for field, text in texts.items() if text not in MEANINGS}
            if not errors:
                naming.chosen.update({str(row.code): texts.get(field, "") for field, row in rows.items()})
                naming.page += 1
                return await self.async_step_codes()
        if not rows:
            return await self.async_step_corrected()
        schema = vol.Schema({vol.Optional(field): _picker(picker) for field, picker in pickers.items()})
        pages = -(-len(all_rows) // CODES_PER_PAGE)
        labels = {field: row.label for field, row in rows.items()}
        return self.async_show_form(
            step_id="codes",
            data_schema=self.add_suggested_values_to_schema(schema, suggested),
            errors=errors,
            description_placeholders={"page": str(naming.page + 1), "pages": str(pages), **labels},
            last_step=naming.page + 1 == pages,
        )

    async def async_step_corrected(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Show what happens to statistics recorded with another meaning."""
        corrected = self._naming.corrected()
        if user_input is not None or not corrected:
            return await self._async_codes_named()
        names = await QuantityNames.async_load(self.hass)
        lines = [
            f"{code}: {names.of_text(old)} → {names.of_text(new) if new else '—'}"
            for code, (old, new) in corrected.items()
        ]
        return self.async_show_form(
            step_id="corrected",
            data_schema=vol.Schema({}),
            description_placeholders={"codes": "\n".join(f"- {line}" for line in lines)},
            last_step=True,
        )

    def _suggested(self, rows: Mapping[str, CodeRow], pickers: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
        """Return the preselected entry of each list: the known meaning, else the certain one."""
        texts = {field: self._preselected(row) for field, row in rows.items()}
        return {
            field: label for field, picker in pickers.items() for label, text in picker.items() if text == texts[field]
        }

    def _preselected(self, row: CodeRow) -> str | None:
        """Return the meaning to preselect for a code, None if there is none."""
        known = self._naming.catalogue.meaning(row.code)
        if row.proposal is not None and (known is None or known.phase_open):
            return row.proposal
        return None if known is None else known.text


def _picker(labels: Iterable[str]) -> SelectSelector:
    """Return the list of meanings for one code.

    Only a list that takes custom values can be searched and is rendered when opened; 40 plain lists of all quantities
    take a browser a minute and a gigabyte. Such a list shows the value of a choice instead of its label, so both are
    the same here.
    """
    return SelectSelector(
        SelectSelectorConfig(options=list(labels), mode=SelectSelectorMode.DROPDOWN, sort=False, custom_value=True)
    )
