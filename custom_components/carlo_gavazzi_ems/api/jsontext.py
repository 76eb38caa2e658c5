"""Parses JSON as small gateways print it into plain Python values."""

import codecs
import re
from typing import Final

import orjson

from .exceptions import InvalidAnswerError, OversizedAnswerError
from .jsonrepair import repair

#: No answer holds more objects and arrays, or values: at most 50,000 rows of history are requested at once.
MAX_OBJECTS: Final = 60_000
MAX_VALUES: Final = 1_000_000
#: Bytes of the largest page of history; a larger body is not repaired.
_MAX_REPAIRED: Final = 4 * 1024 * 1024
#: Charsets that a gateway may use, by Python's names. Some of Python's other codecs are very slow.
_CHARSETS: Final = re.compile(r"iso8859-\d+|cp\d+|utf-16(?:-[bl]e)?")


def parse_json(body: bytes) -> object:
    """Return the value of a body. An invalid value in an otherwise valid body is read as null.

    Raises InvalidAnswerError for nesting deeper than 1024 and for a body that cannot be repaired, and
    OversizedAnswerError for a body whose values would take many times its size in memory.
    """
    # A body has at most as many of them as bytes.
    if (len(body) > MAX_OBJECTS and body.count(b"{") + body.count(b"[") > MAX_OBJECTS) or (
        len(body) > MAX_VALUES and body.count(b",") > MAX_VALUES
    ):
        raise OversizedAnswerError("the answer holds more values than any answer of a gateway")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as err:
        problem = err.msg
    if len(body) > _MAX_REPAIRED:
        raise InvalidAnswerError(f"the answer is not JSON: {problem}")
    # The error texts do not quote the body.
    try:
        return orjson.loads(repair(body.decode("utf-8-sig", errors="replace")))
    except orjson.JSONDecodeError as err:
        raise InvalidAnswerError(f"the answer is not JSON: {err.msg}") from None
    except ValueError:
        raise InvalidAnswerError(f"the answer is not JSON: {problem}") from None


def as_utf8(body: bytes, charset: str | None) -> bytes:
    """Return a body in UTF-8: unchanged if it is UTF-8 already, else decoded with its declared charset."""
    if charset is None or body.isascii():
        return body
    try:
        body.decode()
    except UnicodeDecodeError:
        try:
            codec = codecs.lookup(charset).name
        except LookupError, ValueError:
            return body
        return body.decode(codec, errors="replace").encode() if _CHARSETS.fullmatch(codec) else body
    return body
