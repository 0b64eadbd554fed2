"""Which part of a log is looked at: a span of days, some categories, some kinds, the customers of a segment."""

from dataclasses import dataclass
from datetime import date

from reco_lab.core.interactions import Kind
from reco_lab.core.segment import Definition


@dataclass(frozen=True)
class Scope:
    """A filter: days from `start` to `end` (both included, UTC), items of `categories`, rows of `kinds`.

    `rule` leaves the customers of the segment called `segment`; who they are is told by the whole log. What
    is None or empty filters nothing; two scopes that are equal look at the same rows.
    """

    start: date | None = None
    end: date | None = None
    categories: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ()
    segment: str = ""
    rule: Definition | None = None

    def __bool__(self) -> bool:
        return bool(self.start or self.end or self.categories or self.kinds or self.rule)
