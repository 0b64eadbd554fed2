"""Published figures on ML-100K: Ferrari Dacrema et al., TOIS 2021, tables 46, 48 and 49 of the appendix."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from reco_lab.core.batch import UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.core.ranking import recommend
from reco_lab.core.recommender import FitContext, recommender

pytestmark = pytest.mark.data

K = 10
EXACT, TIES, SUBSPACE, POPULAR = 1e-4, 1e-3, 1e-3, 5e-4
KNN_BM25 = {"similarity": "cosine", "weighting": "bm25", "k1": 1.2, "b": 0.75}

PUBLISHED = {
    "ease": ({"algorithm": "ease", "l2": 458.0}, (0.3739, 0.2430, 0.2905), EXACT),
    "SLIM": (
        {"algorithm": "slim", "neighbours": 605, "l1_ratio": 1.13e-4, "alpha": 0.2225, "iterations": 100},
        (0.3770, 0.2441, 0.2957),
        EXACT,
    ),
    "RP3beta": (
        {"algorithm": "rp3beta", "neighbours": 324, "alpha": 0.8593, "beta": 0.6574, "normalised": True},
        (0.3435, 0.2191, 0.2588),
        EXACT,
    ),
    "P3alpha": (
        {"algorithm": "p3alpha", "neighbours": 197, "alpha": 0.0, "normalised": True},
        (0.3305, 0.2081, 0.2554),
        TIES,
    ),
    "PureSVD": ({"algorithm": "pure_svd", "factors": 13}, (0.3545, 0.2247, 0.2719), SUBSPACE),
    "item k-NN jaccard": (
        {"algorithm": "item_knn", "similarity": "jaccard", "neighbours": 161, "shrink": 0.0},
        (0.3177, 0.2043, 0.2431),
        EXACT,
    ),
    "item k-NN dice": (
        {"algorithm": "item_knn", "similarity": "dice", "neighbours": 179, "shrink": 0.0},
        (0.3211, 0.2040, 0.2425),
        EXACT,
    ),
    "item k-NN BM25": (
        {"algorithm": "item_knn", "neighbours": 886, "shrink": 403.0} | KNN_BM25,
        (0.3293, 0.2152, 0.2571),
        EXACT,
    ),
    "user k-NN jaccard": (
        {"algorithm": "user_knn", "similarity": "jaccard", "neighbours": 128, "shrink": 0.0},
        (0.3430, 0.2225, 0.2687),
        TIES,
    ),
    "user k-NN dice": (
        {"algorithm": "user_knn", "similarity": "dice", "neighbours": 129, "shrink": 0.0},
        (0.3442, 0.2237, 0.2692),
        TIES,
    ),
    "most popular": ({"algorithm": "most_popular"}, (0.1907, 0.1180, 0.1361), POPULAR),
}


@pytest.fixture(scope="module")
def benchmark(real_data):
    """The training log and the test items (customers x items) of the published split, on the same codes."""
    folder = real_data("golden-ml-100k")
    names = ["user", "item", "rating"]
    train = pd.read_csv(folder / "ml-100k.train.rating", sep="\t", names=names, dtype="str")
    lines = [line.split() for line in (folder / "ml-100k.test.rating").read_text().splitlines()]
    test = pd.DataFrame([(user, item) for user, *items in lines for item in items], columns=names[:2])
    rows = pd.concat([train[names[:2]].assign(test=0), test.assign(test=1)])
    log = Interactions.from_frame(rows, ColumnMap("user", "item", "test"))
    return Dataset("ML-100K", log.take(log.values == 0)), log.take(log.values == 1).matrix


@pytest.mark.parametrize(("spec", "published", "tolerance"), PUBLISHED.values(), ids=PUBLISHED)
def test_the_published_figures_come_out_again(benchmark, spec, published, tolerance):
    data, truth = benchmark
    users = np.flatnonzero(np.diff(truth.indptr))
    scorer = recommender(spec).fit(data, FitContext())

    items = recommend(scorer, UserBatch.of(data.interactions, users), K).items

    assert figures(items, truth[users]) == pytest.approx(published, abs=tolerance)


def test_the_split_is_the_published_one(benchmark):
    data, truth = benchmark

    assert len(data.interactions) == 80_000
    assert truth.nnz == 20_000
    assert truth.shape[1] == 1_682


def figures(items, truth):
    """Precision hits/k, recall hits/n, and nDCG whose ideal list holds all n test items."""
    hits = np.take_along_axis(truth.toarray(), items, axis=1)
    relevant = np.diff(sparse.csr_matrix(truth).indptr)
    gains = 1 / np.log2(np.arange(2, relevant.max() + 2))
    ideal = np.cumsum(gains)[relevant - 1]
    per_user = (hits.sum(axis=1) / K, hits.sum(axis=1) / relevant, (hits * gains[:K]).sum(axis=1) / ideal)
    return tuple(float(values.mean()) for values in per_user)
