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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, compress, count, groupby, repeat
from operator import add, itemgetter, ne
import re
from typing import Final, NamedTuple, Self

import orjson

from .exceptions import InvalidAnswerError
from .fields import RecordError, as_record, as_seconds
from .records import entries_of
from .times import Times

_TIME: Final = re.compile(rb'"t"\s*:\s*')
_VALUE: Final = re.compile(rb'"v"\s*:')
_DIGITS: Final = re.compile(rb"\d*")
#: What a parser takes for one token, be it a number or what C prints for a number that is none.
_TOKEN: Final = re.compile(rb'\s*[^\s",:\[\]{}]+')
_NUMBERS: Final = {float, int, type(None)}
#: No number with a fraction or an exponent equals an odd one as large as this, and no true or false does.
_FIRST_PROBE: Final = 2**60 + 1


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


class _Run(NamedTuple):
    """Pieces in turn that have begun with the same time so far."""

    first: int
    pieces: int
    digits: int
    """Of the time; 0 where these records have none."""


class Layout:
    """The form of one text, with the pieces of the latest one that it was filled with."""

    __slots__ = ("_frames", "_mark", "_rests", "_runs", "_template")

    def __init__(self, mark: bytes, pieces: list[_Piece]) -> None:
        """Keep what is needed to compare; columns, so that Python's own loops do it."""
        self._mark = mark
        #: Each piece without its time.
        self._rests = [piece.head + (piece.value or b"") + piece.tail for piece in pieces]
        numbers = count()
        #: What stands before the value in each piece, what after it, and the position of the record it belongs to.
        self._frames = [(piece.head, piece.tail, None if piece.value is None else next(numbers)) for piece in pieces]
        self._runs = _runs([piece.digits for piece in pieces[1:]])
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
            if (only := self._template.read(body)) is not None and (times := self._times(only)) is not None:
                return Filled(times, {})
            self._template = None
        pieces = body.split(self._mark, len(self._rests))
        if len(pieces) != len(self._rests):
            return None
        stamps = [pieces[run.first][: run.digits] for run in self._runs]
        column = [b"", *chain.from_iterable(map(repeat, stamps, map(itemgetter(1), self._runs), strict=True))]
        others = list(compress(count(), map(ne, pieces, map(add, column, self._rests, strict=True), strict=True)))
        rests: dict[int, bytes] = {}
        for piece in others:
            if not pieces[piece].startswith(column[piece]):
                # Not all of a run have the same time any more.
                self._refine(pieces)
                return self.read(body)
            rests[piece] = pieces[piece][len(column[piece]) :]
        values = self._values(rests)
        if values is None or (times := self._times(stamps)) is None:
            return None
        for piece, rest in rests.items():
            self._rests[piece] = rest
        if not rests:
            self._template = _Template(self._mark, self._rests, self._runs)
        return Filled(times, values)

    def _refine(self, pieces: list[bytes]) -> None:
        """Divide the runs where the times within them differ; they are never put together again."""
        self._runs = [
            _Run(run.first + part.first - 1, part.pieces, run.digits)
            for run in self._runs
            for part in _runs([text[: run.digits] for text in pieces[run.first : run.first + run.pieces]])
        ]

    def _values(self, rests: Mapping[int, bytes]) -> dict[int, float | None] | None:
        """Return the values in the pieces that differ from before, None where more than their values does."""
        owners, texts = [], []
        for piece, rest in rests.items():
            head, tail, owner = self._frames[piece]
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

    def _times(self, stamps: Sequence[bytes]) -> Times | None:
        """Return the times that the stamps of all runs spell, None where one of them spells none."""
        seconds: dict[bytes, float | None] = {b"": None}
        for stamp in set(stamps):
            if stamp and (not stamp.isdigit() or (stamp[0] == ord("0") and len(stamp) > 1)):
                return None
            try:
                seconds[stamp] = as_seconds(int(stamp), "t") if stamp else None
            except RecordError:
                return None
        return Times([(seconds[stamp], run.pieces) for stamp, run in zip(stamps, self._runs, strict=True)])


class _Template:
    """A text with nothing but times to fill in. To fill it in, and to compare, takes a tenth of taking any text apart."""

    __slots__ = ("_begin", "_places", "_size", "_texts")

    def __init__(self, mark: bytes, rests: list[bytes], runs: list[_Run]) -> None:
        """Take the parts of a text that a form has cut at each mark."""
        *others, last = rests
        around = [*(rest + mark for rest in others), last]
        self._begin = around[0]
        #: What stands around the times of each run.
        self._texts = [[b"", *around[run.first : run.first + run.pieces]] for run in runs]
        lengths = [sum(map(len, texts)) + run.digits * run.pieces for texts, run in zip(self._texts, runs, strict=True)]
        *firsts, self._size = accumulate(lengths, initial=len(self._begin))
        #: Where the first time of each run stands.
        self._places = [slice(first, first + run.digits) for first, run in zip(firsts, runs, strict=True)]

    def read(self, body: bytes) -> Sequence[bytes] | None:
        """Return the time of each run, None where the text is not the one that has these in it."""
        if len(body) != self._size:
            return None
        stamps = [body[place] for place in self._places]
        filled = b"".join([self._begin, *map(bytes.join, stamps, self._texts, strict=True)])
        return stamps if filled == body else None


def _runs(stamps: Sequence[bytes]) -> list[_Run]:
    """Return the runs of pieces, from the second one on, that begin with the same time."""
    runs, first = [], 1
    for stamp, same in groupby(stamps):
        runs.append(_Run(first, pieces := len(list(same)), len(stamp)))
        first += pieces
    return runs


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
