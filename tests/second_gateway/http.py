"""A small implementation of HTTP/1.0 and 1.1, as in a small device."""

import asyncio
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal
from urllib.parse import parse_qsl, unquote, urlsplit

_HEAD_LIMIT = 16_384


@dataclass
class Framing:
    """How answers are framed, and when connections are closed."""

    version: Literal["1.0", "1.1"] = "1.1"
    body: Literal["length", "chunked", "close"] = "length"
    header_case: Literal["title", "lower", "upper"] = "title"
    keep_alive: bool = True
    #: Whether an answer says that the connection will be closed.
    announces_close: bool = True
    #: Seconds between an answer and the close.
    close_delay: float = 0.0
    #: Bytes per write; None for all at once.
    segment: int | None = None


@dataclass
class Request:
    """A client's request."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    version: str


@dataclass
class Response:
    """An answer; a `status` of 0 drops the connection instead."""

    status: int = 200
    body: bytes = b""
    content_type: str | None = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    #: Bytes of the body after which the connection breaks.
    broken_after: int | None = None


class BadRequestError(Exception):
    """The data received is not an HTTP request."""


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """Read a request; None where the client has hung up."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError, ConnectionError:
        return None
    except asyncio.LimitOverrunError as err:
        raise BadRequestError from err
    if len(head) > _HEAD_LIMIT:
        raise BadRequestError
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    parts = first.split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise BadRequestError
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    try:
        length = int(headers.get("content-length", "0"))
        body = await reader.readexactly(length)
    except ValueError as err:
        raise BadRequestError from err
    except asyncio.IncompleteReadError, ConnectionError:
        return None
    url = urlsplit(parts[1])
    query = dict(parse_qsl(url.query, keep_blank_values=True))
    return Request(parts[0], unquote(url.path), query, headers, body, parts[2].removeprefix("HTTP/"))


def keeps_open(request: Request, framing: Framing) -> bool:
    """Return whether the connection stays open after the answer to a request."""
    wish = request.headers.get("connection", "").lower()
    asked_to_close = "close" in wish or (request.version == "1.0" and "keep-alive" not in wish)
    return framing.keep_alive and framing.version == "1.1" and framing.body != "close" and not asked_to_close


def _head(response: Response, framing: Framing, *, keep: bool, bodiless: bool) -> bytes:
    try:
        reason = HTTPStatus(response.status).phrase
    except ValueError:
        reason = "Unknown"
    headers = dict(response.headers)
    if response.content_type and not bodiless:
        headers["Content-Type"] = response.content_type
    if not bodiless and framing.body == "length":
        headers["Content-Length"] = str(len(response.body))
    elif not bodiless and _chunked(framing):
        headers["Transfer-Encoding"] = "chunked"
    if not keep and framing.announces_close:
        headers["Connection"] = "close"
    lines = [f"HTTP/{framing.version} {response.status} {reason}"]
    for name, value in headers.items():
        cased = {"lower": name.lower(), "upper": name.upper()}.get(framing.header_case, name)
        lines.append(f"{cased}: {value}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _chunked(framing: Framing) -> bool:
    return framing.body == "chunked" and framing.version == "1.1"


def _framed(body: bytes, framing: Framing) -> bytes:
    if not _chunked(framing):
        return body
    size = framing.segment or 1000
    parts = [body[i : i + size] for i in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


async def write_response(
    writer: asyncio.StreamWriter, request: Request, response: Response, framing: Framing, *, keep: bool
) -> None:
    """Write an answer."""
    bodiless = response.status in {204, 304}
    data = _head(response, framing, keep=keep, bodiless=bodiless)
    if not bodiless and request.method != "HEAD":
        data += _framed(response.body, framing)
    if response.broken_after is not None:
        data = data[: len(data) - len(response.body) + response.broken_after]
    size = framing.segment or len(data)
    for start in range(0, len(data), size):
        writer.write(data[start : start + size])
        await writer.drain()
        if framing.segment:
            await asyncio.sleep(0)
