"""How long a fit and its lists will take and how much memory they need, from what was measured on this machine.

Work grows with a few quantities of the data: rows, pairs, pairs of items that met in a history, and so on. What
each is worth is fitted, never below zero, to small fits of the same recommender on this machine.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from scipy.optimize import nnls

from reco_lab.core.interactions import Interactions
from reco_lab.core.recommender import Need, Recommender

PROPORTIONAL = ("factors", "iterations", "epochs")
NOISE_SECONDS, NOISE_MEGABYTES = 0.01, 8.0
CURB = 0.3


class Shape(BaseModel):
    """What the work on a log depends on: its counts, and how unevenly customers and items share them.

    `item_pairs` is the sum of the squared lengths of the histories (how often two items met), `customer_pairs` that
    of the items' (how often two customers met), `asked` for how many customers lists are made.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int
    pairs: int
    customers: int
    items: int
    item_pairs: float
    customer_pairs: float
    asked: int

    @classmethod
    def of(cls, log: Interactions, asked: int | None = None) -> "Shape":
        """The shape of a log; lists are made for all its customers where `asked` does not say for how many."""
        matrix = log.matrix
        lengths = np.diff(matrix.indptr).astype(np.float64)
        heights = np.bincount(matrix.indices, minlength=matrix.shape[1]).astype(np.float64)
        customers = int((lengths > 0).sum())
        return cls(
            rows=len(log),
            pairs=int(matrix.nnz),
            customers=customers,
            items=log.n_items,
            item_pairs=float(np.square(lengths).sum()),
            customer_pairs=float(np.square(heights).sum()),
            asked=customers if asked is None else asked,
        )

    @property
    def share(self) -> float:
        """How many of the customers are asked."""
        return self.asked / max(self.customers, 1)


Term = Callable[[Shape], float]
TERMS: Mapping[str, Term] = {
    "once": lambda _shape: 1.0,
    "rows": lambda shape: float(shape.rows),
    "pairs": lambda shape: float(shape.pairs),
    "item pairs": lambda shape: shape.item_pairs,
    "customer pairs": lambda shape: shape.customer_pairs,
    "items squared": lambda shape: float(shape.items) ** 2,
    "items cubed": lambda shape: float(shape.items) ** 3,
    "customers squared": lambda shape: float(shape.customers) ** 2,
    "scores": lambda shape: float(shape.asked) * shape.items,
    "rows asked": lambda shape: shape.rows * shape.share,
    "customer pairs asked": lambda shape: shape.customer_pairs * shape.share,
    "rows for each item": lambda shape: float(shape.rows) * shape.items,
    "pairs for each asked": lambda shape: float(shape.pairs) * shape.asked,
}
FIT = ("once", "rows", "pairs", "item pairs", "items squared")
LINEAR = ("once", "rows", "pairs")
RANK = ("once", "scores", "rows asked", "customer pairs asked", "pairs for each asked")
MEMORY = ("once", "rows", "items squared", "customers squared")
PLAIN = frozenset({"once", "rows", "pairs", "scores", "rows asked"})


class Point(BaseModel):
    """One measured fit: of this shape, so many processor seconds to fit and to make lists, so many megabytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    shape: Shape
    fit: float
    rank: float
    megabytes: float | None = None


@dataclass(frozen=True)
class Forecast:
    """Processor seconds of one fit and of its lists, and the megabytes that they need beyond the data itself."""

    fit: float
    rank: float
    megabytes: float | None

    @property
    def seconds(self) -> float:
        """Both together."""
        return self.fit + self.rank


@dataclass(frozen=True)
class Work:
    """What there is to do on a log: its shape as a whole, and that of its ratings, which are sought among all rows."""

    whole: Shape
    ratings: Shape

    @classmethod
    def of(cls, log: Interactions, asked: int) -> "Work":
        """The work of a fit on this log and of lists for so many customers."""
        whole = Shape.of(log, asked)
        return cls(whole, Shape.of(log.ratings, asked).model_copy(update={"rows": whole.rows}))

    def of_spec(self, spec: Recommender) -> Shape:
        """The shape of what this recommender learns from."""
        return self.ratings if Need.ratings in spec.info.needs else self.whole


def forecast(spec: Recommender, work: Work, points: Mapping[str, Sequence[Point]]) -> Forecast | None:
    """What one fit of this recommender and its lists will take; None where nothing was measured on this machine."""
    if spec.parts:
        parts = [forecast(part, work, points) for part in spec.parts]
        known = [part for part in parts if part is not None]
        return _together(known) if len(known) == len(parts) else None
    measured = points.get(spec.algorithm(), ())
    if not measured:
        return None
    shape = work.of_spec(spec)
    seconds = [one.fit + one.rank + NOISE_SECONDS for one in measured]
    weights = [one.megabytes for one in measured if one.megabytes is not None]
    return Forecast(
        fit=expected(measured, [one.fit for one in measured], terms(spec), shape, seconds, _more(spec)),
        rank=expected(measured, [one.rank for one in measured], RANK, shape, seconds),
        megabytes=expected(measured, weights, MEMORY, shape, [one + NOISE_MEGABYTES for one in weights])
        if len(weights) == len(measured)
        else None,
    )


def terms(spec: Recommender) -> tuple[str, ...]:
    """What the time of a fit grows with: what the recommender says, else by its kind.

    One that learns factors in several passes goes over its pairs in each; any other may compare items.
    """
    names = {one.name for one in spec.parameters()}
    passes = "factors" in names and names & {"iterations", "epochs"}
    return spec.cost or (LINEAR if passes else FIT)


def expected(
    points: Sequence[Point],
    measured: Sequence[float],
    named: Sequence[str],
    shape: Shape,
    against: Sequence[float],
    more: float = 1.0,
) -> float:
    """The quantity that was measured at some points, at another shape; what grows with the data is `more` times as much.

    Each term's worth is fitted by least squares of the errors relative to `against`, never below zero. Terms that
    grow faster than the log are held back a little, since noise in a small fit would become hours in a large one.
    """
    table = np.array([[TERMS[term](point.shape) for term in named] for point in points])
    scale = np.maximum(table.max(axis=0), 1e-12)
    values = np.asarray(measured, np.float64)
    weight = 1 / np.asarray(against, np.float64)
    curb = np.diag([CURB * weight.min() * (term not in PLAIN) for term in named])
    rows = np.vstack([table / scale * weight[:, None], curb])
    worth, _ = nnls(rows, np.concatenate([values * weight, np.zeros(len(named))]))
    wanted: NDArray[np.float64] = worth / scale * np.array([TERMS[term](shape) for term in named])
    growing = np.array([term != "once" for term in named])
    return float(np.where(growing, more, 1.0) @ wanted)


def _more(spec: Recommender) -> float:
    """How much more work the settings are than the usual ones."""
    usual = {one.name: one.default for one in spec.parameters() if one.name in PROPORTIONAL}
    return float(np.prod([getattr(spec, name) / default for name, default in usual.items()]))


def _together(parts: Sequence[Forecast]) -> Forecast:
    weights = [part.megabytes for part in parts]
    return Forecast(
        sum(part.fit for part in parts),
        sum(part.rank for part in parts),
        None if None in weights else sum(weight or 0.0 for weight in weights),
    )
