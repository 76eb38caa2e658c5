"""Removes personal data from a gateway's answers, and keeps what tests can be made of."""

from collections.abc import Iterable, Mapping
import re
from typing import Final

from custom_components.carlo_gavazzi_ems.api import Answer, InvalidAnswerError, parse_json

#: Text fields with values chosen by the maker.
_TEXTS_TO_KEEP: Final = frozenset({"partNumber", "system", "pn", "fw", "date", "tz"})
#: Number fields of the API document without personal data; a gateway may send them as texts.
_NUMBERS_TO_KEEP: Final = frozenset(
    {"api_ver", "did", "enable", "index", "lid", "max", "min", "p", "r", "s", "si", "sir", "t", "type", "uid", "v", "d"}
)
_NUMBER: Final = re.compile(r"\s*[-+]?(\d{1,19}(\.\d{0,19})?(e[-+]?\d{1,3})?|nan|inf(inity)?)?\s*", re.IGNORECASE)
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,23}|\d{1,19}")
_STAND_INS: Final = {"sn": "SERIAL", "mac": "00:00:00:00:00:00"}
_FIELDS: Final = (
    _TEXTS_TO_KEEP
    | _NUMBERS_TO_KEEP
    | {"sn", "mac", "label", "devices", "loads", "signals", "realtime", "history"}
    | {"meterBus", "tcp", "rtu", "virtual", "P1"}
)
#: The limit of numbers in undocumented fields. Serial numbers of meters are larger.
_MAX_UNKNOWN: Final = 10_000
REDACTED: Final = "**REDACTED**"


class Redactor:
    """Replaces personal texts; the same text always gets the same replacement."""

    def __init__(self, secrets: Iterable[str | None]) -> None:
        """`secrets` are removed anywhere and in any case; those under 8 characters only as whole words."""
        wanted = sorted({secret for secret in secrets if secret}, key=len, reverse=True)
        patterns = [re.escape(text) if len(text) >= 8 else rf"(?<!\w){re.escape(text)}(?!\w)" for text in wanted]
        self._secrets = re.compile("|".join(patterns), re.IGNORECASE) if patterns else None
        self._stand_ins: dict[str, str] = {}

    def scrub(self, value: object) -> object:
        """Return a value with the secrets removed from its texts. Field names stay."""
        match value:
            case str():
                return self._secrets.sub(REDACTED, value) if self._secrets else value
            case Mapping():
                return {key: self.scrub(item) for key, item in value.items()}
            case list() | tuple():
                return [self.scrub(item) for item in value]
        return value

    def answer(self, answer: Answer) -> dict[str, object]:
        """Return an answer for the report: path, query and redacted body."""
        report: dict[str, object] = {"path": answer.path, "query": dict(answer.query)}
        try:
            body = parse_json(answer.body)
        except InvalidAnswerError as err:
            # It cannot be redacted without being parsed.
            return report | {"unreadable": str(err), "bytes": len(answer.body)}
        return report | {"body": self.scrub(self._redacted(body, ""))}

    def _redacted(self, value: object, key: str) -> object:
        """Return the value of a field with replacements for texts that a user may have typed."""
        match value:
            case Mapping():
                return {self._key(name): self._redacted(item, name) for name, item in value.items()}
            case list():
                return [self._redacted(item, key) for item in value]
            case str():
                return self._text(value, key)
            case bool() | None:
                return value
            case int() | float() if key in _NUMBERS_TO_KEEP or abs(value) < _MAX_UNKNOWN:
                return value
        return 0

    def _key(self, name: str) -> str:
        """Return a UID or a field name unchanged. Anything else is replaced, it may be personal data."""
        if name in _FIELDS or (_NAME.fullmatch(name) and name == self.scrub(name)):
            return name
        return self._stand_in(name)

    def _text(self, text: str, key: str) -> str:
        """Return a text, or its replacement."""
        if key in _TEXTS_TO_KEEP or (key in _NUMBERS_TO_KEEP and _NUMBER.fullmatch(text)):
            return text
        if not text.strip():
            return text
        return _STAND_INS.get(key) or self._stand_in(text)

    def _stand_in(self, text: str) -> str:
        """Return the replacement of a text."""
        return self._stand_ins.setdefault(text, f"Text {len(self._stand_ins) + 1}")
