"""What the gateway was asked."""

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
    """The status it was answered with; None while it is served and where the connection was dropped."""
    headers: dict[str, str] = field(default_factory=dict, repr=False)
