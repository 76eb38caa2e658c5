"""JSON as small gateways print it, into plain Python values."""

import math
import re
from typing import Final

import orjson

from .exceptions import InvalidAnswerError, OversizedAnswerError

#: No answer holds more objects and lists, or values: twenty times what the largest page of history does.
MAX_OBJECTS: Final = 200_000
MAX_VALUES: Final = 2_000_000
#: Bytes of the largest page of history; what is larger is read as it stands, or not at all.
_MAX_REPAIRED: Final = 4 * 1024 * 1024

# Firmware written in C prints what printf makes of a number that is none. Strings are matched
# first, so that a label that reads "nan" stays a label. One that does not end matches too, and nothing is
# looked at twice: else a hostile text of quotation marks takes hours. Numbers that no float can hold are none either:
# those are found by their many digits or their large exponent.
_STRING_OR_NOT_A_NUMBER = re.compile(
    rb'("(?:[^"\\]++|\\.)*+(?:"|\\?\Z))'
    rb"|[-+]?\b(?:nan(?:\([^)\s]{0,40}\))?|inf(?:inity)?)(?![\w.])"
    rb"|(?<![\w.])-?(?:\d{300,}+(?:\.\d++)?+|\d++(?:\.\d++)?+e\+?\d{3,}+)(?![\w.])",
    re.IGNORECASE | re.DOTALL,
)


def parse_json(body: bytes) -> object:
    """Return the value a body holds; bare NaN and infinities read as null, and so do numbers beyond any float.

    Nesting deeper than 1024, and anything that is no JSON, raises InvalidAnswerError. A text that would
    take many times its size as values is not read at all.
    """
    # A body cannot hold more values than bytes.
    if len(body) > MAX_OBJECTS and (body.count(b"{") + body.count(b"[") > MAX_OBJECTS or body.count(b",") > MAX_VALUES):
        raise OversizedAnswerError("the answer holds more values than any answer of a gateway")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as err:
        if len(body) > _MAX_REPAIRED:
            raise _no_json(err) from None
        repaired = _repair(body)
    try:
        return orjson.loads(repaired)
    except orjson.JSONDecodeError as err:
        raise _no_json(err) from None


def _no_json(err: orjson.JSONDecodeError) -> InvalidAnswerError:
    """Return this client's error; its text names what is wrong, and nothing of what the body holds."""
    return InvalidAnswerError(f"the answer is not JSON: {err.msg}")


def _repair(body: bytes) -> bytes:
    """Replace what keeps an otherwise good body from being JSON, and nothing else."""
    text = body.decode("utf-8-sig", errors="replace").encode()
    return _STRING_OR_NOT_A_NUMBER.sub(_as_json, text)


def _as_json(match: re.Match[bytes]) -> bytes:
    """Return a string as it stands, also a number that only looks too large, and null for one that is none."""
    if match[1] is not None:
        return match[1]
    try:
        return match[0] if math.isfinite(float(match[0])) else b"null"
    except ValueError:  # nan(0x8000)
        return b"null"
