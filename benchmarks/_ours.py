"""Reco Lab by its public path: a specification, `fit`, `recommend`, metrics over an `Evaluation`."""

from typing import Any

import numpy as np
import pandas as pd
from _split import PLACES, Cut, Stars

from reco_lab.core.batch import UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.evaluation import Evaluation, metric, metrics
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.core.ranking import Recommendations, recommend
from reco_lab.core.recommender import FitContext, Scorer, algorithms, recommender
from reco_lab.services.handlers import preparations

SPECS = {
    "most_popular": {"algorithm": "most_popular"},
    "item_knn": {
        "algorithm": "item_knn",
        "similarity": "cosine",
        "weighting": "none",
        "neighbours": 100,
        "shrink": 0.0,
    },
    "ease": {"algorithm": "ease", "l2": 500.0},
    "slim": {"algorithm": "slim"},
    "pure_svd": {"algorithm": "pure_svd", "factors": 64},
    "ials_64": {"algorithm": "ials", "factors": 64, "iterations": 15, "regularization": 30.0, "alpha": 2.0},
    "ials_256": {"algorithm": "ials", "factors": 256, "iterations": 15, "regularization": 30.0, "alpha": 0.5},
    "bpr": {"algorithm": "bpr", "factors": 64},
    "rp3beta": {"algorithm": "rp3beta"},
    "user_knn": {"algorithm": "user_knn"},
    "nmf": {"algorithm": "nmf"},
    "svd_ratings": {"algorithm": "funk_svd"},
}
METRICS = ("ndcg", "recall", "map", "precision", "mrr", "hit_rate")


def prepare(cut: Cut) -> Dataset:
    return prepared(_logs(cut)[0])


def prepared(log: Interactions) -> Dataset:
    algorithms()
    for step in preparations():  # compiled, or read from the cache, before anything is measured
        step()
    return Dataset("ML-1M", log)


def fit(algorithm: str, data: Dataset, threads: int) -> Scorer:
    return recommender(SPECS[algorithm]).fit(data, FitContext(threads=threads))


def rank(scorer: Scorer, data: Dataset, threads: int) -> Any:
    log = data.interactions
    return recommend(scorer, UserBatch.of(log, np.arange(log.n_users)), PLACES, threads=threads).items


def prepare_metrics(cut: Cut, lists: Any) -> Any:
    metrics()
    train, test = _logs(cut)
    users = np.flatnonzero(np.diff(test.matrix.indptr))
    found = Recommendations(lists[users], np.tile(np.arange(PLACES, 0, -1, np.float32), (len(users), 1)))
    return found, test.matrix[users], Dataset("ML-1M", train)


def measure(prepared: Any) -> dict[str, float]:
    lists, relevant, train = prepared
    evaluation = Evaluation(lists, relevant, train, relevant.shape[1], np.ones(len(lists), np.bool_))
    return {f"{name}@{k}": metric(name).measure(evaluation, k).value for name in METRICS for k in (5, 10, 20)}


def prepare_ratings(stars: Stars, train: Any, test: Any) -> Any:
    log = Interactions.from_frame(
        pd.DataFrame({"user": _ids(stars.users), "item": _ids(stars.items), "stars": stars.values}),
        ColumnMap("user", "item", "stars"),
    )
    learnt = np.zeros(len(log), np.bool_)
    learnt[np.searchsorted(np.sort(_keys(stars, slice(None))), _keys(stars, train))] = True
    return prepared(log.take(learnt)), stars.users[test], stars.items[test]


def fit_ratings(data: Any, threads: int) -> Scorer:
    return fit("svd_ratings", data[0], threads)


def predict(scorer: Scorer, data: Any) -> Any:
    dataset, users, items = data
    log = dataset.interactions
    return scorer.predict(UserBatch.of(log, np.arange(log.n_users)), users, items)


def _keys(stars: Stars, rows: Any) -> Any:
    return stars.users[rows].astype(np.int64) << 32 | stars.items[rows]


def _logs(cut: Cut) -> tuple[Interactions, Interactions]:
    """Both parts in one set of codes; ids are padded so that their order as text is the order of the codes."""
    users, items = (np.concatenate(pair) for pair in zip(cut.train, cut.test, strict=True))
    held = np.repeat([0.0, 1.0], [len(cut.train[0]), len(cut.test[0])])
    frame = pd.DataFrame({"user": _ids(users), "item": _ids(items), "held": held})
    log = Interactions.from_frame(frame, ColumnMap("user", "item", "held"))
    return log.take(log.values == 0), log.take(log.values == 1)


def _ids(codes: Any) -> pd.Series:
    return pd.Series(codes).astype("str").str.zfill(6)
