"""Parses the fields of a record; RecordError names a field that is not valid."""

from collections.abc import Mapping
import math
import re
import unicodedata

from .models import epoch_seconds

MAX_TEXT = 200
MAX_UID = 2**63 - 1
# The end of the year 9999; later timestamps have no date.
_MAX_SECONDS = 253_402_300_799
_OFF = frozenset({"false", "0", "off", "no"})
_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")

type JsonObject = Mapping[str, object]


class RecordError(ValueError):
    """A record does not follow the API document; the message names the field and what is wrong."""


def clean_text(text: str) -> str:
    """Return a text without control and bidirectional override characters, at most 200 characters long."""
    # Cut first: a hostile text of megabytes would take seconds.
    text = text[: 5 * MAX_TEXT]
    visible = "".join(" " if unicodedata.category(char) == "Cc" else char for char in text if char not in _OVERRIDES)
    return " ".join(visible.split())[:MAX_TEXT].rstrip()


def as_record(value: object) -> dict[str, object]:
    """Return the value as a JSON object."""
    if not isinstance(value, dict):
        raise RecordError("not a JSON object")
    return value


def uid_of_key(text: str) -> int:
    """Return the UID of a key of a map. Raises RecordError."""
    text = text.strip(" ")
    if not (text.isascii() and text.isdigit()) or len(text) > 19 or (uid := int(text)) > MAX_UID:
        raise RecordError("the key is no UID")
    return uid


def check_uid(record: JsonObject, uid: int) -> None:
    """Raise RecordError if a record has another UID than its key: one of the two would be wrong."""
    # `1 == True`, so the type is checked too.
    if (own := record.get("uid")) == uid and type(own) is int:
        return
    own = optional_int(record, "uid")
    if own is not None and own != uid:
        raise RecordError("'uid' is another one than its key")


def optional_int(record: JsonObject, key: str) -> int | None:
    """Return a whole number, None if it is missing or null. Raises RecordError for anything else."""
    value = record.get(key)
    if type(value) is int and -MAX_UID <= value <= MAX_UID:
        return value
    match value:
        case None:
            return None
        case bool():
            pass
        case float() as real if real.is_integer() and abs(real) <= MAX_UID:
            return int(real)
        case str() as text if re.fullmatch(r" *-?\d{1,18} *", text, re.ASCII):
            return int(text)
    raise RecordError(f"{key!r} is not a whole number")


def int_or_none(record: JsonObject, key: str) -> int | None:
    """Return a whole number, None for anything else: for a field that nothing depends on."""
    try:
        return optional_int(record, key)
    except RecordError:
        return None


def number_or_none(record: JsonObject, key: str) -> float | None:
    """Return a finite number, None for anything else: for a field that nothing depends on."""
    try:
        return number(record, key)
    except RecordError:
        return None


def number(record: JsonObject, key: str) -> float | None:
    """Return a finite number; None if missing, null, empty, NaN or infinite. Raises RecordError for anything else."""
    return _as_number(record.get(key), key)


def _as_number(value: object, key: str) -> float | None:
    """Return the number that a field holds."""
    # The most frequent case first. `type` excludes bool, which is a subclass of int.
    if type(value) is int or (type(value) is float and math.isfinite(value)):
        return value
    match value:
        case None:
            return None
        case bool():
            pass
        case int() | float() as real:
            return real if math.isfinite(real) else None
        case str() as text:
            try:
                parsed = float(text) if text.strip() else None
            except ValueError:
                pass
            else:
                return parsed if parsed is not None and math.isfinite(parsed) else None
    raise RecordError(f"{key!r} is not a number")


def seconds(value: object) -> float | None:
    """Return the stamp that a field holds as seconds since 1970, None where it holds none."""
    try:
        stamp = _as_number(value, "t")
    except RecordError:
        return None
    instant = None if stamp is None else epoch_seconds(stamp)
    return instant if instant is not None and 0 <= instant <= _MAX_SECONDS else None


def text_of(record: JsonObject, key: str) -> str:
    """Return a text, empty if there is none. A number is returned as text."""
    match record.get(key):
        case str() as text:
            return clean_text(text)
        case bool():
            return ""
        case int() | float() as real:
            return str(real)
    return ""


def enabled_of(record: JsonObject) -> bool:
    """Return whether a record is enabled: yes, unless `enable` clearly says no."""
    match record.get("enable"):
        case str() as text:
            return text.strip().lower() not in _OFF
        case bool() | int() | float() as switch:
            return bool(switch)
    return True
