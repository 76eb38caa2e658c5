"""Faults of answers."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from .http import Request, Response
from .timeline import Span

FIRMWARE_UPDATE = Response(
    200, b"<!DOCTYPE html><html><body><h1>Firmware update in progress</h1></body></html>", "text/html"
)
type Sleep = Callable[[float], Awaitable[object]]


@dataclass
class Fault:
    """Delays, replaces or breaks answers of a path, a number of times, or within a span."""

    response: Response | None = None
    delay: float = 0.0
    path: str = ""
    times: int | None = None
    span: Span | None = None

    def concerns(self, request: Request, when: float) -> bool:
        """Return whether the fault strikes a request."""
        live = self.times is None or self.times > 0
        return live and request.path.startswith(self.path) and (self.span is None or when in self.span)


@dataclass
class Faults:
    """The faults that a test has set, in order."""

    clock: Callable[[], float]
    sleep: Sleep = asyncio.sleep
    listed: list[Fault] = field(default_factory=list)

    async def spoil(self, request: Request, answer: Callable[[], Response]) -> Response:
        """Return the answer to a request, after all faults that concern it; delays come before it is computed."""
        struck = [fault for fault in self.listed if fault.concerns(request, self.clock())]
        for fault in struck:
            if fault.times is not None:
                fault.times -= 1
            if fault.delay:
                await self.sleep(fault.delay)
        return next((fault.response for fault in struck if fault.response is not None), None) or answer()
