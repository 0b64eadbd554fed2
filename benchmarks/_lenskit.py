"""LensKit by its own interface: a data set and a pipeline in, lists of items out."""

from typing import Any

import numpy as np
import pandas as pd
from _split import PLACES, Cut
from lenskit.batch import recommend
from lenskit.data import from_interactions_df
from lenskit.knn import EASEScorer, SLIMScorer
from lenskit.pipeline import topn_pipeline

SCORERS = {
    "ease": lambda: EASEScorer(regularization=500.0),
    "slim": lambda: SLIMScorer(l1_reg=1.0, l2_reg=5.0, max_nbrs=200),
}


def prepare(cut: Cut) -> Any:
    table = pd.DataFrame({"user_id": cut.train[0], "item_id": cut.train[1]})
    return cut.n_users, from_interactions_df(table)


def fit(algorithm: str, data: Any, _threads: int) -> Any:
    pipeline = topn_pipeline(SCORERS[algorithm](), n=PLACES)
    pipeline.train(data[1])
    return pipeline


def rank(pipeline: Any, data: Any, _threads: int) -> Any:
    lists = np.full((data[0], PLACES), -1, np.int32)
    for key, found in recommend(pipeline, list(range(data[0])), n=PLACES, n_jobs=1).items():
        items = np.asarray(found.ids())
        lists[key.user_id, : len(items)] = items
    return lists
