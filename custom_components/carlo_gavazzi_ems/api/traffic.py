"""What was asked of a gateway, how long that took, and, where it is wanted, what it answered last."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
import re
from typing import Final

_UID: Final = re.compile(r"/\d+(?=/|$)")
#: Together the kept answers may be so large, in bytes; a page of 1000 records is 100 kB.
_MAX_KEPT: Final = 8 * 1024 * 1024
#: One answer may be so large, in bytes, to be kept.
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
        """Seconds that a request took on the average, failed ones too."""
        return self.total / self.count if self.count else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A body as it came over the wire, and what was asked for it."""

    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(repr=False)


#: Kind of request, the first UID that was asked for, page.
type _Key = tuple[str, str, int]


class Traffic:
    """Counts the requests of one client by kind: the path, with `{uid}` for a number in it."""

    def __init__(self) -> None:
        """Begin at nought, and keep no answer."""
        self.tallies: dict[str, Tally] = {}
        self._answers: dict[_Key, Answer] | None = None
        self._kept = 0

    @property
    def answers(self) -> list[Answer] | None:
        """The last answer of every kind, a long list in its pages; None where none are kept."""
        return None if self._answers is None else [self._answers[key] for key in sorted(self._answers)]

    def keep_answers(self, *, keep: bool = True) -> None:
        """Keep the last answer of each kind from now on, up to 8 MB; or none, and forget those that were kept."""
        self._answers, self._kept = {} if keep else None, 0

    def ended(self, path: str, seconds: float, error: Exception | None = None) -> None:
        """Note that an exchange ended, well or with an error."""
        tally = self.tallies.setdefault(_kind(path), Tally())
        tally.count += 1
        tally.total += seconds
        tally.longest = max(tally.longest, seconds)
        if error is not None:
            tally.errors += 1
            tally.last_error = type(error).__name__

    def unreadable(self, path: str, error: Exception) -> None:
        """Note that the answer to an exchange that had ended well is none of the API's."""
        tally = self.tallies.setdefault(_kind(path), Tally())
        tally.errors += 1
        tally.last_error = type(error).__name__

    def answered(self, path: str, query: Mapping[str, str] | None, body: bytes) -> None:
        """Keep an answer where that is wanted; of a long list its pages, of history only the first one."""
        if self._answers is None:
            return
        asked = dict(query or {})
        page = int(asked.get("page", "1"))
        chunk = asked.get("uids", "").partition(",")[0]
        if "history" in path:
            # Whoever reads history asks for other signals and another time every time.
            if page > 1:
                return
            chunk = ""
        for key in list(self._obsolete(_kind(path), chunk, page)):
            self._kept -= len(self._answers.pop(key).body)
        if len(body) <= _MAX_ANSWER and self._kept + len(body) <= _MAX_KEPT:
            self._answers[_kind(path), chunk, page] = Answer(path=path, query=asked, body=body)
            self._kept += len(body)

    def _obsolete(self, kind: str, chunk: str, page: int) -> Iterator[_Key]:
        """Yield what an answer takes the place of: the same page, and those after it, which come anew."""
        for key in self._answers or ():
            if key[:2] == (kind, chunk) and key[2] >= page:
                yield key


def _kind(path: str) -> str:
    """Return a path without the UIDs in it: there are 28 kinds, and no more."""
    return _UID.sub("/{uid}", path)
