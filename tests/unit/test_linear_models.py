import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import ElasticNet

from reco_lab.algorithms import nmf, pure_svd
from reco_lab.core.batch import UserBatch
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
        assert weights[:, item] == pytest.approx(net.fit(others, log[:, item]).coef_, abs=1e-4)


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


def test_a_rule_counts_how_often_it_holds():
    data = dataset()
    log = data.interactions.matrix.toarray()
    both, have = log.T @ log, log.sum(axis=0)
    np.fill_diagonal(both, 0)

    confidence = fitted(data, algorithm="association_rules", support=3, rules=2000).weights.toarray()
    lift = fitted(
        data, algorithm="association_rules", measure="lift", support=3, rules=2000
    ).weights.toarray()

    held = np.where(both >= 3, both / have[:, None], 0)
    assert confidence == pytest.approx(held, rel=1e-6)
    assert lift == pytest.approx(held / have * np.count_nonzero(log.sum(axis=1)), rel=1e-6)


def test_a_rule_with_too_few_customers_is_none():
    data = dataset()
    weights = fitted(data, algorithm="association_rules", support=1000).weights

    everybody = np.count_nonzero(data.interactions.matrix.getnnz(axis=1))
    common = (data.interactions.matrix.T @ data.interactions.matrix).toarray()
    np.fill_diagonal(common, 0)
    assert weights.nnz == (common >= everybody).sum()


@pytest.mark.parametrize("largest_table", [0, pure_svd.LARGEST_TABLE], ids=["by steps", "by table"])
def test_pure_svd_projects_on_the_leading_singular_vectors(largest_table, monkeypatch):
    monkeypatch.setattr(pure_svd, "LARGEST_TABLE", largest_table)
    data = dataset(customers=400, items=350)
    log = data.interactions.matrix.toarray()

    batch = UserBatch.of(data.interactions, np.arange(data.interactions.n_users))
    scores = fitted(data, algorithm="pure_svd", factors=4).score(batch)

    _, _, rows = np.linalg.svd(log.astype(np.float64), full_matrices=False)
    assert scores == pytest.approx(log @ rows[:4].T @ rows[:4], abs=1e-4)


def test_pure_svd_leaves_directions_out_that_a_small_catalogue_cannot_bear():
    data = dataset(customers=40, items=40)
    few = min(data.interactions.matrix.shape) // 4

    assert fitted(data, algorithm="pure_svd", factors=500).vectors.shape[1] == few


def test_nmf_comes_ever_closer_to_the_log_and_never_below_zero():
    data = dataset()
    log = data.interactions
    batch = UserBatch.of(log, np.arange(log.n_users))
    models = [
        fitted(data, algorithm="nmf", factors=8, iterations=rounds, regularization=0.0)
        for rounds in (1, 3, 30)
    ]

    errors = [np.square(log.matrix.toarray() - model.score(batch)).sum() for model in models]

    assert errors[0] > errors[1] > errors[2]
    assert min(model.items.min() for model in models) >= 0
    assert models[-1].score(batch).min() >= 0


def test_nmf_gives_each_history_the_vector_that_fits_it_best():
    rng = np.random.default_rng(1)
    items = rng.random((30, 5)).astype(np.float32)
    history = (rng.random((6, 30)) < 0.3).astype(np.float32)
    vectors = np.zeros((6, 5), np.float32)

    for _ in range(2000):
        nmf.sweep(vectors, history @ items, items.T @ items, 0.5)

    slopes = history @ items - vectors @ (items.T @ items) - 0.5 * vectors
    assert slopes[vectors > 0] == pytest.approx(0, abs=1e-4)
    assert slopes[vectors == 0].max() <= 1e-4
