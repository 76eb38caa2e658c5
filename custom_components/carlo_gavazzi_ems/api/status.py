"""HTTP statuses as errors of one tree, and how long a gateway asks to be left alone."""

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
    """Raise the error that a status stands for."""
    status = response.status
    if status == 200:
        return
    # The body of an error is of no use and may be endless: unless all of it is there, the connection goes with it.
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
    """Return the seconds that a Retry-After header asks for, an hour at most; None where it says nothing of use.

    `date` is the Date header of the same answer: the clock that a time of day in Retry-After is from.
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
    """Return the instant of an HTTP date, None where the text is none."""
    try:
        instant = parsedate_to_datetime(text)
    except ValueError:
        return None
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)
