"""Redacts a gateway's answers: only known harmless fields, with values in their expected format, are kept.

Everything else is replaced. The same text always gets the same replacement, so the result can be used in tests.
"""

from collections.abc import Iterable, Mapping
import re
from typing import Final

from custom_components.carlo_gavazzi_ems.api import Answer, InvalidAnswerError, parse_json

REDACTED: Final = "**REDACTED**"

#: A type or version: one word with a digit in it.
_MAKER_TEXT: Final = re.compile(r"(?=\D*\d)[A-Za-z0-9][A-Za-z0-9_./-]{0,39}", re.ASCII)
#: Addresses that match _MAKER_TEXT too: a MAC address with any separator, an IPv4 address.
_ADDRESS: Final = re.compile(r"([0-9a-f]{2}[-._:/]?){5,7}[0-9a-f]{2}|\d{1,3}(\.\d{1,3}){3}", re.IGNORECASE | re.ASCII)
_DATE: Final = re.compile(r"\d{1,4}-\d{1,2}-\d{1,2}[ T]\d{1,2}:\d{1,2}(:\d{1,2}(\.\d{1,6})?)?Z?", re.ASCII)
_ZONE: Final = re.compile(r"((UTC|GMT)?[+-]\d{1,2}:?\d{0,2}|UTC|GMT|Z)( [A-Z]{1,5})?", re.ASCII)
#: Text fields that are kept if they have this format.
_TEXTS: Final = {
    "partNumber": _MAKER_TEXT,
    "system": _MAKER_TEXT,
    "pn": _MAKER_TEXT,
    "fw": _MAKER_TEXT,
    "date": _DATE,
    "tz": _ZONE,
}
#: Fields of measured values and times: any number.
_VALUES: Final = frozenset({"v", "max", "min", "t", "p"})
#: Fields of small whole numbers: codes, types, positions.
_SMALL: Final = frozenset({"api_ver", "d", "enable", "index", "r", "s", "si", "sir", "type"})
_UIDS: Final = frozenset({"uid", "did", "lid"})
#: Maps whose keys are UIDs.
_MAPS: Final = frozenset({"devices", "loads", "signals", "realtime", "history"})
_FIELDS: Final = (
    frozenset(_TEXTS)
    | {"sn", "mac", "label", "meterBus", "tcp", "rtu", "virtual", "P1"}
    | _VALUES
    | _SMALL
    | _UIDS
    | _MAPS
)
_STAND_INS: Final = {"sn": "SERIAL", "mac": "00:00:00:00:00:00"}
_NUMBER: Final = re.compile(r"\s*[-+]?(\d{1,19}(\.\d{0,19})?(e[-+]?\d{1,3})?|nan|inf(inity)?)?\s*", re.IGNORECASE)
_MAX_SMALL: Final = 10_000
#: UIDs from here on may be serial numbers; they are replaced by consecutive numbers from here on.
_MAX_UID: Final = 100_000


class Redactor:
    """Replaces values that may be personal; the same text or number always gets the same replacement."""

    def __init__(self, secrets: Iterable[str | None]) -> None:
        """`secrets` are removed anywhere and in any case; those under 8 characters only as whole words."""
        wanted = sorted({secret for secret in secrets if secret}, key=len, reverse=True)
        patterns = [re.escape(text) if len(text) >= 8 else rf"(?<!\w){re.escape(text)}(?!\w)" for text in wanted]
        self._secrets = re.compile("|".join(patterns), re.IGNORECASE) if patterns else None
        self._stand_ins: dict[str, str] = {}
        self._uids: dict[int, int] = {}

    def scrub(self, value: object) -> object:
        """Return a value without the secrets, in texts, numbers and keys."""
        match value:
            case str():
                return self._scrubbed(value)
            case Mapping():
                return {self._scrubbed(str(key)): self.scrub(item) for key, item in value.items()}
            case list() | tuple():
                return [self.scrub(item) for item in value]
            case int() | float() if not isinstance(value, bool) and self._scrubbed(str(value)) != str(value):
                return 0
        return value

    def answer(self, answer: Answer) -> dict[str, object]:
        """Return an answer for the report: path, query and redacted body."""
        report: dict[str, object] = {"path": answer.path, "query": dict(answer.query)}
        if uids := answer.query.get("uids"):
            report["query"] = {**answer.query, "uids": ",".join(map(self.uid_text, uids.split(",")))}
        try:
            body = parse_json(answer.body)
        except InvalidAnswerError as err:
            # A body that cannot be parsed cannot be redacted.
            return report | {"unreadable": str(err), "bytes": len(answer.body)}
        return report | {"body": self.scrub(self._redacted(body, ""))}

    def maker_text(self, text: str) -> str:
        """Return a text if it looks like a type or version of the maker; anything else is replaced."""
        return self._text(text, "partNumber")

    def uid(self, uid: int) -> int:
        """Return a UID; a large one, which may be a serial number, is replaced."""
        return uid if 0 <= uid < _MAX_UID else self._uids.setdefault(uid, _MAX_UID + len(self._uids))

    def uid_text(self, text: str) -> str:
        """Return a text if it is a UID; anything else is replaced."""
        return str(self.uid(int(text))) if re.fullmatch(r"\d{1,19}", text, re.ASCII) else self._stand_in(text)

    def small(self, number: float | None) -> float | None:
        """Return a number of an undocumented field if it is small, else 0."""
        return number if number is None or abs(number) < _MAX_SMALL else 0

    def _redacted(self, value: object, key: str) -> object:
        """Return the value of a field."""
        match value:
            case Mapping():
                name_of = self.uid_text if key in _MAPS else self._field
                return {name_of(name): self._redacted(item, name) for name, item in value.items()}
            case list():
                return [self._redacted(item, key) for item in value]
            case str():
                return self._text(value, key)
            case bool() | None:
                return value
            case int() | float():
                return self._number(value, key)
        return 0

    def _number(self, number: float, key: str) -> float:
        """Return the number of a field; 0 if it may be personal."""
        if key in _VALUES:
            return number
        if key in _UIDS:
            return self.uid(int(number))
        return number if key in _SMALL and abs(number) < _MAX_SMALL else 0

    def _text(self, text: str, key: str) -> str:
        """Return the text of a field, or its replacement."""
        shape = _TEXTS.get(key)
        if not text.strip() or (shape and shape.fullmatch(text) and not _ADDRESS.fullmatch(text)):
            return text
        if key in _UIDS:
            return self.uid_text(text)
        is_number = key in _VALUES | _SMALL and _NUMBER.fullmatch(text) is not None
        if is_number and (key in _VALUES or abs(float(text)) < _MAX_SMALL):
            return text
        return _STAND_INS.get(key) or self._stand_in(text)

    def _field(self, name: str) -> str:
        """Return the name of a field if it is one of the API; another one may be a personal text and is replaced."""
        return name if name in _FIELDS else self._stand_in(name)

    def _stand_in(self, text: str) -> str:
        """Return the replacement of a text."""
        return self._stand_ins.setdefault(text, f"Text {len(self._stand_ins) + 1}")

    def _scrubbed(self, text: str) -> str:
        """Return a text without the secrets."""
        return self._secrets.sub(REDACTED, text) if self._secrets else text
