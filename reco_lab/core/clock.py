"""The only door to the time of day."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Anything that tells the time in UTC."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The machine's time in UTC."""
        return datetime.now(UTC)


@dataclass
class ManualClock:
    """A clock that stands still until it is moved: for tests and for simulated shops."""

    at: datetime

    def now(self) -> datetime:
        """The moment the clock was last set to."""
        return self.at
