"""Realtime values, read every few seconds for years: what an answer repeats is not read anew.

Most of an answer is as it was in the one before: the values that stand still, and all that goes with a value. So each
page is remembered, as bytes, as a form that the next answer fills in, and as records. A record that differs in nothing
but its time only moves the time of its sample on.
"""

from collections.abc import Mapping
from typing import override

from .jsontext import parse_json
from .layout import Filled, Layout
from .models import Sample
from .records import Records, parse_map, parse_sample
from .times import Clock, Times


class Samples(Records[Sample]):
    """Realtime values by UID."""

    #: The times of all of them in turn, where they have been read in one go; else each sample has its own.
    times: Times | None = None
    _uids: list[int] | None = None

    @property
    def uids(self) -> list[int]:
        """The UIDs in turn: the same list as before where an answer brings other values of the same signals."""
        if self._uids is None:
            self._uids = list(self)
        return self._uids

    def renewed(self, samples: Mapping[int, Sample]) -> Samples:
        """Return these with others in place of some of them."""
        renewed = Samples(self, self.rejected)
        renewed.update(samples)
        renewed._uids = self.uids
        return renewed

    @override
    def add(self, other: Records[Sample]) -> None:
        """Take in what another answer holds."""
        mine, theirs = self.times if self else Times(), other.times if isinstance(other, Samples) else None
        size = len(self) + len(other)
        super().add(other)
        self._uids = None
        self.times = mine + theirs if mine and theirs and len(self) == size else None


def uids_of(samples: Mapping[int, Sample]) -> list[int]:
    """Return the UIDs of samples in turn."""
    return samples.uids if isinstance(samples, Samples) else list(samples)


class _Page:
    """One page of the last answer."""

    __slots__ = ("_clock", "_in_turn", "_layout", "body", "samples")

    def __init__(self) -> None:
        """Begin with an empty page."""
        self.body: bytes | None = None
        self.samples = Samples()
        self._layout: Layout | None = None
        #: What moves the samples on, as long as there is a form.
        self._clock = Clock(Times())
        #: The samples in the order in which they are printed.
        self._in_turn: list[Sample] = []

    def read(self, body: bytes) -> set[int]:
        """Take over what differs from before; return the signals of which more than the time does."""
        if self._layout is not None and (filled := self._layout.read(body)) is not None:
            renewed = self._take_over(filled)
        else:
            renewed = self._parse(body)
        self.body = body
        return renewed

    def _take_over(self, filled: Filled) -> set[int]:
        """Take over the times, and the values that are new."""
        self._clock.times = filled.times
        renewed: dict[int, Sample] = {}
        for position, value in filled.values.items():
            old = self._in_turn[position]
            if value != old.value:
                renewed[old.uid] = self._in_turn[position] = old.renewed(value)
        if renewed:
            self.samples = self.samples.renewed(renewed)
        self.samples.times = filled.times
        return set(renewed)

    def _parse(self, body: bytes) -> set[int]:
        """Read all of a page."""
        before = self.samples
        parsed = parse_map(parse_json(body), "realtime", parse_sample)
        samples = Samples(parsed, parsed.rejected)
        renewed: set[int] = set()
        for uid, sample in samples.items():
            if (old := before.get(uid)) is not None and sample.repeats(old):
                old.stamp(sample.timestamp)
                samples[uid] = old
            else:
                renewed.add(uid)
        # What is like the answer before will be like the one after it. Where a record is left out, or two go by
        # the same UID, the text holds more records than there are samples, and is no form.
        self._layout = Layout.of(body, len(samples)) if samples.uids == before.uids else None
        self._in_turn = list(samples.values())
        if self._layout is not None:
            self._clock = Clock(Times.of(sample.timestamp for sample in self._in_turn))
            for place, sample in enumerate(self._in_turn):
                sample.follow(self._clock, place)
        if renewed or samples.keys() != before.keys() or samples.rejected != before.rejected:
            self.samples = samples
        self.samples.times = None
        return renewed


class SampleMemory:
    """Reads realtime answers. A value that stands still keeps its sample, and a page in which all do is one object."""

    def __init__(self) -> None:
        """Begin without any."""
        self._pages: list[_Page] = []
        self._renewed: set[int] | None = None

    def take_renewed(self) -> set[int] | None:
        """Return the signals that have another sample than at the last call, of which more than the time is new.

        None where nothing at all was new, not even a time.
        """
        renewed, self._renewed = self._renewed, None
        return renewed

    def read(self, body: bytes, number: int) -> Samples:
        """Read the `number`th page of an answer, from 0; InvalidAnswerError where it is none.

        What is returned is the memory's own: it stays as it is, save for the times of the samples.
        """
        while number >= len(self._pages):
            self._pages.append(_Page())
        page = self._pages[number]
        if page.body != body:
            renewed = page.read(body)
            self._renewed = renewed if self._renewed is None else self._renewed | renewed
        return page.samples
