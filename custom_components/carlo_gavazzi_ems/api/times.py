"""When values were sampled: whole loads at one time, and from poll to poll all of them move on."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Self


class Times:
    """The times in an answer, one for each record, in seconds since 1970; None where a record has none.

    They are kept as runs, a time and of how many records in turn it is: a load has one time. Each record's own is
    rarely asked for, and found only then.
    """

    __slots__ = ("_column", "_runs", "distinct")

    def __init__(self, runs: Sequence[tuple[float | None, int]] = ()) -> None:
        """Keep the times."""
        self._runs = runs
        self._column: list[float | None] | None = None
        #: Each of them once.
        self.distinct = frozenset(map(itemgetter(0), runs))

    @classmethod
    def of(cls, column: Iterable[float | None]) -> Self:
        """Return the times of records in turn."""
        return cls([(time, len(list(same))) for time, same in groupby(column)])

    @property
    def column(self) -> Sequence[float | None]:
        """The time of each record in turn."""
        if self._column is None:
            self._column = [time for time, records in self._runs for _ in range(records)]
        return self._column

    def __add__(self, other: Times) -> Times:
        """Return these times and the others after them."""
        return Times([*self._runs, *other._runs])


class Clock:
    """Where samples that move on together find their times: to move a thousand of them on is one assignment."""

    __slots__ = ("times",)

    def __init__(self, times: Times) -> None:
        """Begin with these times."""
        self.times = times
