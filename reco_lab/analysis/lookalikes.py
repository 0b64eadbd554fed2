"""Who resembles a list of customers: a score for everybody else, and whether the list can be told apart at all."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from reco_lab.analysis._quality import auc, by_chance
from reco_lab.analysis._scaled import scaled
from reco_lab.analysis.behaviour import LABELS, behaviour
from reco_lab.analysis.tastes import categories
from reco_lab.analysis.visits import purchases_of
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import DataError
from reco_lab.core.words import count

FEWEST = 20
FOLDS = 5
MOST_OTHERS = 20_000
TASTES = 16
SLACK = 0.1
TOLD = 5
DEPENDENT = 1.5  # folds share what they learned from, so their mean varies more than independent pairs do


@dataclass(frozen=True, eq=False)
class Lookalikes:
    """`scores` (index: code) of the customers not on the list: 0 to 1, the higher the more alike, the most alike first.

    `listed` are those on it who have purchases. `auc` is how often, of one customer on the list and one not, the
    score of a model that saw neither puts the right one first; `recognised` is False where that is no more than
    chance. `reasons` has trait and weight: what sets the list apart most, positive for more of it.
    """

    scores: pd.Series
    listed: int
    auc: float
    recognised: bool
    reasons: pd.DataFrame
    sentence: str

    def most(self, number: int) -> NDArray[np.int64]:
        """The codes of the most alike, at most so many."""
        return self.scores.index.to_numpy(np.int64)[:number]


def lookalikes(data: Dataset, listed: NDArray[np.bool_], rng: np.random.Generator) -> Lookalikes:
    """Learn what sets a list (a mask by code) apart from all others, and score these.

    By logistic regression with a ridge, on behaviour and, where there are categories, the main directions in
    which tastes differ. DataError for fewer than 20 customers on or off the list with purchases.
    """
    space = scaled(behaviour(data).customers, data)
    truth = listed[space.customers]
    sizes = int(truth.sum()), int((~truth).sum())
    if min(sizes) < FEWEST:
        raise DataError(
            f"The list names {count(sizes[0], 'customer')} with purchases and leaves {sizes[1]:,}.",
            fix=f"It takes {FEWEST} of each to learn what sets them apart.",
        )
    values = np.column_stack((space.values, _tastes(data, space.customers, rng)))
    rows = _taught(truth, rng)
    area = _judged(values[rows], truth[rows], rng)
    recognised = area - 0.5 > DEPENDENT * by_chance(truth[rows])
    model = _fit(values[rows], truth[rows])
    alike = model.predict_proba(values)[:, 1]
    index = pd.Index(space.customers[~truth], name="user")
    scores = pd.Series(alike[~truth], index, name="alike").sort_values(ascending=False, kind="stable")
    reasons = _reasons(space.values, truth, space.names)
    return Lookalikes(scores, sizes[0], area, recognised, reasons, _said(area, recognised))


def _tastes(data: Dataset, codes: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Each customer's place along the main directions in which the shares of categories differ."""
    from sklearn.decomposition import TruncatedSVD

    known = categories(data)
    if known is None or len(known.names) < 3:
        return np.zeros((len(codes), 0))
    counts = sparse.csr_matrix(known.per_customer(purchases_of(data)[0])[codes])
    totals = np.maximum(np.asarray(counts.sum(axis=1)).ravel(), 1)
    counts.data = counts.data / np.repeat(totals, np.diff(counts.indptr))
    number = min(TASTES, len(known.names) - 1)
    places = TruncatedSVD(number, random_state=int(rng.integers(2**31))).fit_transform(counts)
    spread = places.std(axis=0)
    return np.asarray((places - places.mean(axis=0)) / np.where(spread > 0, spread, 1), np.float64)


def _taught(truth: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.int64]:
    """Those on the list and enough of the others to learn from."""
    on, off = np.flatnonzero(truth), np.flatnonzero(~truth)
    some = [
        rng.choice(one, MOST_OTHERS, replace=False) if len(one) > MOST_OTHERS else one for one in (on, off)
    ]
    return np.sort(np.concatenate(some))


def _fit(values: NDArray[np.float64], truth: NDArray[np.bool_]) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=SLACK, class_weight="balanced", max_iter=500).fit(values, truth)


def _judged(values: NDArray[np.float64], truth: NDArray[np.bool_], rng: np.random.Generator) -> float:
    """The area under the curve of scores by models that had not seen the customer, the mean over folds."""
    fold = np.empty(len(truth), np.int64)
    for one in (True, False):
        here = rng.permutation(np.flatnonzero(truth == one))
        fold[here] = np.arange(len(here)) % FOLDS
    areas = [
        auc(
            _fit(values[fold != one], truth[fold != one]).decision_function(values[fold == one]),
            truth[fold == one],
        )
        for one in range(FOLDS)
    ]
    return float(np.mean(areas))


def _reasons(values: NDArray[np.float64], truth: NDArray[np.bool_], names: tuple[str, ...]) -> pd.DataFrame:
    """By how many standard deviations the list differs from the others, the traits that differ most first."""
    apart = values[truth].mean(axis=0) - values[~truth].mean(axis=0)
    order = np.argsort(-np.abs(apart), kind="stable")[:TOLD]
    return pd.DataFrame(
        {"trait": [LABELS.get(names[one], names[one]) for one in order], "weight": apart[order]}
    )


def _said(area: float, recognised: bool) -> str:
    if not recognised:
        return (
            "The customers on this list cannot be told apart from chance by what they bought: "
            "a list of look-alikes would be a random one."
        )
    return (
        f"Of one customer on the list and one who is not, the score names the right one in {100 * area:.0f} of 100 "
        "cases (50 would be chance), measured on customers it had not seen."
    )
