import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import ElasticNet

from reco_lab.core.dataset import Dataset
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.core.recommender import FitContext, recommender


def dataset(customers=80, items=90, density=0.2, seed=4):
    rng = np.random.default_rng(seed)
    taste = rng.random((customers, 4)) @ rng.random((4, items))
    users, touched = np.nonzero(taste > np.quantile(taste, 1 - density))
    frame = pd.DataFrame({"user": [f"{n:03}" for n in users], "item": [f"{n:03}" for n in touched]})
    return Dataset("tastes", Interactions.from_frame(frame, ColumnMap("user", "item")))


def fitted(data, threads=1, **spec):
    return recommender(spec).fit(data, FitContext(threads=threads))


@pytest.mark.parametrize(("alpha", "l1_ratio"), [(0.05, 0.01), (0.01, 0.3)])
def test_slim_solves_an_elastic_net_for_each_item(alpha, l1_ratio):
    data = dataset()
    log = data.interactions.matrix.toarray().astype(np.float64)

    weights = fitted(
        data, algorithm="slim", alpha=alpha, l1_ratio=l1_ratio, iterations=1000
    ).weights.toarray()

    net = ElasticNet(
        alpha=alpha, l1_ratio=l1_ratio, positive=True, fit_intercept=False, tol=1e-9, max_iter=10_000
    )
    for item in (0, 17, log.shape[1] - 1):
        others = log.copy()
        others[:, item] = 0
        assert weights[:, item] == pytest.approx(net.fit(others, log[:, item]).coef_, abs=5e-4)


def test_slim_keeps_the_largest_weights_and_never_an_items_own():
    data = dataset()
    whole, few = (
        fitted(data, algorithm="slim", neighbours=k).weights.toarray() for k in (data.interactions.n_items, 3)
    )

    assert (np.diag(whole) == 0).all()
    assert (few > 0).sum(axis=0).max() == 3
    assert few.max(axis=0).tolist() == whole.max(axis=0).tolist()


@pytest.mark.parametrize("algorithm", ["slim", "item_knn", "rp3beta"])
def test_the_number_of_threads_changes_no_digit(algorithm):
    data = dataset()
    one, two = (fitted(data, threads, algorithm=algorithm).weights for threads in (1, 2))

    assert one.nnz > 0
    assert (one != two).nnz == 0
