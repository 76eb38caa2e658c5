"""JSON as small gateways print it, into plain Python values."""

import codecs
import re
from typing import Final

import orjson

from .exceptions import InvalidAnswerError, OversizedAnswerError
from .jsonrepair import repair

#: No answer holds more objects and lists, or values: what is asked for at once is 50,000 rows of history.
MAX_OBJECTS: Final = 60_000
MAX_VALUES: Final = 1_000_000
#: Bytes of the largest page of history; what is larger is read as it stands, or not at all.
_MAX_REPAIRED: Final = 4 * 1024 * 1024
#: Charsets in which a label may be printed, by Python's names; some of Python's other codecs take very long.
_CHARSETS: Final = re.compile(r"iso8859-\d+|cp\d+|utf-16(?:-[bl]e)?")


def parse_json(body: bytes) -> object:
    """Return the value a body holds; what is no JSON value in an otherwise good body reads as null.

    Nesting deeper than 1024, and anything that cannot be repaired, raises InvalidAnswerError. A text that
    would take many times its size as values is not read at all.
    """
    # A body cannot hold more values than bytes.
    if len(body) > MAX_OBJECTS and (body.count(b"{") + body.count(b"[") > MAX_OBJECTS or body.count(b",") > MAX_VALUES):
        raise OversizedAnswerError("the answer holds more values than any answer of a gateway")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as err:
        problem = err.msg
    if len(body) > _MAX_REPAIRED:
        raise InvalidAnswerError(f"the answer is not JSON: {problem}")
    # The texts of the errors name what is wrong, and nothing of what the body holds.
    try:
        return orjson.loads(repair(body.decode("utf-8-sig", errors="replace")))
    except orjson.JSONDecodeError as err:
        raise InvalidAnswerError(f"the answer is not JSON: {err.msg}") from None
    except ValueError:
        raise InvalidAnswerError(f"the answer is not JSON: {problem}") from None


def as_utf8(body: bytes, charset: str | None) -> bytes:
    """Return a body in UTF-8: as it is where it is UTF-8 already, else decoded by the charset that it declares."""
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
