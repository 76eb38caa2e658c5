"""JSON as small gateways print it, into plain Python values."""

import re

import orjson

from .exceptions import InvalidAnswerError

# Firmware written in C prints what printf makes of a number that is none. Strings are matched
# first, so that a label that reads "nan" stays a label.
_STRING_OR_NOT_A_NUMBER = re.compile(
    rb'("(?:[^"\\]|\\.)*")|[-+]?\b(?:nan(?:\([^)\s]*\))?|inf(?:inity)?)(?![\w.])', re.IGNORECASE
)


def parse_json(body: bytes) -> object:
    """Return the value a body holds; bare NaN and infinities read as null.

    Nesting deeper than 1024, and anything that is no JSON, raises InvalidAnswerError.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        repaired = _repair(body)
    try:
        return orjson.loads(repaired)
    except orjson.JSONDecodeError as err:
        raise InvalidAnswerError(f"the answer is not JSON: {err.msg}") from None


def _repair(body: bytes) -> bytes:
    """Replace what keeps an otherwise good body from being JSON, and nothing else."""
    text = body.decode("utf-8-sig", errors="replace").encode()
    return _STRING_OR_NOT_A_NUMBER.sub(lambda match: match[1] or b"null", text)
