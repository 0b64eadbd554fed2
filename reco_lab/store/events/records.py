"""What goes into the log and what it answers."""

import math
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from reco_lab.core.ads import LONGEST_ID
from reco_lab.core.clock import microseconds
from reco_lab.core.events import Decision, Feedback, Visit
from reco_lab.store.schema import unkept

Side = Literal["users", "items"]

AHEAD = (
    5 * 60 * 10**6
)  # microseconds; clocks differ: so far may an event lie in the future, or before its decision
LATE = (
    90 * 24 * 3600 * 10**6
)  # microseconds; a telephone that was off sends late; what is older changes no decision any more
LONGEST_PAYLOAD = 2_000


@dataclass(frozen=True)
class Tracked:
    """What became of a batch: how many were new, how many repeated, and which were refused, by place and reason.

    `new` are the places of those that were new, `first_clicks` the ads that got the first click of a decision, each
    with what that is billed.
    """

    accepted: int
    duplicates: int = 0
    refused: tuple[tuple[int, str], ...] = ()
    new: tuple[int, ...] = ()
    first_clicks: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class RefusedEvent:
    """An event that was kept apart: when it came, what it said, and why it was refused."""

    number: int
    at: datetime
    payload: str
    reason: str


@dataclass(frozen=True)
class Minute:
    """What came in one minute, which began `at`."""

    at: datetime
    decisions: int
    events: int


@dataclass(frozen=True)
class Counts:
    """How much there is. `feedback` by kind; `minutes` are the last sixty, oldest first."""

    decisions: int = 0
    feedback: Mapping[str, int] = field(default_factory=dict)
    visits: int = 0
    duplicates: int = 0
    refused: int = 0
    minutes: tuple[Minute, ...] = ()


@dataclass(frozen=True)
class Description:
    """The attributes of a customer or an item, as told at a moment."""

    side: str
    id: str
    attributes: Mapping[str, str]
    at: datetime


@dataclass(frozen=True)
class Refusal:
    """Something to be kept apart."""

    at: datetime
    shape: str
    subject: str
    payload: str
    reason: str


@dataclass(frozen=True, eq=False)
class Parcel:
    """What came in one call, and who waits for it: events of one kind, or something to do with the database."""

    events: tuple[Feedback | Visit | Description | Refusal, ...]
    future: "Future[Any]"
    deed: Callable[[sa.Engine], Any] | None = None


@dataclass(frozen=True, eq=False)
class Batch:
    """What is committed together: decisions first, so that what follows finds them."""

    decisions: list[Decision]
    parcels: list[Parcel]


def malformed(event: Feedback | Visit) -> str:
    """Why an event cannot be kept at all; empty if it can."""
    ids = (
        (event.event_id, event.decision_id)
        if isinstance(event, Feedback)
        else (event.event_id, event.customer, event.item_id, event.kind)
    )
    if not all(ids) or max(map(len, ids)) > LONGEST_ID:
        return f"An id is empty or longer than {LONGEST_ID} characters."
    if unkept("".join(ids)):
        return "An id has characters that no database keeps."
    if event.value is not None and not math.isfinite(event.value):
        return "The value is not a finite number."
    return ""


def untimely(at: int, received: int) -> str:
    """Why an event is too early or too late, whatever else is in the log; empty if it is neither."""
    if at - received > AHEAD:
        return "Its time is more than 5 minutes in the future."
    if received - at > LATE:
        return "It is more than 90 days old."
    return ""


def fault(event: Feedback | Visit) -> str:
    """Why an event is refused whatever else is in the log; empty if it is not."""
    return malformed(event) or untimely(microseconds(event.at), microseconds(event.received))
