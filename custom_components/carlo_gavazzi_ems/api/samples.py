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

type _Record = dict[str, object]
type _Known = tuple[_Record, Sample]
"""A record of the last answer, without its time, and what was made of it."""


class _Page:
    """One page of the last answer."""

    __slots__ = ("_known", "body", "samples")

    def __init__(self) -> None:
        """Begin with an empty page."""
        self.body: bytes | None = None
        self.samples: Records[Sample] = Records()
        self._known: dict[str, _Known] = {}

    def take_in(self, entries: JsonObject, *, plain: bool) -> set[int]:
        """Take over what differs from before; return the signals of which more than the time does.

        To Python 1 is true; only in a `plain` answer, without true and false, are records alike that are equal.
        """
        known = self._known
        fresh: dict[str, _Known] = {}
        bad: dict[str, str] = {}
        stamp, time = None, None
        for key, entry in entries.items():
            try:
                record = entry if type(entry) is dict else as_record(entry)
                latest = record.pop("t", None)
                # Whole loads are sampled at one time.
                if latest != stamp or type(latest) is not int:
                    stamp, time = latest, as_seconds(latest, "t")
                if (one := known.get(key)) is not None:
                    old, sample = one
                    if old == record and (plain or repr(old) == repr(record)):
                        sample.timestamp = time
                        continue
                    if plain and (renewed := _with_new_value(record, old, sample)) is not None:
                        renewed.timestamp = time
                        fresh[key] = (old, renewed)
                        continue
                renewed = parse_sample(record, uid_of_key(key))
                renewed.timestamp = time
                fresh[key] = (record, renewed)
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


def _with_new_value(record: _Record, old: _Record, sample: Sample) -> Sample | None:
    """Return the sample of a record that differs from an old one in its number alone, None where it does otherwise."""
    value = record.get("v")
    if type(value) is not float or not isfinite(value):
        return None
    # The old one is of no further use as it was.
    old["v"] = value
    return Sample(sample.uid, sample.code, value, None, sample.s, sample.r) if old == record else None


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
            plain = b"true" not in body and b"false" not in body
            renewed = page.take_in(entries_of(parse_json(body), "realtime"), plain=plain)
            self._renewed = renewed if self._renewed is None else self._renewed | renewed
            page.body = body
        return page.samples
