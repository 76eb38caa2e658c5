"""Every choice that the document leaves open about pages and spans."""

from typing import Any, Literal, get_args

import pytest

from . import Gateway
from .conftest import START, Client
from .history import EmptyPage

END = int(START) // 60 * 60


async def pages(client: Client, uids: list[int], limit: int) -> list[dict[str, list[dict[str, Any]]]]:
    """Return all pages of an hour's rows until one is empty."""
    query = {"uids": ",".join(map(str, uids)), "start": str((END - 3600) * 1000), "end": str(END * 1000)}
    found = []
    for page in range(1, 100):
        history = (await client.get("/v1/signals/history", limit=str(limit), page=str(page), **query))["history"]
        if not history:
            break
        found.append(history)
    return found


@pytest.mark.parametrize("counts", ["all", "signal"])
@pytest.mark.parametrize("order", ["signal", "time"])
async def test_both_readings_of_limit(
    gateway: Gateway, client: Client, counts: Literal["all", "signal"], order: Literal["signal", "time"]
) -> None:
    """Each gives every row once; no page has more than the limit allows."""
    gateway.history.limit_counts, gateway.history.order = counts, order
    uids = list(gateway.site.signals)[:3]
    found = await pages(client, uids, 50)
    rows = [(row["uid"], row["p"]) for history in found for listed in history.values() for row in listed]
    assert sorted(rows) == sorted((uid, END - 3600 + 60 * number) for uid in uids for number in range(61))
    sizes = [[len(listed) for listed in history.values()] for history in found]
    if counts == "signal":
        assert sizes == [[50, 50, 50], [11, 11, 11]]
    else:
        assert [sum(size) for size in sizes] == [50, 50, 50, 33]
        assert len(sizes[0]) == (3 if order == "time" else 1)


async def test_a_capped_limit(gateway: Gateway, client: Client) -> None:
    """The gateway gives less than was asked for, and pages go by its own size."""
    gateway.history.cap = 20
    found = await pages(client, [next(iter(gateway.site.signals))], 1000)
    assert [len(listed) for history in found for listed in history.values()] == [20, 20, 20, 1]


@pytest.mark.parametrize("field", ["p", "t"])
@pytest.mark.parametrize("ends", [(True, True), (True, False), (False, True), (False, False)])
async def test_ends_of_the_span(
    gateway: Gateway, client: Client, field: Literal["p", "t"], ends: tuple[bool, bool]
) -> None:
    """Either end may belong to it, by `p` or by `t`."""
    gateway.history.span_field = field
    gateway.history.includes_start, gateway.history.includes_end = ends
    uid = gateway.site.signal("Grid", "power").uid
    shift = 0 if field == "p" else 1
    start, end = END - 300 - shift, END - 60 - shift
    rows = await client.get(f"/v1/signals/{uid}/history", start=str(start * 1000), end=str(end * 1000))
    expected = range(END - 300 + (0 if ends[0] else 60), END - 60 + (60 if ends[1] else 0), 60)
    assert [row["p"] for row in rows] == list(expected)


@pytest.mark.parametrize("form", get_args(EmptyPage.__value__))
async def test_forms_of_an_empty_page(gateway: Gateway, client: Client, form: EmptyPage) -> None:
    """All that a gateway may say in place of a page without rows."""
    gateway.history.empty_page = form
    uid = next(iter(gateway.site.signals))
    query = f"start={(END + 86400) * 1000}&end={(END + 90000) * 1000}"
    alone = await client.request("GET", f"/v1/signals/{uid}/history?{query}")
    many = await client.request("GET", f"/v1/signals/history?uids={uid}&{query}")
    error = {"400": (400, b'{"error":400}'), "404": (404, b'{"error":404}')}
    plain = {"object": b"{}", "null": b"null", "array": b"[]", "nothing": b""}
    expected = error.get(form) or ((204, b"") if form == "204" else (200, plain.get(form, b'{"history":{}}')))
    assert many == expected
    assert alone == ((200, b"[]") if form == "map" else expected)


async def test_retention(gateway: Gateway, client: Client) -> None:
    """What is older than the gateway keeps, or than the gateway itself, is not there."""
    uid = gateway.site.signal("Grid", "power").uid
    first = await client.get(f"/v1/signals/{uid}/history", limit="1")
    assert first[0]["p"] == pytest.approx(START - 8 * 86400, abs=60)
    gateway.history.retention = 3600
    rows = await client.get(f"/v1/signals/{uid}/history")
    assert len(rows) == 60
    gateway.history.retention = 10
    assert await client.status(f"/v1/signals/{uid}/history/last") == 404
    assert await client.get("/v1/signals/history/last") == {"history": {}}
