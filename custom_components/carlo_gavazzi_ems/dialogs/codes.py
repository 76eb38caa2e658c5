"""The pages that name codes, for the config flow, the options flow and the repair."""

from abc import abstractmethod
import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
import logging
from types import MappingProxyType
from typing import Any, Final, cast

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowContext, FlowHandler, FlowResult
from homeassistant.helpers.selector import SelectSelector, SelectSelectorConfig, SelectSelectorMode
import voluptuous as vol

from custom_components.carlo_gavazzi_ems.access.account import error_key
from custom_components.carlo_gavazzi_ems.api import Device, EmsClient, EmsError, Load, Sample, Samples, Signal
from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.options import CONF_CODES, CONF_EVIDENCE, Options
from custom_components.carlo_gavazzi_ems.recognition.identifying import async_identify
from custom_components.carlo_gavazzi_ems.recognition.observation import (
    async_observe,
    async_observe_more,
    newest,
    with_context,
)
from custom_components.carlo_gavazzi_ems.signals.catalogue import DOCUMENTED, Catalogue, Meaning, Source, parse_meaning
from custom_components.carlo_gavazzi_ems.signals.identify import Finding, Series, doubtful_codes

from .naming import MEANINGS, CodeRow, QuantityNames, code_rows

_LOGGER = logging.getLogger(__name__)

CODES_PER_PAGE: Final = 40
#: Where the progress bar is when a day was read and looked at, and when the days before it were read.
_DAY_READ: Final = 0.5
_DAY_KNOWN: Final = 0.6
_WEEK_READ: Final = 0.9


@dataclass(kw_only=True)
class Naming:
    """The state of one round of naming."""

    catalogue: Catalogue
    client: EmsClient | None = None
    everything: bool = False
    """Whether to ask for codes with a meaning too, to correct them, and to look at more than a day."""
    recognised: Mapping[int, Finding] = MappingProxyType({})
    """What the daily look found out since the set-up, by code; each is certain."""
    signals: Mapping[int, Signal] = field(default_factory=dict)
    loads: Mapping[int, Load] = field(default_factory=dict)
    devices: Mapping[int, Device] = field(default_factory=dict)
    findings: Mapping[int, Finding] = field(default_factory=dict)
    rows: list[CodeRow] = field(default_factory=list)
    page: int = 0
    failure: EmsError | None = None
    """Why reading ended early."""
    chosen: dict[str, str] = field(default_factory=dict)
    """The chosen meaning of each code, empty for none."""

    def asked(self) -> list[int]:
        """Return the codes to ask for in ascending order. Documented codes are asked only if there is a finding."""
        codes = {signal.code for signal in self.signals.values()}
        return sorted(
            code for code in codes if self.everything or self.catalogue.meaning(code) is None or code in self.findings
        )

    def codes(self) -> dict[str, str]:
        """Return the table of confirmed codes after this round, for the entry's options.

        Documented codes are left out, unless they were asked for; so they are not asked again.
        """
        table = self.catalogue.confirmed | {
            code: text
            for code, text in self.chosen.items()
            if not text or text != self._documented(code) or int(code) in self.findings
        }
        return {code: text for code, text in table.items() if text}

    def corrected(self) -> dict[str, tuple[str, str]]:
        """Return the codes whose meaning changes, with the old and the new meaning; the new one may be empty."""
        after = {code: text or self._documented(code) for code, text in self.chosen.items()}
        return {
            code: (before.text, text)
            for code, text in after.items()
            if (before := self.catalogue.meaning(int(code))) is not None and not _is_kept(before, text)
        }

    def _documented(self, code: str) -> str:
        """Return the documented meaning of a code, empty if there is none."""
        meaning = DOCUMENTED.get(int(code))
        return "" if meaning is None else meaning.text

    def options(self, before: Mapping[str, Any]) -> dict[str, Any]:
        """Return an entry's options with the choices and their evidence."""
        stored = Options.read(before)
        # A newer version may have confirmed meanings that this one does not know; an update finds them again.
        codes = {code: stored.codes[code] for code in self.catalogue.rejected if code in stored.codes} | self.codes()
        kept = {code: reason for code, reason in stored.evidence.items() if code in codes}
        for code in self.corrected():
            kept.pop(code, None)
        return {**before, CONF_CODES: codes, CONF_EVIDENCE: kept | self._evidence()}

    def _evidence(self) -> dict[str, dict[str, Any]]:
        """Return confidence and law of each choice that was proposed, for the diagnostics."""
        proposals = {
            (code, candidate.text): candidate
            for code, finding in self.findings.items()
            for candidate in finding.candidates
        }
        return {
            code: {"confidence": round(candidate.confidence, 3), "law": candidate.law}
            for code, text in self.chosen.items()
            if (candidate := proposals.get((int(code), text))) is not None
        }


def _is_kept(before: Meaning, text: str) -> bool:
    """Return whether a meaning stays the same or only gets its phase, so that statistics remain valid."""
    if not text:
        return False
    return parse_meaning(text, Source.CONFIRMED).names_phase_of(before) or text == before.text


def known_codes(hass: HomeAssistant) -> dict[str, str]:
    """Return the codes confirmed on any gateway. A code means the same on all of them."""
    known: dict[str, str] = {}
    for entry in hass.config_entries.async_entries(DOMAIN):
        known.update(Options.of(entry).codes)
    return known


class CodesFlow[ContextT: FlowContext, ResultT: FlowResult[Any, Any], HandlerT](
    FlowHandler[ContextT, ResultT, HandlerT]
):
    """Identifies what the codes measure, and asks the user to confirm it page by page."""

    _naming: Naming
    _identifying: asyncio.Task[None] | None = None

    @abstractmethod
    async def _async_codes_named(self) -> ResultT:
        """Continue after naming."""

    async def _async_not_read(self, err: EmsError) -> ResultT:
        """Continue if the lists could not be read: abort with the reason."""
        return self.async_abort(reason=error_key(err))

    async def _async_start_naming(
        self,
        client: EmsClient,
        catalogue: Catalogue,
        *,
        everything: bool = False,
        recognised: Mapping[int, Finding] = MappingProxyType({}),
    ) -> ResultT:
        """Start a round of naming."""
        self._naming = Naming(client=client, catalogue=catalogue, everything=everything, recognised=recognised)
        return await self.async_step_identify()

    async def async_step_identify(self, _: dict[str, Any] | None = None) -> ResultT:
        """Show the progress of identification. Closing the dialog stops it."""
        if self._identifying is None:
            # A background task, so that Home Assistant does not wait for it when it stops.
            self._identifying = self.hass.async_create_background_task(
                self._async_identify(), f"{DOMAIN} identify codes"
            )
        # A cancelled task has no result; the page stays as it is.
        if not self._identifying.done() or self._identifying.cancelled():
            return self.async_show_progress(
                step_id="identify", progress_action="identify", progress_task=self._identifying
            )
        return self.async_show_progress_done(next_step_id="codes")

    async def async_step_codes(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Show a page of codes, and take its choices."""
        naming = self._naming
        start = naming.page * CODES_PER_PAGE
        # Translations need fixed field names, so fields are numbered and labels are placeholders.
        rows = {f"code_{n}": row for n, row in enumerate(naming.rows[start : start + CODES_PER_PAGE], start=1)}
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
        if not naming.signals and naming.failure is not None:
            return await self._async_not_read(naming.failure)
        if not rows:
            return await self.async_step_corrected()
        schema = vol.Schema({vol.Optional(field): _picker(picker) for field, picker in pickers.items()})
        pages = -(-len(naming.rows) // CODES_PER_PAGE)
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

    async def _async_identify(self) -> None:
        """Read lists, values and history, and identify the codes. A failure only costs proposals."""
        naming = self._naming
        client = cast("EmsClient", naming.client)
        samples: Mapping[int, Sample] = {}
        try:
            await self._async_read_lists(client)
            meanings = [naming.catalogue.meaning(signal.code) for signal in naming.signals.values()]
            if all(meaning is not None and not meaning.phase_open for meaning in meanings):
                samples = await client.realtime(wanted=naming.signals.keys())
            else:
                samples = await self._async_look(client)
        except EmsError as err:
            naming.failure = err
            _LOGGER.debug("The codes cannot be identified now: %s", err)
        naming.findings = {**naming.findings, **naming.recognised}
        naming.rows = code_rows(naming.asked(), naming.signals, naming.loads, samples, naming.findings)

    async def _async_look(self, client: EmsClient) -> Samples:
        """Find out from the history what codes mean; return the latest values.

        A day tells nearly all of it, in seconds, and that is enough for the set-up. Who comes back to name what is left
        may wait for what more of the past tells about it.
        """
        naming = self._naming
        read, known = (_DAY_READ, _DAY_KNOWN) if naming.everything else (_WEEK_READ, 1.0)
        observed, samples = await async_observe(client, naming.signals.values(), self._share(0.0, read))
        series = with_context(observed, naming.loads, naming.devices)
        naming.findings = await self._async_identify_series(series, self._share(read, known))
        if not naming.everything:
            return samples
        codes = doubtful_codes(naming.findings)
        more = await async_observe_more(client, series, codes, newest(samples), self._share(_DAY_KNOWN, _WEEK_READ))
        if more is not None:
            naming.findings = await self._async_identify_series(more, self._share(_WEEK_READ, 1.0))
        return samples

    def _share(self, start: float, end: float) -> Callable[[float], None]:
        """Return what takes the progress, 0 to 1, of a part of the work."""
        return lambda share: self.async_update_progress(start + share * (end - start))

    async def _async_read_lists(self, client: EmsClient) -> None:
        """Read loads, signals and devices."""
        naming = self._naming
        naming.loads, naming.signals = await client.loads(), await client.signals()
        naming.devices = await client.devices()

    async def _async_identify_series(
        self, series: list[Series], tell: Callable[[float], None]
    ) -> Mapping[int, Finding]:
        """Identify by the names and what was recognised before."""
        naming = self._naming
        return await async_identify(self.hass, series, naming.catalogue, recognised=naming.recognised, progress=tell)


def _picker(labels: Iterable[str]) -> SelectSelector:
    """Return the list of meanings for one code.

    Only a list that takes custom values can be searched and is rendered when opened; 40 plain lists of all quantities
    take a browser a minute and a gigabyte. Such a list shows the value of a choice instead of its label, so both are
    the same here.
    """
    return SelectSelector(
        SelectSelectorConfig(options=list(labels), mode=SelectSelectorMode.DROPDOWN, sort=False, custom_value=True)
    )
