"""The log of requests."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class RecordedRequest:
    """One request."""

    method: str
    path: str
    query: dict[str, str]
    token: bool
    """Whether it carried an `Authorization` header."""
    time: float
    """Unix time by the simulator's clock at which it came."""
    status: int | None = None
    """The status of the answer; None while it is served and if the connection was cut."""
    headers: dict[str, str] = field(default_factory=dict, repr=False)
