from math import isqrt
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from reco_lab.algorithms._factors import known, products, signed
from reco_lab.algorithms._ratings import rated
from reco_lab.core.batch import UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.parameters import tunable
from reco_lab.core.ranking import crew, spread
from reco_lab.core.recommender import Codes, FitContext, Info, Need, Recommender, Scorer, Scores, State

Vectors = NDArray[np.float32]
ROWS_A_BLOCK = 512
RATINGS_A_BLOCK, MOST_BLOCKS = 50_000, 8
LEAP = 2
SPREAD = 0.1


class FunkSVD(Recommender):
    """Predicts ratings as mean + customer + item + the product of two vectors, learnt a rating at a time.

    The model, the steps and the defaults are those of Surprise's SVD, in compiled float32. In a large log they
    are taken block by block, several at a time (Gemulla et al., KDD 2011). At the end every customer is taken
    from zero through half as many rounds of twice the length while the items stand still: so a history that
    comes in later gives the same vector as the one that was learnt from.
    """

    info: ClassVar[Info] = Info(
        label="Funk SVD",
        family="ratings",
        summary=(
            "Predicts how many stars a customer would give, and does so for newcomers as soon as they have rated "
            "or picked a few items. Made to get ratings right, not lists: predicted ratings favour items that a "
            "few people rated high."
        ),
        paper=(
            "Funk: Netflix Update: Try This at Home, 2006; "
            "Koren, Bell, Volinsky: Matrix Factorization Techniques for Recommender Systems, Computer 2009"
        ),
        needs=(Need.ratings,),
        rates=True,
        seeded=True,
    )
    factors: int = tunable(100, 1, 512, log=True, help="How many hidden traits")
    epochs: int = tunable(20, 1, 200, log=True, help="How many rounds over all ratings")
    learning_rate: float = tunable(0.005, 1e-5, 0.1, log=True, help="How far each rating moves the vectors")
    regularization: float = tunable(
        0.02, 1e-5, 1.0, log=True, help="How strongly everything is held near zero"
    )

    def fit(self, data: Dataset, ctx: FitContext) -> Scorer:
        """Learn from the latest rating of each pair, then settle every customer on the finished items."""
        self.require(data)
        log, rng = data.interactions, ctx.rng()
        stars = log.ratings
        values = stars.values.astype(np.float64)
        users = np.zeros((log.n_users, self.factors), np.float32)
        items = np.zeros((log.n_items, self.factors), np.float32)
        for rated_by, vectors in ((stars.users, users), (stars.items, items)):
            codes = np.flatnonzero(np.bincount(rated_by))
            vectors[codes] = rng.normal(0, SPREAD, (len(codes), self.factors))
        biases = np.zeros(log.n_users, np.float32), np.zeros(log.n_items, np.float32)
        self._learn(stars.users, stars.items, values - values.mean(), (*biases, users, items), ctx)
        scale = {"mean": values.mean(), "spread": values.std(), "low": values.min(), "high": values.max()}
        leaps = -(-self.epochs // LEAP)
        rate = self.learning_rate * self.epochs / leaps
        rounds = {"rounds": leaps, "rate": rate, "decay": self.regularization}
        meta = {name: float(value) for name, value in scale.items()} | rounds
        everybody = UserBatch.of(log, np.arange(log.n_users))
        scorer = SettledRatings.learn(items, biases[1], meta, everybody, ctx.threads)
        ctx.report(1.0, "fitted")
        return scorer

    def restore(self, state: State) -> Scorer:
        """The scorer with this state."""
        return SettledRatings(**state.arrays, meta=dict(state.meta))

    def _learn(
        self,
        users: Codes,
        items: Codes,
        above: NDArray[Any],
        model: tuple[Vectors, Vectors, Vectors, Vectors],
        ctx: FitContext,
    ) -> None:
        from reco_lab.algorithms._kernels.funk_svd import descend

        order, turns = taking_turns(users, items)
        owners, rows = users[order].astype(np.int32), items[order].astype(np.int32)
        stars = above[order].astype(np.float32)
        rates = np.float32(self.learning_rate), np.float32(self.regularization)

        def work(block: slice) -> None:
            descend(owners[block], rows[block], stars[block], *model, *rates)

        with crew(ctx.threads) as each:
            for epoch in range(self.epochs):
                ctx.report(epoch / (self.epochs + 1), f"round {epoch + 1} of {self.epochs}")
                for turn in turns:
                    for _ in each(work, turn):
                        pass


class SettledRatings(Scorer):
    """Scores are predicted ratings; a history is settled on the items by stochastic steps and outranks the code.

    `users` is float32 customers x (factors + 1), the bias first, `known` marks who has a history, and
    `signatures` tell the history that a row was made from.
    """

    folds_in = True

    def __init__(
        self,
        items: Vectors,
        loved: Vectors,
        users: Vectors,
        known: NDArray[np.bool_],
        signatures: NDArray[np.uint64],
        meta: dict[str, Any],
    ) -> None:
        self.items, self.loved, self.users, self.known = items, loved, users, known
        self.signatures, self.meta, self.n_items = signatures, meta, len(items)

    @classmethod
    def learn(
        cls, items: Vectors, loved: Vectors, meta: dict[str, Any], everybody: UserBatch, threads: int
    ) -> "SettledRatings":
        """The scorer with a row for everybody's history."""
        nobody = np.zeros((0, items.shape[1] + 1), np.float32)
        blank = cls(items, loved, nobody, np.zeros(0, np.bool_), np.zeros(0, np.uint64), meta)
        history = blank.rated(everybody)
        users = blank.settle(history, np.arange(len(everybody)), threads)
        return cls(items, loved, users, np.diff(history.indptr) > 0, signatures_of(history), meta)

    def score(self, batch: UserBatch, items: Codes | None = None) -> Scores:
        """Predicted ratings, not held to the scale."""
        chosen = slice(None) if items is None else items
        users = self.places(batch)
        scores = users[:, 1:] @ self.items[chosen].T
        scores += self.loved[chosen]
        scores += users[:, :1] + np.float32(self.meta["mean"])
        return np.asarray(scores, np.float32)

    def predict(self, batch: UserBatch, owners: Codes, items: Codes) -> Scores:
        """Predicted ratings of these pairs, held within the scale."""
        users = self.places(batch)
        ratings = products(owners, items, users[:, 1:], self.items) + self.loved[items] + users[owners, 0]
        return np.asarray(
            np.clip(ratings + self.meta["mean"], self.meta["low"], self.meta["high"]), np.float32
        )

    def answers(self, batch: UserBatch) -> NDArray[np.bool_]:
        """Customers with a history, here or when it was fitted."""
        return known(batch, self.known) | (batch.lengths > 0)

    def state(self) -> State:
        """Arrays, the scale and how histories are settled."""
        names = ("items", "loved", "users", "known", "signatures")
        return State({name: getattr(self, name) for name in names}, self.meta)

    def rated(self, batch: UserBatch) -> sparse.csr_matrix:
        """The ratings in the histories; without any, an entry counts as one spread above the mean."""
        liking = min(self.meta["mean"] + self.meta["spread"], self.meta["high"])
        return rated(batch, self.n_items, liking)

    def places(self, batch: UserBatch) -> Vectors:
        """Bias and vector of each customer: from her history where there is one, else as stored, else zeros."""
        places = np.zeros((len(batch), self.items.shape[1] + 1), np.float32)
        stored = known(batch, self.known)
        places[stored] = self.users[batch.codes[stored]]
        history = self.rated(batch)
        made_from = self.signatures[np.where(stored, batch.codes, 0)] if len(self.signatures) else 0
        changed = (batch.lengths > 0) & ~(stored & (signatures_of(history) == made_from))
        rows = np.flatnonzero(changed)
        places[rows] = self.settle(history, rows, 1)[rows]
        return places

    def settle(self, history: sparse.csr_matrix, rows: NDArray[np.intp], threads: int) -> Vectors:
        """Bias and vector for these rows of the ratings, zeros for the others."""
        from reco_lab.algorithms._kernels.funk_svd import settle

        count, width = history.shape[0], self.items.shape[1]
        strict, vectors = np.zeros(count, np.float32), np.zeros((count, width), np.float32)
        above = (history.data - np.float32(self.meta["mean"])).astype(np.float32)
        ratings = (history.indptr.astype(np.int32), history.indices.astype(np.int32), above)
        rates = (np.float32(self.meta["rate"]), np.float32(self.meta["decay"]))

        def work(part: NDArray[np.intp]) -> None:
            settle(*ratings, part, strict, self.loved, vectors, self.items, self.meta["rounds"], *rates)

        parts = (rows[start : start + ROWS_A_BLOCK] for start in range(0, len(rows), ROWS_A_BLOCK))
        for _ in spread(work, parts, threads):
            pass
        return np.column_stack((strict, vectors)).astype(np.float32)


def signatures_of(history: sparse.csr_matrix) -> NDArray[np.uint64]:
    """A number for each row of ratings that tells it from others."""
    return signed(history.indices, history.data.view(np.uint32), history.indptr)


def taking_turns(users: Codes, items: Codes) -> tuple[NDArray[np.intp], list[list[slice]]]:
    """An order of ratings in blocks of customers and items, and turns of blocks that share neither.

    How many blocks there are follows from the ratings alone, so that any number of threads learns the same.
    """
    count = min(max(1, isqrt(len(users) // RATINGS_A_BLOCK)), MOST_BLOCKS)
    rows, columns = (_parts(codes, count) for codes in (users, items))
    blocks = ((columns - rows) % count * count + rows).astype(np.uint8)
    ends = np.cumsum(np.bincount(blocks, minlength=count**2))
    cuts = [
        slice(int(end - size), int(end)) for end, size in zip(ends, np.diff(ends, prepend=0), strict=True)
    ]
    turns = [cuts[first : first + count] for first in range(0, count**2, count)]
    return np.argsort(blocks, kind="stable"), turns


def _parts(codes: Codes, count: int) -> NDArray[np.int64]:
    """Which of so many parts, about equally often rated, each of these codes is in."""
    often = np.bincount(codes)
    middles = np.cumsum(often) - often / 2
    return np.asarray(middles * count // len(codes), np.int64)[codes]
