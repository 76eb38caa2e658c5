"""A search for the end of an empty span of history: which spans to ask for, and what the answers show."""

import math


class EmptySpan:
    """Finds how far the history is empty from one instant towards another: a galloping binary search.

    Each question doubles the span while the answers are empty. The first span with rows is halved until the step with
    the first rows is found. The number of questions is logarithmic. A span counts as empty only if its answer was.
    """

    def __init__(self, near: float, far: float, step: float) -> None:
        """Search from `near` towards `far`, which may be earlier or later, in steps of `step` seconds."""
        self.near = near
        self.far = far
        self._step = math.copysign(step, far - near)
        self._steps = math.ceil(abs(far - near) / step)
        #: Steps known to be empty, and the number of further steps of the next question.
        self._empty, self._more = 0, 2
        #: The last step in which the first rows can be, None before any were found.
        self._rows_at: int | None = None

    @property
    def end(self) -> float:
        """The instant up to which the history is known to be empty."""
        return self._instant(self._empty)

    @property
    def question(self) -> tuple[float, float] | None:
        """Start and end of the next span to ask for, None when the search is over."""
        if (stop := self._stop()) <= self._empty:
            return None
        one, other = self._instant(self._empty), self._instant(stop)
        return min(one, other), max(one, other)

    def answer(self, *, has_rows: bool) -> None:
        """Process the answer to the question: whether there are or may be rows."""
        if has_rows:
            self._rows_at = self._stop()
        else:
            self._empty = self._stop()
            self._more *= 2

    def _stop(self) -> int:
        """Return the step at which the next question ends."""
        if self._rows_at is None:
            return min(self._empty + self._more, self._steps)
        return (self._empty + self._rows_at) // 2

    def _instant(self, steps: int) -> float:
        """Return the instant after a number of steps."""
        return self.far if steps >= self._steps else self.near + steps * self._step
