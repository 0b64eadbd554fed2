"""Which part of a log is looked at: a span of days, some categories, some kinds."""

from dataclasses import dataclass
from datetime import date

from reco_lab.core.interactions import Kind


@dataclass(frozen=True)
class Scope:
    """A filter: days from `start` to `end` (both included, UTC), items of `categories`, rows of `kinds`.

    What is None or empty filters nothing; two scopes that are equal look at the same rows.
    """

    start: date | None = None
    end: date | None = None
    categories: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.start or self.end or self.categories or self.kinds)
