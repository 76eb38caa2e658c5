"""What is known of a counter before its hours are repaired, and what comes of it: a plan, or a refusal."""

from dataclasses import dataclass, field
from enum import StrEnum

from .rows import CounterRow


class Refusal(StrEnum):
    """Why nothing is written; the value is the key of the sentence in the translations."""

    NO_STATE_AFTER = "history_no_state_after"
    SUM_OFF = "history_sum_off"
    UNKNOWN_STATE = "history_unknown_state"


class Disagreement(Exception):  # noqa: N818  # nothing broke: two sources tell two stories
    """History and recorded states cannot both be right; the message, for the log, says where."""

    def __init__(self, refusal: Refusal, message: str, value: float | None = None) -> None:
        """Refuse; `value` is the number that does not fit, in the unit of the recorded rows."""
        super().__init__(message)
        self.refusal = refusal
        self.placeholders = {} if value is None else {"value": f"{value:g}"}


@dataclass(frozen=True, slots=True)
class Junction:
    """A recorded state with its sum, and when it was recorded: at some time in an hour, or in the last five minutes."""

    row: CounterRow
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be written: first the adjustments in their order, then the rows."""

    rows: list[CounterRow] = field(default_factory=list)
    adjustments: list[tuple[float, float]] = field(default_factory=list)
    """From when on all sums move, and by how much."""

    def after(self, row: CounterRow) -> CounterRow:
        """Return what a recorded hour is once this has been written."""
        moved = row.sum + sum(by for start, by in self.adjustments if start <= row.start)
        return next((made for made in self.rows if made.start == row.start), row._replace(sum=moved))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What is known of a counter and of how it is recorded."""

    increasing: bool
    """False for a net counter, which may run back."""
    lag: float
    """Seconds by which a recorded state may be old for good reason: polling and publishing."""
    kept: float
    """Seconds after which the recorder forgets what it counts on from, and begins at 0 again."""
