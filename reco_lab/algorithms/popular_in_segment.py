from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from reco_lab.algorithms._factors import known
from reco_lab.algorithms._segments import NOWHERE, SegmentColumn, count_of, segments_of
from reco_lab.core.batch import UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import NeedsError
from reco_lab.core.events import Stage
from reco_lab.core.features import Encoder
from reco_lab.core.parameters import tunable
from reco_lab.core.recommender import (
    Codes,
    Contributions,
    FitContext,
    Info,
    Need,
    Recommender,
    Scorer,
    Scores,
    State,
)

MOST_SEGMENTS = 500


class PopularInSegment(Recommender):
    """Recommends what most customers of the same segment touched, drawn towards overall popularity.

    A segment is everybody with the same values in `columns` (numbers in five groups of equal size). Where
    none are named, the one column is taken whose segments tell most of each customer's items from the others'
    in them. A segment's shares are those of its customers and of `shrink` average ones.
    """

    info: ClassVar[Info] = Info(
        label="Popular in segment",
        family="baseline",
        summary=(
            "The best-seller list of people like her: of her age group, her region or her tariff. The step "
            "between one list for all and a list for each; it needs no history, only that something is known of "
            "the customer, and small segments lean on the overall list."
        ),
        paper="Krulwich: Lifestyle Finder: Intelligent User Profiling Using Large-Scale Demographic Data, AI Magazine 1997",
        needs=(Need.customer_attributes,),
    )
    columns: tuple[str, ...] = ()
    shrink: float = tunable(
        20.0,
        0.0,
        10_000.0,
        help="How many average customers are added to each segment before its shares count",
    )

    def fit(self, data: Dataset, ctx: FitContext) -> Scorer:
        """Settle the columns and count each segment's customers; NeedsError for a column that is not there."""
        self.require(data)
        ctx.report(0.0, "started")
        table = cast("pd.DataFrame", data.customers)  # the need above is met
        matrix = data.interactions.matrix
        found = [_Shares.of(one, table, matrix, self.shrink) for one in self._offered(table)]
        best = max(found, key=lambda shares: shares.tells, default=_Shares.of((), table, matrix, self.shrink))
        ctx.report(1.0, "counted")
        return BySegment(best.columns, best.table, best.segments)

    def restore(self, state: State) -> Scorer:
        """The scorer with this state."""
        columns = tuple(
            SegmentColumn(one["name"], tuple(one["levels"]), tuple(one["edges"]))
            for one in state.meta["columns"]
        )
        return BySegment(columns, state.arrays["table"], state.arrays["segments"])

    def _offered(self, table: pd.DataFrame) -> list[tuple[SegmentColumn, ...]]:
        """The segmentations to choose from: the columns named, together, or each usable column alone."""
        if missing := [name for name in self.columns if name not in table]:
            raise NeedsError(
                f"{self.info.label} needs the customer column {missing[0]!r}, which is not there.",
                fix=f"There are: {', '.join(map(str, table.columns))}.",
            )
        kinds = {one.column: one.kind for one in Encoder.learn(table).encodings}
        if not self.columns:
            alone = [(SegmentColumn.learn(table[name], kind),) for name, kind in kinds.items()]
            return [one for one in alone if count_of(one) <= MOST_SEGMENTS]
        named = tuple(SegmentColumn.learn(table[name], kinds.get(name, "category")) for name in self.columns)
        if count_of(named) > MOST_SEGMENTS:
            raise NeedsError(
                f"{' and '.join(self.columns)} make {count_of(named):,} segments, too many to tell them apart.",
                fix=f"Choose columns that make at most {MOST_SEGMENTS}.",
            )
        return [named]


@dataclass(frozen=True, eq=False)
class _Shares:
    """One segmentation: the shares of each segment, everybody's last, and how much they tell."""

    columns: tuple[SegmentColumn, ...]
    segments: NDArray[np.int64]
    table: NDArray[np.float32]
    tells: float

    @classmethod
    def of(
        cls, columns: tuple[SegmentColumn, ...], table: pd.DataFrame, log: sparse.csr_matrix, shrink: float
    ) -> "_Shares":
        """Count; what it tells is the log-likelihood of each interaction in the shares without its own customer."""
        places = segments_of(columns, table)
        active = np.diff(log.indptr) > 0
        inside = np.flatnonzero(active & (places >= 0))
        belongs: Any = sparse.csr_matrix(
            (np.ones(len(inside)), (places[inside], inside)), shape=(count_of(columns), log.shape[0])
        )
        touched = np.asarray((belongs @ log).toarray(), np.float64)
        sizes = np.asarray(belongs.sum(axis=1)).reshape(-1, 1)
        overall = np.bincount(log.indices, minlength=log.shape[1]) / active.sum()
        shares = (touched + shrink * overall) / np.maximum(sizes + shrink, 1e-9)
        without = (touched - 1 + shrink * overall) / np.maximum(sizes - 1 + shrink, 1e-9)
        with np.errstate(divide="ignore"):
            gains = np.log(np.maximum(without, 1e-9) / np.where(overall > 0, overall, 1.0))
        tells = float((touched * gains).sum())
        return cls(columns, places, np.vstack((shares, overall)).astype(np.float32), tells)


class BySegment(Scorer):
    """Scores are the shares of the customer's segment who touched each item.

    `table` is float32 segments x items, the last row for whose segment is not known; `segments` one a known
    customer. Attributes that come with a batch outrank those.
    """

    folds_in = True
    basis = Stage.segment

    def __init__(
        self, columns: tuple[SegmentColumn, ...], table: NDArray[np.float32], segments: NDArray[np.int64]
    ) -> None:
        self.columns, self.table, self.segments = columns, table, segments
        self.n_items = table.shape[1]

    def score(self, batch: UserBatch, items: Codes | None = None) -> Scores:
        """The row of the customer's segment."""
        rows = self.table[self._rows(batch)]
        return rows if items is None else rows[:, items]

    def answers(self, batch: UserBatch) -> NDArray[np.bool_]:
        """Everybody: whose segment is not known is shown what all like."""
        return np.ones(len(batch), np.bool_)

    def bases(self, batch: UserBatch) -> list[Stage]:
        """Her segment, or what all like where it is not known."""
        return [Stage.popular if row == NOWHERE else Stage.segment for row in self._rows(batch).tolist()]

    def contributions(self, batch: UserBatch, items: Codes) -> Contributions:
        """What her segment touches more than all do; the base is the share of all."""
        base = self.table[-1, items]
        above = self.table[self._rows(batch)][:, items] - base
        names = " and ".join(one.name for one in self.columns)
        label = f"popular in her segment ({names})" if names else "popular in her segment"
        return Contributions(above, base, (label,))

    def state(self) -> State:
        """The columns and both tables."""
        columns = [
            {"name": one.name, "levels": list(one.levels), "edges": list(one.edges)} for one in self.columns
        ]
        return State({"table": self.table, "segments": self.segments}, {"columns": columns})

    def _rows(self, batch: UserBatch) -> NDArray[np.int64]:
        if batch.attributes is not None:
            return segments_of(self.columns, batch.attributes)
        inside = known(batch, np.ones(len(self.segments), np.bool_))
        return np.where(inside, self.segments[np.where(inside, batch.codes, 0)], NOWHERE)
