"""The token: fetched once, renewed early, never fetched twice at the same time."""

import asyncio
from typing import cast, override

import pytest

from custom_components.carlo_gavazzi_ems.api import (
    BusyError,
    EmsConnectionError,
    EmsError,
    InvalidAnswerError,
    InvalidCredentialsError,
    LoginBackoff,
    LoginForbiddenError,
    LoginLockedError,
    UnauthorizedError,
)
from custom_components.carlo_gavazzi_ems.api.auth import TokenManager
from custom_components.carlo_gavazzi_ems.api.transport import Transport

PATH, OTHER = "/v1/signals/realtime", "/v1/loads"


class Clock:
    """A monotonic clock that a test sets."""

    def __init__(self) -> None:
        """Start somewhere, as monotonic clocks do."""
        self.now = 5_000.0

    def __call__(self) -> float:
        """Return the seconds."""
        return self.now


class Logins:
    """Stands for the wire: answers each login with the next of these, the last one for good."""

    def __init__(self, *answers: object, clock: Clock | None = None) -> None:
        """Answer so."""
        self.answers = list(answers)
        self.sent: list[object] = []
        self.sent_at = 0.0
        self._clock = clock

    async def exchange(self, *request: object, body: object = None, **_: object) -> object:
        """Take some time, as a login does."""
        self.sent.append((*request, body))
        self.sent_at = self._clock() if self._clock else 0.0
        await asyncio.sleep(0)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def manager(logins: Logins, clock: Clock) -> TokenManager:
    """Return a token manager on this wire."""
    return TokenManager(cast("Transport", logins), "user", "secret", clock=clock, backoff=LoginBackoff(clock=clock))


def tokens(*names: str) -> Logins:
    """Return a wire that gives these tokens."""
    return Logins(*({"token": name} for name in names))


async def test_r07_a_day_takes_50_logins() -> None:
    """Polled every 10 seconds for 24 hours, a token is renewed every 29 minutes."""
    clock, logins = Clock(), tokens("t")
    auth = manager(logins, clock)
    for _ in range(24 * 360):
        auth.accept(await auth.token(), PATH)
        clock.now += 10
    assert auth.logins == len(logins.sent) == 50


async def test_r07_the_life_of_a_token_counts_from_before_the_login() -> None:
    """A login that took long does not make a token live longer."""
    clock, logins = Clock(), tokens("a", "b")
    auth = manager(logins, clock)
    assert await auth.token() == "a"
    clock.now += 29 * 60 - 1
    assert await auth.token() == "a"
    clock.now += 2
    assert await auth.token() == "b"


async def test_r07_ten_at_once_log_in_once() -> None:
    """Whoever comes while a login is under way gets its token."""
    logins = tokens("a", "b")
    auth = manager(logins, Clock())
    assert await asyncio.gather(*(auth.token() for _ in range(10))) == ["a"] * 10
    auth.accept("a", PATH)
    assert [auth.reject("a", UnauthorizedError, PATH) for _ in range(10)] == [True] * 10
    assert await asyncio.gather(*(auth.token() for _ in range(10))) == ["b"] * 10
    assert auth.logins == 2


async def test_r07_a_newer_token_survives_the_rejection_of_an_older_one() -> None:
    """A late 401 for the old token does not throw the new one away."""
    logins = tokens("a", "b", "c")
    auth = manager(logins, Clock())
    auth.accept(await auth.token(), PATH)
    assert auth.reject("a", UnauthorizedError, PATH)
    assert await auth.token() == "b"
    assert auth.reject("a", UnauthorizedError, PATH)
    assert await auth.token() == "b"


async def test_r08_a_refused_login_is_sent_once() -> None:
    """A wrong password is never sent a second time by itself."""
    logins = Logins(UnauthorizedError(401))
    auth = manager(logins, Clock())
    for _ in range(3):
        with pytest.raises(InvalidCredentialsError):
            await auth.token()
    assert len(logins.sent) == 1


@pytest.mark.parametrize("status", [423, 429, 503])
async def test_r08_a_locked_account_is_no_wrong_password(status: int) -> None:
    """A gateway that asks for patience is asked again later."""
    logins, clock = Logins(BusyError(status, 60), {"token": "a"}), Clock()
    auth = manager(logins, clock)
    with pytest.raises(LoginLockedError) as error:
        await auth.token()
    assert (error.value.status, error.value.retry_after) == (status, 60)
    clock.now += 58
    with pytest.raises(LoginLockedError) as error:
        await auth.token()
    assert (error.value.status, error.value.retry_after) == (None, 2)
    assert len(logins.sent) == 1
    clock.now += 2
    assert await auth.token() == "a"


async def test_r08_the_login_is_left_alone_for_5_15_60_minutes() -> None:
    """A gateway that does not say how long is asked again ever more rarely; a login that works ends that."""
    logins, clock = Logins(BusyError(429)), Clock()
    kept: list[tuple[int, float]] = []
    backoff = LoginBackoff(clock=clock, changed=lambda: kept.append((backoff.refusals, backoff.until - clock.now)))
    auth = TokenManager(cast("Transport", logins), "user", "secret", clock=clock, backoff=backoff)
    for minutes in (5, 15, 60, 60):
        with pytest.raises(LoginLockedError) as error:
            await auth.token()
        assert error.value.retry_after == minutes * 60
        clock.now += minutes * 60
    assert len(logins.sent) == 4
    logins.answers = [{"token": "a"}]
    assert await auth.token() == "a"
    assert kept == [(1, 300), (2, 900), (3, 3600), (4, 3600), (0, 0)]


async def test_r08_an_account_without_rights_is_no_wrong_password() -> None:
    """403 has a name of its own, and is not asked for all the time either."""
    logins = Logins(UnauthorizedError(403))
    auth = manager(logins, Clock())
    with pytest.raises(LoginForbiddenError):
        await auth.token()
    with pytest.raises(LoginLockedError):
        await auth.token()
    assert len(logins.sent) == 1


@pytest.mark.parametrize(
    "answer", [None, [], {}, {"token": ""}, {"token": 5}, {"token": "a\r\nX-Evil: 1"}, {"tok": "a"}]
)
async def test_a_login_without_a_token_is_a_clear_error(answer: object) -> None:
    """Also one that would write a header of its own."""
    with pytest.raises(InvalidAnswerError):
        await manager(Logins(answer), Clock()).token()


async def test_r07_a_token_that_never_works_is_not_renewed_at_every_poll() -> None:
    """A gateway that refuses every token for a day gets no more logins than one that takes them."""
    clock, logins = Clock(), tokens(*(f"t{i}" for i in range(100)))
    auth = manager(logins, clock)
    after = {}
    for second in range(0, 24 * 3600, 10):
        token = await auth.token()
        if auth.reject(token, UnauthorizedError, PATH):
            await auth.token()
        clock.now += 10
        after[second] = auth.logins
    # The first login, one instead of it, and then after 15 seconds, 1, 4 and 16 minutes.
    assert [after[second] for second in (0, 60, 120, 600, 3600)] == [2, 3, 4, 5, 7]
    assert auth.logins <= 60
    auth.accept(await auth.token(), PATH)
    assert auth.reject(await auth.token(), UnauthorizedError, PATH)


async def test_r09_a_gateway_that_fails_in_another_way_gets_a_login() -> None:
    """Pages for people for ten minutes, then a 401 after the reboot: back within two polls."""
    clock, logins = Clock(), tokens(*(f"t{i}" for i in range(100)))
    auth = manager(logins, clock)
    for _ in range(60):
        if auth.reject(await auth.token(), InvalidAnswerError, PATH):
            await auth.token()
        clock.now += 10
    before = auth.logins
    assert before <= 5
    assert auth.reject(await auth.token(), UnauthorizedError, PATH)
    await auth.token()
    assert not auth.reject(await auth.token(), UnauthorizedError, PATH)
    assert auth.logins == before + 1
    # No connection for a minute is as good a sign.
    clock.now += 60
    auth.failed(EmsConnectionError, PATH)
    assert auth.reject(await auth.token(), UnauthorizedError, PATH)


@pytest.mark.parametrize(("error", "most"), [(UnauthorizedError, 60), (InvalidAnswerError, 56)])
async def test_r07_a_path_that_never_works_beside_one_that_does(error: type[EmsError], most: int) -> None:
    """A day long: what the gateway takes elsewhere is no reason to log in for this path again and again."""
    clock, logins = Clock(), tokens(*(f"t{i}" for i in range(2000)))
    auth = manager(logins, clock)
    for second in range(0, 24 * 3600, 10):
        if auth.reject(await auth.token(), error, PATH):
            await auth.token()
        if second % 600 == 0:
            auth.accept(await auth.token(), OTHER)
        clock.now += 10
    assert auth.logins <= most


async def test_r09_a_path_that_never_works_costs_another_no_time() -> None:
    """After hours of trouble on one path, a token that is void on the other is replaced at once."""
    clock, logins = Clock(), tokens(*(f"t{i}" for i in range(100)))
    auth = manager(logins, clock)
    for _ in range(360):
        auth.accept(await auth.token(), OTHER)
        if auth.reject(await auth.token(), UnauthorizedError, PATH):
            await auth.token()
        clock.now += 10
    before = auth.logins
    assert auth.reject(await auth.token(), UnauthorizedError, OTHER)
    auth.accept(await auth.token(), OTHER)
    assert auth.logins == before + 1


async def test_r07_a_gateway_that_fails_in_ever_other_ways() -> None:
    """A day of pages and 401 in turns, and one without a connection now and then: no flood of logins."""
    clock, logins = Clock(), tokens(*(f"t{i}" for i in range(2000)))
    auth = manager(logins, clock)
    for poll in range(24 * 360):
        token = await auth.token()
        match poll % 3:
            case 0:
                auth.failed(EmsConnectionError, PATH)
            case 1:
                auth.reject(token, UnauthorizedError, PATH)
            case _:
                auth.reject(token, InvalidAnswerError, PATH)
        clock.now += 10
    assert auth.logins <= 60


async def test_r07_no_login_while_nothing_works() -> None:
    """A token that grows old while the gateway answers nothing is replaced as soon as it says that it should be."""
    clock, logins = Clock(), tokens("a", "b")
    auth = manager(logins, clock)
    auth.accept(await auth.token(PATH), PATH)
    for _ in range(360):
        auth.failed(EmsConnectionError, PATH)
        clock.now += 10
        assert await auth.token(PATH) == "a"
    assert auth.logins == 1
    assert auth.reject("a", UnauthorizedError, PATH)
    assert await auth.token(PATH) == "b"


async def test_r07_one_trouble_on_two_paths_costs_one_login() -> None:
    """Pages for people everywhere: the login that did not help one path is not tried for the other."""
    auth = manager(tokens("a", "b", "c"), Clock())
    assert auth.reject(await auth.token(), InvalidAnswerError, PATH)
    assert not auth.reject(await auth.token(), InvalidAnswerError, OTHER)
    assert not auth.reject(await auth.token(), InvalidAnswerError, PATH)
    assert auth.logins == 2


async def test_r07_logins_that_fail_are_not_repeated_at_every_poll() -> None:
    """Where the login itself is broken, the token that there is has to do, also beyond its life."""
    clock, logins = Clock(), Logins({"token": "a"}, InvalidAnswerError("a page for people"))
    auth = manager(logins, clock)
    auth.accept(await auth.token(), PATH)
    clock.now += 29 * 60
    assert await auth.token() == "a"
    clock.now += 5
    assert await auth.token() == "a"
    assert auth.logins == 2
    failed = 0
    for _ in range(360):
        clock.now += 10
        try:
            assert await auth.token() == "a"
            auth.reject("a", UnauthorizedError, PATH)
        except InvalidAnswerError:
            failed += 1
    assert 2 <= failed <= 6
    assert auth.logins <= 8
    logins.answers = [{"token": "b"}]
    auth.failed(EmsConnectionError, PATH)
    assert auth.reject("a", UnauthorizedError, PATH)
    assert await auth.token() == "b"


async def test_r07_a_login_that_is_cancelled_leaves_the_lock_open() -> None:
    """Whoever comes after a cancelled login logs in."""
    blocked = asyncio.Event()

    class Slow(Logins):
        @override
        async def exchange(self, *request: object, body: object = None, **more: object) -> object:
            if not self.sent:
                self.sent.append(request)
                await blocked.wait()
            return await super().exchange(*request, body=body, **more)

    auth = manager(Slow({"token": "a"}), Clock())
    task = asyncio.create_task(auth.token())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await auth.token() == "a"


@pytest.mark.parametrize("life", [5, 60, 600])
async def test_r07_an_account_that_somebody_else_uses(life: float) -> None:
    """One session an account, and its owner on the web page: a few new logins at once, then it slows down and says so."""
    clock = Clock()
    logins = Logins(*({"token": f"t{i}"} for i in range(2000)), clock=clock)
    auth = manager(logins, clock)
    told_after = None
    for second in range(0, 24 * 3600, 10):
        token = await auth.token(PATH)
        if clock.now - logins.sent_at < life:
            auth.accept(token, PATH)
        elif auth.reject(token, UnauthorizedError, PATH):
            auth.accept(await auth.token(PATH), PATH)
        if told_after is None and auth.contested:
            told_after = second
        clock.now += 10
    assert auth.logins <= 60
    assert auth.contested
    assert told_after is not None
    assert told_after <= 3 * life + 30
    # The other user has left.
    for _ in range(2 * 360):
        auth.accept(await auth.token(PATH), PATH)
        clock.now += 10
    assert not auth.contested


async def test_r07_a_reboot_or_two_are_no_second_user() -> None:
    """Nobody is told of sessions that end with the gateway's restart now and then."""
    clock, logins = Clock(), tokens(*(f"t{i}" for i in range(100)))
    auth = manager(logins, clock)
    for second in range(0, 24 * 3600, 10):
        token = await auth.token(PATH)
        if second % (8 * 3600) == 1000 and auth.reject(token, UnauthorizedError, PATH):
            token = await auth.token(PATH)
        auth.accept(token, PATH)
        assert not auth.contested
        clock.now += 10
    assert auth.logins <= 54
