"""Sends the requests of one account: with a token, one at a time, and repeated once if the token may be invalid."""

from collections.abc import Callable, Collection, Iterable
from functools import partial
from typing import Final

from .auth import TokenManager
from .exceptions import EmptyAnswerError, EmsError, InvalidAnswerError, OversizedAnswerError, UnauthorizedError
from .fields import JsonObject
from .jsontext import parse_json
from .models import Protocol
from .paging import LIST_LIMITS, PAGE_LIMIT, Budget, Page, read_map
from .records import as_object
from .traffic import Traffic
from .transport import Transport, parsed

#: UIDs per request line: with five digits each it stays below the 8 kB that servers accept.
UIDS_PER_REQUEST: Final = 1000

type Query = dict[str, str]


class Requester:
    """The requests of one account to one gateway."""

    def __init__(self, transport: Transport, tokens: TokenManager) -> None:
        """Send requests over this transport."""
        self._transport = transport
        self._tokens = tokens
        self._turn = transport.line.turn

    @property
    def logins(self) -> int:
        """How many logins were sent so far."""
        return self._tokens.logins

    @property
    def token(self) -> str | None:
        """The present token, None if there is none; reports need it in order to remove it."""
        return self._tokens.current

    @property
    def login_wait(self) -> float:
        """Seconds for which no login is sent, because the gateway asked to wait; 0 if one may be sent."""
        return self._tokens.wait

    @property
    def login_refusals(self) -> int:
        """How many logins in a row the gateway has refused temporarily."""
        return self._tokens.refusals

    @property
    def traffic(self) -> Traffic:
        """Counts and durations of the requests so far."""
        return self._transport.traffic

    @property
    def contested(self) -> bool:
        """Whether several sessions in a row ended early, as happens when the account has a second user."""
        return self._tokens.contested

    @property
    def refused(self) -> bool:
        """Whether user name or password was refused; then no request that needs a login is sent."""
        return self._tokens.refused

    def go_on_from(self, other: Requester) -> None:
        """Continue with the session of another requester of the same account."""
        self._tokens.go_on_from(other._tokens)

    def clear_waits(self) -> None:
        """Allow the next login without waiting."""
        self._tokens.clear_waits()

    async def _get[T](self, path: str, parse: Callable[[object], T], query: Query | None = None) -> T:
        """Get and parse a protected path."""
        return await self._fetch(path, of_json(parse), query)

    async def _fetch_page[T](
        self, path: str, read: Callable[[bytes], T], query: Query, page: int, nothing: Callable[[], T]
    ) -> T:
        """Get and read a page of a list; `nothing` returns an empty page."""

        def read_page(body: bytes) -> T:
            return read(body) if body else nothing()

        return await self._fetch(
            path, read_page, query | {"page": str(page)}, may_be_empty=(204,) if page == 1 else (200, 204)
        )

    async def _fetch[T](
        self, path: str, read: Callable[[bytes], T], query: Query | None = None, *, may_be_empty: Collection[int] = ()
    ) -> T:
        """Get and read a protected path; log in and repeat once if the token may be invalid.

        An answer without a body is passed to `read` if its status is in `may_be_empty`, else it is an error.

        A gateway that has just rebooted answers with 401, 403 or an HTML page: none of these means a
        wrong password.
        """
        async with self._turn:
            token = await self._tokens.token(path)
            try:
                answer = await self._attempt(path, read, query, token, may_be_empty)
            except EmsError as err:
                suspect = isinstance(err, UnauthorizedError | InvalidAnswerError)
                if not suspect or isinstance(err, OversizedAnswerError):
                    self._tokens.failed(type(err), path)
                    raise
                if not self._tokens.reject(token, type(err), path):
                    if isinstance(err, UnauthorizedError) and (cause := self._tokens.login_error) is not None:
                        # The old token is used only because no login succeeds.
                        raise cause from None
                    raise
                token = await self._tokens.token(path)
                answer = await self._attempt(path, read, query, token, may_be_empty)
            self._tokens.accept(token, path)
            return answer

    async def _attempt[T](
        self, path: str, read: Callable[[bytes], T], query: Query | None, token: str, may_be_empty: Collection[int]
    ) -> T:
        """Get and read a path with this token."""
        try:
            body = await self._transport.fetch("GET", path, query=query, token=token)
        except EmptyAnswerError as err:
            if err.status not in may_be_empty:
                raise
            body = b""
        try:
            return await parsed(read, body)
        except InvalidAnswerError as err:
            self._transport.traffic.unreadable(path, err)
            raise

    async def _read_map[PageT: Page](
        self,
        path: str,
        read: Callable[[str, bytes], PageT],
        into: PageT,
        uids: Collection[int] | None,
        wanted: Collection[int] | None = None,
    ) -> PageT:
        """Read a map to its end: in pages, and a long list of UIDs in several requests, whose results go `into` one.

        `read` gets a name of the page, the same in every call of this method, and the page's body.
        """
        parts: list[PageT] = []
        budget = Budget(LIST_LIMITS)
        for chunk in [None] if uids is None else chunks(uids):
            query = filters(chunk)
            first = "" if chunk is None else str(chunk[0])

            async def fetch(page: int, query: Query = query, first: str = first) -> PageT:
                reads = budget.sized(partial(read, f"{first}/{page}"))
                return await self._fetch_page(path, reads, query | {"limit": str(PAGE_LIMIT)}, page, into.copy)

            expected = chunk if wanted is None or chunk is None else set(chunk).intersection(wanted)
            parts.append(await read_map(fetch, wanted=wanted if chunk is None else expected, budget=budget))
        if len(parts) == 1:
            return parts[0]
        for part in parts:
            into.add(part)
        return into


def of_json[T](parse: Callable[[object], T]) -> Callable[[bytes], T]:
    """Return a function that reads a body, from one that reads its JSON."""
    return lambda body: parse(parse_json(body))


def page_of_json[T](parse: Callable[[object], T]) -> Callable[[str, bytes], T]:
    """Return a function that reads a page, from one that reads its JSON; the page's name is ignored."""
    return lambda _, body: parse(parse_json(body))


def one[T](payload: object, parse: Callable[[JsonObject, int], T], uid: int) -> T:
    """Read an answer that is one record. Raises InvalidAnswerError."""
    try:
        return parse(as_object(payload, "the answer"), uid)
    except ValueError as err:
        raise InvalidAnswerError(f"the answer is no such record: {err}") from err


def filters(uids: Collection[int] | None, protocol: Protocol | None = None) -> Query:
    """Return the query that filters a list."""
    query: Query = {}
    if uids is not None:
        query["uids"] = joined(uids)
    if protocol is not None:
        query["protocol"] = protocol.value
    return query


def joined(uids: Iterable[int]) -> str:
    """Return UIDs as the API takes them, `1,2,59`."""
    return ",".join(map(str, sorted(uids)))


def chunks(uids: Collection[int]) -> list[list[int]]:
    """Return UIDs in ascending order, in lists that fit into one request each."""
    ordered = sorted(uids)
    return [ordered[i : i + UIDS_PER_REQUEST] for i in range(0, len(ordered), UIDS_PER_REQUEST)]
