"""The token when requests fail: a new login when it may help, and not too many."""

import pytest

from custom_components.carlo_gavazzi_ems.api import (
    EmsConnectionError,
    EmsError,
    InvalidAnswerError,
    UnauthorizedError,
)

from .logins import OTHER, PATH, Clock, Logins, manager, tokens


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
    """Web pages for ten minutes, then a 401 after the reboot: values are back within two polls."""
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
    # A minute without a connection is also a sign of a reboot.
    clock.now += 60
    auth.failed(EmsConnectionError, PATH)
    assert auth.reject(await auth.token(), UnauthorizedError, PATH)


@pytest.mark.parametrize(("error", "most"), [(UnauthorizedError, 60), (InvalidAnswerError, 56)])
async def test_r07_a_path_that_never_works_beside_one_that_does(error: type[EmsError], most: int) -> None:
    """For a day: success on another path does not cause repeated logins for this path."""
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
    """A day of alternating web pages and 401, with some lost connections: only few logins."""
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
    """Web pages on all paths: a login that did not help one path is not repeated for the other."""
    auth = manager(tokens("a", "b", "c"), Clock())
    assert auth.reject(await auth.token(), InvalidAnswerError, PATH)
    assert not auth.reject(await auth.token(), InvalidAnswerError, OTHER)
    assert not auth.reject(await auth.token(), InvalidAnswerError, PATH)
    assert auth.logins == 2


async def test_r07_logins_that_fail_are_not_repeated_at_every_poll() -> None:
    """If logins fail, the present token is used, even after its expiry."""
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


@pytest.mark.parametrize("life", [5, 60, 600])
async def test_r07_an_account_that_somebody_else_uses(life: float) -> None:
    """One session per account, and a person uses the web page: a few new logins at once, then fewer, with a warning."""
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
    """Sessions that end with an occasional restart of the gateway cause no warning."""
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
