r"""The text of an answer as a form: what is printed the same every time, and the blanks in it, times and values.

Between two polls a gateway prints the same text with other numbers in it. A form that is known is filled in several
times as fast as the text is parsed: the text is cut at each `"t":` and held against the last one piece by piece.

What is read so is what a parser reads, whatever the text is:

1. A blank is the whole token of one number, and the value of `v` or `t` of one known record. That is not concluded from
   looks (`"t":` may stand in a nested object, or end a key like `"\"t":`), but tried: the text is parsed once with a
   different number in each blank, and each must come out at its record, as it was put in.
2. A new text that is accepted consists of the very same bytes around the blanks, and in each blank one token: a time is
   as many digits as before, without a leading zero; the values, with commas between, parse as one array of that many
   numbers or nulls. None of those holds a comma, so each blank holds exactly one.
3. What a JSON parser does with a text depends on the kind of each token, not on which number it is. So the new text
   parses, to the same records, with these numbers in these places.

At any doubt nothing is returned, and the text has to be parsed.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress, count
from operator import getitem, ne
import re
from struct import Struct
from typing import Final, Self, cast

import orjson

from .exceptions import InvalidAnswerError
from .fields import RecordError, as_record, as_seconds
from .records import entries_of

_TIME: Final = re.compile(rb'"t"\s*:\s*')
_VALUE: Final = re.compile(rb'"v"\s*:')
_DIGITS: Final = re.compile(rb"\d*")
_part: Final = cast("Callable[[bytes, slice], bytes]", getitem)
#: What a parser takes for one token, be it a number or what C prints for a number that is none.
_TOKEN: Final = re.compile(rb'\s*[^\s",:\[\]{}]+')
_NUMBERS: Final = {float, int, type(None)}
#: No number with a fraction or an exponent equals an odd one as large as this, and no true or false does.
_FIRST_PROBE: Final = 2**60 + 1


class Times:
    """The times in a text, one for each record, in seconds since 1970; None where a record has none."""

    __slots__ = ("column", "distinct")

    def __init__(self, column: list[float | None], distinct: Collection[float | None] | None = None) -> None:
        """Keep the times; `distinct` holds each of them once, where that is known."""
        self.column = column
        # There are far fewer of them: whole loads are sampled at one time.
        self.distinct = frozenset(column if distinct is None else distinct)

    def __add__(self, other: Times) -> Times:
        """Return these times and the others after them."""
        return Times(self.column + other.column, self.distinct | other.distinct)


@dataclass(frozen=True, slots=True)
class Filled:
    """What stands in the blanks of a text."""

    times: Times
    values: Mapping[int, float | None]
    """Of the records of which the value is printed otherwise than in the text before, by their position."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a text: the digits of a time, then what follows it up to the next one."""

    digits: bytes
    head: bytes
    """What stands before the value; everything, where there is none."""
    value: bytes | None
    tail: bytes


class Layout:
    """The form of one text, with the pieces of the latest one that it was filled with."""

    __slots__ = ("_after", "_heads", "_mark", "_owners", "_rests", "_stamps", "_tails", "_template")

    def __init__(self, mark: bytes, pieces: list[_Piece]) -> None:
        """Keep what is needed to compare; columns, so that Python's own loops do it."""
        self._mark = mark
        self._stamps = [slice(len(piece.digits)) for piece in pieces]
        self._after = [slice(len(piece.digits), None) for piece in pieces]
        self._rests = [piece.head + (piece.value or b"") + piece.tail for piece in pieces]
        self._heads = [piece.head for piece in pieces]
        self._tails = [piece.tail for piece in pieces]
        numbers = count()
        #: The position of the record to which the value in each piece belongs.
        self._owners = [None if piece.value is None else next(numbers) for piece in pieces]
        self._template: _Template | None = None

    @classmethod
    def of(cls, body: bytes, records: int) -> Self | None:
        """Return the form of a text that has been parsed to so many records, None where it is too irregular for one."""
        time, value = _TIME.search(body), _VALUE.search(body)
        if time is None or value is None:
            return None
        mark = time[0]
        first, *others = body.split(mark)
        pieces = [_piece(first, value[0], dated=False), *(_piece(text, value[0], dated=True) for text in others)]
        return cls(mark, pieces) if _is_true(mark, pieces, records) else None

    def read(self, body: bytes) -> Filled | None:
        """Return what stands in the blanks of a text, None where it may not be this form that it fills."""
        if self._template is not None:
            if (only := self._template.read(body)) is not None and (times := _times(only)) is not None:
                return Filled(times, {})
            self._template = None
        known = self._rests
        pieces = body.split(self._mark, len(known))
        if len(pieces) != len(known):
            return None
        rests = list(map(_part, pieces, self._after, strict=True))
        stamps = list(map(_part, pieces, self._stamps, strict=True))[1:]
        values = self._values(rests)
        if values is None or (times := _times(stamps)) is None:
            return None
        if rests == known:
            self._template = _Template(self._mark, rests, stamps)
        self._rests = rests
        return Filled(times, values)

    def _values(self, rests: list[bytes]) -> dict[int, float | None] | None:
        """Return the values in the pieces that differ from before, None where more than their values does."""
        owners, texts = [], []
        for piece in compress(count(), map(ne, rests, self._rests, strict=True)):
            rest, head, tail, owner = rests[piece], self._heads[piece], self._tails[piece], self._owners[piece]
            end = len(rest) - len(tail)
            if owner is None or end <= len(head) or not (rest.startswith(head) and rest.endswith(tail)):
                return None
            owners.append(owner)
            texts.append(rest[len(head) : end])
        try:
            values = orjson.loads(b"[" + b",".join(texts) + b"]")
        except orjson.JSONDecodeError:
            return None
        if len(values) != len(texts) or not _NUMBERS.issuperset(map(type, values)):
            return None
        return dict(zip(owners, values, strict=True))


class _Template:
    """A text with nothing but times to fill in, each at its place. Taking it apart costs half as much as any form's."""

    __slots__ = ("_around", "_cuts")

    def __init__(self, mark: bytes, rests: list[bytes], stamps: list[bytes]) -> None:
        """Take the parts of a text that a form has cut at each mark."""
        *others, last = rests
        self._around = *(rest + mark for rest in others), last
        widths = [len(stamp) for stamp in stamps]
        lengths = zip(self._around, [*widths, 0], strict=True)
        self._cuts = Struct("".join(f"{len(text)}s{width}s" for text, width in lengths))

    def read(self, body: bytes) -> Sequence[bytes] | None:
        """Return what stands in place of the times, None where the text is not the same around them."""
        if len(body) != self._cuts.size:
            return None
        parts = self._cuts.unpack(body)
        return parts[1:-1:2] if parts[::2] == self._around else None


def _piece(text: bytes, value_mark: bytes, *, dated: bool) -> _Piece:
    """Take a part of a text apart."""
    digits = found[0] if dated and (found := _DIGITS.match(text)) else b""
    head, mark, tail = text[len(digits) :].partition(value_mark)
    value = _TOKEN.match(tail) if mark else None
    if value is None:
        return _Piece(digits, head + mark + tail, None, b"")
    return _Piece(digits, head + mark, value[0], tail[value.end() :])


def _is_true(mark: bytes, pieces: list[_Piece], records: int) -> bool:
    """Tell whether the blanks are those of so many records: put another number in each, and parse that."""
    numbers = count(_FIRST_PROBE, 2)
    times = [next(numbers) if piece.digits else None for piece in pieces[1:]]
    values = [next(numbers) for piece in pieces if piece.value is not None]
    if not len(times) == len(values) == records:
        return False
    stamps, fills = iter([None, *times]), iter(values)
    probe = [
        (b"" if (stamp := next(stamps)) is None else b"%d" % stamp)
        + piece.head
        + (b"" if piece.value is None else b"%d" % next(fills))
        + piece.tail
        for piece in pieces
    ]
    try:
        found = entries_of(orjson.loads(mark.join(probe)), "realtime").values()
        return [(entry["t"], entry["v"]) for entry in map(as_record, found)] == list(zip(times, values, strict=True))
    except orjson.JSONDecodeError, InvalidAnswerError, RecordError, KeyError:
        return False


def _times(stamps: Sequence[bytes]) -> Times | None:
    """Return the times that stamps spell, None where one of them spells none; b"" stands for no time."""
    seconds: dict[bytes, float | None] = {}
    for stamp in set(stamps):
        if stamp and (not stamp.isdigit() or (stamp[0] == ord("0") and len(stamp) > 1)):
            return None
        try:
            seconds[stamp] = as_seconds(int(stamp), "t") if stamp else None
        except RecordError:
            return None
    return Times(list(map(seconds.__getitem__, stamps)), seconds.values())
