"""iALS on ML-100K, MCRec split, against Ferrari Dacrema et al. (TOIS 2021); BPR against popularity on the same cut."""

import numpy as np
import pandas as pd
import pytest

from reco_lab.core.batch import UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.core.ranking import recommend
from reco_lab.core.recommender import FitContext, recommender

pytestmark = pytest.mark.data
K = 10
DISCOUNTS = 1 / np.log2(np.arange(2, K + 2))
PUBLISHED = {"algorithm": "ials", "factors": 15, "scaling": "log", "alpha": 0.001, "epsilon": 0.001}


@pytest.fixture(scope="module")
def cut(real_data):
    """The published training rows and test pairs, in one set of codes."""
    folder = real_data("golden-ml-100k")
    train = pd.read_csv(folder / "ml-100k.train.rating", sep=r"\s+", header=None, dtype="str", usecols=[0, 1])
    lines = (folder / "ml-100k.test.rating").read_text().split("\n")
    pairs = [(user, item) for user, *items in map(str.split, filter(None, lines)) for item in items]
    frame = pd.DataFrame(
        [*train.itertuples(index=False, name=None), *pairs], columns=["user", "item"]
    ).assign(test=np.arange(len(train) + len(pairs)) >= len(train))
    log = Interactions.from_frame(frame, ColumnMap("user", "item", value="test"))
    return Dataset("ml-100k", log.take(log.values == 0)), log.take(log.values == 1)


def precision_and_ndcg(spec, cut, seed=0):
    train, test = cut
    scorer = spec.fit(train, FitContext(seed=seed))
    users = np.flatnonzero(np.diff(test.user_starts))
    lists = recommend(scorer, UserBatch.of(train.interactions, users), K).items
    hits = np.isin(users[:, None] * np.int64(test.n_items) + lists, test.pairs)
    ideal = DISCOUNTS.cumsum()[np.minimum(np.diff(test.user_starts)[users], K) - 1]
    return hits.mean(), (hits @ DISCOUNTS / ideal).mean()


def test_ials_has_the_published_precision_over_three_seeds(cut):
    spec = recommender(PUBLISHED | {"regularization": 2.71e-4, "iterations": 10})
    precision, ndcg = np.mean([precision_and_ndcg(spec, cut, seed) for seed in range(3)], axis=0)
    assert precision == pytest.approx(0.3596, abs=0.006)
    assert ndcg == pytest.approx(0.4245, abs=0.006)


def test_the_defaults_of_ials_and_bpr_are_far_above_popularity(cut):
    _, popular = precision_and_ndcg(recommender({"algorithm": "most_popular"}), cut)
    for algorithm in ("ials", "bpr"):
        _, ndcg = precision_and_ndcg(recommender({"algorithm": algorithm}), cut)
        assert ndcg > popular + 0.18
