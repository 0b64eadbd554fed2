from typing import ClassVar, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import linalg, sparse
from threadpoolctl import threadpool_limits

from reco_lab.algorithms._attributes import Attributes
from reco_lab.algorithms._factors import known
from reco_lab.algorithms._shapes import packed, unpacked
from reco_lab.core.batch import UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.events import Stage
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

Vectors = NDArray[np.float32]


class Demographic(Recommender):
    """Predicts from a customer's attributes alone which items she will touch: a ridge regression of low rank.

    With A the customers' encoded attributes less their means and X the log less the items' shares it finds
    the B of this rank that minimises |X - A B|^2 + l2 |B|^2, in closed form. The score of an item is its share
    of customers plus what the attributes add.
    """

    info: ClassVar[Info] = Info(
        label="Customer attributes",
        family="content",
        summary=(
            "Learns which items customers of an age, a region or a tariff touch more than others do, and "
            "recommends by that alone. It can answer on the first day, when a customer has told who she is and "
            "done nothing yet; what she does later it does not look at."
        ),
        paper="Mukherjee, Zhu: Reduced Rank Ridge Regression and Its Kernel Extensions, SADM 2011",
        needs=(Need.customer_attributes,),
        folds_in=False,
        folds_in_why="it looks at the customer's attributes alone; a history says nothing to it",
    )
    rank: int = tunable(10, 1, 200, log=True, help="How many hidden traits the attributes are boiled down to")
    l2: float = tunable(
        100.0, 0.01, 100_000.0, log=True, help="How strongly what few customers suggest is held back"
    )

    def fit(self, data: Dataset, ctx: FitContext) -> Scorer:
        """Solve for the weights of all attributes, then keep their strongest directions."""
        self.require(data)
        ctx.report(0.0, "started")
        table = cast("pd.DataFrame", data.customers)  # the need above is met
        attributes = Attributes.learn(table)
        encoded = attributes.apply(table, len(table))
        active = np.diff(data.interactions.user_starts) > 0
        shares = data.interactions.item_counts / active.sum()
        with threadpool_limits(ctx.threads, "blas"):
            told, items, middle = self._solve(encoded[active], data.interactions.matrix[active], shares)
        ctx.report(1.0, "solved")
        popularity = np.asarray(shares, np.float32)
        return FromAttributes(attributes, told, items, middle, popularity, encoded)

    def restore(self, state: State) -> Scorer:
        """The scorer with this state."""
        arrays = state.arrays
        attributes = Attributes.from_dict(state.meta["attributes"])
        told, items, middle = arrays["told"], arrays["items"], arrays["middle"]
        encoded = unpacked("encoded", state)
        return FromAttributes(attributes, told, items, middle, arrays["popularity"], encoded)

    def _solve(
        self, encoded: sparse.csr_matrix, log: sparse.csr_matrix, shares: NDArray[np.float64]
    ) -> tuple[Vectors, Vectors, Vectors]:
        """Attributes x rank, items x rank, and the attributes' means: rows times columns are the weights."""
        count, width = encoded.shape
        middle = np.asarray(encoded.mean(axis=0), np.float64).ravel()
        if not width:
            nothing = np.zeros((0, 1), np.float32)
            return nothing, np.zeros((log.shape[1], 1), np.float32), np.zeros(0, np.float32)
        gram = (encoded.T @ encoded).toarray().astype(np.float64) - count * np.outer(middle, middle)
        lower = linalg.cholesky(gram + self.l2 * np.eye(width), lower=True)
        pull = (encoded.T @ log).toarray().astype(np.float64) - count * np.outer(middle, shares)
        white = linalg.solve_triangular(lower, pull, lower=True)
        _, directions = linalg.eigh(white @ white.T)
        strongest = directions[:, ::-1][:, : self.rank]
        told = linalg.solve_triangular(lower, strongest, lower=True, trans="T")
        return told.astype(np.float32), (white.T @ strongest).astype(np.float32), middle.astype(np.float32)


class FromAttributes(Scorer):
    """Scores are the items' shares of customers plus what is made of the customer's attributes.

    `told` is float32 features x rank, `items` items x rank, `middle` the features' means, `popularity` one
    share an item, `encoded` the attributes of the known customers. Attributes that come with a batch outrank those.
    """

    folds_in = False
    basis = Stage.attributes

    def __init__(
        self,
        attributes: Attributes,
        told: Vectors,
        items: Vectors,
        middle: Vectors,
        popularity: Vectors,
        encoded: sparse.csr_matrix,
    ) -> None:
        self.attributes, self.told, self.items = attributes, told, items
        self.middle, self.popularity, self.encoded = middle, popularity, encoded
        self.n_items = len(items)

    def score(self, batch: UserBatch, items: Codes | None = None) -> Scores:
        """Customers x items: about the chance to touch each; popularity where no attribute is known."""
        chosen = slice(None) if items is None else items
        encoded = self.encode(batch)
        about = encoded @ self.told - (self.middle @ self.told)
        about[np.diff(encoded.indptr) == 0] = 0
        scores = about @ self.items[chosen].T
        scores += self.popularity[chosen]
        return np.asarray(scores, np.float32)

    def encode(self, batch: UserBatch) -> sparse.csr_matrix:
        """The customers' attributes: those given, else those known by their codes."""
        if batch.attributes is not None:
            return self.attributes.apply(batch.attributes.reset_index(drop=True), len(batch))
        inside = known(batch, np.ones(self.encoded.shape[0], np.bool_))
        rows = sparse.csr_matrix(self.encoded[np.where(inside, batch.codes, 0)])
        return sparse.csr_matrix(sparse.diags(inside.astype(np.float32)) @ rows)

    def answers(self, batch: UserBatch) -> NDArray[np.bool_]:
        """Customers of whom an attribute is known."""
        return np.asarray(np.diff(self.encode(batch).indptr) > 0)

    def contributions(self, batch: UserBatch, items: Codes) -> Contributions:
        """What each of her attributes adds; the base is the item's share less what the average customer's add."""
        encoded = self.encode(batch)
        mine, popularity = encoded.indices, self.popularity[items]
        if not len(mine):
            return Contributions(np.zeros((len(batch.items), len(items)), np.float32), popularity)
        weights = (encoded.data[:, None] * self.told[mine]) @ self.items[items].T
        base = popularity - (self.middle @ self.told) @ self.items[items].T
        labels = tuple(self.attributes.names[place] for place in mine)
        return Contributions(np.asarray(weights, np.float32), np.asarray(base, np.float32), labels)

    def state(self) -> State:
        """The attributes' encoding, the factors, and what is known of the customers."""
        arrays = {
            "told": self.told,
            "items": self.items,
            "middle": self.middle,
            "popularity": self.popularity,
        }
        return State(arrays | packed("encoded", self.encoded), {"attributes": self.attributes.to_dict()})
