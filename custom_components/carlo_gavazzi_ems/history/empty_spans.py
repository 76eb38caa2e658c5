"""How far a gateway's history is empty: which spans to ask about, and what follows from the answers. Arithmetic only."""

import math


class EmptySpan:
    """Finds how far from an instant towards another there is nothing, in few questions.

    Each asks about a span twice as long as the one before while the answers are empty. The first one that is not is
    halved until the step is found in which the rows begin. So a gap is passed in twice the logarithm of its length,
    and nothing behind it is missed: a span counts as empty only where the answer to it was.
    """

    def __init__(self, near: float, far: float, step: float) -> None:
        """Look from `near` towards `far`, which may lie before or after it."""
        self.near = near
        self.far = far
        self._step = math.copysign(step, far - near)
        self._steps = math.ceil(abs(far - near) / step)
        #: Steps that are known to be empty, and how many more the next question is about.
        self._empty, self._more = 0, 2
        #: The step at which there are rows at the latest, None while there was none.
        self._rows_at: int | None = None

    @property
    def end(self) -> float:
        """How far there is nothing, as far as is known."""
        return self._instant(self._empty)

    @property
    def question(self) -> tuple[float, float] | None:
        """The start and the end of the next span to ask about, None where all is known."""
        if (stop := self._stop()) <= self._empty:
            return None
        one, other = self._instant(self._empty), self._instant(stop)
        return min(one, other), max(one, other)

    def answer(self, *, has_rows: bool) -> None:
        """Take the answer to the question: whether there are rows, or may be."""
        if has_rows:
            self._rows_at = self._stop()
        else:
            self._empty = self._stop()
            self._more *= 2

    def _stop(self) -> int:
        """Return the step up to which the next question goes."""
        if self._rows_at is None:
            return min(self._empty + self._more, self._steps)
        return (self._empty + self._rows_at) // 2

    def _instant(self, steps: int) -> float:
        """Return the instant so many steps on."""
        return self.far if steps >= self._steps else self.near + steps * self._step
