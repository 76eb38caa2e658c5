"""The token: fetched once, renewed early, never fetched twice at the same time."""

import asyncio
from typing import cast, override

import pytest

from custom_components.carlo_gavazzi_ems.api import (
    BusyError,
    InvalidAnswerError,
    InvalidCredentialsError,
    LoginBackoff,
    LoginForbiddenError,
    LoginLockedError,
    UnauthorizedError,
)
from custom_components.carlo_gavazzi_ems.api.auth import TokenManager
from custom_components.carlo_gavazzi_ems.api.transport import Transport

from .logins import PATH, Clock, Logins, manager, tokens


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
    "answer",
    [None, [], {}, {"token": ""}, {"token": 5}, {"token": "a\r\nX-Evil: 1"}, {"token": 20_000 * "a"}, {"tok": "a"}],
)
async def test_a_login_without_a_token_is_a_clear_error(answer: object) -> None:
    """Also one that would write a header of its own."""
    with pytest.raises(InvalidAnswerError):
        await manager(Logins(answer), Clock()).token()


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
