"""Logins and tokens."""

import base64
import json
from typing import Any

import pytest

from simulator import Gateway, ManualClock, SystemClock, WrongClock

from .probe import NOW, Probe


def claims(token: str | None) -> dict[str, Any]:
    """Return the claims of a token, without checking it."""
    assert token is not None
    payload = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return found


async def test_a_token_is_a_jwt_of_half_an_hour(probe: Probe, clock: ManualClock) -> None:
    """It says when it was issued and when it expires; it is good until the last second and not after."""
    assert claims(probe.token)["exp"] - claims(probe.token)["iat"] == 1800
    assert claims(probe.token)["iat"] == int(NOW)
    clock.set(NOW + 1799.999)
    assert (await probe.get("/v1/mac")).status == 200
    clock.set(NOW + 1800.0)
    assert (await probe.get("/v1/mac")).status == 401
    await probe.login()
    assert (await probe.get("/v1/mac")).status == 200


async def test_wrong_user_or_password(gateway: Gateway) -> None:
    """401, and no token; a name with other letters too."""
    async with Probe.on(gateway, login=False) as probe:
        for wrong in ({"password": "S3cret!"}, {"username": "root"}, {"password": ""}, {"username": "ädmin"}):
            reply = await probe.login(**wrong)
            assert (reply.status, "token" in reply.json) == (401, False)


async def test_a_reboot_voids_tokens(probe: Probe, gateway: Gateway) -> None:
    """Old ones are refused, new ones are good."""
    gateway.reboot()
    assert (await probe.get("/v1/mac")).status == 401
    await probe.login()
    assert (await probe.get("/v1/mac")).status == 200


async def test_a_stop_and_start_does_not_void_tokens(probe: Probe, gateway: Gateway) -> None:
    """The network was gone, not the gateway."""
    await gateway.stop()
    await gateway.start()
    assert (await probe.get("/v1/mac")).status == 200


async def test_a_wrong_clock_is_in_the_token(probe: Probe, gateway: Gateway) -> None:
    """A gateway five years ahead issues tokens of its own time, and they are good."""
    gateway.faults.add(WrongClock(offset=5 * 365 * 86_400))
    await probe.login()
    assert claims(probe.token)["iat"] == int(NOW) + 5 * 365 * 86_400
    assert (await probe.get("/v1/mac")).status == 200


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
async def test_tokens_of_others_are_refused(probe: Probe, algorithm: str) -> None:
    """Neither an unsigned token nor one signed with another key."""
    header = base64.urlsafe_b64encode(json.dumps({"alg": algorithm, "typ": "JWT"}).encode()).rstrip(b"=").decode()
    assert probe.token is not None
    _, payload, signature = probe.token.split(".")
    probe.token = f"{header}.{payload}.{'' if algorithm == 'none' else signature[::-1]}"
    assert (await probe.get("/v1/mac")).status == 401


class TestClocks:
    """The clocks themselves."""

    def test_speed_does_not_change_how_long_tokens_live(self, freezer: Any) -> None:
        """A minute later it is an hour later at sixty times the speed; by the wall it is a minute."""
        freezer.move_to("2026-01-15 12:00:00")
        clock = SystemClock(60.0)
        start = clock.now()
        freezer.tick(60)
        assert clock.now() - start == pytest.approx(3600)
        assert clock.wall() - start == pytest.approx(60)

    def test_the_system_clock_stands_when_time_is_frozen(self, freezer: Any) -> None:
        """It asks the time anew each time, so that a test can freeze it."""
        clock = SystemClock()
        freezer.move_to("2031-05-05 05:05:05")
        assert clock.now() == clock.wall() == pytest.approx(1_935_723_905)

    def test_speed_must_be_positive(self) -> None:
        """Time neither stands nor goes back by itself."""
        with pytest.raises(ValueError, match="more than 0"):
            SystemClock(0)

    def test_a_manual_clock_does_as_it_is_told(self) -> None:
        """It moves, and it jumps."""
        clock = ManualClock(10.0)
        clock.advance(5.0)
        assert clock.now() == clock.wall() == 15.0
        clock.set(3.0)
        assert clock.now() == 3.0
