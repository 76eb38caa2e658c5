"""Realtime values, read every few seconds for years: what an answer repeats is not read anew.

Most of an answer is as it was in the one before: the values that stand still, and all that goes with a value. So each
page is remembered, first as bytes, then record by record. A record that differs in nothing but its time only moves
the time of its sample on.
"""

from math import isfinite

from .fields import MAX_TEXT, JsonObject, RecordError, as_record, as_seconds, uid_of_key
from .jsontext import parse_json
from .models import Sample
from .records import Records, entries_of, parse_sample

type _Known = tuple[JsonObject, Sample]
"""A record of the last answer, without its time, and what was made of it."""


class _Page:
    """One page of the last answer."""

    __slots__ = ("_known", "body", "samples")

    def __init__(self) -> None:
        """Begin with an empty page."""
        self.body: bytes | None = None
        self.samples: Records[Sample] = Records()
        self._known: dict[str, _Known] = {}

    def take_in(self, entries: JsonObject) -> set[int]:
        """Take over what differs from before; return the signals of which more than the time does."""
        known = self._known
        fresh: dict[str, _Known] = {}
        bad: dict[str, str] = {}
        stamp, time = None, None
        for key, entry in entries.items():
            try:
                record = as_record(entry)
                latest = record.pop("t", None)
                # Whole loads are sampled at one time.
                if type(latest) is not int or latest != stamp:
                    stamp, time = latest, as_seconds(latest, "t")
                # To Python 1 is true: a field that turns from one into the other is taken for what it was.
                if (old := known.get(key)) is not None and old[0] == record:
                    old[1].timestamp = time
                elif old is not None and (sample := _with_new_value(record, *old)) is not None:
                    sample.timestamp = time
                    fresh[key] = (record, sample)
                else:
                    sample = parse_sample(record, uid_of_key(key))
                    sample.timestamp = time
                    fresh[key] = (record, sample)
            except RecordError as err:
                bad[key] = str(err)
        known.update(fresh)
        if bad or self.samples.rejected or len(known) != len(entries):
            self._known = {key: one for key, one in known.items() if key in entries and key not in bad}
            self.samples = Records(
                {sample.uid: sample for _, sample in self._known.values()},
                {key[:MAX_TEXT]: reason for key, reason in bad.items()},
            )
        elif fresh:
            self.samples = Records(self.samples)
            self.samples.update((sample.uid, sample) for _, sample in fresh.values())
        return {sample.uid for _, sample in fresh.values()}


def _with_new_value(record: JsonObject, old: JsonObject, sample: Sample) -> Sample | None:
    """Return the sample of a record that differs from an old one in its number alone, None where it does otherwise."""
    value = record.get("v")
    if type(value) is not float or not isfinite(value) or {**old, "v": value} != record:
        return None
    return Sample(sample.uid, sample.code, value, None, sample.s, sample.r)


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

    def read(self, body: bytes, number: int) -> Records[Sample]:
        """Read the `number`th page of an answer, from 0; InvalidAnswerError where it is none.

        What is returned is the memory's own: it stays as it is, save for the times of the samples.
        """
        while number >= len(self._pages):
            self._pages.append(_Page())
        page = self._pages[number]
        if page.body != body:
            renewed = page.take_in(entries_of(parse_json(body), "realtime"))
            self._renewed = renewed if self._renewed is None else self._renewed | renewed
            page.body = body
        return page.samples
