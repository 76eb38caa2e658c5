"""What goes into the identification and what comes out."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """What was observed of one signal."""

    uid: int
    code: int
    load_uid: int | None
    device_uid: int | None
    times: Sequence[float]
    """Seconds since 1970 UTC at which each history period ended; gaps are allowed."""
    values: Sequence[float]
    """As many. A measured quantity: mean or last sample of the period. A counter: its reading near the end."""
    latest: float | None = None
    """The realtime value, if there is one."""
    system: str | None = None
    """How the device is connected, as the gateway writes it: `1P`, `2P`, `3P`, `3P.n`."""
    label: str | None = None
    """What a person called the load: evidence for proposals, never for certainty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A meaning that a code may have."""

    text: str
    """As `parse_meaning` reads it: `active_power/kW`."""
    confidence: float
    """From 0 to 1; the candidates of one code add up to 1 at most."""
    law: str
    """A short stable key of what speaks for it, such as `p_is_s_times_pf`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was found out about one code."""

    code: int
    candidates: tuple[Candidate, ...] = ()
    """The best first; empty if nothing is known."""
    certain: bool = False
    """The first candidate is beyond reasonable doubt, save for the assumption."""
    assumption: str | None = None
    """What physics cannot tell and was assumed: `phase_order`, the phases having ascending codes."""
