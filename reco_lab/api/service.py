"""What answers requests: the server of ads, the keys, the limits and the counts of one process."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from reco_lab.api.counters import Counters
from reco_lab.api.rates import Buckets
from reco_lab.api.refusals import busy
from reco_lab.api.settings import ApiSettings
from reco_lab.jobs.start import tend_state
from reco_lab.services import schedules
from reco_lab.services.ad_learning import LEARN_SECONDS
from reco_lab.services.ad_server import AdServer
from reco_lab.services.keys import KnownKeys, known_keys
from reco_lab.services.retention import expire
from reco_lab.serving.decide import choose
from reco_lab.serving.reasons import reasons_of
from reco_lab.workspace import Workspace

LOOK_SECONDS = 0.5
TICK_SECONDS = 5.0
ENDING_SECONDS = 5.0


@dataclass(eq=False)
class Service:
    """Everything a route may touch. `keys` are as they stood at most half a second ago.

    What may take long, as erasing or removing what is old, never keeps it from hearing of keys, wishes and ads.
    """

    workspace: Workspace
    server: AdServer
    settings: ApiSettings
    keys: KnownKeys
    counters: Counters = field(default_factory=Counters)
    _expired: date | None = None

    def __post_init__(self) -> None:
        share = max(1, self.settings.workers)
        per_key, per_customer = self.settings.rate_per_key / share, self.settings.rate_per_customer / share
        self._by_key = Buckets(per_key, max(1.0, 2 * per_key), most=1000)
        self._by_customer = Buckets(per_customer, max(1.0, 2 * per_customer))

    @classmethod
    def open(cls, settings: ApiSettings, workspace: Workspace | None = None) -> "Service":
        """Open the workspace and load what serves; InputError where another process serves it already."""
        workspace = workspace or Workspace.open()
        server = AdServer.open(workspace)
        _warm(server)
        return cls(workspace, server, settings, known_keys(workspace))

    def spend_key(self, id_: str) -> None:
        """Count a request of a key; a Refusal (429) if it asks too often."""
        if wait := self._by_key.take(id_, time.monotonic()):
            raise busy("This key asks too often.", wait)

    def spend_customer(self, user_id: str) -> None:
        """Count a request for a customer; a Refusal (429) if she is asked for too often."""
        if wait := self._by_customer.take(user_id, time.monotonic()):
            raise busy("This customer is asked for too often.", wait)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look every half second for a newer publication, changed ads and keys; close everything at the end."""
        work = (
            (LOOK_SECONDS, self._look),
            (LOOK_SECONDS, self.server.leaving.help),
            (LEARN_SECONDS, self.server.learn),
            (TICK_SECONDS, self._tick),
        )
        ended = asyncio.Event()
        tasks = [asyncio.create_task(self._again_and_again(ended, *one)) for one in work]
        try:
            yield
        finally:
            ended.set()
            # what works in a thread goes on though its task is cancelled, with what is closed here
            _, late = await asyncio.wait(tasks, timeout=ENDING_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
            self.server.close()

    async def _again_and_again(
        self, ended: asyncio.Event, seconds: float, work: Callable[[], Awaitable[object]]
    ) -> None:
        said = ""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), seconds)
            if ended.is_set():
                return
            try:
                await work()
                said = ""
            except Exception as error:  # noqa: BLE001 - whatever it is, what serves now serves on
                if said != (said := repr(error)):  # what goes on being wrong is told once
                    self.workspace.log.reference(error)

    async def _look(self) -> None:
        try:
            await self.server.refresh()
        finally:
            self.counters.ready(self.server.readiness().ready)
        self.keys = await asyncio.to_thread(known_keys, self.workspace)

    async def _tick(self) -> None:
        """Once a day, remove what is older than the retention allows; look after the state and what is due."""
        if (today := self.workspace.clock.now().date()) != self._expired:
            await asyncio.to_thread(expire, self.workspace, self.server.log)
            await asyncio.to_thread(_tidy, self.workspace)
            self._expired = today
        await asyncio.to_thread(tend_state, self.workspace)
        await asyncio.to_thread(_begin_due, self.workspace)


def _tidy(workspace: Workspace) -> None:
    from reco_lab.services.upkeep import tidy_if_due  # a server starts without it

    tidy_if_due(workspace)


def _begin_due(workspace: Workspace) -> None:
    """Begin what is due by its schedule; a server that has none does not load what that takes."""
    if schedules.due(workspace) or workspace.rounds.listing(1):
        from reco_lab.services.gate import begin_due

        begin_due(workspace)


def _warm(server: AdServer) -> None:
    """Choose for a customer, without a trace: what is loaded at its first use would keep the first website waiting."""
    server.readiness()
    if server.data is not None:
        weighed = server.weigh(str(server.data.interactions.user_ids[0]))
        reasons_of(
            server.snapshot, choose(server.snapshot, weighed, 1, np.random.default_rng(0)), server.title
        )
