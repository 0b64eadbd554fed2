import numpy as np
import pandas as pd
import pytest

from reco_lab.core.batch import UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import CancelledError, NeedsError
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.core.recommender import FitContext, recommender

RATING_MODELS = ["svd", "knn_baseline"]
USERS, ITEMS = 40, 25


def ratings(seed=0, share=0.4):
    """Half stars around what customer and item usually get; the last item and the last customer have none."""
    rng = np.random.default_rng(seed)
    users, items = np.nonzero(rng.random((USERS, ITEMS)) < share)
    stars = (
        3 + rng.normal(size=USERS)[users] + rng.normal(size=ITEMS)[items] + rng.normal(size=len(users)) / 2
    )
    frame = pd.DataFrame(
        {"user": users + 100, "item": items + 100, "stars": np.clip(np.round(2 * stars) / 2, 1, 5)}
    )
    log = Interactions.from_frame(frame, ColumnMap("user", "item", value="stars"))
    none = [pd.DataFrame({"note": ["new"]}, index=["999"]) for _ in range(2)]
    return Dataset.join("ratings", log, *none)


@pytest.fixture(scope="module")
def data():
    return ratings()


def everybody(data):
    return UserBatch.of(data.interactions, np.arange(data.interactions.n_users))


def as_surprise(data):
    from surprise import Dataset as SurpriseDataset
    from surprise import Reader

    log = data.interactions
    frame = pd.DataFrame({"user": log.users, "item": log.items, "stars": log.values.astype(float)})
    reader = Reader(rating_scale=(float(log.values.min()), float(log.values.max())))
    return SurpriseDataset.load_from_df(frame, reader).build_full_trainset()


def all_pairs(data):
    owners, items = np.divmod(
        np.arange(data.interactions.n_users * data.interactions.n_items), data.interactions.n_items
    )
    return owners, items


def test_knn_baseline_predicts_exactly_what_surprise_predicts(data):
    from surprise import KNNBaseline

    oracle = KNNBaseline(k=5, min_k=2, verbose=False).fit(as_surprise(data))
    spec = recommender({"algorithm": "knn_baseline", "neighbours": 5, "fewest": 2})
    owners, items = all_pairs(data)
    predicted = spec.fit(data, FitContext()).predict(everybody(data), owners, items)
    expected = [oracle.predict(user, item).est for user, item in zip(owners, items, strict=True)]
    np.testing.assert_allclose(predicted, expected, atol=1e-5)


def test_svd_predicts_exactly_what_surprise_predicts_from_the_same_seed():
    from surprise import SVD

    rng = np.random.default_rng(5)
    rated = rng.random((20, 12)) < 0.5
    rated[0] = True  # Surprise numbers items as they appear: so in the order of our codes
    users, items = np.nonzero(rated)
    frame = pd.DataFrame({"user": users + 10, "item": items + 10, "stars": rng.integers(1, 6, len(users))})
    data = Dataset("square", Interactions.from_frame(frame, ColumnMap("user", "item", value="stars")))
    oracle = SVD(n_factors=7, n_epochs=5, random_state=11).fit(as_surprise(data))
    scorer = recommender({"algorithm": "svd", "factors": 7, "epochs": 5}).fit(data, FitContext(seed=11))
    owners, items = all_pairs(data)
    expected = [oracle.predict(user, item).est for user, item in zip(owners, items, strict=True)]
    np.testing.assert_allclose(scorer.predict(everybody(data), owners, items), expected, atol=1e-5)


@pytest.mark.parametrize("name", RATING_MODELS)
class TestRatingModels:
    def test_predictions_stay_within_the_scale_of_the_data(self, name, data):
        predicted = (
            recommender({"algorithm": name})
            .fit(data, FitContext())
            .predict(everybody(data), *all_pairs(data))
        )
        assert predicted.dtype == np.float32
        assert predicted.min() >= data.interactions.values.min()
        assert predicted.max() <= data.interactions.values.max()

    def test_scores_are_the_predictions_before_they_are_clipped(self, name, data):
        scorer = recommender({"algorithm": name}).fit(data, FitContext())
        scores = scorer.score(everybody(data)).ravel()
        low, high = data.interactions.values.min(), data.interactions.values.max()
        predicted = scorer.predict(everybody(data), *all_pairs(data))
        np.testing.assert_allclose(np.clip(scores, low, high), predicted, atol=1e-5)

    def test_a_customer_who_rated_nothing_gets_mean_and_item_bias_and_no_answer_of_her_own(self, name, data):
        scorer = recommender({"algorithm": name}).fit(data, FitContext())
        stranger = UserBatch.stranger([1, 2])
        np.testing.assert_allclose(
            scorer.score(stranger)[0], scorer.biases.mean + scorer.biases.items, rtol=1e-5
        )
        assert not scorer.answers(stranger)[0]
        assert not scorer.answers(everybody(data))[-1]

    def test_an_item_that_nobody_rated_gets_the_customers_own_mean(self, name, data):
        scorer = recommender({"algorithm": name}).fit(data, FitContext())
        np.testing.assert_allclose(
            scorer.score(everybody(data))[:, -1], scorer.biases.mean + scorer.biases.users, rtol=1e-5
        )

    def test_a_restored_model_predicts_the_same(self, name, data):
        spec = recommender({"algorithm": name})
        scorer = spec.fit(data, FitContext())
        again = spec.restore(scorer.state())
        owners, items = all_pairs(data)
        np.testing.assert_array_equal(
            again.predict(everybody(data), owners, items), scorer.predict(everybody(data), owners, items)
        )

    def test_the_global_random_state_is_left_alone(self, name, data):
        before = np.random.get_state()[1].copy()  # noqa: NPY002 - the global state is what is looked at
        recommender({"algorithm": name}).fit(data, FitContext())
        np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002 - likewise

    def test_equal_ratings_are_refused_with_what_is_missing(self, name):
        frame = pd.DataFrame({"user": list("aabb"), "item": list("xyxz"), "stars": 4})
        log = Interactions.from_frame(frame, ColumnMap("user", "item", value="stars"))
        with pytest.raises(NeedsError, match="values that differ"):
            recommender({"algorithm": name}).fit(Dataset("flat", log), FitContext())


def test_a_cancelled_svd_ends_between_two_rounds(data):
    heard = []

    def cancel(_fraction, message):
        heard.append(message)
        if len(heard) == 3:
            raise CancelledError

    with pytest.raises(CancelledError):
        recommender({"algorithm": "svd"}).fit(data, FitContext(report=cancel))
    assert heard[-1] == "round 3 of 20"


def test_a_rating_of_zero_is_a_rating():
    frame = pd.DataFrame({"user": list("aabbcc"), "item": list("xyxyxz"), "stars": [0, 5, 0, 5, 0, 4]})
    data = Dataset("zeros", Interactions.from_frame(frame, ColumnMap("user", "item", value="stars")))
    scorer = recommender({"algorithm": "knn_baseline"}).fit(data, FitContext())
    from surprise import KNNBaseline

    oracle = KNNBaseline(verbose=False).fit(as_surprise(data))
    owners, items = all_pairs(data)
    expected = [oracle.predict(user, item).est for user, item in zip(owners, items, strict=True)]
    np.testing.assert_allclose(scorer.predict(everybody(data), owners, items), expected, atol=1e-5)


ORACLES = {
    "svd_pp": ("SVDpp", {"n_factors": 4, "n_epochs": 3, "random_state": 7}, {"factors": 4, "epochs": 3}),
    "surprise_nmf": ("NMF", {"n_factors": 4, "n_epochs": 9, "random_state": 7}, {"factors": 4, "epochs": 9}),
    "slope_one": ("SlopeOne", {}, {}),
    "baseline_only": ("BaselineOnly", {"verbose": False}, {}),
    "knn_basic": ("KNNBasic", {"k": 5, "min_k": 2, "verbose": False}, {"neighbours": 5, "fewest": 2}),
    "knn_means": ("KNNWithMeans", {"k": 5, "min_k": 2, "verbose": False}, {"neighbours": 5, "fewest": 2}),
    "knn_zscore": ("KNNWithZScore", {"k": 5, "min_k": 2, "verbose": False}, {"neighbours": 5, "fewest": 2}),
}


@pytest.fixture(scope="module")
def square():
    """Whole stars of customers and items who all have some, numbered by Surprise as by us."""
    rng = np.random.default_rng(5)
    rated = rng.random((30, 12)) < 0.4
    rated[0], rated[:, 0] = True, True
    users, items = np.nonzero(rated)
    frame = pd.DataFrame({"user": users + 10, "item": items + 10, "stars": rng.integers(1, 6, len(users))})
    return Dataset("square", Interactions.from_frame(frame, ColumnMap("user", "item", value="stars")))


@pytest.mark.parametrize("name", ORACLES)
def test_an_adapter_predicts_exactly_what_surprise_predicts(name, square):
    import surprise

    theirs, settings, ours = ORACLES[name]
    oracle = getattr(surprise, theirs)(**settings).fit(as_surprise(square))
    scorer = recommender({"algorithm": name, **ours}).fit(square, FitContext(seed=7))
    owners, items = all_pairs(square)
    expected = [oracle.predict(user, item).est for user, item in zip(owners, items, strict=True)]
    np.testing.assert_allclose(scorer.predict(everybody(square), owners, items), expected, atol=1e-5)


def test_slope_one_scores_a_history_that_comes_in_like_that_of_the_customer_it_is_from(square):
    scorer = recommender({"algorithm": "slope_one"}).fit(square, FitContext())
    batch = everybody(square)
    empty = UserBatch.stranger([])
    codes = UserBatch(batch.codes, np.zeros(len(batch) + 1, np.int64), empty.items, empty.values, empty.kinds)
    np.testing.assert_allclose(scorer.score(batch), scorer.score(codes), atol=1e-5)


def test_co_clustering_finds_two_camps():
    rng = np.random.default_rng(2)
    users, items = np.nonzero(rng.random((40, 20)) < 0.5)
    stars = np.where(users % 2 == items % 2, 5.0, 1.5)
    frame = pd.DataFrame({"user": users + 10, "item": items + 10, "stars": stars})
    data = Dataset("camps", Interactions.from_frame(frame, ColumnMap("user", "item", value="stars")))
    spec = recommender({"algorithm": "co_clustering", "customer_groups": 2, "item_groups": 2})
    predicted = spec.fit(data, FitContext(seed=1)).score(everybody(data))
    camps = np.arange(40)[:, None] % 2 == np.arange(20) % 2
    assert np.median(predicted[camps]) > np.median(predicted[~camps]) + 3


def test_co_clustering_gives_strangers_an_items_mean_and_new_items_a_customers_mean(data):
    scorer = recommender({"algorithm": "co_clustering"}).fit(data, FitContext())
    log = data.interactions
    values = log.values.astype(float)
    means = np.bincount(log.items, values) / np.bincount(log.items)
    np.testing.assert_allclose(scorer.score(UserBatch.stranger([1]))[0, : len(means)], means, rtol=1e-5)
    own = np.bincount(log.users, values) / np.maximum(np.bincount(log.users), 1)
    np.testing.assert_allclose(scorer.score(everybody(data))[: len(own), -1], own, rtol=1e-5)
