"""JSON as a small device prints it: piece by piece, numbers in a fixed format."""

from dataclasses import dataclass
import json
from json.encoder import encode_basestring, encode_basestring_ascii
import random


class Raw(str):
    """Text that is printed as it is, JSON or not."""

    __slots__ = ()


@dataclass(frozen=True)
class Fixed:
    """A number with its count of decimals."""

    value: float
    decimals: int


type Json = bool | int | str | bytes | Fixed | Raw | dict[str, Json] | list[Json] | None


@dataclass
class Notation:
    """How this gateway prints JSON."""

    space: str = ""
    shuffle_keys: bool = False
    whole_as_integer: bool = True
    quoted_numbers: bool = False
    quoted_booleans: bool = False
    escape_unicode: bool = False
    escape_controls: bool = True

    def print(self, value: Json) -> bytes:
        """Return the body of an answer."""
        out = bytearray()
        self._print(out, value)
        return bytes(out)

    def _print(self, out: bytearray, value: Json) -> None:
        match value:
            case dict():
                self._members(out, value)
            case list():
                out += b"["
                for position, item in enumerate(value):
                    out += f",{self.space}".encode() if position else b""
                    self._print(out, item)
                out += b"]"
            case Raw():
                out += value.encode("utf-8", "surrogatepass")
            case bytes():
                out += b'"' + value + b'"'
            case str():
                out += self._string(value)
            case None | bool():
                text = json.dumps(value)
                out += f'"{text}"'.encode() if self.quoted_booleans and value is not None else text.encode()
            case int() | Fixed():
                text = str(value) if isinstance(value, int) else self._number(value)
                out += f'"{text}"'.encode() if self.quoted_numbers else text.encode()

    def _members(self, out: bytearray, members: dict[str, Json]) -> None:
        items = list(members.items())
        if self.shuffle_keys:
            random.Random(len(items)).shuffle(items)
        out += b"{"
        for position, (key, item) in enumerate(items):
            out += f",{self.space}".encode() if position else b""
            out += self._string(key) + f":{self.space}".encode()
            self._print(out, item)
        out += b"}"

    def _number(self, number: Fixed) -> str:
        text = f"{number.value:.{number.decimals}f}"
        whole, _, fraction = text.partition(".")
        if self.whole_as_integer and not fraction.strip("0"):
            text = whole
        return "0" if text == "-0" else text

    def _string(self, text: str) -> bytes:
        """Quote a string; a lone surrogate always goes out as its escape."""
        if self.escape_controls:
            text = (encode_basestring_ascii if self.escape_unicode else encode_basestring)(text)
        else:
            text = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
        try:
            return text.encode()
        except UnicodeEncodeError:
            pass
        return b"".join(
            f"\\u{ord(char):04x}".encode() if "\ud800" <= char <= "\udfff" else char.encode() for char in text
        )
