"""Counts and durations of requests to a gateway, and optionally its last answers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
import re
from typing import Final

_UID: Final = re.compile(r"/\d+(?=/|$)")
#: The most bytes of all kept answers; a page of 1000 records is 100 kB.
_MAX_KEPT: Final = 8 * 1024 * 1024
#: The most bytes of one kept answer.
_MAX_ANSWER: Final = 1024 * 1024


@dataclass(slots=True)
class Tally:
    """The requests of one kind; times in seconds."""

    count: int = 0
    errors: int = 0
    total: float = 0.0
    longest: float = 0.0
    last_error: str | None = None
    """The class of the last error; its text may name an address."""

    @property
    def mean(self) -> float:
        """Mean duration of a request in seconds, including failed ones."""
        return self.total / self.count if self.count else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The body of an answer as received, with the path and query of its request."""

    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(repr=False)


#: Kind of request, first requested UID, page.
type _Key = tuple[str, str, int]


class Traffic:
    """Counts the requests of one client by kind: the path, with `{uid}` for a number in it."""

    def __init__(self) -> None:
        """Start without requests, and keep no answers."""
        self.tallies: dict[str, Tally] = {}
        self._answers: dict[_Key, Answer] | None = None
        self._kept = 0

    @property
    def answers(self) -> list[Answer] | None:
        """The last answer of every kind, of a long list all pages; None if answers are not kept."""
        return None if self._answers is None else [self._answers[key] for key in sorted(self._answers)]

    def keep_answers(self, *, keep: bool = True) -> None:
        """Start to keep the last answer of each kind, up to 8 MB; or stop, and delete the kept ones."""
        self._answers, self._kept = {} if keep else None, 0

    def ended(self, path: str, seconds: float, error: Exception | None = None) -> None:
        """Count a request that ended, with or without an error."""
        tally = self.tallies.setdefault(_kind(path), Tally())
        tally.count += 1
        tally.total += seconds
        tally.longest = max(tally.longest, seconds)
        if error is not None:
            tally.errors += 1
            tally.last_error = type(error).__name__

    def unreadable(self, path: str, error: Exception) -> None:
        """Count an error for a request that was counted as successful, because its answer does not follow the API."""
        tally = self.tallies.setdefault(_kind(path), Tally())
        tally.errors += 1
        tally.last_error = type(error).__name__

    def answered(self, path: str, query: Mapping[str, str] | None, body: bytes) -> None:
        """Keep an answer, if answers are kept: of a long list all pages, of history only the first."""
        if self._answers is None:
            return
        asked = dict(query or {})
        page = int(asked.get("page", "1"))
        chunk = asked.get("uids", "").partition(",")[0]
        if "history" in path:
            # Requests for history differ in signals and times, so only one answer is kept.
            if page > 1:
                return
            chunk = ""
        for key in list(self._obsolete(_kind(path), chunk, page)):
            self._kept -= len(self._answers.pop(key).body)
        if len(body) <= _MAX_ANSWER and self._kept + len(body) <= _MAX_KEPT:
            self._answers[_kind(path), chunk, page] = Answer(path=path, query=asked, body=body)
            self._kept += len(body)

    def _obsolete(self, kind: str, chunk: str, page: int) -> Iterator[_Key]:
        """Yield the kept answers that a new one replaces: the same page and later ones, which will be read again."""
        for key in self._answers or ():
            if key[:2] == (kind, chunk) and key[2] >= page:
                yield key


def _kind(path: str) -> str:
    """Return a path with `{uid}` for each UID: 28 kinds at most."""
    return _UID.sub("/{uid}", path)
