"""What has to be said to make a shop: the same words make the same shop."""

from datetime import UTC, date, datetime, time
from typing import Self

import numpy as np
from pydantic import BaseModel, ConfigDict, model_validator

from reco_lab.core.parameters import tunable

SHORTEST_HISTORY = 28


class Shop(BaseModel):
    """A simulated outdoor and home shop: its size, its calendar and its seed.

    The last `test_days` are the test period, whose truth is known. With 0 test days the shop has no truth
    and its policy learns until the end.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    customers: int = tunable(2000, 50, 2_000_000, log=True, help="How many customers there are at the end")
    items: int = tunable(480, 56, 20_000, log=True, help="How many items there are at the end")
    ads: int = tunable(24, 1, 1000, log=True, help="How many ads there are")
    days: int = tunable(364, SHORTEST_HISTORY, 3660, help="How many days the shop is open")
    test_days: int = tunable(28, 0, 366, help="How many days at the end are the test period")
    slots: int = tunable(12, 1, 50, help="How many items the shop window shows")
    seed: int = tunable(0, 0, 2**31 - 1, help="The same seed makes the same shop")
    start: date = date(2025, 1, 6)

    @model_validator(mode="after")
    def _has_history(self) -> Self:
        if self.days - self.test_days < SHORTEST_HISTORY:
            raise ValueError(
                f"days must be at least {SHORTEST_HISTORY} more than test_days, or there is nothing to learn from"
            )
        return self

    @property
    def cut(self) -> int:
        """The day on which the test period begins, counted from the start of the shop."""
        return self.days - self.test_days

    def moment(self, day: int) -> np.datetime64:
        """Midnight at the beginning of a day, UTC, in microseconds."""
        return np.datetime64(self.start, "us") + np.timedelta64(day, "D")

    @property
    def opening(self) -> datetime:
        """The moment the shop opens, aware, in UTC."""
        return datetime.combine(self.start, time(), UTC)

    def rng(self, *stream: int) -> np.random.Generator:
        """A generator of the shop's own for one purpose: drawing more of one thing never changes another."""
        return np.random.default_rng([self.seed, *stream])
