"""RecTools by its own interface: tables in, tables out."""

from typing import Any

import numpy as np
import pandas as pd
from _implicit import MODELS
from _split import PLACES, Cut
from rectools import metrics
from rectools.dataset import Dataset
from rectools.models import (
    EASEModel,
    ImplicitALSWrapperModel,
    ImplicitBPRWrapperModel,
    ImplicitItemKNNWrapperModel,
    PopularModel,
    PureSVDModel,
)

WRAPPERS = {
    "item_knn": ImplicitItemKNNWrapperModel,
    "ials_64": ImplicitALSWrapperModel,
    "ials_256": ImplicitALSWrapperModel,
    "bpr": ImplicitBPRWrapperModel,
}


def prepare(cut: Cut) -> Any:
    return cut.n_users, Dataset.construct(_interactions(cut.train))


def fit(algorithm: str, data: Any, threads: int) -> Any:
    return _model(algorithm, threads).fit(data[1])


def rank(model: Any, data: Any, _threads: int) -> Any:
    n_users, dataset = data
    table = model.recommend(dataset.user_id_map.external_ids, dataset, k=PLACES, filter_viewed=True)
    lists = np.full((n_users, PLACES), -1, np.int32)
    lists[table["user_id"], table["rank"] - 1] = table["item_id"]
    return lists


def prepare_metrics(cut: Cut, lists: Any) -> Any:
    users, ranks = np.divmod(np.arange(lists.size), PLACES)
    table = pd.DataFrame({"user_id": users, "item_id": lists.ravel(), "rank": ranks + 1})
    return table[table["item_id"] >= 0], _interactions(cut.test)


def measure(prepared: Any) -> dict[str, float]:
    lists, test = prepared
    wanted = {}
    for k in (5, 10, 20):
        wanted |= {
            f"ndcg@{k}": metrics.NDCG(k, divide_by_achievable=True),
            f"recall@{k}": metrics.Recall(k),
            f"map@{k}": metrics.MAP(k),
            f"precision@{k}": metrics.Precision(k),
            f"mrr@{k}": metrics.MRR(k),
            f"hit_rate@{k}": metrics.HitRate(k),
        }
    return metrics.calc_metrics(wanted, reco=lists, interactions=test)


def _model(algorithm: str, threads: int) -> Any:
    if algorithm == "most_popular":
        return PopularModel()
    if algorithm == "pure_svd":
        return PureSVDModel(factors=64)
    if algorithm == "ease":
        return EASEModel(regularization=500.0, recommend_n_threads=threads)
    return WRAPPERS[algorithm](MODELS[algorithm](threads))


def _interactions(pairs: Any) -> pd.DataFrame:
    return pd.DataFrame({"user_id": pairs[0], "item_id": pairs[1], "weight": 1.0, "datetime": "2000-01-01"})
