"""Input and output of the identification."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The observations of one signal."""

    uid: int
    code: int
    load_uid: int | None
    device_uid: int | None
    times: Sequence[float]
    """Seconds since 1970 UTC at which each history period ended; gaps are allowed."""
    values: Sequence[float]
    """As many values. A measured quantity: mean or last sample of the period. A counter: its reading near the end."""
    latest: float | None = None
    """The realtime value, if there is one."""
    system: str | None = None
    """How the device is connected, as the gateway writes it: `1P`, `2P`, `3P`, `3P.n`."""
    label: str | None = None
    """The user's label of the load: evidence for proposals, never for certainty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A possible meaning of a code."""

    text: str
    """In the format of `parse_meaning`: `active_power/kW`."""
    confidence: float
    """From 0 to 1; the candidates of one code add up to 1 at most."""
    law: str
    """The stable key of the law that speaks for it, such as `p_is_s_times_pf`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The result for one code."""

    code: int
    candidates: tuple[Candidate, ...] = ()
    """The best candidate first; empty if there is none."""
    certain: bool = False
    """Whether the first candidate is beyond reasonable doubt, except for the assumption."""
    assumption: str | None = None
    """An assumption that physics cannot confirm: `phase_order`, that the phases have ascending codes."""
