"""Reco Lab by its public path: a specification, `fit`, `recommend`, metrics over an `Evaluation`."""

from typing import Any

import numpy as np
import pandas as pd
from _split import PLACES, Cut

from reco_lab.algorithms._kernels import steps
from reco_lab.core.batch import UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.evaluation import Evaluation, metric, metrics
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.core.ranking import Recommendations, recommend
from reco_lab.core.recommender import FitContext, Scorer, algorithms, recommender

SPECS = {
    "most_popular": {},
    "item_knn": {"similarity": "cosine", "weighting": "none", "neighbours": 100, "shrink": 0.0},
    "ease": {"l2": 500.0},
    "ials": {"factors": 64, "iterations": 15, "regularization": 30.0, "alpha": 2.0},
    "bpr": {"factors": 64},
}
METRICS = ("ndcg", "recall", "map", "precision", "mrr", "hit_rate")


def prepare(cut: Cut) -> Dataset:
    algorithms()
    for step in steps():  # compiled, or read from the cache, before anything is measured
        step()
    return Dataset("ML-1M", _logs(cut)[0])


def fit(algorithm: str, data: Dataset, threads: int) -> Scorer:
    return recommender({"algorithm": algorithm, **SPECS[algorithm]}).fit(data, FitContext(threads=threads))


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


def _logs(cut: Cut) -> tuple[Interactions, Interactions]:
    """Both parts in one set of codes; ids are padded so that their order as text is the order of the codes."""
    users, items = (np.concatenate(pair) for pair in zip(cut.train, cut.test, strict=True))
    held = np.repeat([0.0, 1.0], [len(cut.train[0]), len(cut.test[0])])
    frame = pd.DataFrame({"user": _ids(users), "item": _ids(items), "held": held})
    log = Interactions.from_frame(frame, ColumnMap("user", "item", "held"))
    return log.take(log.values == 0), log.take(log.values == 1)


def _ids(codes: Any) -> pd.Series:
    return pd.Series(codes).astype("str").str.zfill(6)
