"""Surprise's own table for ML-100K (5-fold cross-validation, default parameters), through our fit and predict."""

import numpy as np
import pandas as pd
import pytest

from reco_lab.core.batch import UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.core.recommender import FitContext, recommender

pytestmark = [pytest.mark.data, pytest.mark.slow]
TOLERANCE = 0.005


@pytest.fixture(scope="module")
def data(real_data):
    columns = ["user", "item", "rating"]
    frame = pd.read_csv(
        real_data("ml-100k") / "u.data", sep="\t", header=None, usecols=[0, 1, 2], names=columns
    )
    return Dataset("ml-100k", Interactions.from_frame(frame, ColumnMap("user", "item", value="rating")))


def errors_of_fold(spec, data, held_out):
    test = data.interactions.take(held_out)
    train = data.take(np.flatnonzero(~held_out))
    users, owners = np.unique(test.users, return_inverse=True)
    scorer = spec.fit(train, FitContext(seed=0))
    return scorer.predict(UserBatch.of(train.interactions, users), owners, test.items) - test.values


@pytest.mark.parametrize(
    ("algorithm", "rmse", "mae"), [("svd", 0.934, 0.737), ("knn_baseline", 0.931, 0.733)]
)
def test_five_fold_cross_validation_gives_the_published_errors(data, algorithm, rmse, mae):
    fold = np.random.default_rng(0).permutation(len(data.interactions)) % 5
    spec = recommender({"algorithm": algorithm})
    errors = [errors_of_fold(spec, data, fold == number) for number in range(5)]
    assert np.mean([np.sqrt(np.mean(one**2)) for one in errors]) == pytest.approx(rmse, abs=TOLERANCE)
    assert np.mean([np.abs(one).mean() for one in errors]) == pytest.approx(mae, abs=TOLERANCE)
