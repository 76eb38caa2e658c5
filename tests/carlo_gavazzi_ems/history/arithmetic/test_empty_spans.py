"""Years without history: skipped with few requests, and nothing beyond them is missed."""

from collections.abc import AsyncGenerator, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

import pytest

from custom_components.carlo_gavazzi_ems.api import (
    BadRequestError,
    BusyError,
    EmsError,
    EmsTimeoutError,
    HistoryRow,
    InvalidAnswerError,
    Rows,
)
from custom_components.carlo_gavazzi_ems.history.arithmetic.empty_spans import EmptySpan
from custom_components.carlo_gavazzi_ems.history.arithmetic.rows import HOUR, Reading
from custom_components.carlo_gavazzi_ems.history.source import async_past_empty_span, async_readings

WEEK = 7 * 24 * HOUR
NOW = datetime(2026, 10, 20, 12, tzinfo=UTC).timestamp()
TEN_YEARS = NOW - 10 * 365 * 24 * HOUR


def count_questions(empty: EmptySpan, rows: Collection[float]) -> int:
    """Answer all questions of a search by the times of rows; return how many there were."""
    count = 0
    while (question := empty.question) is not None:
        count += 1
        start, end = question
        assert start < end
        empty.answer(has_rows=any(start < row <= end for row in rows))
    return count


@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize("seed", range(40))
def test_as_far_as_it_is_empty(seed: int, direction: int) -> None:
    """It ends in the step before the first row, or at the very end, in twice the logarithm of the way at most."""
    chance = Random(seed)
    steps = chance.randint(1, 600)
    far = direction * (steps * 10.0 - chance.choice((0, 3)))
    rows = [direction * (chance.random() * 700 * 10 + 1e-6) for _ in range(chance.randint(0, 4))]
    empty = EmptySpan(0.0, far, 10.0)
    count = count_questions(empty, rows)
    ahead = [abs(row) for row in rows if abs(row) < abs(far)]
    if ahead:
        assert abs(empty.end) < min(ahead) <= abs(empty.end) + 10
        assert empty.end % 10 == 0
    else:
        assert empty.end == far
    assert count <= 2 * steps.bit_length()


def test_nothing_ahead() -> None:
    """An empty range needs no question."""
    assert EmptySpan(5.0, 5.0, 10.0).question is None
    assert EmptySpan(5.0, 5.0, 10.0).end == 5.0


@dataclass
class Archive:
    """A gateway with a reading per quarter-hour in some spans; the fields choose how it interprets the API document.

    Both ends of a requested span are excluded.
    """

    blocks: list[tuple[float, float]]
    limit_counts: str = "rows"
    newest_first: bool = False
    longest: float | None = None
    """The longest span that it answers correctly."""
    beyond: EmsError | None = None
    """The error for longer spans; None to answer their beginning only."""
    requests: int = 0

    async def history(
        self,
        *,
        uids: Collection[int],
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int = 1000,
    ) -> AsyncGenerator[Rows]:
        """Yield pages; an empty one is the last."""
        assert start is not None
        assert end is not None
        first, last = start.timestamp(), end.timestamp()
        page = 0
        while True:
            self.requests += 1
            if self.longest is not None and last - first > self.longest:
                if self.beyond is not None:
                    raise self.beyond
                last = first + self.longest
            rows = self.page(sorted(uids), first, last, slice(page * limit, (page + 1) * limit))
            if not rows:
                return
            yield rows
            page += 1

    def page(self, uids: list[int], first: float, last: float, window: slice) -> Rows:
        """Return a page."""
        ends = [
            quarter * 900.0
            for begin, stop in self.blocks
            for quarter in range(int(max(begin, first) // 900) + 1, int(min(stop, last) // 900) + 1)
            if quarter * 900 < last
        ]
        ends.sort(reverse=self.newest_first)
        match self.limit_counts:
            case "rows":
                # One signal has no history; its list comes first, and is empty.
                pairs = [(uid, end) for uid in uids[1:] for end in ends][window]
            case "rows a signal":
                pairs = [(uid, end) for uid in uids[1:] for end in ends[window]]
            case _:
                pairs = [(uid, end) for uid in uids[window] if uid != uids[0] for end in ends]
        return Rows(
            HistoryRow(
                uid=uid, timestamp=end - 1, period_end=end, value=end / 1e6 + uid, minimum=None, maximum=None, d=0
            )
            for uid, end in pairs
        )


UIDS = [3, 4, 5]
MONTH = [(NOW - 30 * 24 * HOUR, NOW)]
WITH_A_GAP = [
    # A single reading, at the boundary of two questions.
    (NOW - 8 * WEEK - 900, NOW - 8 * WEEK),
    (NOW - 2000 * 24 * HOUR, NOW - 1990 * 24 * HOUR),
    (NOW - 400 * 24 * HOUR, NOW - 390 * 24 * HOUR),
    (NOW - 150 * 24 * HOUR, NOW - 135 * 24 * HOUR),
    *MONTH,
]


async def backwards(archive: Archive, *, plain: bool = False) -> dict[int, list[Reading]]:
    """Read ten years week by week from the newest on, as the import does."""
    found: dict[int, list[Reading]] = {uid: [] for uid in UIDS}
    end = NOW
    known: float | None = None
    while end > TEN_YEARS:
        begin = max(TEN_YEARS, end - WEEK)
        readings = await async_readings(archive, UIDS, begin, end)
        for uid, rows in readings.items():
            found[uid] += sorted(row for row in rows if row not in found[uid][-1:])
        end = begin
        if readings:
            known = next(iter(readings.values()))[0].end
        elif not plain:
            end = await async_past_empty_span(archive, UIDS, EmptySpan(begin, TEN_YEARS, WEEK), known)
    return {uid: sorted(set(rows)) for uid, rows in found.items()}


@pytest.mark.parametrize(
    ("blocks", "most"), [(MONTH, 25), (WITH_A_GAP, 85), ([], 10)], ids=["month", "gaps", "nothing"]
)
@pytest.mark.parametrize("newest_first", [False, True], ids=["oldest first", "newest first"])
@pytest.mark.parametrize("counts", ["rows", "rows a signal", "signals"])
async def test_r04_ten_years(blocks: list[tuple[float, float]], most: int, counts: str, *, newest_first: bool) -> None:
    """The readings are those of a search without skipping, for each meaning of `limit`, with far fewer requests.

    Of the 25 for a month, 16 are the pages of that month.
    """
    walk = Archive(blocks, counts, newest_first)
    whole = await backwards(walk, plain=True)
    archive = Archive(blocks, counts, newest_first)
    assert await backwards(archive) == whole
    assert sum(map(len, whole.values())) == 2 * sum((end - begin) // 900 for begin, end in blocks)
    assert walk.requests > 520
    assert archive.requests <= most


@pytest.mark.parametrize(
    "beyond",
    [BadRequestError(400), InvalidAnswerError("too large"), EmsTimeoutError("slow"), None],
    ids=lambda beyond: type(beyond).__name__,
)
async def test_r04_a_gateway_that_answers_no_long_span(beyond: EmsError | None) -> None:
    """Nothing is lost where it refuses one, is too slow for it, or gives only its beginning."""
    archive = Archive(WITH_A_GAP, longest=31 * 24 * HOUR, beyond=beyond)
    assert await backwards(archive) == await backwards(Archive(WITH_A_GAP), plain=True)


async def test_r04_a_gateway_that_asks_for_patience() -> None:
    """It is not asked again and again."""
    archive = Archive(MONTH, longest=31 * 24 * HOUR, beyond=BusyError(429))
    with pytest.raises(BusyError):
        await backwards(archive)
