"""Customers that are programs: faster than a hand, or awake at every hour and never buying."""

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
import pandas as pd

from reco_lab.cleaning.steps._leaving import LeavesOut, Mask, counted
from reco_lab.core.parameters import tunable
from reco_lab.core.step import StepContext, Suggestion, require_column

FEWEST_ROWS = 100
_LOOKING = ("view", "click", "interaction")


class Robots(LeavesOut):
    """Leave out customers that look like programs.

    Either one hour holds more than `an_hour` different moments of theirs, or they looked at 100 things or
    more in at least `hours` of the 24 hours of the day and never did anything else.
    """

    label: ClassVar[str] = "Robots"
    summary: ClassVar[str] = (
        "Leave out customers faster than a hand, or awake at every hour and never buying."
    )
    an_hour: int = tunable(400, 10, 100_000, log=True, help="More different moments in an hour than this.")
    hours: int = tunable(20, 1, 24, help="Awake in at least so many hours of the day, and only looking.")

    @property
    def reason(self) -> str:
        """Why a row is left out."""
        return "is of a customer that looks like a robot"

    @classmethod
    def suggest(cls, frame: pd.DataFrame, ctx: StepContext) -> Iterator[Suggestion]:
        """Off: a good customer looks like one at times, so a person should look."""
        if "time" not in frame or ctx.meanings.get("value") == "rating":
            return
        flagged = cls().flagged(frame, ctx)
        if flagged.any():
            many = frame["user"][flagged].nunique()
            yield Suggestion(
                cls(),
                f"{many:,} customer{'s' * (many != 1)} with {counted(flagged)} look like robots: more than 400 "
                "different moments in an hour, or awake at every hour and never buying.",
            )

    def flagged(self, frame: pd.DataFrame, ctx: StepContext) -> Mask:  # noqa: ARG002 - the contract of steps
        """The rows of such customers."""
        times = require_column(frame, "time", self)
        users, names = pd.factorize(frame["user"])
        known = (users >= 0) & times.notna().to_numpy(bool)
        seconds = times.to_numpy("datetime64[s]").astype(np.int64)
        robots = self._fast(users[known], seconds[known], len(names))
        if "kind" in frame:
            looking = frame["kind"].isin(_LOOKING).to_numpy(bool)
            robots |= self._sleepless(users, seconds, known, looking, len(names))
        return np.append(robots, False)[users]

    def _fast(self, users: np.ndarray, seconds: np.ndarray, size: int) -> Mask:
        """Who has too many different moments in an hour."""
        order = np.lexsort((seconds, users))
        users, seconds = users[order], seconds[order]
        new = np.append(True, (np.diff(users) != 0) | (np.diff(seconds) != 0))[: len(users)]
        users, hours = users[new], seconds[new] // 3600
        starts = np.flatnonzero(np.append(True, (np.diff(users) != 0) | (np.diff(hours) != 0))[: len(users)])
        lengths = np.diff(np.append(starts, len(users)))
        fast = np.zeros(size, bool)
        fast[users[starts[lengths > self.an_hour]]] = True
        return fast

    def _sleepless(
        self, users: np.ndarray, seconds: np.ndarray, known: Mask, looking: Mask, size: int
    ) -> Mask:
        """Who looked at every hour and did nothing else."""
        only_looking = np.bincount(users[(users >= 0) & ~looking], minlength=size) == 0
        many = np.bincount(users[known], minlength=size) >= FEWEST_ROWS
        awake = np.zeros((size, 24), bool)
        awake[users[known], (seconds[known] // 3600) % 24] = True
        return np.asarray(only_looking & many & (awake.sum(axis=1) >= self.hours))
