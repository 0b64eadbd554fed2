"""The validation part as questions, for whatever learns from it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from reco_lab.core.batch import UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.evaluation import Evaluation, metric
from reco_lab.core.interactions import Interactions
from reco_lab.core.ranking import Candidates, Recommendations, recommend
from reco_lab.core.recommender import FitContext, Scorer

LENGTH = 10


@dataclass(frozen=True, eq=False)
class Lesson:
    """Customers whose next items are known: `batch` with what was known of each, `relevant` what came.

    Lists are made and judged as the experiment will: `candidates` by row of the batch.
    """

    data: Dataset
    batch: UserBatch
    relevant: sparse.csr_matrix
    candidates: Candidates | None
    ctx: FitContext

    @classmethod
    def of(cls, data: Dataset, validation: Interactions, ctx: FitContext) -> "Lesson":
        """All customers with something to find and a history; where none of them has one, all with something to find."""
        known = data.interactions if ctx.known is None else ctx.known
        asked = np.diff(validation.user_starts) > 0
        warm = asked & (np.diff(known.user_starts) > 0)
        customers = np.flatnonzero(warm if warm.any() else asked)
        batch = UserBatch.of(known, customers, attributes=data.customers)
        pairs = None if ctx.candidates is None else ctx.candidates.pairs
        allowed = ctx.candidates if pairs is None else Candidates(pairs=pairs[customers])
        return cls(data, batch, sparse.csr_matrix(validation.matrix[customers]), allowed, ctx)

    def __len__(self) -> int:
        return len(self.batch)

    def taught_by(self, rows: NDArray[np.intp]) -> "Lesson":
        """The same of these rows' customers alone."""
        allowed = self.candidates
        if allowed is not None and allowed.pairs is not None:
            allowed = Candidates(pairs=allowed.pairs[rows])
        return Lesson(
            self.data, self.batch.take(rows), sparse.csr_matrix(self.relevant[rows]), allowed, self.ctx
        )

    def lists(self, scorer: Scorer) -> Recommendations:
        """The ten best items for each customer."""
        return recommend(
            scorer,
            self.batch,
            LENGTH,
            exclude_seen=not self.ctx.repeats,
            seen_kinds=self.ctx.seen_kinds,
            candidates=self.candidates,
            threads=self.ctx.threads,
        )

    def ndcg(self, scorer: Scorer) -> NDArray[np.float64]:
        """nDCG@10 of each customer's list."""
        scored = np.ones(len(self), np.bool_)
        evaluation = Evaluation(
            self.lists(scorer), self.relevant, self.data, self.data.interactions.n_items, scored
        )
        found: Any = metric("ndcg").measure(evaluation, LENGTH).numerator
        return np.asarray(found, np.float64)
