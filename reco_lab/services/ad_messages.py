"""What is asked of the server of ads and what it answers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from reco_lab.core.ads import Ad
from reco_lab.core.events import Decision, Stage
from reco_lab.core.unchanging import unchanging
from reco_lab.store.events.records import Tracked

UNWILLING = "She wants nothing kept about her."


@unchanging(eq=True)
class Answer:
    """What a website gets: the decision as it is logged, the ads in its order, and a sentence for each."""

    decision: Decision
    user_id: str
    ads: tuple[Ad, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class ItemsAnswer:
    """Recommended items, best first: id, title, score; who ranked them and with which version."""

    user_id: str
    items: tuple[tuple[str, str, float], ...]
    stage: Stage
    model_version: str


@dataclass(frozen=True)
class EventIn:
    """Feedback as a website sends it; `at` is its own moment, by default the moment it comes in."""

    event_id: str
    decision_id: str
    kind: str
    value: float | None = None
    at: datetime | None = None


@dataclass(frozen=True)
class VisitIn:
    """An interaction as a website sends it."""

    event_id: str
    user_id: str
    item_id: str
    kind: str = "view"
    value: float = 1.0
    at: datetime | None = None


@dataclass(frozen=True)
class Readiness:
    """Whether ads can be served as they should, and if not, what is wrong, in sentences."""

    ready: bool
    problems: tuple[str, ...]
    model_version: str
    policy: str
    ads: int


def with_unwilling(tracked: Tracked, willing: Sequence[int], count: int) -> Tracked:
    """The account of a whole batch, of which only the visits at the places `willing` went into the log."""
    refused = [(willing[place], reason) for place, reason in tracked.refused]
    refused += [(place, UNWILLING) for place in sorted(set(range(count)) - set(willing))]
    return replace(
        tracked, refused=tuple(sorted(refused)), new=tuple(willing[place] for place in tracked.new)
    )
