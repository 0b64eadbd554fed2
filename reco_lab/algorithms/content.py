from typing import Any, ClassVar, cast

import numpy as np
import pandas as pd
from scipy import sparse

from reco_lab.algorithms._attributes import unit
from reco_lab.algorithms._shapes import first_entries, packed, unpacked
from reco_lab.core.batch import UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.features import Encoder, texts
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


class Content(Recommender):
    """Recommends the items whose words and attributes are most like those the customer touched.

    An item is its TF-IDF words and its encoded attributes, each of length 1, weighted and joined; a
    customer is the mean of her items; the score is the cosine between the two.
    """

    info: ClassVar[Info] = Info(
        label="Content",
        family="content",
        summary=(
            "Recommends items that resemble what the customer had before, by title, description, category, "
            "price and so on. Works for items nobody touched yet, knows nothing of what others do, and so "
            "stays close to home."
        ),
        paper="Pazzani, Billsus: Content-Based Recommendation Systems, The Adaptive Web 2007",
        needs=(Need.item_attributes,),
    )
    text_weight: float = tunable(
        0.5, 0.0, 1.0, help="How much words count; what is left of 1 is for attributes"
    )
    most_words: int = tunable(20_000, 10, 200_000, log=True, help="How many different words are kept at most")

    def fit(self, data: Dataset, ctx: FitContext) -> Scorer:
        """Encode the items' words and attributes; the log is not looked at."""
        self.require(data)
        ctx.report(0.0, "started")
        table = cast("pd.DataFrame", data.items)  # the need above is met
        words = unit(self._words(texts(table)))
        ctx.report(0.5, "words counted")
        attributes = unit(Encoder.learn(table).apply(table))
        weights = np.sqrt([self.text_weight, 1 - self.text_weight])
        vectors = unit(sparse.hstack([words * weights[0], attributes * weights[1]], format="csr"))
        vectors.eliminate_zeros()
        ctx.report(1.0, "fitted")
        return Profiles(vectors.astype(np.float32))

    def restore(self, state: State) -> Scorer:
        """The scorer with this state."""
        return Profiles(unpacked("vectors", state))

    def _words(self, lines: list[str]) -> sparse.csr_matrix:
        from sklearn.feature_extraction.text import TfidfVectorizer

        vectorizer = TfidfVectorizer(max_features=self.most_words, sublinear_tf=True, dtype=np.float32)
        if not any(vectorizer.build_analyzer()(line) for line in lines):
            return sparse.csr_matrix(np.zeros((len(lines), 0), np.float32))
        return sparse.csr_matrix(vectorizer.fit_transform(lines))


class Profiles(Scorer):
    """Scores are the cosines between items and the mean of the items in the history.

    `vectors` is float32 CSR items x features, each row of length 1 (0 where nothing is known of an item).
    """

    folds_in = True

    def __init__(self, vectors: sparse.csr_matrix) -> None:
        self.vectors = vectors
        self.n_items = int(vectors.shape[0])

    def score(self, batch: UserBatch, items: Codes | None = None) -> Scores:
        """Cosines, -1 to 1; 0 for a history of unknown things."""
        profiles = unit(batch.matrix(self.n_items) @ self.vectors)
        chosen = self.vectors if items is None else self.vectors[items]
        return np.asarray((profiles @ chosen.T).toarray(), np.float32)

    def answers(self, batch: UserBatch) -> Any:
        """Customers with a history that something is known of."""
        described = np.diff(self.vectors.indptr) > 0
        return np.bincount(batch.owners, described[batch.items], minlength=len(batch)) > 0

    def contributions(self, batch: UserBatch, items: Codes) -> Contributions:
        """How alike each history item and each item are, over the length of the profile; repetitions add nothing."""
        profile = batch.matrix(self.n_items) @ self.vectors
        length = float(np.sqrt(profile.multiply(profile).sum())) or 1.0
        alike = (self.vectors[batch.items] @ self.vectors[items].T).toarray()
        weights = alike * (first_entries(batch) / length)[:, None]
        return Contributions(weights.astype(np.float32), np.zeros(len(items), np.float32))

    def state(self) -> State:
        """The item vectors."""
        return State(packed("vectors", self.vectors))
