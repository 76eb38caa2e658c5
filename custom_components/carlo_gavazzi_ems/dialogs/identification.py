"""The page with the progress bar while codes are identified from the gateway's history."""

from abc import abstractmethod
import asyncio
from collections.abc import Callable, Mapping
import logging
from types import MappingProxyType
from typing import Any, ClassVar, Final, cast

from homeassistant.data_entry_flow import FlowContext, FlowHandler, FlowResult

from custom_components.carlo_gavazzi_ems.access.account import error_key
from custom_components.carlo_gavazzi_ems.api import EmsClient, EmsError, Samples
from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.recognition.identifying import async_identify
from custom_components.carlo_gavazzi_ems.recognition.observation import (
    async_observe,
    async_observe_more,
    newest,
    with_context,
)
from custom_components.carlo_gavazzi_ems.signals.catalogue import Catalogue
from custom_components.carlo_gavazzi_ems.signals.identify import Finding, Series, doubtful_codes

from .doubts import rising_codes
from .naming_round import Naming
from .progress import async_behind_bar

_LOGGER = logging.getLogger(__name__)

#: Progress, 0 to 1, once a day is read, once it is evaluated, and once the days before it are read.
_DAY_READ: Final = 0.5
_DAY_KNOWN: Final = 0.6
_WEEK_READ: Final = 0.9


class IdentificationFlow[ContextT: FlowContext, ResultT: FlowResult[Any, Any], HandlerT](
    FlowHandler[ContextT, ResultT, HandlerT]
):
    """Identifies what the codes measure; other classes show what was found."""

    _step_after_identification: ClassVar[str]
    _looks_at_a_week: ClassVar[bool] = False
    """Whether more than the last day is read of loads whose codes stay uncertain."""

    _naming: Naming
    _identifying: asyncio.Task[None] | None = None

    @abstractmethod
    async def _async_codes_named(self) -> ResultT:
        """Continue after naming."""

    async def _async_not_read(self, err: EmsError) -> ResultT:
        """Continue if the lists could not be read: abort with the reason."""
        return self.async_abort(reason=error_key(err))

    async def _async_start_naming(
        self, client: EmsClient, catalogue: Catalogue, *, recognised: Mapping[int, Finding] = MappingProxyType({})
    ) -> ResultT:
        """Start a round of naming."""
        self._naming = Naming(client=client, catalogue=catalogue, recognised=recognised)
        return await self.async_step_identify()

    async def async_step_identify(self, _: dict[str, Any] | None = None) -> ResultT:
        """Show the progress of identification. Closing the dialog stops it."""
        if self._identifying is None:
            # A background task, so that Home Assistant does not wait for it when it stops.
            self._identifying = self.hass.async_create_background_task(
                async_behind_bar(self._async_identify()), f"{DOMAIN} identify codes"
            )
        # A cancelled task has no result; the page stays as it is.
        if not self._identifying.done() or self._identifying.cancelled():
            return self.async_show_progress(
                step_id="identify", progress_action="identify", progress_task=self._identifying
            )
        return self.async_show_progress_done(next_step_id=self._step_after_identification)

    async def _async_identify(self) -> None:
        """Read lists, values and history, and identify the codes. A failure only costs proposals."""
        naming = self._naming
        client = cast("EmsClient", naming.client)
        try:
            await self._async_read_lists(client)
            if any(naming.is_open(code) for code in naming.listed):
                naming.samples = await self._async_look(client)
            else:
                naming.samples = await client.realtime(wanted=naming.signals.keys())
        except EmsError as err:
            naming.failure = err
            _LOGGER.debug("The codes cannot be identified now: %s", err)
        naming.findings = {**naming.findings, **naming.recognised}

    async def _async_look(self, client: EmsClient) -> Samples:
        """Identify codes from the history; return the latest values.

        A day identifies nearly all codes within seconds, which is enough for the set-up. For naming the remaining ones in
        the options, a week is worth the wait.
        """
        naming = self._naming
        read, known = (_DAY_READ, _DAY_KNOWN) if self._looks_at_a_week else (_WEEK_READ, 1.0)
        observed, samples = await async_observe(client, naming.signals.values(), self._share(0.0, read))
        series = with_context(observed, naming.loads, naming.devices)
        naming.findings = await self._async_identify_series(series, self._share(read, known))
        codes = doubtful_codes(naming.findings)
        naming.rising = rising_codes(series, codes)
        if not self._looks_at_a_week:
            return samples
        more = await async_observe_more(client, series, codes, newest(samples), self._share(_DAY_KNOWN, _WEEK_READ))
        if more is not None:
            naming.findings = await self._async_identify_series(more, self._share(_WEEK_READ, 1.0))
        return samples

    def _share(self, start: float, end: float) -> Callable[[float], None]:
        """Return a callback for the progress, 0 to 1, of one part of the work."""
        return lambda share: self.async_update_progress(start + share * (end - start))

    async def _async_read_lists(self, client: EmsClient) -> None:
        """Read loads, signals and devices."""
        naming = self._naming
        naming.loads, naming.signals = await client.loads(), await client.signals()
        naming.devices = await client.devices()

    async def _async_identify_series(
        self, series: list[Series], tell: Callable[[float], None]
    ) -> Mapping[int, Finding]:
        """Identify codes, given the named and the recognised ones."""
        naming = self._naming
        return await async_identify(self.hass, series, naming.catalogue, recognised=naming.recognised, progress=tell)
