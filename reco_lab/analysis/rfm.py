"""Recency, frequency, monetary: who bought lately, often, for much; as scores from 1 to 5 and ten classes with a name."""

from dataclasses import dataclass
from functools import cached_property
from typing import get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.analysis.visits import surely_money, visits
from reco_lab.core.conditions import Cutoffs, Edges, RfmName
from reco_lab.core.dataset import Dataset

NAMES: tuple[RfmName, ...] = get_args(RfmName)
SCORES = 5
MIDDLE = 3
NOBODY = -1
_EDGES = (0.2, 0.4, 0.6, 0.8)
_MEANT: dict[RfmName, str] = {
    "champions": "bought very lately, and often or for much",
    "loyal": "buy often or for much, and not long ago",
    "potential loyalists": "bought lately, and not only once",
    "new": "came very lately and bought little so far",
    "promising": "came lately and bought little so far",
    "need attention": "in the middle of everything: could go either way",
    "about to sleep": "bought little, and not for a while",
    "at risk": "bought often or for much, but not for long",
    "cannot lose them": "were among the best, and have not come back for long",
    "hibernating": "bought little, and long ago",
}
# by recency 1 to 5 (5: lately), then by the mean of frequency and money 1 to 5
_MAP: tuple[tuple[RfmName, ...], ...] = (
    ("hibernating", "hibernating", "at risk", "at risk", "cannot lose them"),
    ("hibernating", "hibernating", "at risk", "at risk", "cannot lose them"),
    ("about to sleep", "about to sleep", "need attention", "loyal", "loyal"),
    ("promising", "potential loyalists", "potential loyalists", "loyal", "loyal"),
    ("new", "potential loyalists", "potential loyalists", "champions", "champions"),
)
SLIPPING: tuple[RfmName, ...] = ("at risk", "cannot lose them", "about to sleep")
_CODES = np.array([[NAMES.index(name) for name in row] for row in _MAP], np.int8)


@dataclass(frozen=True, eq=False)
class RfmTable:
    """Every customer by code: days since her last purchase, days with one, money spent; NaN, 0, 0 without a purchase.

    Recency counts back from the last day of the whole log. `money` is False where nothing says what was paid:
    the number of lines bought then stands for it. `purchases` is False where no row is a purchase, so that all
    stand for one. `rule` says where money is from.
    """

    recency: NDArray[np.float64]
    frequency: NDArray[np.float64]
    monetary: NDArray[np.float64]
    money: bool
    purchases: bool
    rule: str
    cutoffs: Cutoffs

    @property
    def what(self) -> str:
        """What the shares of spending are of: the revenue only where the amounts are surely money."""
        if not self.money:
            return "purchases"
        return "revenue" if surely_money(self.rule) else "value"

    @property
    def buyers(self) -> NDArray[np.bool_]:
        """Who bought at all."""
        return np.greater(self.frequency, 0)

    @cached_property
    def scores(self) -> NDArray[np.int8]:
        """Customers x (recency, frequency, monetary) from 1 to 5, the best is 5; 0 for who never bought."""
        late = SCORES + 1 - self._score(self.recency, self.cutoffs.recency)
        often = self._score(self.frequency, self.cutoffs.frequency)
        much = self._score(self.monetary, self.cutoffs.monetary)
        return np.where(self.buyers[:, None], np.stack([late, often, much], axis=1), 0).astype(np.int8)

    def _score(self, values: NDArray[np.float64], edges: Edges) -> NDArray[np.int64]:
        """1 to 5: an edge itself belongs to the lower part; the middle for all where all buyers are the same."""
        if (values[self.buyers] == edges[0]).all() and edges[0] == edges[-1]:
            return np.full(len(values), MIDDLE)
        return np.searchsorted(np.array(edges), values, side="left").astype(np.int64) + 1

    @property
    def fields(self) -> NDArray[np.int64]:
        """How many buyers are in each field: by recency 1 to 5, then by the mean of frequency and money 1 to 5."""
        late, both = self._places[0][self.buyers], self._places[1][self.buyers]
        return np.bincount(late * SCORES + both, minlength=SCORES**2).reshape(SCORES, SCORES)

    @property
    def _places(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Row and column of each customer's field, from 0."""
        late, often, much = self.scores.T.astype(np.int64)
        return np.maximum(late, 1) - 1, np.maximum((often + much + 1) // 2, 1) - 1

    @cached_property
    def codes(self) -> NDArray[np.int8]:
        """The class of each customer: a place in `NAMES`, or NOBODY."""
        return np.where(self.buyers, _CODES[self._places], NOBODY).astype(np.int8)

    def members(self, name: RfmName) -> NDArray[np.bool_]:
        """Who is in a class."""
        return np.equal(self.codes, NAMES.index(name))

    @cached_property
    def classes(self) -> pd.DataFrame:
        """One row a class that has customers: name, meant, customers, share (of buyers), spend, spend_share, recency, frequency (means)."""
        frame = pd.DataFrame(
            {
                "code": self.codes,
                "spend": self.monetary,
                "recency": self.recency,
                "frequency": self.frequency,
            }
        )
        grouped = frame[frame["code"] >= 0].groupby("code")
        table = grouped.agg(
            customers=("spend", "size"), spend=("spend", "sum"), recency=("recency", "mean"),
            frequency=("frequency", "mean"),
        ).reset_index()  # fmt: skip
        table.insert(0, "name", [NAMES[code] for code in table["code"]])
        table["meant"] = [_MEANT[NAMES[code]] for code in table["code"]]
        table["share"] = table["customers"] / max(1, table["customers"].sum())
        table["spend_share"] = table["spend"] / (table["spend"].sum() or 1)
        return table.drop(columns="code")


def rfm(data: Dataset, cutoffs: Cutoffs | None = None) -> RfmTable:
    """Measure recency, frequency and money, cut each where `cutoffs` says, else in fifths of the customers who bought.

    A frequency is a number of days with a purchase (any row, where none is one); what was returned does not count.
    Equal customers always get equal scores, so fifths may be unequal; a measure that is the same for everybody
    scores 3. The scores of frequency and money are
    averaged (halves up) against recency, and each of the 25 fields has its usual name. Raises DataError
    without times.
    """
    seen, n_users = visits(data), data.interactions.n_users
    frequency = np.bincount(seen.users, minlength=n_users).astype(np.float64)
    last = np.full(n_users, np.nan)
    ends = np.append(seen.begins[1:], len(seen.users)) - 1
    last[seen.users[ends]] = seen.days[ends]
    recency = seen.end - last
    worth = seen.lines if seen.amounts is None else seen.amounts
    monetary = np.bincount(seen.users, worth, n_users).astype(np.float64)
    edges = cutoffs or quantiles(recency, frequency, monetary)
    return RfmTable(recency, frequency, monetary, seen.amounts is not None, seen.purchases, seen.money, edges)


def quantiles(
    recency: NDArray[np.float64], frequency: NDArray[np.float64], monetary: NDArray[np.float64]
) -> Cutoffs:
    """The cut-offs in fifths: the smallest value that a fifth, two fifths... of the buyers do not exceed."""
    some = frequency > 0
    cut = [
        _edges(np.quantile(values[some], _EDGES, method="inverted_cdf"))
        for values in (recency, frequency, monetary)
    ]
    return Cutoffs(recency=cut[0], frequency=cut[1], monetary=cut[2])


def meaning(name: RfmName) -> str:
    """What customers of a class have in common."""
    return _MEANT[name]


def grid() -> tuple[tuple[RfmName, ...], ...]:
    """The class of each field: by recency 1 to 5, then by the mean of frequency and money 1 to 5."""
    return _MAP


def _edges(found: NDArray[np.float64]) -> Edges:
    first, second, third, fourth = found.tolist()
    return first, second, third, fourth
