"""How requests are counted, and the limits of the answers that are kept."""

from custom_components.carlo_gavazzi_ems.api import EmsClient, Traffic
from simulator import Gateway


def keeping() -> Traffic:
    """Return a traffic that keeps answers."""
    traffic = Traffic()
    traffic.keep_answers()
    return traffic


def bodies(traffic: Traffic) -> list[bytes]:
    """Return the bodies that are kept."""
    return [answer.body for answer in traffic.answers or ()]


def test_one_tally_for_all_uids() -> None:
    """Requests are counted by kind, with the mean and the longest time."""
    traffic = Traffic()
    for uid, seconds in ((7, 0.5), (8, 1.5)):
        traffic.ended(f"/v1/devices/{uid}/loads", seconds)
    traffic.ended("/v1/devices", 1.0, TimeoutError("ems.local"))
    assert list(traffic.tallies) == ["/v1/devices/{uid}/loads", "/v1/devices"]
    tally = traffic.tallies["/v1/devices/{uid}/loads"]
    assert (tally.count, tally.errors, tally.mean, tally.longest) == (2, 0, 1.0, 1.5)
    assert traffic.tallies["/v1/devices"].last_error == "TimeoutError"


def test_nothing_is_kept_unasked() -> None:
    """By default no answer is kept in memory."""
    traffic = Traffic()
    traffic.answered("/ver", None, b"{}")
    assert traffic.answers is None


def test_the_last_answer_of_each_kind() -> None:
    """A newer one takes the place of an older one; a long list is kept in its pages, as many as there are now."""
    traffic = keeping()
    for page in (1, 2, 3):
        traffic.answered("/v1/signals", {"page": str(page)}, b"old %d" % page)
    traffic.answered("/v1/signals", {"page": "1"}, b"new 1")
    traffic.answered("/v1/signals/5", None, b"five")
    traffic.answered("/v1/signals/6", None, b"six")
    assert bodies(traffic) == [b"new 1", b"six"]


def test_a_list_asked_for_in_parts() -> None:
    """Each part of a long list of UIDs is kept."""
    traffic = keeping()
    for first in (1, 1001):
        traffic.answered("/v1/signals/realtime", {"uids": f"{first},{first + 1}", "page": "1"}, b"%d" % first)
    assert sorted(bodies(traffic)) == [b"1", b"1001"]


def test_of_history_only_the_last_first_page() -> None:
    """Every reading of history asks for something else; one page tells how it looks."""
    traffic = keeping()
    for uid in (1, 2, 3):
        for page in (1, 2):
            traffic.answered("/v1/signals/history", {"uids": f"{uid}", "page": str(page)}, b"%d/%d" % (uid, page))
    assert bodies(traffic) == [b"3/1"]


def test_r14_what_is_kept_has_an_end() -> None:
    """One answer over 1 MB is not kept, and all together stay below 8 MB; what is replaced makes room."""
    traffic = keeping()
    traffic.answered("/v1/devices", None, bytes(2 * 1024 * 1024))
    assert bodies(traffic) == []
    for round_ in range(3):
        for page in range(1, 30):
            traffic.answered("/v1/signals", {"page": str(page)}, bytes(1024 * 1024))
        assert len(bodies(traffic)) == 8, round_


async def test_r14_a_login_is_never_kept(gateway: Gateway, client: EmsClient) -> None:
    """Its answer contains the token."""
    client.traffic.keep_answers()
    await client.loads()
    assert client.traffic.answers is not None
    assert {answer.path for answer in client.traffic.answers} == {"/v1/loads"}
    assert set(client.traffic.tallies) == {"/v1/auth/login", "/v1/loads"}
