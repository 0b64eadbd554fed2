"""EASE (l2 500) and popularity on ML-100K under three splits: how a cut is made decides what a model is worth."""

import numpy as np
import pandas as pd
import pytest

from reco_lab.algorithms.ease import Ease
from reco_lab.algorithms.most_popular import MostPopular
from reco_lab.core.batch import UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.evaluation import Evaluation, metric
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.core.ranking import Candidates, Recommendations, recommend
from reco_lab.core.recommender import FitContext
from reco_lab.core.splitting import splitter

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def data(real_data):
    columns = ["user", "item", "rating", "time"]
    frame = pd.read_csv(
        real_data("ml-100k") / "u.data", sep="\t", names=columns, dtype={"user": str, "item": str}
    )
    frame["time"] = pd.to_datetime(frame["time"], unit="s")
    return Dataset("ml-100k", Interactions.from_frame(frame, ColumnMap(*columns)))


class Judged:
    """nDCG@10 of EASE and popularity: test rows of items unknown at the cut count for nobody."""

    def __init__(self, data, kind):
        split = next(splitter({"kind": kind}).split(data, np.random.default_rng(0)))
        known = split.before_test
        log = known.interactions
        candidates = Candidates(items=log.item_counts > 0)
        test = split.test.take(candidates.items[split.test.items])
        users = np.unique(test.users)
        self.with_test_rows = len(np.unique(split.test.users))
        self.warm = np.diff(log.user_starts)[users] > 0
        self.cold_rows = np.isin(split.test.users, log.users, invert=True).mean()
        self.batch, self.relevant, self.known = UserBatch.of(log, users), test.matrix[users], known
        self.candidates = candidates
        self.ease, self.popularity = self.lists(Ease(l2=500)), self.lists(MostPopular())
        rows = self.warm[:, None]
        self.served = Recommendations(
            np.where(rows, self.ease.items, self.popularity.items),
            np.where(rows, self.ease.scores, self.popularity.scores),
        )

    def lists(self, algorithm):
        scorer = algorithm.fit(self.known, FitContext())
        return recommend(scorer, self.batch, 10, candidates=self.candidates)

    def ndcg(self, lists):
        n = int(self.candidates.items.sum())
        return metric("ndcg").measure(Evaluation(lists, self.relevant, self.known, n, self.warm), 10)

    def over_warm(self, lists):
        return self.ndcg(lists).numerator[self.warm].mean()


@pytest.mark.parametrize(
    ("kind", "ease", "popularity"),
    [
        pytest.param("random_rows", 0.442, 0.217, id="random rows"),
        pytest.param("last_share", 0.197, 0.118, id="the last 20 % of each customer"),
        pytest.param("global_time", 0.179, 0.149, id="the last 20 % of all in time"),
    ],
)
def test_the_same_models_score_differently_under_another_split(data, kind, ease, popularity):
    judged = Judged(data, kind)
    close = 0.005 if kind == "random_rows" else 0.0015
    assert judged.over_warm(judged.ease) == pytest.approx(ease, abs=close)
    assert judged.over_warm(judged.popularity) == pytest.approx(popularity, abs=close)


def test_under_a_time_split_most_customers_are_cold_and_popularity_serves_them_better(data):
    judged = Judged(data, "global_time")
    assert (judged.warm.sum(), judged.with_test_rows) == (107, 301)
    assert judged.cold_rows == pytest.approx(0.85, abs=0.005)
    alone = np.where(judged.warm, judged.ndcg(judged.ease).numerator, 0).mean()
    assert alone == pytest.approx(0.06, abs=0.005)
    assert judged.ndcg(judged.popularity).value == pytest.approx(0.34, abs=0.005)
    assert judged.ndcg(judged.served).value > judged.ndcg(judged.popularity).value
