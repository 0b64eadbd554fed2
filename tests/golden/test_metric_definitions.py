"""The same lists (EASE, l2 458, ML-100K as Ferrari Dacrema et al. split it) under several definitions."""

import numpy as np
import pandas as pd
import pytest

from reco_lab.algorithms.ease import Ease
from reco_lab.core.batch import UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.evaluation import Evaluation
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.core.ranking import recommend
from reco_lab.core.recommender import FitContext
from reco_lab.experiments.definitions import readings
from reco_lab.splits.given import Given, Part, join_parts

pytestmark = pytest.mark.data

PUBLISHED = {
    "precision": 0.3739,
    "precision_pooled": 0.4473,
    "recall": 0.2430,
    "recall_capped": 0.4292,
    "ndcg": 0.4457,
    "ndcg_full_list": 0.4105,
    "ndcg_untruncated": 0.2905,
    "map": 0.3054,
    "map_by_relevant": 0.1537,
    "map_by_k": 0.2758,
    "map_all_places": 0.4431,
}


def _log(pairs):
    return Interactions.from_frame(pd.DataFrame(pairs, columns=["user", "item"]), ColumnMap("user", "item"))


@pytest.fixture(scope="module")
def evaluation(real_data):
    folder = real_data("golden-ml-100k")
    lines = [line.split() for line in (folder / "ml-100k.test.rating").read_text().splitlines()]
    train = pd.read_csv(folder / "ml-100k.train.rating", sep="\t", header=None, dtype=str)
    test = [(user, item) for user, *items in lines for item in items]
    log, marks = join_parts([_log(train.iloc[:, :2].to_numpy()), _log(test)], [Part.train, Part.test])
    split = Given().cut(Dataset("ml-100k", log), marks, np.random.default_rng(0))
    known = split.before_test
    users = np.unique(split.test.users)
    scorer = Ease(l2=458).fit(known, FitContext())
    lists = recommend(scorer, UserBatch.of(known.interactions, users), 10, candidates=split.candidates)
    everybody = np.ones(len(users), bool)
    return Evaluation(lists, split.test.matrix[users], known, log.n_items, everybody)


def test_each_definition_gives_its_published_figure(evaluation):
    found = {one.definition.metric: round(one.value, 4) for one in readings(evaluation, 10)}
    assert found == PUBLISHED
