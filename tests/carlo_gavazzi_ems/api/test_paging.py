"""Lists are read to their end, whatever a gateway means by `limit` and `page`."""

from collections.abc import Callable

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.carlo_gavazzi_ems.api import BadRequestError, HistoryRow, InvalidAnswerError, NotFoundError
from custom_components.carlo_gavazzi_ems.api.paging import LIST_LIMITS, Budget, Limits, read_history, read_map
from custom_components.carlo_gavazzi_ems.api.records import Records, Rows

type Gateway = Callable[[list[int], int, int], list[int]]


def pages(items: list[int], page: int, size: int) -> list[int]:
    """Answer as a gateway that returns `size` records a page."""
    return items[(page - 1) * size : page * size]


def everything(items: list[int], _page: int, _size: int) -> list[int]:
    """Answer as a gateway that ignores the page."""
    return items


def last_page_again(items: list[int], page: int, size: int) -> list[int]:
    """Answer as a gateway that repeats its last page."""
    return pages(items, min(page, max(1, -(-len(items) // size))), size)


def error_after_the_end(items: list[int], page: int, size: int) -> list[int]:
    """Answer as a gateway that answers a page after the last one with an error."""
    if page > 1 and (page - 1) * size >= len(items):
        raise NotFoundError(404) if page % 2 else BadRequestError(400)
    return pages(items, page, size)


GATEWAYS: list[Gateway] = [pages, everything, last_page_again, error_after_the_end]


@pytest.mark.parametrize("gateway", GATEWAYS)
@given(count=st.integers(0, 60), size=st.integers(1, 25))
@settings(max_examples=40)
async def test_a_map_is_complete_for_every_gateway(gateway: Gateway, count: int, size: int) -> None:
    """All records come, in a bounded number of requests."""
    asked: list[int] = []

    async def fetch(page: int) -> Records[str]:
        asked.append(page)
        return Records(dict.fromkeys(gateway(list(range(count)), page, size), "x"))

    assert set(await read_map(fetch)) == set(range(count))
    assert len(asked) <= count // size + 2


@pytest.mark.parametrize("gateway", GATEWAYS)
@given(count=st.integers(0, 60), size=st.integers(1, 25))
@settings(max_examples=40)
async def test_history_is_complete_for_every_gateway(gateway: Gateway, count: int, size: int) -> None:
    """All rows come once, in a bounded number of requests."""
    asked: list[int] = []

    async def fetch(page: int) -> Rows:
        asked.append(page)
        return Rows(
            HistoryRow(uid=1, timestamp=i, period_end=i, value=i) for i in gateway(list(range(count)), page, size)
        )

    found = [row.period_end for page in [rows async for rows in read_history(fetch)] for row in page]
    assert found == list(range(count))
    assert len(asked) <= count // size + 2


async def test_r03_a_clock_that_was_set_back_comes_to_the_same_times_twice() -> None:
    """Both rows of a time come, also where a page has no other; a gateway that repeats itself is not asked for ever."""
    rows = [HistoryRow(uid=1, timestamp=i % 50, period_end=i % 50, value=i) for i in range(100)]
    asked: list[int] = []

    async def fetch(page: int) -> Rows:
        return Rows(rows[(page - 1) * 25 : page * 25])

    async def repeat(page: int) -> Rows:
        # The period that is still running has another value each time.
        asked.append(page)
        return Rows([*rows[:9], HistoryRow(uid=1, timestamp=99, period_end=99, value=page)])

    assert [row.value for page in [page async for page in read_history(fetch)] for row in page] == list(range(100))
    assert len([page async for page in read_history(repeat)]) == len(asked) == 2


async def test_r11_no_page_more_than_is_wanted() -> None:
    """Where it is known what there is, the reading stops as soon as it is there."""
    asked: list[int] = []

    async def fetch(page: int) -> Records[str]:
        asked.append(page)
        return Records(dict.fromkeys(pages(list(range(250)), page, 100), "x"))

    assert len(await read_map(fetch, wanted=set(range(250)))) == 250
    assert asked == [1, 2, 3]


async def test_r20_a_page_of_bad_records_is_not_the_end() -> None:
    """Records that are left out are no reason to stop."""

    async def fetch(page: int) -> Records[str]:
        if page == 1:
            return Records({}, {"1": "bad", "2": "bad"})
        return Records({3: "x"} if page == 2 else {})

    records = await read_map(fetch)
    assert (dict(records), records.rejected) == ({3: "x"}, {"1": "bad", "2": "bad"})


@pytest.mark.parametrize("error", [BadRequestError(400), NotFoundError(404)])
async def test_an_error_on_the_first_page_is_an_error(error: Exception) -> None:
    """Only after the end may a gateway say that there is nothing."""

    async def fetch_records(_page: int) -> Records[str]:
        raise error

    async def fetch_rows(_page: int) -> Rows:
        raise error

    with pytest.raises(type(error)):
        await read_map(fetch_records)
    with pytest.raises(type(error)):
        await anext(read_history(fetch_rows))


async def test_r14_a_list_without_end_is_given_up() -> None:
    """A gateway that never stops listing is not believed, and fills no memory."""

    async def fetch(page: int) -> Records[str]:
        return Records(dict.fromkeys(range(page * 50_000, (page + 1) * 50_000), "x"))

    with pytest.raises(InvalidAnswerError, match=str(LIST_LIMITS.records)):
        await read_map(fetch)


async def test_r20_what_is_left_out_of_history_is_told() -> None:
    """A page of nothing but bad rows still says so."""

    async def fetch(_page: int) -> Rows:
        rows = Rows()
        rows.rejected["3[0]"] = "bad"
        return rows

    (page,) = [rows async for rows in read_history(fetch)]
    assert (list(page), page.rejected) == ([], {"3[0]": "bad"})


@pytest.mark.parametrize("bad", [False, True])
async def test_r14_history_without_end_is_given_up(bad: bool) -> None:  # noqa: FBT001 - a table of cases
    """Its rows come as they are read, and after so many it is not believed any more."""
    few = Limits(records=100, size=10**6, seconds=60)

    async def fetch(page: int) -> Rows:
        rows = Rows(
            HistoryRow(uid=1, timestamp=page, period_end=page * 50 + i, value=i) for i in range(5 if bad else 30)
        )
        rows.rejected = {f"1[{i}]": "bad" for i in range(25 * bad)}
        return rows

    pages: list[Rows] = []
    with pytest.raises(InvalidAnswerError, match="100 records"):
        pages.extend([rows async for rows in read_history(fetch, Budget(few))])


@pytest.mark.parametrize("what", ["bad records", "pages", "bytes", "time"])
async def test_r14_a_list_has_limits(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Records that are left out count; so do pages, bytes, and the time of all pages together."""
    now = 0.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    budget = Budget(Limits(records=100, size=10**6, seconds=60, pages=50))
    read = budget.sized(lambda body: body)
    asked = 0

    async def fetch(page: int) -> Records[str]:
        nonlocal asked, now
        asked += 1
        match what:
            case "bad records":
                return Records({}, {f"{page}.{i}": "bad" for i in range(30)})
            case "bytes":
                read(b"." * 300_000)
            case "time":
                now += 25
        return Records({page: "x"})

    with pytest.raises(InvalidAnswerError):
        await read_map(fetch, budget=budget)
    assert asked == {"bad records": 4, "pages": 50, "bytes": 4, "time": 3}[what]
