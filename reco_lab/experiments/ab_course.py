"""What the customers of an A/B test did, step by step: their sums for each group, and how many came to each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.experiments.sequential import Tally

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Outcome:
    """A number of which a test tells: a sum `top` by a sum `base`, or by the customers where there is no base.

    `label` names it, `noun` what there is more or less of, `verb` what an arm does with it. `better`: +1
    where more is good, -1 where less is. As a guardrail it is broken where it is worse by more than is
    `tolerated`.
    """

    label: str
    noun: str
    top: str
    base: str = ""
    better: int = 1
    verb: str = "earns"
    yes_or_no: bool = False
    plural: bool = True
    tolerated: float = 0.0

    def sides(self, top: Floats, base: Floats, came: Mask) -> tuple[Floats, Floats]:
        """What is summed up of each customer, from her own sums."""
        return np.minimum(top, 1.0) if self.yes_or_no else top, base if self.base else came.astype(np.float64)


OUTCOMES: Mapping[str, Outcome] = {
    "click rate": Outcome("Clicks by ads shown", "clicks", "clicks", "shown"),
    "conversion": Outcome("Customers who buy what an ad showed", "buyers", "bought", verb="wins", yes_or_no=True),
    "revenue": Outcome("Revenue that ads bring", "revenue", "revenue", plural=False),
    "latency": Outcome("Time to decide", "time to decide", "latency", "decisions", -1, "takes", plural=False, tolerated=0.25),
    "fallback": Outcome("Answers by a stand-in", "answers by a stand-in", "fallbacks", "decisions", -1, "gives", tolerated=0.1),
    "dismissed": Outcome("Ads dismissed", "dismissed ads", "dismissed", "shown", -1, "has", tolerated=0.05),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Course:
    """The rows of a test in the order of their steps: `who` (a code of `names`) did how much of what in a `step`.

    `group` says for each customer where she was first; `strays` were in another group later, which must not be.
    """

    names: pd.Index
    group: NDArray[np.int64]
    groups: int
    strays: int
    who: NDArray[np.int64]
    step: NDArray[np.int64]
    values: Mapping[str, Floats]

    @classmethod
    def of(cls, frame: pd.DataFrame, arms: Sequence[str]) -> "Course":
        """Order the sums of the log (a row a customer, arm and step) by step; `arms` as the log names them."""
        rows = frame[frame["arm"].isin(list(arms))].sort_values(["step", "arm"], kind="stable")
        codes, names = pd.factorize(rows["customer"])
        who = codes.astype(np.int64)
        known = {arm: place for place, arm in enumerate(arms)}
        places = np.array([known[arm] for arm in rows["arm"]], np.int64)
        firsts = np.unique(who, return_index=True)[1]
        group = places[firsts]
        values = {name: rows[name].to_numpy(np.float64) for name in rows.columns[3:]}
        strays = len(np.unique(who[places != group[who]]))
        return cls(pd.Index(names), group, len(arms), strays, who, rows["step"].to_numpy(np.int64), values)

    @property
    def steps(self) -> int:
        """How many steps anything is known of."""
        return int(self.step[-1]) + 1 if len(self.step) else 0

    def counts(self) -> NDArray[np.int64]:
        """How many customers had come to each group by the end of each step (steps x groups)."""
        first = np.full(len(self.names), self.steps, np.int64)
        np.minimum.at(first, self.who, self.step)
        came = np.zeros((self.steps, self.groups), np.int64)
        np.add.at(came, (first, self.group), 1)
        return came.cumsum(axis=0)

    def sums(self, name: str) -> Floats:
        """The sum of a column for each group."""
        return np.asarray(np.bincount(self.group[self.who], self.values[name], self.groups), np.float64)

    def tallies(
        self, outcome: Outcome, before: Floats | None = None, among: Mask | None = None, *, last: bool = False
    ) -> list[Tally]:
        """The sums of each group at the end of each step, or at the `last` alone; `among` these customers."""
        size = len(self.names)
        top, base, came = np.zeros(size), np.zeros(size), np.zeros(size, np.bool_)
        ends = np.searchsorted(self.step, np.arange(1, self.steps + 1))
        looks: list[list[Tally]] = [[] for _ in range(self.groups)]
        begin = 0
        for end in ends[-1:] if last else ends:
            rows = self.who[begin:end]
            np.add.at(top, rows, self.values[outcome.top][begin:end])
            if outcome.base:
                np.add.at(base, rows, self.values[outcome.base][begin:end])
            came[rows] = True
            begin = end
            above, below = outcome.sides(top, base, came)
            inside = came if among is None else came & among
            for place, found in enumerate(looks):
                mine = self.group == place
                earlier = None if before is None else before[mine]
                found.append(Tally.of(above[mine], below[mine], earlier, inside[mine]))
        return [Tally.stacked(found) for found in looks]


def earlier(frame: pd.DataFrame, outcome: Outcome, names: pd.Index) -> Floats | None:
    """What is known of these customers from before a test, a number each; None where nothing is."""
    if frame.empty:
        return None
    sums = frame.groupby("customer")[sorted({outcome.top, outcome.base} - {""})].sum()
    top = sums[outcome.top].clip(upper=1) if outcome.yes_or_no else sums[outcome.top]
    if outcome.base:
        top = top - top.sum() / max(sums[outcome.base].sum(), 1) * sums[outcome.base]
    found = top.reindex(names, fill_value=0.0).to_numpy(np.float64)
    return found if found.std() > 0 else None
