"""What the server needs of the gateway that it serves."""

from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from simulator.dialect import Dialect
from simulator.faults import Faults, FaultTarget
from simulator.identity import Identity

from .requests import RecordedRequest
from .tokens import Tokens


class ServedGateway(FaultTarget, Protocol):
    """The part of a gateway that answers are made from; faults strike it while it is served."""

    @property
    def dialect(self) -> Dialect:
        """Return its reading of the API document."""

    @property
    def identity(self) -> Identity:
        """Return its serial number, MAC address, firmware and part number."""

    @property
    def faults(self) -> Faults:
        """Return the faults in force."""

    @property
    def tokens(self) -> Tokens:
        """Return the issuer of its tokens."""

    @property
    def username(self) -> str:
        """Return the API account's user name."""

    @property
    def password(self) -> str:
        """Return the API account's password."""

    @property
    def offset(self) -> float:
        """Return the error of its clock in seconds."""

    def local_time(self) -> datetime:
        """Return the local time by its own clock."""

    def serving(self, record: RecordedRequest) -> AbstractContextManager[None]:
        """Count a request, which is in flight inside the context."""
