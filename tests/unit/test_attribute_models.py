"""Models that know customers and items by their attributes."""

import numpy as np
import pandas as pd
import pytest

from reco_lab.algorithms._attributes import Attributes
from reco_lab.core.batch import UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import NeedsError
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.core.recommender import FitContext, recommender


@pytest.fixture(scope="module")
def shop():
    """Young customers touch items 0 to 4, old ones items 5 to 9; everybody touches item 10; colours tell nothing."""
    rng = np.random.default_rng(0)
    ages = rng.permutation(np.linspace(18, 80, 90).round(1))
    rows = [
        (f"u{user:02d}", f"i{item:02d}")
        for user in range(90)
        for item in [*rng.permutation(5)[:3] + 5 * (ages[user] > 50), 10]
    ]
    log = Interactions.from_frame(pd.DataFrame(rows, columns=["user", "item"]), ColumnMap("user", "item"))
    customers = pd.DataFrame(
        {"age": ages, "colour": rng.choice(["red", "blue"], 90), "spread": "same"},
        index=[f"u{user:02d}" for user in range(90)],
    )
    items = pd.DataFrame(
        {"brand": ["one"] * 5 + ["two"] * 5 + ["none"] * 2, "price": [*np.linspace(1, 99, 11), 2.0]},
        index=[f"i{item:02d}" for item in range(12)],
    )
    return Dataset.join("ages", log, customers, items)


def fit(data, algorithm, **settings):
    return recommender({"algorithm": algorithm} | settings).fit(data, FitContext())


def stranger(**attributes):
    return UserBatch.stranger([], attributes=pd.DataFrame([attributes]))


def favourites(scorer, batch, k=5):
    return set(np.argsort(-scorer.score(batch)[0], kind="stable")[:k].tolist())


def test_numbers_that_are_close_are_alike_and_far_ones_are_not():
    table = pd.DataFrame({"price": [*np.linspace(0, 99.5, 21), np.nan]})
    vectors = Attributes.learn(table).apply(table, len(table)).toarray()
    alike = vectors @ vectors.T

    assert alike[10, 11] > 0.8
    assert alike[0, 20] == 0
    np.testing.assert_allclose(np.diag(alike)[:-1], 1, atol=1e-6)
    assert not vectors[-1].any()


def test_every_column_counts_alike_however_many_tags_it_has():
    table = pd.DataFrame({"tags": ["a|b|c", "a", "b", "c"] * 5, "brand": ["x", "y"] * 10})
    vectors = Attributes.learn(table).apply(table, len(table))

    np.testing.assert_allclose(np.asarray(vectors.multiply(vectors).sum(axis=1)).ravel(), 2, atol=1e-6)


@pytest.mark.parametrize("algorithm", ["popular_in_segment", "demographic"])
def test_a_customer_without_history_is_served_by_her_attributes(shop, algorithm):
    scorer = fit(shop, algorithm, **({"shrink": 1.0} if algorithm == "popular_in_segment" else {"l2": 1.0}))

    assert favourites(scorer, stranger(age=25.0), 6) == {0, 1, 2, 3, 4, 10}
    assert favourites(scorer, stranger(age=70.0), 6) == {5, 6, 7, 8, 9, 10}
    assert scorer.answers(stranger(age=25.0))[0]


@pytest.mark.parametrize("algorithm", ["popular_in_segment", "demographic"])
def test_a_customer_of_whom_nothing_is_known_gets_what_all_like(shop, algorithm):
    scorer = fit(shop, algorithm)
    shares = shop.interactions.item_counts / 90

    np.testing.assert_allclose(scorer.score(stranger(age=np.nan))[0], shares, atol=1e-6)


@pytest.mark.parametrize("algorithm", ["popular_in_segment", "demographic"])
def test_a_known_customer_needs_no_attributes_in_the_batch(shop, algorithm):
    scorer, codes = fit(shop, algorithm), np.array([3, 40])
    with_table = UserBatch.of(shop.interactions, codes, attributes=shop.customers)
    without = UserBatch.of(shop.interactions, codes)

    np.testing.assert_allclose(scorer.score(without), scorer.score(with_table), atol=1e-6)


def test_the_column_that_tells_most_makes_the_segments(shop):
    assert [one.name for one in fit(shop, "popular_in_segment").columns] == ["age"]


def test_segments_can_be_of_chosen_columns_together(shop):
    scorer = fit(shop, "popular_in_segment", columns=("age", "colour"))

    assert [one.name for one in scorer.columns] == ["age", "colour"]
    assert len(scorer.table) == 5 * 2 + 1


def test_a_small_segment_leans_on_what_all_like(shop):
    own, all_alike = (
        fit(shop, "popular_in_segment", columns=("age",), shrink=shrink) for shrink in (0.0, 10_000.0)
    )
    shares = shop.interactions.item_counts / 90

    assert own.score(stranger(age=25.0))[0, 5:10].max() == 0
    np.testing.assert_allclose(all_alike.score(stranger(age=25.0))[0], shares, atol=0.01)


@pytest.mark.parametrize(
    ("columns", "sentence"), [(("height",), "height.*There are: age"), (("age", "many"), "too many")]
)
def test_columns_that_make_no_segments_are_refused(shop, columns, sentence):
    customers = shop.customers.assign(many=[f"level {code % 45}" for code in range(90)], more=0)
    crowded = Dataset("ages", shop.interactions, customers)
    repeated = columns if len(columns) == 1 else ("many", "many")

    with pytest.raises(NeedsError, match=sentence):
        fit(crowded, "popular_in_segment", columns=repeated)


def test_an_item_nobody_touched_is_found_by_its_attributes(shop):
    scorer = fit(shop, "attribute_knn")
    scores = scorer.score(UserBatch.stranger([10]))[0]

    assert np.argmax(scores) == 11, "the other item without a brand of note"


def test_an_attribute_model_says_which_attribute_spoke_for_an_item(shop):
    scorer, items = fit(shop, "attribute_knn"), np.array([1, 2, 7])
    why = scorer.contributions(UserBatch.stranger([0]), items)
    brand = why.labels.index("brand = one")

    assert why.weights[brand, 0] > 0
    assert why.weights[brand, 2] == 0
    np.testing.assert_allclose(
        why.weights.sum(axis=0), scorer.score(UserBatch.stranger([0]), items)[0], atol=1e-6
    )


def test_a_customer_model_says_which_attribute_spoke_for_an_item(shop):
    scorer, items = fit(shop, "demographic", l2=1.0), np.array([1, 7])
    why = scorer.contributions(stranger(age=25.0), items)

    assert all(label.startswith("age about") for label in why.labels)
    assert why.weights.sum(axis=0)[0] > why.weights.sum(axis=0)[1]
