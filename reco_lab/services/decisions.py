"""The log of decisions, searched and read."""

import time
from dataclasses import dataclass
from datetime import datetime

from reco_lab.cleaning.personal import pseudonym
from reco_lab.core.events import Decision, Feedback
from reco_lab.services.privacy import pseudonym_key
from reco_lab.store.events.log import EventLog
from reco_lab.workspace import Workspace

PAGE = 50
_A_LOOK = 0.1


@dataclass(frozen=True)
class Sought:
    """Which decisions: what is empty or None does not restrict. `customer` is an id or a pseudonym."""

    customer: str = ""
    ad: str = ""
    slot: str = ""
    since: datetime | None = None
    until: datetime | None = None


def open_log(workspace: Workspace) -> EventLog:
    """The log for reading, while another process writes it."""
    return EventLog.open(workspace.home, workspace.clock, workspace.server, writer=False)


def search(
    workspace: Workspace, log: EventLog, sought: Sought, after: str | None = None, limit: int = PAGE
) -> list[Decision]:
    """Decisions, newest first; `after` is the request id of the last one of the page before."""
    return log.decisions(
        customer=pseudonym(pseudonym_key(workspace), sought.customer) if sought.customer else None,
        ad=sought.ad or None,
        slot=sought.slot or None,
        since=sought.since,
        until=sought.until,
        after=after,
        limit=limit,
    )


def one(log: EventLog, id_: str, patience: float = 0.0) -> tuple[Decision, list[Feedback]] | None:
    """A decision by its request id or one of its decision ids, and what came of it.

    One that was answered this moment is not in the tables yet: it is looked for again for `patience` seconds.
    """
    until = time.monotonic() + patience
    while (found := log.decision(id_)) is None and time.monotonic() < until:
        time.sleep(_A_LOOK)
    return found


def calls_a_minute(log: EventLog) -> tuple[int, ...]:
    """Decisions in each of the last sixty minutes, oldest first."""
    return tuple(minute.decisions for minute in log.minutes())
