"""Strict parsing of query parameters: 400 for anything that the API document does not allow."""

from dataclasses import dataclass
import re

from aiohttp import web
from multidict import MultiMapping

from simulator.site import Protocol

_HIGHEST = 2**31 - 1
_UIDS = re.compile(r"[0-9]{1,10}(,[0-9]{1,10})*")
_NUMBER = re.compile(r"[0-9]{1,10}")
_INSTANT = re.compile(r"[0-9]{1,15}")

type Query = MultiMapping[str]


def _bad(name: str, wanted: str) -> web.HTTPBadRequest:
    """Return the error for a parameter."""
    return web.HTTPBadRequest(text=f"{name} has to be {wanted}")


@dataclass(frozen=True, slots=True)
class Page:
    """The page of records that is asked for."""

    limit: int
    page: int

    @property
    def first(self) -> int:
        """Return the index of the first record, from 0."""
        return (self.page - 1) * self.limit

    @property
    def window(self) -> slice:
        """Return the records as a slice of all."""
        return slice(self.first, self.first + self.limit)


def uids(query: Query) -> frozenset[int] | None:
    """Return the UIDs to filter by, None for all."""
    if (text := query.get("uids")) is None:
        return None
    if not _UIDS.fullmatch(text):
        raise _bad("uids", "UIDs separated by commas")
    return frozenset(int(uid) for uid in text.split(","))


def protocol(query: Query) -> Protocol | None:
    """Return the protocol to filter by, None for all."""
    if (text := query.get("protocol")) is None:
        return None
    try:
        return Protocol(text)
    except ValueError:
        raise _bad("protocol", "one of rtu, tcp, meterBus, virtual, P1") from None


def _count(query: Query, name: str, default: int) -> int:
    """Return a number from 1 to 2³¹-1."""
    text = query.get(name, str(default))
    if not _NUMBER.fullmatch(text) or not 1 <= int(text) <= _HIGHEST:
        raise _bad(name, "a number from 1")
    return int(text)


def page(query: Query) -> Page:
    """Return limit and page."""
    return Page(_count(query, "limit", 1000), _count(query, "page", 1))


def span(query: Query) -> tuple[float | None, float | None]:
    """Return start and end in Unix seconds, None where they are left open."""
    times: list[float | None] = []
    for name in ("start", "end"):
        text = query.get(name)
        if text is not None and not _INSTANT.fullmatch(text):
            raise _bad(name, "a Unix timestamp in milliseconds")
        times.append(None if text is None else int(text) / 1000.0)
    start, end = times
    if start is not None and end is not None and start > end:
        raise _bad("start", "no later than end")
    return start, end
