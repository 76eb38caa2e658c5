"""The time that a gateway asks to wait: `Retry-After`."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from custom_components.carlo_gavazzi_ems.api import BusyError, EmsClient
from custom_components.carlo_gavazzi_ems.api.status import retry_after_seconds
from simulator import Gateway, Status

REALTIME = "/v1/signals/realtime"


def test_retry_after_in_both_forms() -> None:
    """Seconds and dates are read; anything else says nothing."""
    soon = datetime.now(UTC) + timedelta(seconds=100)
    assert retry_after_seconds("120") == 120
    assert retry_after_seconds(format_datetime(soon, usegmt=True)) == pytest.approx(100, abs=2)
    assert retry_after_seconds("Wed, 21 Oct 2015 07:28:00 -0000") == 0
    assert retry_after_seconds("soon") is None
    assert retry_after_seconds("") is None
    assert retry_after_seconds("²") is None
    assert retry_after_seconds(None) is None


@pytest.mark.parametrize("value", ["999999999", "9" * 400, "Sun, 01 Nov 2037 00:00:00 GMT"])
async def test_r11_a_retry_after_without_end_is_an_hour(gateway: Gateway, client: EmsClient, value: str) -> None:
    """One 503 does not end polling for years."""
    gateway.faults.add(Status(path=REALTIME, code=503, retry_after=value))
    with pytest.raises(BusyError) as error:
        await client.realtime()
    assert error.value.retry_after == 3600


def test_r11_a_retry_after_by_the_gateway_s_own_clock() -> None:
    """A gateway whose clock is years off means the time between its two dates."""
    now = datetime(1970, 1, 1, 5, tzinfo=UTC)
    until = format_datetime(now + timedelta(seconds=60), usegmt=True)
    assert retry_after_seconds(until, format_datetime(now, usegmt=True)) == 60
    assert retry_after_seconds(until, "no date") == 0
