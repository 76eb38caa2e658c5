"""Translates HTTP statuses into errors, and Retry-After into seconds."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
import re

import aiohttp

from .backoff import MAX_WAIT
from .exceptions import (
    BadRequestError,
    BusyError,
    EmptyAnswerError,
    InvalidAnswerError,
    NotFoundError,
    StatusError,
    UnauthorizedError,
)


def raise_for_status(response: aiohttp.ClientResponse) -> None:
    """Raise the error of an HTTP status."""
    status = response.status
    if status in {200, 201}:
        # A login makes a token, and 201 is "made".
        return
    # The body of an error is not needed and may be endless: unless it is complete, the connection is closed.
    retry_after = retry_after_seconds(response.headers.get("Retry-After"), response.headers.get("Date"))
    match status:
        case 204:
            raise EmptyAnswerError(status)
        case 400:
            raise BadRequestError(status)
        case 401 | 403:
            raise UnauthorizedError(status)
        case 404:
            raise NotFoundError(status)
        case 423 | 429 | 503:
            raise BusyError(status, retry_after)
        case _ if 200 <= status < 400:
            raise InvalidAnswerError(f"the gateway answered with HTTP status {status}")
        case _:
            raise StatusError(status, retry_after)


def retry_after_seconds(value: str | None, date: str | None = None) -> float | None:
    """Return the seconds of a Retry-After header, an hour at most; None if it is missing or invalid.

    `date` is the Date header of the same answer: an absolute time in Retry-After is relative to that clock.
    """
    if value is None:
        return None
    if re.fullmatch(r"\s*\d+\s*", value, re.ASCII):
        return min(float(value), MAX_WAIT)
    if (until := _http_date(value)) is None:
        return None
    now = _http_date(date or "") or datetime.now(UTC)
    return min(max(0.0, (until - now).total_seconds()), MAX_WAIT)


def _http_date(text: str) -> datetime | None:
    """Return the time of an HTTP date, None if it is invalid."""
    try:
        instant = parsedate_to_datetime(text)
    except ValueError:
        return None
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)
