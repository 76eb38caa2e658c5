"""Accounts and their tokens."""

from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
import hashlib
import hmac
import json
import secrets

LIFE = 30 * 60.0


@dataclass
class AccountRules:
    """How many sessions there may be."""

    #: A second login ends the session of the first.
    one_session: bool = False
    #: The number of valid tokens at once, and the status of a login beyond that.
    table: int | None = None
    table_full_status: int = 503
    #: Refused logins in a row after which an account is locked, and the status of logins then.
    attempts: int | None = None
    locked_status: int = 423


@dataclass
class _Token:
    account: str
    issued: float

    def alive(self, now: float) -> bool:
        """Return whether the token has not expired."""
        return self.issued <= now < self.issued + LIFE


@dataclass
class Accounts:
    """Checks logins and tokens; validity is in true time, the times inside a token are the gateway's."""

    passwords: dict[str, str]
    clock: Callable[[], float]
    shown: Callable[[], float]
    rules: AccountRules = field(default_factory=AccountRules)
    logins: int = 0
    refused: int = 0
    #: Instants at which all tokens issued before them become void.
    endings: list[float] = field(default_factory=list)
    _tokens: dict[str, _Token] = field(default_factory=dict)
    _secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def log_in(self, username: str, password: str) -> str | int:
        """Return a token, or the status of a refusal."""
        now, rules = self.clock(), self.rules
        if rules.attempts is not None and self.refused >= rules.attempts:
            return rules.locked_status
        if self.passwords.get(username) != password:
            self.refused += 1
            return 401
        self._tokens = {text: token for text, token in self._tokens.items() if token.alive(now)}
        if rules.table is not None and len(self._tokens) >= rules.table:
            return rules.table_full_status
        if rules.one_session:
            self._tokens = {text: token for text, token in self._tokens.items() if token.account != username}
        self.logins += 1
        self.refused = 0
        text = self._sign(username)
        self._tokens[text] = _Token(username, now)
        return text

    def knows(self, authorization: str) -> bool:
        """Return whether the header of a request has a valid token."""
        scheme, _, text = authorization.partition(" ")
        token = self._tokens.get(text.strip())
        now = self.clock()
        if scheme.lower() != "bearer" or token is None or not token.alive(now):
            return False
        return not any(token.issued < end <= now for end in self.endings)

    def void(self) -> None:
        """Forget all tokens at once, as a restart does."""
        self._tokens.clear()

    def _sign(self, username: str) -> str:
        issued = int(self.shown())
        head: dict[str, str] = {"alg": "HS256", "typ": "JWT"}
        claims: dict[str, str | int] = {
            "jti": secrets.token_hex(8),
            "sub": username,
            "iat": issued,
            "exp": issued + int(LIFE),
        }
        parts = [urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (head, claims)]
        digest = hmac.new(self._secret, b".".join(parts), hashlib.sha256).digest()
        return b".".join([*parts, urlsafe_b64encode(digest).rstrip(b"=")]).decode()
