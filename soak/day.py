"""One run: a gateway, Home Assistant, the episodes, and the report."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
import gc
import logging
from pathlib import Path
import sys
import time
from typing import Any, Final

from homeassistant.components.recorder.db_schema import StatisticsMeta, StatisticsShortTerm
from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.recorder import get_instance, session_scope

from custom_components.carlo_gavazzi_ems.api import auth
from simulator import Gateway, SiteKind, build_site
from simulator.site.sampling import latest
from testbed.site_codes import codes_of

from .episodes import CALM, OFFLINE, REBOOT, RESTART, Episode, episodes
from .home import Home
from .judge import Gain, Listener, Report, Usage
from .jumping_clock import real_monotonic

_USERNAME, _PASSWORD = "homeassistant", "correct horse"  # they open nothing
#: Seconds by which a recorded counter may lag: the poll interval, an answer, and the counter's throttle.
_AGE: Final = 10 + 5 + 62
REALTIME: Final = "/v1/signals/realtime"
_KWH: Final = {"kWh": 1.0, "Wh": 1e-3, "MWh": 1e3}


async def make_gateway(seed: int) -> Gateway:
    """Return the gateway of a seed, with its certificate: TLS libraries need real time for that."""
    gateway = Gateway(build_site(SiteKind.FLAT, seed=seed), username=_USERNAME, password=_PASSWORD)
    await gateway.rotate_certificate()
    return gateway


class Day:
    """Runs one soak test."""

    def __init__(self, gateway: Gateway, folder: Path, hours: float, seed: int, only: Sequence[str] = ()) -> None:
        """Take the gateway, the folder for Home Assistant, and the hours, seed and kinds of episode of the run."""
        self._begin = time.time()
        self._site = gateway.site
        self._gateway = gateway
        self._home = Home(folder)
        self._codes = codes_of(self._site)
        self._listener = Listener()
        self._only = only
        self.report = Report(hours=hours, seed=seed)

    async def run(self) -> Report:
        """Run all episodes and return the report."""
        report, since = self.report, real_monotonic()
        with self._heard():
            async with self._gateway:
                await self._home.start()
                await self._home.add(
                    title="EMS 0000",
                    unique_id=self._gateway.identity.serial_number,
                    data={
                        "host": self._gateway.host,
                        "port": self._gateway.port,
                        "fingerprint": self._gateway.fingerprint,
                        "username": _USERNAME,
                        "password": _PASSWORD,
                    },
                    options={"codes": self._codes},
                )
                for episode in episodes(report.hours, report.seed, self._site, self._only):
                    await self._until(episode.start)
                    self._measure(episode.start)
                    await self._play(episode)
                await self._until(report.hours * 3600 - CALM)
                self._measure(report.hours * 3600 - CALM)
                await self._until(report.hours * 3600)
                self._measure(report.hours * 3600)
                await get_instance(self._home.hass).async_block_till_done()
                report.gains = [gain async for gain in self._gains(self._home.hass)]
                report.logins = self._gateway.logins
                await self._home.stop()
        report.lines, report.bugs = self._listener.lines, self._listener.bugs
        report.seconds = real_monotonic() - since
        return report

    async def _until(self, seconds: float) -> None:
        """Wait until `seconds` after the start of the run."""
        await asyncio.sleep(max(0.0, self._begin + seconds - time.time()))

    async def _play(self, episode: Episode) -> None:
        """Start an episode, end it, and log in again if Home Assistant asks for it."""
        logging.getLogger(__name__).info("%s", episode)
        self.report.played.append(episode.what)
        gateway = self._gateway
        match episode.what:
            case str() if episode.what == REBOOT:
                gateway.reboot()
            case str() if episode.what == OFFLINE:
                await gateway.stop()
                await self._until(episode.start + episode.seconds)
                await gateway.start()
            case str() if episode.what == RESTART:
                await self._home.stop()
                await self._until(episode.start + episode.seconds)
                await self._home.start()
            case _ if episode.fault is not None:
                gateway.faults.add(episode.fault)
                await self._until(episode.start + episode.seconds)
                gateway.faults.clear()
        await self._log_in_again()

    async def _log_in_again(self) -> None:
        """Submit the password if a reauthentication flow is open."""
        flows = self._home.hass.config_entries.flow
        for flow in flows.async_progress():
            if flow["context"]["source"] == SOURCE_REAUTH:
                await flows.async_configure(flow["flow_id"], {"username": _USERNAME, "password": _PASSWORD})

    def _measure(self, now: float) -> None:
        """Count polls; after a quarter of the run, measure memory and tasks."""
        # The gateway's log of requests would count as memory growth.
        asked, self._gateway.requests = self._gateway.requests, []
        self.report.polls += sum(request.path == REALTIME for request in asked)
        if now >= self.report.hours * 3600 / 4:
            gc.collect()
            self.report.usage.append(Usage(sys.getallocatedblocks(), len(asyncio.all_tasks())))

    async def _gains(self, hass: HomeAssistant) -> AsyncIterator[Gain]:
        """Yield what each energy counter gained in the statistics and by its meter."""
        registry, serial = er.async_get(hass), self._gateway.identity.serial_number
        for uid, signal in self._site.signals.items():
            text = self._codes.get(str(signal.si), "")
            entity_id = registry.async_get_entity_id("sensor", "carlo_gavazzi_ems", f"{serial}_{uid}")
            if not text.startswith("energy_") or entity_id is None or registry.entities[entity_id].disabled:
                continue
            rows = await get_instance(hass).async_add_executor_job(_rows, hass, entity_id)
            if not rows:
                continue
            unit = _KWH[text.partition("/")[2]]
            zero = rows[0].state - rows[0].sum
            end = rows[-1].start_ts + 300
            yield Gain(
                entity_id=entity_id,
                gained=rows[-1].sum * unit,
                least=(self._truth(uid, end - _AGE) - zero) * unit,
                most=(self._truth(uid, end) - zero) * unit,
                behind=time.time() - end,
            )

    def _truth(self, uid: int, when: float) -> float:
        """Return the true reading of a counter at a time, in the gateway's unit."""
        return next(latest(self._site, [self._site.signals[uid]], when, {})).value

    @contextmanager
    def _heard(self) -> Iterator[None]:
        """Collect log records."""
        root = logging.getLogger()
        root.addHandler(self._listener)
        root.setLevel(logging.INFO)
        try:
            yield
        finally:
            root.removeHandler(self._listener)


def token_age_by_this_clock() -> None:
    """Let tokens expire by the jumping clock; their default clock was bound at import."""
    defaults = auth.TokenManager.__init__.__kwdefaults__
    if defaults is None:
        raise RuntimeError("the age of a token has no clock of its own any more")
    defaults["clock"] = lambda: time.monotonic()  # noqa: PLW0108  # looked up when called


def _rows(hass: HomeAssistant, entity_id: str) -> list[Any]:
    """Return a sensor's short-term statistics, in order."""
    row = StatisticsShortTerm
    with session_scope(hass=hass, read_only=True) as session:
        return list(
            session.query(row.start_ts, row.state, row.sum)
            .join(StatisticsMeta, StatisticsMeta.id == row.metadata_id)
            .filter(StatisticsMeta.statistic_id == entity_id)
            .order_by(row.start_ts)
            .all()
        )
