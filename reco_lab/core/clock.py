"""The only door to the time of day."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol, Self

_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


def microseconds(moment: datetime) -> int:
    """A moment as tables and arrays hold it: microseconds since 1970 in UTC."""
    return (moment - _EPOCH) // _MICROSECOND


def moment(microseconds: int) -> datetime:
    """The moment of so many microseconds since 1970, in UTC."""
    return _EPOCH + timedelta(microseconds=microseconds)


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


@dataclass(frozen=True)
class RunningClock:
    """A clock that runs `rate` times as fast as the machine's, for everything that happens in a rehearsal.

    At the machine's moment `since` it shows `shown`; before that it stands still, and from the machine's moment
    `until` on it stands still again, so that what was done then can be looked at later as it was.
    """

    since: datetime
    shown: datetime
    rate: float
    until: datetime

    @classmethod
    def standing(cls, shown: datetime) -> Self:
        """A clock that was not started yet."""
        never = datetime.max.replace(tzinfo=UTC)
        return cls(never, shown, 1.0, never)

    @classmethod
    def started(cls, shown: datetime, rate: float, seconds: float) -> Self:
        """A clock that runs from now on, for so many of the machine's seconds."""
        now = datetime.now(UTC)
        return cls(now, shown, rate, now + timedelta(seconds=seconds))

    def stopped(self) -> Self:
        """This clock, standing still from now on."""
        return replace(self, until=min(self.until, datetime.now(UTC)))

    def now(self) -> datetime:
        """The moment it shows."""
        passed = min(datetime.now(UTC), self.until) - self.since
        return self.shown + max(passed, timedelta()) * self.rate

    def seconds_until(self, moment: datetime) -> float:
        """How many of the machine's seconds pass until it shows a moment, 0 where it showed that already."""
        return max((moment - self.now()).total_seconds() / self.rate, 0.0)

    @property
    def over(self) -> bool:
        """Whether it stands still for good."""
        return datetime.now(UTC) >= self.until
