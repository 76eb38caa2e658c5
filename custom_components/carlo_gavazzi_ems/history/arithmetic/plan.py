"""The input and the output of a counter's repair: rules and recorded states, a plan or the reason for refusing one."""

from dataclasses import dataclass, field
from enum import StrEnum

from .rows import CounterRow


class Refusal(StrEnum):
    """Why nothing is written. The value is a translation key under `exceptions`."""

    NO_STATE_AFTER = "history_no_state_after"
    NO_HISTORY_YET = "history_not_yet"
    UNKNOWN_STATE = "history_unknown_state"
    OTHER_MEANS = "history_other_means"
    CLOCK_SET = "history_clock_set"


class HistoryMismatchError(Exception):
    """The gateway's history contradicts the recorded states. The message is for the log."""

    def __init__(self, refusal: Refusal, message: str, value: float | None = None) -> None:
        """`value` is the number that contradicts, in the unit of the recorded rows."""
        super().__init__(message)
        self.refusal = refusal
        self.placeholders = {} if value is None else {"value": f"{value:g}"}


@dataclass(frozen=True, slots=True)
class RecordedState:
    """A recorded state with its sum. It was taken in the hour or the five minutes that ended at `end`."""

    row: CounterRow
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to write: first the adjustments in their order, then the rows."""

    rows: list[CounterRow] = field(default_factory=list)
    adjustments: list[tuple[float, float]] = field(default_factory=list)
    """Start time and amount: all sums from that time on change by the amount."""

    def after(self, row: CounterRow) -> CounterRow:
        """Return a recorded hour as it will be after this plan was written."""
        moved = row.sum + sum(by for start, by in self.adjustments if start <= row.start)
        return next((made for made in self.rows if made.start == row.start), row._replace(sum=moved))
