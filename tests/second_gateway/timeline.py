"""What happens to the meters and to the gateway, and when, in true time."""

from collections.abc import Callable
from dataclasses import dataclass, field
import math

from .model import Load, Signal, Site
from .printing import Fixed, Json

#: Printed instead of a reading: a value, or a function of the true reading.
type Wrong = Json | float | Callable[[float], float]


@dataclass(frozen=True)
class Span:
    """A span of time without its end."""

    start: float
    end: float

    def __contains__(self, when: float) -> bool:
        """Return whether an instant lies in the span."""
        return self.start <= when < self.end


@dataclass(frozen=True)
class WrongReading:
    """A wrong reading for a span, in realtime and optionally in the history."""

    span: Span
    value: Wrong
    in_history: bool


@dataclass
class Timeline:
    """All events of a site."""

    site: Site
    resets: dict[int, list[tuple[float, float]]] = field(default_factory=dict)
    wrong: dict[int, list[WrongReading]] = field(default_factory=dict)
    silences: dict[int, list[Span]] = field(default_factory=dict)
    cuts: list[Span] = field(default_factory=list)
    #: The number of changes, to discard rows computed before the last one.
    revision: int = 0

    def sample(self, load: Load, when: float) -> float:
        """Return the instant of the last sample of a load, at or before a given one."""
        silences = self.silences.get(load.uid, [])
        taken = self._beat(load, when)
        while silence := next((span for span in silences if taken in span), None):
            taken = self._beat(load, math.nextafter(silence.start, 0))
        return taken

    def register(self, signal: Signal, when: float) -> float:
        """Return the meter's own display at an instant, in the printed unit and in whole steps."""
        if not signal.counter:
            return _cut(signal.curve.at(when) * signal.scale, signal.step)
        since, shown = self.site.installed, signal.start
        for at, value in self.resets.get(signal.uid, []):
            if at <= when:
                since, shown = at, value
        value = shown + signal.truth(since, when)
        if signal.rollover is not None:
            value %= signal.rollover
        return _cut(value, signal.step)

    def reading(self, signal: Signal, when: float, *, history: bool = False) -> Json:
        """Return the gateway's reading for the sample of an instant."""
        value = self.register(signal, when)
        for wrong in self.wrong.get(signal.uid, []):
            if when in wrong.span and (wrong.in_history or not history):
                return _printed(signal, wrong.value, value)
        return Fixed(value, signal.decimals)

    def reset(self, signal: Signal, when: float, to: float) -> None:
        """Let a counter continue from another value."""
        others = [event for event in self.resets.get(signal.uid, []) if event[0] != when]
        self.resets[signal.uid] = sorted([*others, (when, to)])
        self.revision += 1

    def misread(self, signal: Signal, wrong: WrongReading) -> None:
        """Set a wrong reading for a span."""
        self.wrong.setdefault(signal.uid, []).append(wrong)
        self.revision += 1

    def silence(self, load: Load, span: Span) -> None:
        """Let a load have no samples for a span."""
        self.silences.setdefault(load.uid, []).append(span)
        self.revision += 1

    def cut(self, span: Span) -> None:
        """Cut the gateway's power for a span."""
        self.cuts.append(span)
        self.revision += 1

    def powered_since(self, when: float) -> float | None:
        """Return since when the gateway has had power, minus infinity without a cut before; None without power."""
        if any(when in cut for cut in self.cuts):
            return None
        return max((cut.end for cut in self.cuts if cut.end <= when), default=-math.inf)

    @staticmethod
    def _beat(load: Load, when: float) -> float:
        return math.floor((when - load.phase) / load.rhythm) * load.rhythm + load.phase


def _cut(value: float, step: float) -> float:
    """Round a value down to whole steps, as a register does."""
    return math.floor(value / step + 1e-6) * step


def _printed(signal: Signal, wrong: Wrong, true: float) -> Json:
    if callable(wrong):
        return Fixed(wrong(true), signal.decimals)
    return Fixed(wrong, signal.decimals) if isinstance(wrong, float) else wrong
