from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from reco_lab.algorithms._sequences import DAY, Fade
from reco_lab.algorithms._shapes import packed, rows_of, unpacked
from reco_lab.algorithms._similarity import csr_parts, dots_of_ones, loopable
from reco_lab.core.batch import UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.interactions import Interactions
from reco_lab.core.parameters import tunable
from reco_lab.core.ranking import blocks
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

SHORT = 1 << 16

Numbers = NDArray[np.float32]


class SessionKnn(Recommender):
    """Recommends what is in the k past sessions most like the latest part of the history (V-SKNN).

    A session is what a customer does without a pause of more than `pause` days. Its likeness is the sum of
    the history's entries that it shares, each `decay` times the one after it, over the root of its length; a
    session counts half as much with each `half_life` of age. Items weigh more the fewer sessions have them.
    """

    info: ClassVar[Info] = Info(
        label="Session k-NN",
        family="sequence",
        summary=(
            "Looks for earlier visits, of anybody, that resemble what the customer is doing right now and "
            "recommends what else those visits held. It reacts at once to a change of mind, also for visitors "
            "nobody knows, and often keeps up with neural networks."
        ),
        paper="Ludewig, Jannach: Evaluation of Session-based Recommendation Algorithms, UMUAI 2018",
        needs=(Need.times,),
    )
    neighbours: int = tunable(300, 1, 5000, log=True, help="How many most similar sessions are asked")
    decay: float = tunable(
        0.98, 0.0, 1.0, help="What is left of an entry's weight with each later one; 0: only the last counts"
    )
    pause: float = tunable(
        30.0, 0.01, 3650.0, log=True, help="Days without anything after which a new session begins"
    )
    half_life: float = tunable(
        365.0, 1.0, 36_500.0, log=True, help="Days after which a session counts half as much"
    )
    rarity: float = tunable(
        0.5, 0.0, 1.0, help="How much more an item counts that few sessions have; 0: all count alike"
    )

    def fit(self, data: Dataset, ctx: FitContext) -> Scorer:
        """Cut the log into sessions."""
        self.require(data)
        ctx.report(0.0, "started")
        found, ages = sessions(data.interactions, self.pause)
        lengths, spread = np.diff(found.indptr), np.bincount(found.indices, minlength=found.shape[1])
        trust = np.exp2(-ages / self.half_life) / np.sqrt(lengths)
        rare = np.log1p(found.shape[0] / np.maximum(spread, 1)) ** self.rarity
        ctx.report(1.0, "sessions found")
        return Sessions(
            found,
            trust.astype(np.float32),
            rare.astype(np.float32),
            Fade("places", self.decay),
            self.neighbours,
        )

    def restore(self, state: State) -> Scorer:
        """The scorer with this state."""
        return Sessions.from_state(state)


class Sessions(Scorer):
    """Scores are the items of the nearest sessions, weighed by likeness and rarity.

    `found` is CSR sessions x items of ones, `trust` one number a session that its likeness is multiplied by,
    `rare` one an item. Sessions that hold nothing but items of the history are not asked: they have nothing
    to add. Sessions that tie for the last places share them.
    """

    folds_in = True

    def __init__(
        self, found: sparse.csr_matrix, trust: Numbers, rare: Numbers, fade: Fade, neighbours: int
    ) -> None:
        self.found, self.trust, self.rare, self.fade, self.neighbours = found, trust, rare, fade, neighbours
        self.n_items = int(found.shape[1])
        self._across: Any = found.T.tocsr()
        short = found.shape[0] <= SHORT  # half as much to read, which takes longer than to add
        self._of_item: NDArray[Any] = self._across.indices.astype(np.uint16 if short else np.int32)
        self._rarest = rarest_items(found)

    def score(self, batch: UserBatch, items: Codes | None = None) -> Scores:
        """Customers x items, in blocks of bounded memory."""
        held, rare = self.found, self.rare
        if items is not None:
            held, rare = held[:, items], rare[items]
        scores = np.zeros((len(batch), held.shape[1]), np.float32)
        for start, stop in blocks(len(batch), self.found.shape[0]):
            part = batch.rows(start, stop)
            history = self.fade.matrix(part, self.n_items)
            scores[start:stop] = dots_of_ones(self._asked(part, history), held)
        scores *= rare
        return scores

    def _asked(self, batch: UserBatch, history: sparse.csr_matrix) -> sparse.csr_matrix:
        """The likenesses of the sessions that are asked: customers x sessions."""
        from reco_lab.algorithms._kernels.sessions import nearest

        shape, counts = (len(batch), len(self.trust)), np.zeros(len(batch), np.int64)
        sessions, values = np.empty(shape, np.int32), np.empty(shape, np.float32)
        lists = (*csr_parts(history), loopable(batch.indptr, np.int64), loopable(batch.items, np.int32))
        of_item, trust = (csr_parts(self._across)[0], self._of_item), loopable(self.trust, np.float32)
        tables = (*of_item, *csr_parts(self.found)[:2], self._rarest, trust)
        found = (counts, sessions, values)
        given: tuple[Any, ...] = (*lists, *tables, self.n_items, self.neighbours, *found)
        nearest(*given)
        starts = np.concatenate(([0], np.cumsum(counts)))
        rows = np.repeat(np.arange(len(batch)), counts)
        places = np.arange(starts[-1]) - starts[rows]
        return sparse.csr_matrix((values[rows, places], sessions[rows, places], starts), shape=shape)

    def contributions(self, batch: UserBatch, items: Codes) -> Contributions:
        """Each history entry's part in the likeness of the sessions that are asked."""
        history = self.fade.matrix(batch, self.n_items)
        near = self._asked(batch, history)
        whole = np.asarray((history @ self._across).toarray()).ravel()[near.indices]
        common = rows_of(self.found, near.indices)[:, batch.items] * self.fade.of(batch)
        weights = (common * (near.data / whole)[:, None]).T @ rows_of(self.found, near.indices)[:, items]
        told = np.asarray(weights * self.rare[items], np.float32)
        return Contributions(told, np.zeros(len(items), np.float32))

    def state(self) -> State:
        """The sessions and what weighs them."""
        arrays = packed("found", self.found) | {"trust": self.trust, "rare": self.rare}
        return State(arrays, vars(self.fade) | {"neighbours": self.neighbours})

    @classmethod
    def from_state(cls, state: State) -> Self:
        """The scorer with this state."""
        arrays, meta = state.arrays, dict(state.meta)
        neighbours = meta.pop("neighbours")
        return cls(unpacked("found", state), arrays["trust"], arrays["rare"], Fade(**meta), neighbours)


def sessions(log: Interactions, pause: float) -> tuple[sparse.csr_matrix, NDArray[np.float64]]:
    """The log as float32 sessions x items of ones, and how many days before the last row each session ended."""
    times = np.asarray(log.times)
    begins = np.diff(log.users, prepend=-1) != 0
    begins[1:] |= (times[1:] - times[:-1]) / DAY > pause
    starts = np.append(np.flatnonzero(begins), len(log))
    ones, shape = np.ones(len(log), np.float32), (len(starts) - 1, log.n_items)
    found = sparse.csr_matrix((ones, log.items, starts), shape=shape, copy=True)
    found.sum_duplicates()
    found.data[:] = 1
    return found, np.asarray((times.max() - times[starts[1:] - 1]) / DAY, np.float64)


def rarest_items(found: sparse.csr_matrix) -> NDArray[np.int32]:
    """The item of each session that the fewest sessions have; no session is empty."""
    by_rarity = np.argsort(np.bincount(found.indices, minlength=found.shape[1])).astype(np.int32)
    ranks = np.argsort(by_rarity).astype(np.int32)
    return np.asarray(by_rarity[np.minimum.reduceat(ranks[found.indices], found.indptr[:-1])], np.int32)
