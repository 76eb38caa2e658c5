"""Tokens: JWT (HS256), valid for half an hour by the gateway's clock."""

from collections.abc import Callable
import secrets

import jwt

LIFETIME = 1800
"""Seconds a token is valid."""


class Tokens:
    """Issues and checks tokens."""

    def __init__(self, now: Callable[[], float]) -> None:
        """Take a clock in Unix time."""
        self._now = now
        self._key = secrets.token_bytes(32)

    def issue(self, username: str) -> str:
        """Return a token for a user."""
        now = int(self._now())
        claims = {"sub": username, "iat": now, "exp": now + LIFETIME, "jti": secrets.token_hex(8)}
        return jwt.encode(claims, self._key, algorithm="HS256")

    def valid(self, authorization: str | None) -> bool:
        """Return whether an `Authorization` header carries a valid token that has not expired."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            return False
        try:
            # The gateway's clock decides, and it may be wrong, so the library must not look at its own.
            claims = jwt.decode(
                token.strip(), self._key, algorithms=["HS256"], options={"verify_exp": False, "verify_iat": False}
            )
        except jwt.InvalidTokenError:
            return False
        return self._now() < int(claims["exp"])

    def void(self) -> None:
        """Forget every token issued so far, as a reboot does."""
        self._key = secrets.token_bytes(32)
