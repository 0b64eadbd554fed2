"""Lists built place by place: small catalogues whose right order can be worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from reco_lab.core.dataset import Dataset
from reco_lab.core.experiment import MetricSpec, Question
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.core.ranking import NO_ITEM, Recommendations
from reco_lab.core.recommender import FitContext, recommender
from reco_lab.core.splitting import Split
from reco_lab.experiments import rerank as rerank_module
from reco_lab.experiments.exam import Exam
from reco_lab.experiments.rerank import RERANKERS, Discount, Mix, Pool, Variety, rerank

A, B, C, D, OWN, FOUND = range(6)
CATEGORIES = ["tea", "tea", "coffee", "coffee", "coffee", "tea"]


def pool(scores, customers=1):
    """Customers who had OWN (coffee) and want FOUND; A and B are always bought together, C and D by one each.

    The candidates A, B, C, D come with these scores.
    """
    rows = [(f"x{n}", item, 0) for n in range(4) for item in (A, B)]
    rows += [("y", C, 0), ("z", D, 0), ("w", FOUND, 0)]
    rows += [(f"asked{n}", item, day) for n in range(customers) for item, day in ((OWN, 0), (FOUND, 9))]
    frame = pd.DataFrame(rows, columns=["user", "item", "day"]).astype({"item": "str"})
    frame["time"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(frame["day"], unit="D")
    log = Interactions.from_frame(frame, ColumnMap("user", "item", time="time"))
    test = log.times > np.datetime64("2026-01-05")
    items = pd.DataFrame({"category": CATEGORIES}, index=log.item_ids)
    data = Dataset("tea", log, items=items)
    split = Split("last", data, np.flatnonzero(~test), np.zeros(0, np.intp), np.flatnonzero(test))
    exam = Exam.of(split, "test", Question(metrics=MetricSpec(names=("ndcg", "calibration"), k=(2,))))
    given = np.tile(np.asarray(scores, np.float32), (customers, 1))
    codes = np.where(np.isfinite(given), np.arange(4, dtype=np.int32), NO_ITEM)
    return Pool(exam, Recommendations(codes, given), np.ones(customers, bool))


@pytest.mark.parametrize("kind", RERANKERS)
def test_at_strength_nothing_the_model_s_order_stays(kind):
    found = rerank(pool([4, 3, 2, 1]), kind, 0.0, 4)

    assert found.items.tolist() == [[A, B, C, D]]
    assert (np.diff(found.scores) < 0).all()


def test_variety_passes_over_what_is_like_the_first():
    """Relevance 1, 0.9, 0.5, 0; B is bought by the very customers of A (cosine 1): 0.5 * 0.9 - 0.5 * 1 < 0.5 * 0.5."""
    assert rerank(pool([10, 9, 5, 0]), Variety, 0.5, 4).items.tolist() == [[A, C, D, B]]


def test_a_little_variety_changes_nothing_where_relevance_is_far_apart():
    """0.95 * 0.9 - 0.05 > 0.95 * 0.5."""
    assert rerank(pool([10, 9, 5, 0]), Variety, 0.05, 2).items.tolist() == [[A, B]]


def test_the_mix_follows_the_history():
    """The history is all coffee: at full strength C and D come before A and B."""
    assert rerank(pool([10, 9, 5, 0]), Mix, 1.0, 4).items.tolist() == [[C, D, A, B]]


def test_the_mix_adds_the_fall_of_the_divergence():
    """The first coffee is worth log(1) - log(0.01) nats, the second, with a list of two, log(1) - log(0.505)."""
    aim = Mix(pool([10, 9, 5, 0]), slice(None))

    assert aim.bonus()[0] == pytest.approx([0, 0, np.log(100), np.log(100)], rel=1e-5)
    aim.take(np.array([2]))
    assert aim.bonus()[0] == pytest.approx([0, 0, np.log(1 / 0.505), np.log(1 / 0.505)], rel=1e-5)


def test_a_discount_puts_what_few_have_first():
    assert rerank(pool([10, 9, 5, 0]), Discount, 1.0, 4).items.tolist() == [[C, D, A, B]]
    aim = Discount(pool([10, 9, 5, 0]), slice(None))
    assert aim.bonus()[0] == pytest.approx([-1, -1, -np.log(2) / np.log(5), -np.log(2) / np.log(5)])


@pytest.mark.parametrize("kind", RERANKERS)
def test_short_lists_end_where_they_end_and_nothing_comes_twice(kind):
    found = rerank(pool([10, 9, -np.inf, -np.inf]), kind, 0.7, 4)

    assert sorted(found.items[0, :2].tolist()) == [A, B]
    assert found.items[0, 2:].tolist() == [NO_ITEM, NO_ITEM]
    assert np.isneginf(found.scores[0, 2:]).all()


@pytest.mark.parametrize("kind", RERANKERS)
def test_the_size_of_the_blocks_changes_nothing(kind, monkeypatch):
    customers = pool([10, 9, 5, 0], customers=7)
    whole = rerank(customers, kind, 0.4, 3).items
    monkeypatch.setattr("reco_lab.experiments.rerank.BLOCK", 3)

    assert rerank(customers, kind, 0.4, 3).items.tolist() == whole.tolist()


def test_without_categories_the_mix_is_not_offered_and_says_why():
    bare = Dataset("bare", pool([1, 1, 1, 1]).exam.train.interactions)
    assert "map a category column" in Mix.lacks(bare)
    assert Variety.lacks(bare) == Discount.lacks(bare) == ""


def test_the_pool_is_deeper_than_the_longest_list(monkeypatch):
    monkeypatch.setattr(rerank_module, "DEPTH", 1)
    exam = pool([4, 3, 2, 1]).exam
    scorer = recommender({"algorithm": "most_popular"}).fit(exam.train, FitContext())
    found = Pool.of(exam, scorer)

    assert found.lists.k == 4
    own, _ = exam.ask(scorer)
    assert rerank(found, Discount, 0.0, 2).items.tolist() == own.items.tolist()
