"""Switches for what the API document leaves open; a client has to work with every setting."""

from dataclasses import dataclass, field
from enum import StrEnum
import random

type Json = bool | int | float | str | list[Json] | dict[str, Json] | None
type Record = dict[str, Json]


class LimitCounts(StrEnum):
    """What `limit` counts where the answer is a map of lists of history rows."""

    ROWS = "rows"
    ROWS_PER_SIGNAL = "rows-per-signal"


MOST = {LimitCounts.ROWS: 10_000, LimitCounts.ROWS_PER_SIGNAL: 1000}
"""The most records in an answer (or in a signal's list) of a gateway without a cap."""


class KeyOrder(StrEnum):
    """The order of keys in maps and records."""

    PRINTED = "printed"
    REVERSED = "reversed"
    SHUFFLED = "shuffled"


@dataclass(kw_only=True)
class Dialect:
    """The gateway's reading of the document; every field may be changed while it runs."""

    limit_counts: LimitCounts = LimitCounts.ROWS
    limit_cap: int | None = None
    """The most records an answer has, whatever `limit` asks for."""
    realtime_in_seconds: bool = False
    """`t` of realtime in seconds; the document prints milliseconds."""
    history_in_milliseconds: bool = False
    """`t` and `p` of history in milliseconds; the document prints seconds."""
    history_means: bool = True
    """History rows of measured values are means; else the period's last sample."""
    span_over_end: bool = False
    """`start` and `end` select rows by `p`; else by `t`."""
    newest_first: bool = False
    """History rows come in descending order of time."""
    default_span: float | None = 86_400.0
    """Seconds of history without `start`; `None` for all there is."""
    empty_lists: bool = False
    """A signal without rows in the span is listed with an empty list; else it is left out."""
    disabled_values: bool = True
    """Signals that are not enabled have values too."""
    protocol_settings: bool = True
    """A load's object for its protocol has content; in the printed example it has none."""
    key_order: KeyOrder = KeyOrder.PRINTED
    omit: frozenset[str] = frozenset()
    """Fields that no record has."""
    extra: bool = False
    """Records and answers have fields that the document does not know."""
    _chance: random.Random = field(default_factory=lambda: random.Random(0), repr=False)

    def record(self, record: Record) -> Record:
        """Return a record with this gateway's fields, in its order."""
        if self.omit:
            record = {key: value for key, value in record.items() if key not in self.omit}
        if self.extra:
            record |= {"quality": "good", "x-vendor": {"rev": 7, "flags": [1, None, "β"]}}
        return self.order(record)

    def order[V](self, mapping: dict[str, V]) -> dict[str, V]:
        """Return a mapping in this gateway's order of keys."""
        if self.key_order is KeyOrder.PRINTED:
            return mapping
        keys = list(mapping)
        if self.key_order is KeyOrder.REVERSED:
            keys.reverse()
        else:
            self._chance.shuffle(keys)
        return {key: mapping[key] for key in keys}

    def envelope(self, name: str, records: dict[str, Json]) -> Record:
        """Return the answer that holds a map of records."""
        answer: Record = {name: self.order(records)}
        if self.extra:
            answer["total"] = len(records)
        return answer

    def capped(self, limit: int) -> int:
        """Return how many records an answer may have when `limit` are asked for."""
        most = MOST[self.limit_counts]
        return min(limit, most if self.limit_cap is None else self.limit_cap)
