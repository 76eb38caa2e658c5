"""Timestamps and the gateway's date."""

from datetime import UTC, datetime, timedelta

import pytest

from custom_components.carlo_gavazzi_ems.api import (
    InvalidAnswerError,
    Sample,
    epoch_seconds,
)
from custom_components.carlo_gavazzi_ems.api.records import (
    parse_date,
)


@pytest.mark.parametrize(
    ("stamp", "seconds"),
    [(1752493029975, 1752493029.975), (1735689660, 1735689660), (0, 0), (99_999_999_999, 99_999_999_999)],
)
def test_a_stamp_is_seconds_or_milliseconds_by_its_size(stamp: float, seconds: float) -> None:
    """Both units that the document prints are told apart."""
    assert epoch_seconds(stamp) == seconds


def test_a_sample_knows_its_time_in_utc() -> None:
    """The stamp of a sample is a date, or none."""
    sample = Sample(uid=1, code=29, value=1.0, timestamp=1735689660.0)
    assert sample.time == datetime(2025, 1, 1, 0, 1, tzinfo=UTC)
    assert Sample(uid=1, code=29, value=1.0, timestamp=None).time is None


@pytest.mark.parametrize(
    ("zone", "offset"),
    [
        ("+01:00 CET", timedelta(hours=1)),
        ("-03:30 NST", -timedelta(hours=3, minutes=30)),
        ("+0530", timedelta(hours=5, minutes=30)),
        ("UTC+2", timedelta(hours=2)),
        ("UTC", timedelta()),
        ("Z", timedelta()),
        ("Europe/Rome", None),
    ],
)
def test_the_offset_of_the_gateways_clock(zone: str, offset: timedelta | None) -> None:
    """The offset is read in every usual form, and not guessed from a name."""
    date = parse_date({"date": "2025-06-01 12:00:00", "tz": zone})
    assert date.utc_offset == offset
    noon = datetime(2025, 6, 1, 12, tzinfo=UTC)
    assert date.utc == (None if offset is None else noon - offset)


def test_a_date_with_an_offset_of_its_own() -> None:
    """An ISO date that carries its offset needs no second field to be right."""
    date = parse_date({"date": "2025-06-01T12:00:00+02:00", "tz": "CEST"})
    assert date.utc == datetime(2025, 6, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize("local", ["0001-01-01 00:00:00", "9999-12-31 23:59:59", "1969-12-31 12:00:00"])
@pytest.mark.parametrize("zone", ["+14:00", "-12:00", "UTC", "+99:99"])
def test_a_date_that_stands_for_none(local: str, zone: str) -> None:
    """Year 1 or 9999, even if it is out of range in UTC, is a missing time, not an error."""
    assert parse_date({"date": local, "tz": zone}).utc is None


@pytest.mark.parametrize("payload", [{"date": "yesterday", "tz": "UTC"}, {"tz": "UTC"}, [], None])
def test_a_date_that_is_none(payload: object) -> None:
    """Anything else is a clear error."""
    with pytest.raises(InvalidAnswerError):
        parse_date(payload)
