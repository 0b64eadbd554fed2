"""Everything that is known of a period, worked out where it is asked for."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
import pandas as pd

from reco_lab.monitoring import kpis
from reco_lab.monitoring.alarms import Watch
from reco_lab.monitoring.drift import Drift
from reco_lab.monitoring.facts import EVERYTHING, Facts, Slice
from reco_lab.monitoring.kpis import Random, Speed, Spread, Sums
from reco_lab.monitoring.limits import Chart
from reco_lab.monitoring.sentences import Alarm, Names

MOST_ROWS = 20


@dataclass(frozen=True)
class Freshness:
    """How old what serves is: since when it serves, its data's last interaction, rows it has not seen.

    `newest` is the number of the newest version of its data set, `trained` that of its own.
    """

    name: str
    version: str
    since: datetime
    last: datetime | None
    trained: int
    newest: int


@dataclass(frozen=True, eq=False)
class Look:
    """A period as it stands at a moment.

    `now` are its facts, `before` those of the period before it, `watch` both, searched for what moved (None: there is
    too little yet to know what is usual). `alarms` say what moved. `credited` are the conversions that
    count, `bookable` the ads that fly, `known` the customers whom the model's data know, `last` the last decision,
    `refused` the share of events that were.
    """

    at: datetime
    now: Facts
    before: Facts
    watch: Watch | None
    alarms: tuple[Alarm, ...]
    credited: pd.DataFrame
    names: Names
    bookable: int
    known: frozenset[str]
    fresh: Freshness | None
    drifts: tuple[Drift, ...]
    last: datetime | None
    refused: float

    @cached_property
    def sums(self) -> Sums:
        """The figures of the period."""
        return kpis.sums(self.now, self.credited)

    @cached_property
    def usual(self) -> kpis.Rate:
        """The click rate of the period before."""
        return kpis.click_rate(self.before)

    @cached_property
    def random(self) -> Random:
        """First places beside what even chance would have put there."""
        return kpis.at_random(self.now)

    @cached_property
    def spread(self) -> Spread:
        """How widely what is shown is spread."""
        return kpis.spread_of(self.now, self.bookable)

    @cached_property
    def speed(self) -> Speed:
        """How long answers took."""
        return kpis.speed_of(self.now)

    @cached_property
    def newcomers(self) -> tuple[float, float]:
        """The share of decisions for customers whom the model does not know, and for those without a name."""
        return kpis.newcomers(self.now, self.known)

    @property
    def fallback(self) -> float:
        """The share of decisions that a stand-in made."""
        return float(self.now.fallback[self.now.kept].mean()) if len(self.now.period) else np.nan

    @property
    def unanswered(self) -> float:
        """The share of decisions that had no ad to show."""
        return float((~self.now.answered).mean()) if len(self.now.period) else np.nan

    def chart(self, part: Slice = EVERYTHING) -> Chart | None:
        """The click rate of a part by step of `watch`, with the limits that chance allows it; None where unknown."""
        return None if self.watch is None else self.watch.click_chart(part)

    def by(self, dimension: str) -> list[tuple[Slice, Sums]]:
        """The figures of each value of a dimension, those shown most first."""
        return kpis.by(self.now, dimension, self.credited, MOST_ROWS)
