"""Compares the page "Now" of the Energy dashboard with the readings of the meters."""

from collections.abc import Mapping
from datetime import datetime
import math
import re
from typing import Any, Final

from playwright.async_api import Page
import pytest

from .browser import go
from .texts import read
from .truth import Truth, amount, signals, sources, states
from .world import World

_IS_POWER: Final = re.compile(r"-?[\d.,]+\s[kM]?W")


async def is_true_now(page: Page, world: World, truth: Truth) -> None:
    """Expect the reading of its meter for each power, and their balance on the page."""
    await go(page, world, "/energy/now")
    badge = page.locator("hui-power-total-badge").first
    await badge.wait_for()
    found = [source for source in await sources(world) if source.power is not None]
    uids = await signals(world)
    now = await states(world)
    for source in found:
        assert source.power is not None
        is_turned = source.power not in uids
        uid = power_of(truth, uids[source.counter]) if is_turned else uids[source.power]
        state = now[source.power]
        seen = truth.samples(uid, _shown_at(state))
        possible = {max(0.0, -value) for value in seen} if is_turned else seen
        assert any(_in_unit(state, truth.site.truth(uid)[1], value) for value in possible), (source, state, seen)

    async def balance() -> tuple[float, float]:
        shown = [text for text in await read(badge) if _IS_POWER.fullmatch(text)]
        now = await states(world)
        return amount(shown[0]) if shown else math.nan, sum(
            amount(f"{now[source.power]['state']} {now[source.power]['attributes']['unit_of_measurement']}")
            for source in found
            if source.kind in {"grid", "solar"} and source.power is not None
        )

    await world.until(lambda pair: pair[0] == pytest.approx(pair[1], abs=0.006, rel=0.002), balance)


def power_of(truth: Truth, counter: int) -> int:
    """Return the signal of the total power beside a counter."""
    return truth.site.find("active_power", truth.site.signals[counter].lid)


def _shown_at(state: Mapping[str, Any]) -> float:
    """Return the time at which a state was written."""
    return datetime.fromisoformat(state["last_updated"]).timestamp()


def _in_unit(state: Mapping[str, Any], unit: str, value: float) -> bool:
    """Return whether a state is a value in the gateway's unit."""
    return amount(f"{state['state']} {state['attributes']['unit_of_measurement']}") == pytest.approx(
        amount(f"{value} {unit}"), abs=1e-9
    )
