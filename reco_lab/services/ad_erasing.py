"""Customers who are being erased, as the process that serves them sees it: forgotten at once, erased from its log."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from reco_lab.services import erasure
from reco_lab.services.pending import Pending, pending
from reco_lab.services.privacy import suppress
from reco_lab.store.events.log import EventLog
from reco_lab.workspace import Workspace


@dataclass(eq=False)
class Leaving:
    """The names of those who are being erased; `forget` drops from memory what is known of them.

    `lately` are those who left since somebody last began to read who objects.
    """

    workspace: Workspace
    log: EventLog
    forget: Callable[[], None]
    names: list[str] = field(default_factory=list)
    lately: set[str] = field(default_factory=set)
    _helped: set[str] = field(default_factory=set)
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def erase(self, user_id: str, name: str, *, who: str) -> erasure.Receipt:
        """Erase a customer everywhere, by her id and her name."""
        with self._gone(name):
            await asyncio.to_thread(suppress, self.workspace, [name])
            self.forget()
            async with self._one_at_a_time:
                work = partial(erasure.erase, self.workspace, user_id, who=who, log=self.log)
                return await asyncio.to_thread(work)

    async def help(self) -> None:
        """Erase from this process's log and journal, which no other can write, whom another process is erasing."""
        found = await asyncio.to_thread(pending, self.workspace)
        self._helped &= {one.name for one in found}
        for one in found:
            if not one.answered and one.name not in self.names and one.name not in self._helped:
                await self._erase_here(one)

    async def _erase_here(self, one: Pending) -> None:
        with self._gone(one.name):
            self.forget()
            rows = await asyncio.to_thread(self.log.erase, one.name)
        if self.log.durable_server:
            self._helped.add(one.name)
            one.help(rows)
        else:
            one.answer(rows)

    @contextmanager
    def _gone(self, name: str) -> Iterator[None]:
        """Count her among those who leave until it is done, or has failed and is tried again; then forget what came meanwhile."""
        self.names.append(name)
        try:
            yield
        finally:
            self.forget()
            self.names.remove(name)
            self.lately.add(name)
