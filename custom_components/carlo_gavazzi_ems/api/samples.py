"""Realtime values, read every few seconds: column by column, and not again where a page repeats the last one."""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from operator import itemgetter
from typing import Any, Final, Self, override

from .fields import MAX_TEXT, MAX_UID, JsonObject, RecordError, as_record, as_seconds, uid_of_key
from .jsontext import parse_json
from .models import Sample
from .records import entries_of, parse_map, parse_sample

_COLUMNS: Final[Callable[[Any], tuple[Any, ...]]] = itemgetter("uid", "v", "t")
#: What orjson makes of a value: a finite number, or null.
_VALUES: Final = {float, int, type(None)}

#: Bytes of all pages: 80,000 records.
_MAX_KEPT: Final = 8 * 1024 * 1024

type Column = dict[int, float | None]


class Samples(Mapping[int, Sample]):
    """Realtime values by UID. What else a record holds is parsed from the body again, for those who ask for a Sample."""

    def __init__(self, body: bytes | None = None) -> None:
        """Read a body; InvalidAnswerError where it is no answer. None holds no values."""
        #: The value of each signal, None where the gateway has none.
        self.numbers: Column = {}
        #: When each of these was sampled, as in `Sample.timestamp`.
        self.times: Column = {}
        #: What was left out: the key of each bad record, with its reason.
        self.rejected: dict[str, str] = {}
        self._bodies: list[bytes] = []
        #: UIDs that are known to be there.
        self._has: frozenset[int] = frozenset()
        if body is not None:
            self._bodies.append(body)
            self._read(entries_of(parse_json(body), "realtime"))

    def _read(self, entries: JsonObject) -> None:
        """Read all records; a bad one is left out."""
        if (columns := _complete_columns(entries)) is not None:
            self.numbers, self.times = columns
            return
        for key, entry in entries.items():
            try:
                uid = uid_of_key(key)
                sample = parse_sample(as_record(entry), uid)
            except RecordError as err:
                self.rejected[key[:MAX_TEXT]] = str(err)
            else:
                self.numbers[uid], self.times[uid] = sample.value, sample.timestamp

    @cached_property
    def _samples(self) -> dict[int, Sample]:
        """All records in full."""
        samples: dict[int, Sample] = {}
        for body in self._bodies:
            samples.update(parse_map(parse_json(body), "realtime", parse_sample))
        return samples

    @override
    def __getitem__(self, uid: int) -> Sample:
        """Return what was read of one signal."""
        return self._samples[uid]

    @override
    def __iter__(self) -> Iterator[int]:
        """Iterate over the UIDs."""
        return iter(self.numbers)

    @override
    def __len__(self) -> int:
        """Return how many signals have a record."""
        return len(self.numbers)

    def repeats(self, other: Samples) -> bool:
        """Return whether another answer has the same values and times."""
        return self is other or (
            self.times == other.times and self.numbers == other.numbers and self.rejected == other.rejected
        )

    def has(self, wanted: frozenset[int]) -> bool:
        """Return whether there is a record of each of these UIDs; the answer to the same set is known by heart."""
        if wanted is not self._has:
            if wanted.difference(self.numbers):
                return False
            self._has = wanted
        return True

    def copy(self) -> Self:
        """Return the same values as an object of its own."""
        mine = type(self)()
        mine.add(self)
        return mine

    def add(self, other: Samples) -> None:
        """Take in what another answer holds; to be done before anybody asks for a Sample."""
        self.numbers.update(other.numbers)
        self.times.update(other.times)
        self.rejected.update(other.rejected)
        self._bodies += other._bodies


class SampleMemory:
    """Keeps the last body of each page, and what was read from it, up to 8 MB."""

    def __init__(self) -> None:
        """Begin without any page."""
        self._pages: dict[str, tuple[bytes, Samples]] = {}
        self._size = 0

    def read(self, page: str, body: bytes) -> Samples:
        """Return what a page's body holds; InvalidAnswerError where it is no answer.

        The same bytes give the same object as before, so nobody may change it. `page` only says where to look:
        equal bytes are equal records, whatever was asked for.
        """
        known = self._pages.get(page)
        if known is None or known[0] != body:
            self._size += len(body) - (len(known[0]) if known else 0)
            known = body, Samples(body)
            if self._size > _MAX_KEPT:
                self._pages.clear()
                self._size = len(body)
            self._pages[page] = known
        return known[1]


def _complete_columns(entries: JsonObject) -> tuple[Column, Column] | None:
    """Return values and times where every record is complete, as nearly always; None where one is not.

    That takes a quarter of the time of reading record by record.
    """
    try:
        uids, values, stamps = zip(*map(_COLUMNS, entries.values()), strict=True)
        # Only a whole number reads like its key, and compares with others.
        if list(map(str, uids)) != list(entries) or min(uids) < 0 or max(uids) > MAX_UID:
            return None
        if not _VALUES.issuperset(map(type, values)):
            return None
        # Few, because the signals of a load are sampled together.
        times = {stamp: as_seconds(stamp, "t") for stamp in set(stamps)}
    except KeyError, TypeError, ValueError:
        return None
    return dict(zip(uids, values, strict=True)), dict(zip(uids, map(times.__getitem__, stamps), strict=True))
