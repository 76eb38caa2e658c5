"""Paging, with each meaning of `limit`."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from simulator import Dialect, Gateway, LimitCounts, ManualClock, Site, SiteKind, build_site

from .probe import NOW, Probe

HOUR = {"start": int((NOW - 3600) * 1000), "end": int(NOW * 1000)}


async def pages(probe: Probe, path: str, limit: int, **params: Any) -> AsyncIterator[dict[str, Any]]:
    """Yield pages until one is empty."""
    for page in range(1, 400):
        records = await probe.records(path, limit=limit, page=page, **params)
        if not records:
            return
        yield records
    raise AssertionError("pages without end")


@pytest.mark.parametrize("path", ["/v1/signals", "/v1/signals/realtime", "/v1/signals/history/last"])
@pytest.mark.parametrize(("limit", "cap", "expected"), [(10, None, 10), (1000, 7, 7), (3, 7, 3)])
async def test_lists_come_in_pages(
    probe: Probe, gateway: Gateway, site: Site, path: str, limit: int, cap: int | None, expected: int
) -> None:
    """Every signal once, in the order of UIDs, no page longer than limit and cap allow."""
    gateway.dialect.limit_cap = cap
    found: list[str] = []
    async for records in pages(probe, path, limit):
        assert len(records) <= expected
        found += records
    assert found == [str(uid) for uid in sorted(site.signals)]
    assert len(await probe.records(path, limit=limit)) == expected


async def test_the_default_is_a_thousand_signals_on_the_first_page(socket_enabled: None) -> None:
    """Without limit and page: the first 1000."""
    site = build_site(SiteKind.LOAD_TEST, signals=1500)
    async with Gateway(site) as gateway, Probe.on(gateway) as probe:
        first = await probe.records("/v1/signals")
        second = await probe.records("/v1/signals", page=2)
        assert (len(first), len(second)) == (1000, 500)
        assert not set(first) & set(second)
        assert len(await probe.records("/v1/signals", limit=1500)) == 1500


async def test_the_cap_can_be_given_to_the_gateway(socket_enabled: None, site: Site) -> None:
    """A keyword of the gateway, for short."""
    async with Gateway(site, limit_cap=5) as gateway, Probe.on(gateway) as probe:
        assert len(await probe.records("/v1/signals")) == 5


async def test_filters_come_before_pages(probe: Probe) -> None:
    """The second page of three UIDs, two a page, has the third."""
    assert list(await probe.records("/v1/signals", uids="3,4,5", limit=2, page=2)) == ["5"]


@pytest.mark.parametrize(("limit", "cap", "size"), [(100, None, 100), (1000, 90, 90), (7, 90, 7)])
@pytest.mark.parametrize(
    "path", ["/v1/signals/history", "/v1/devices/1/signals/history", "/v1/loads/2/signals/history"]
)
async def test_limit_counts_all_rows(
    probe: Probe, gateway: Gateway, path: str, limit: int, cap: int | None, size: int
) -> None:
    """A page has so many rows in all; a signal's rows may go on on the next page; every row comes once."""
    gateway.dialect.limit_cap = cap
    span = {"start": int((NOW - 600) * 1000), "end": HOUR["end"]}
    found: dict[str, list[int]] = {}
    sizes = []
    async for records in pages(probe, path, limit, **span):
        sizes.append(sum(len(rows) for rows in records.values()))
        for uid, rows in records.items():
            found.setdefault(uid, []).extend(row["p"] for row in rows)
    assert set(sizes[:-1]) <= {size}
    assert 0 < sizes[-1] <= size
    expected = [int(NOW - 600 + 60 * minute) for minute in range(1, 11)]
    assert all(times == expected for times in found.values())
    assert len(found) == len(gateway.site.signals if path == "/v1/signals/history" else gateway.site.signals_of_load(2))


@pytest.mark.parametrize(("limit", "cap", "size"), [(25, None, 25), (1000, 8, 8)])
async def test_limit_counts_the_rows_of_each_signal(
    probe: Probe, gateway: Gateway, limit: int, cap: int | None, size: int
) -> None:
    """Every page has the next rows of every signal."""
    gateway.dialect = Dialect(limit_counts=LimitCounts.ROWS_PER_SIGNAL, limit_cap=cap)
    found: dict[str, list[int]] = {}
    async for records in pages(probe, "/v1/signals/history", limit, **HOUR):
        assert set(records) == {str(uid) for uid in gateway.site.signals}
        assert {len(rows) for rows in records.values()} <= {size, 60 % size}
        for uid, rows in records.items():
            found.setdefault(uid, []).extend(row["p"] for row in rows)
    assert all(times == [int(NOW - 3600 + 60 * minute) for minute in range(1, 61)] for times in found.values())


@pytest.mark.parametrize("counts", LimitCounts)
async def test_a_single_signals_history_is_a_bare_list_in_pages(
    probe: Probe, gateway: Gateway, counts: LimitCounts
) -> None:
    """Under either reading `limit` counts its rows."""
    gateway.dialect.limit_counts = counts
    rows = []
    for page in (1, 2, 3, 4):
        part = (await probe.get("/v1/signals/3/history", limit=25, page=page, **HOUR)).json
        assert len(part) == (25, 25, 10, 0)[page - 1]
        rows += part
    assert [row["p"] for row in rows] == [int(NOW - 3600 + 60 * minute) for minute in range(1, 61)]


async def test_pages_far_beyond_the_end_are_empty(probe: Probe) -> None:
    """The last page there can be is as empty as the first after the end."""
    for path in ("/v1/signals", "/v1/signals/realtime", "/v1/signals/history"):
        assert await probe.records(path, page=2_147_483_647, limit=2_147_483_647) == {}
    assert (await probe.get("/v1/signals/3/history", page=2_147_483_647)).json == []


async def test_even_without_a_cap_an_answer_has_an_end(probe: Probe) -> None:
    """Two days of all signals would be 160,000 rows; no answer has more than ten thousand."""
    everything = await probe.records("/v1/signals/history", limit=2_147_483_647, start=0)
    assert sum(len(rows) for rows in everything.values()) == 10_000


async def test_rows_do_not_jump_between_pages_while_time_goes_on(probe: Probe, clock: ManualClock) -> None:
    """With a fixed span, a row that closes between two requests changes nothing."""
    first = (await probe.get("/v1/signals/3/history", limit=30, **HOUR)).json
    clock.advance(120)
    second = (await probe.get("/v1/signals/3/history", limit=30, page=2, **HOUR)).json
    assert [row["p"] for row in first + second] == [int(NOW - 3600 + 60 * minute) for minute in range(1, 61)]
