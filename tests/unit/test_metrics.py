from dataclasses import replace
from math import log2

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from reco_lab.core import evaluation as core_evaluation
from reco_lab.core.dataset import Dataset
from reco_lab.core.evaluation import Evaluation, RatingErrors, metric, metrics
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.core.ranking import NO_ITEM, Recommendations
from reco_lab.core.ranks import Ranks
from reco_lab.metrics import _exposure, _likeness
from reco_lab.testing.metrics import example

TRAIN = {"ann": "ab", "bob": "ab", "cid": "ac", "dan": "ad"}  # a: 4 customers, b: 2, c: 1, d: 1, e: 0
SECOND = 1 / log2(3)


def _train():
    pairs = [(user, item) for user, items in TRAIN.items() for item in items]
    log = Interactions.from_frame(pd.DataFrame(pairs, columns=["user", "item"]), ColumnMap("user", "item"))
    return Dataset.join("letters", log, items=pd.DataFrame(index=list("abcde")))


def _evaluation(lists, truth, ratings=None):
    length = max(map(len, lists))
    items = np.array(
        [[*("abcde".index(item) for item in one)] + [NO_ITEM] * (length - len(one)) for one in lists]
    )
    scores = np.where(items == NO_ITEM, -np.inf, 1.0).astype(np.float32)
    relevant = np.array([[float(item in wanted) for item in "abcde"] for wanted in truth], np.float32)
    return Evaluation(
        Recommendations(items.astype(np.int32), scores),
        sparse.csr_matrix(relevant),
        _train(),
        5,
        np.ones(len(lists), bool),
        ratings,
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("precision", 1 / 2),
        ("recall", 1 / 3),
        ("recall_capped", 1 / 2),
        ("ndcg", SECOND / (1 + SECOND)),
        ("ndcg_untruncated", SECOND / (1 + SECOND + 1 / 2)),
        ("map", 1 / 2 / 2),
        ("map_by_relevant", 1 / 2 / 3),
        ("mrr", 1 / 2),
        ("hit_rate", 1),
        ("f1", 2 * 1 / (2 + 3)),
        ("r_precision", 1 / 2),
        ("dcg", SECOND),
        ("precision_pooled", 1 / 2),
        ("ndcg_full_list", SECOND / (1 + SECOND)),
        ("map_by_k", 1 / 2 / 2),
        ("map_all_places", (0 + 1 / 2) / 2),
    ],
)
def test_a_hit_at_the_second_of_two_places_with_three_test_items(name, value):
    assert metric(name).measure(_evaluation(["eab"], ["abc"]), 2).value == pytest.approx(value)


@pytest.mark.parametrize(
    "name", [name for name, kind in metrics().items() if kind.family == "accuracy" and not kind.needs_ranks]
)
def test_a_list_that_ends_early_keeps_its_hits_and_gains_nothing_for_the_empty_places(name):
    short, long = _evaluation(["a"], ["ab"]), _evaluation(["acd"], ["ab"])
    assert metric(name).measure(short, 3).value == metric(name).measure(long, 3).value > 0


def test_a_customer_without_test_items_is_left_out():
    both, one = _evaluation(["ab", "ab"], ["a", ""]), _evaluation(["ab"], ["a"])
    assert metric("ndcg").measure(both, 2).value == metric("ndcg").measure(one, 2).value == 1


def test_every_rating_weighs_the_same_in_rmse_and_mae():
    errors = RatingErrors(np.array([0, 0, 1]), np.float32([1, 2, 5]), np.float32([1, 2, 2]))
    evaluation = _evaluation(["a", "b"], ["a", "b"], errors)
    assert metric("rmse").measure(evaluation, 1).value == pytest.approx(np.sqrt(3))
    assert metric("mae").measure(evaluation, 1).value == pytest.approx(1)


@pytest.mark.parametrize("name", ["rmse", "mae"])
def test_there_is_no_rating_error_where_nobody_predicted_a_rating(name):
    assert np.isnan(metric(name).measure(_evaluation(["a"], ["a"]), 1).value)


def test_coverage_counts_the_distinct_items_of_all_lists():
    assert metric("coverage").measure(_evaluation(["ab", "ac"], ["a", "a"]), 2).value == 3 / 5
    assert metric("coverage").measure(_evaluation(["ab", "ac"], ["a", "a"]), 1).value == 1 / 5


def test_gini_is_zero_for_equal_exposure_and_high_where_one_item_takes_all():
    assert metric("gini").measure(_evaluation(list("abcde"), ["a"] * 5), 1).value == pytest.approx(0)
    assert metric("gini").measure(_evaluation(["a"] * 5, ["a"] * 5), 1).value == pytest.approx(4 / 5)


def test_redrawing_in_small_blocks_changes_nothing(monkeypatch):
    weights = np.random.default_rng(0).integers(0, 3, (50, 40)).astype(float)
    whole = metric("gini").measure(example(0), 5).redraw(weights)
    monkeypatch.setattr(_exposure, "BLOCK_BYTES", 1)
    assert np.array_equal(metric("gini").measure(example(0), 5).redraw(weights), whole)


def test_novelty_is_a_bit_more_each_time_half_as_many_customers_know_an_item():
    bits = [metric("novelty").measure(_evaluation([item], ["a"]), 1).value for item in "abc"]
    assert bits == [0, 1, 2]


def test_an_item_nobody_touched_is_as_novel_as_one_touched_once():
    assert metric("novelty").measure(_evaluation(["e"], ["a"]), 1).value == 2


def test_customers_with_an_empty_list_do_not_count_for_novelty():
    assert metric("novelty").measure(_evaluation(["b", ""], ["a", "a"]), 1).value == 1


def test_popularity_lift_compares_the_lists_with_the_training_histories():
    usual = np.mean([(1 + 1 / 2) / 2, (1 + 1 / 2) / 2, (1 + 1 / 4) / 2, (1 + 1 / 4) / 2])
    lift = metric("popularity_bias").measure(_evaluation(["a", "b"], ["a", "a"]), 1).value
    assert lift == pytest.approx((3 / 4 - usual) / usual)


def test_diversity_is_one_less_the_cosine_of_who_touched_the_items():
    assert metric("diversity").measure(_evaluation(["ab"], ["a"]), 2).value == pytest.approx(
        1 - 2 / np.sqrt(8)
    )
    assert metric("diversity").measure(_evaluation(["cd"], ["a"]), 2).value == 1
    three = 1 - (2 / np.sqrt(8) + 1 / 2 + 0) / 3
    assert metric("diversity").measure(_evaluation(["abc"], ["a"]), 3).value == pytest.approx(three)


def test_diversity_of_many_items_is_the_same_in_small_blocks(monkeypatch):
    whole = metric("diversity").measure(example(0), 5).value
    monkeypatch.setattr(_likeness, "MOST_ITEMS", 10)
    assert metric("diversity").measure(example(0), 5).value == pytest.approx(whole)


def test_shared_work_is_done_once_for_all_cut_offs():
    calls = []
    evaluation = example(0)
    for _ in range(3):
        evaluation.once(calls.append)
    assert len(calls) == 1


def test_pooled_precision_weighs_customers_by_what_they_could_have():
    evaluation = _evaluation(["ab", "cd"], ["a", "ab"])
    assert metric("precision_pooled").measure(evaluation, 2).value == pytest.approx(1 / 3)
    assert metric("recall_capped").measure(evaluation, 2).value == pytest.approx(1 / 2)


def test_auc_is_the_share_of_pairs_in_the_right_order():
    places = sparse.csr_matrix([[1.0, 0, 4.0, 0, 0]])
    evaluation = replace(_evaluation(["ab"], ["ac"]), ranks=Ranks(places, np.array([5])))
    assert metric("auc").measure(evaluation, 1).value == pytest.approx((3 + 1) / 6)


def test_auc_of_equal_scores_is_a_half_and_of_an_empty_list_zero():
    ranks = Ranks(sparse.csr_matrix([[3.0, 0, 0, 0, 0], [3.0, 0, 0, 0, 0]]), np.array([5, 5]))
    equal, empty = (
        metric("auc").measure(replace(_evaluation(["a", ""], ["a", "a"]), ranks=ranks), 1).numerator
    )
    assert (equal, empty) == (0.5, 0)


def test_there_is_no_auc_without_the_whole_ranking():
    assert np.isnan(metric("auc").measure(_evaluation(["a"], ["a"]), 1).value)


def test_a_hit_on_an_item_few_know_is_a_novel_hit():
    novel = [
        metric("expected_popularity_complement").measure(_evaluation([item], [item]), 1).value
        for item in "abe"
    ]
    assert novel == [0, 1 / 2, 1]
    assert metric("expected_popularity_complement").measure(
        _evaluation(["be"], ["b"]), 2
    ).value == pytest.approx(1 / 2 / (1 + SECOND))


def test_recall_corrected_for_popularity_weighs_rare_items_more():
    found_rare = metric("ips_recall").measure(_evaluation(["c"], ["ac"]), 1).value
    found_popular = metric("ips_recall").measure(_evaluation(["a"], ["ac"]), 1).value
    assert found_rare == pytest.approx(1 / (1 + 4**-1.5))
    assert found_rare + found_popular == pytest.approx(1)


def test_the_long_tail_is_what_is_not_among_the_most_popular_fifth():
    assert metric("long_tail").measure(_evaluation(["ab", "ce"], ["a", "a"]), 2).value == 3 / 4


def _priced(lists, truth, **columns):
    evaluation = _evaluation(lists, truth)
    table = pd.DataFrame(columns, index=list("abcde"))
    return replace(evaluation, train=replace(evaluation.train, items=table))


def test_revenue_adds_up_the_prices_of_the_hits():
    evaluation = _priced(["ab", "cd"], ["ab", "d"], price=[3.0, 4.0, 5.0, None, 6.0])
    assert metric("revenue").measure(evaluation, 2).value == pytest.approx((7 + 0) / 2)


@pytest.mark.parametrize(("margin", "earned"), [([0.5, 0.25, 0, 0, 0], 1.5 + 1), ([2.0, 1, 0, 0, 0], 3)])
def test_a_margin_is_a_share_of_the_price_or_money(margin, earned):
    evaluation = _priced(["ab"], ["ab"], price=[3.0, 4.0, 5.0, None, 6.0], margin=margin)
    assert metric("margin").measure(evaluation, 2).value == pytest.approx(earned)


@pytest.mark.parametrize(
    ("name", "column"), [("revenue", "price"), ("margin", "margin"), ("calibration", "category")]
)
def test_a_metric_says_which_column_it_lacks(name, column):
    evaluation = _evaluation(["a"], ["a"])
    assert f"Map a {column} column" in metric(name).lacks(evaluation.train)
    assert np.isnan(metric(name).measure(evaluation, 1).value)


def test_calibration_is_one_for_the_customers_own_mix_and_zero_for_quite_another():
    category = ["x", "y", "x", "y", None]
    evaluation = _priced(["ab", "ac", "ac", "ab", "e"], ["a"] * 5, category=category)
    histories = sparse.csr_matrix(
        np.array(
            [[1, 1, 0, 0, 0], [0, 0, 1, 0, 0], [0, 1, 0, 1, 0], [0, 0, 1, 0, 0], [1, 0, 0, 0, 0]], np.float32
        )
    )
    found = metric("calibration").measure(replace(evaluation, histories=histories), 2)
    half = 1 - (0.75 * log2(4 / 3) + 0.25 * log2(4) - 0.5 * 1)
    assert found.numerator == pytest.approx([1, 1, 0, half, 0])
    assert found.denominator.tolist() == [1, 1, 1, 1, 0]


def test_an_item_of_two_categories_counts_half_in_each():
    evaluation = _priced(["a"], ["a"], category=["x|y", "x", "y", None, None])
    same = replace(evaluation, histories=sparse.csr_matrix(np.array([[0, 1, 1, 0, 0]], np.float32)))
    assert metric("calibration").measure(same, 1).value == pytest.approx(1)


def test_hits_of_many_customers_are_the_same_in_small_blocks(monkeypatch):
    whole = example(0).hits
    monkeypatch.setattr(core_evaluation, "BITMAP_CELLS", 1)
    monkeypatch.setattr(core_evaluation, "FEWEST_ROWS", 7)
    assert np.array_equal(example(0).hits, whole)
    assert whole.any()
