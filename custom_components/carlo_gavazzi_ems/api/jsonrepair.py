"""Repairs a body that is nearly JSON: an invalid token becomes null, and the rest is kept.

Firmware written in C prints numbers as printf does (`nan`, `1.#QNAN`, `5.`), omits a value or adds a
comma too many. The text is split into tokens once; each is kept, corrected or replaced by null.
The JSON parser decides whether the result is valid.
"""

import math
import re
from typing import Final

# An unterminated string takes the rest of the text, so that no part is scanned twice.
_TOKEN: Final = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[{}\[\]:,]|[^\s\x00"{}\[\]:,]++', re.DOTALL)
_NUMBER: Final = re.compile(r"([-+]?)(\d*+)(?:\.(\d*+))?(e[-+]?\d{1,5})?", re.ASCII | re.IGNORECASE)
_INTEGER: Final = re.compile(r"-?\d{1,20}", re.ASCII)
_FRACTION: Final = re.compile(r"\d{1,20}(?:e[-+]?\d{1,3})?", re.ASCII | re.IGNORECASE)
#: Valid escapes in a string (no group), half of a surrogate pair (1), another backslash (2), a control character (3).
_IN_STRING: Final = re.compile(
    r'\\(?:["\\/bfnrt]|u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|u(?![dD][89a-fA-F])[\da-fA-F]{4})'
    r"|(\\u[dD][89a-fA-F][\da-fA-F]{2})|(\\)|([\x00-\x1f])",
    re.ASCII,
)
_MUST_LOOK: Final = re.compile(r"[\\\x00-\x1f]")
#: First characters of a token that is neither a number nor a word; "" stands for no token.
_NO_SCALAR: Final = frozenset({"", '"', "{", "}", "[", "]", ":", ","})
_WORDS: Final = frozenset({"true", "false", "null"})
#: The most digits before the decimal point of a float, and the most after it that can change its value.
_MAX_DIGITS: Final = 309
_MAX_FRACTION: Final = 40


def repair(text: str) -> str:
    """Return the text with each invalid token replaced. Raises ValueError unless it is an object or an array."""
    if text.lstrip("\x00\ufeff \t\r\n")[:1] not in {"{", "["}:
        raise ValueError("neither an object nor a list")
    repairer = _Repairer()
    for token in _TOKEN.finditer(text):
        repairer.take(token[0], token.start())
    return "".join(repairer.parts)


class _Repairer:
    """Processes one token after the other. A comma is written when the next token is known."""

    def __init__(self) -> None:
        """Begin at the start of a text."""
        self.parts: list[str] = []
        #: The brackets that are open.
        self._open: list[str] = []
        #: Position of the comma that is not written yet, -1 if there is none.
        self._comma = -1
        #: Position where the last value ended.
        self._end = -1

    def take(self, token: str, start: int) -> None:
        """Process the token that starts at this position."""
        match token[0]:
            case ",":
                self._take_comma(start)
            case "}" | "]":
                if self._last == ":":
                    self.parts.append("null")
                # A comma before a closing bracket is left out.
                self._comma = -1
                self.parts.append(token)
                if self._open:
                    self._open.pop()
            case ":":
                self.parts.append(token)
            case _ if self._is_fraction(token, start):
                self.parts[-1] += f".{token}"
                self._comma = -1
            case first if first not in _NO_SCALAR and self._comma < 0 and self._last[:1] not in _NO_SCALAR:
                # Several words in the place of one value.
                self.parts[-1] = "null"
            case first:
                if self._comma >= 0:
                    self.parts.append(",")
                    self._comma = -1
                if first in "{[":
                    self._open.append(first)
                self.parts.append(_value(token))
                self._end = start + len(token)

    @property
    def _last(self) -> str:
        """The last part that was written."""
        return self.parts[-1] if self.parts else ""

    def _take_comma(self, start: int) -> None:
        """Keep the comma for later, and write null for a value that is missing before it."""
        in_list = self._open[-1:] == ["["]
        if self._comma >= 0 and in_list:
            self.parts += [",", "null"]
        elif self._comma < 0 and (self._last == ":" or (self._last == "[" and in_list)):
            self.parts.append("null")
        self._comma = start

    def _is_fraction(self, token: str, start: int) -> bool:
        """Return whether the comma before this token is a decimal comma: in an object, a comma is followed by a key."""
        return (
            self._comma >= 0
            and start == self._comma + 1
            and self._comma == self._end
            and self._open[-1:] == ["{"]
            and self.parts[-2:-1] == [":"]
            and _INTEGER.fullmatch(self._last) is not None
            and _FRACTION.fullmatch(token) is not None
        )


def _value(text: str) -> str:
    """Return an opening bracket, a string or a scalar in valid JSON."""
    if text in _WORDS or text[0] in "{[":
        return text
    if text[0] == '"':
        return _IN_STRING.sub(_string_part, text) if _MUST_LOOK.search(text) else text
    found = _NUMBER.fullmatch(text)
    if found is None or not (found[2] or found[3]):
        return word if (word := text[:6].lower()) in _WORDS else "null"
    whole = found[2].lstrip("0") or "0"
    if len(whole) > _MAX_DIGITS:
        return "null"
    fraction = f".{found[3][:_MAX_FRACTION]}" if found[3] else ""
    number = f"{'-' if found[1] == '-' else ''}{whole}{fraction}{found[4] or ''}"
    return number if math.isfinite(float(number)) else "null"


def _string_part(part: re.Match[str]) -> str:
    """Return a part of a string in valid JSON."""
    if part[1] is not None:
        return "\\ufffd"
    if part[2] is not None:
        return "\\\\"
    return part[0] if part[3] is None else f"\\u{ord(part[3]):04x}"
