from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from reco_lab.algorithms._blending import standardised
from reco_lab.algorithms._shapes import SameForAll
from reco_lab.core.batch import UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import CancelledError, ParameterError
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.core.recommender import FitContext, recommender

PAIR = {"algorithm": "hybrid", "parts": [{"algorithm": "ease", "l2": 5.0}, {"algorithm": "random"}]}


def log_of(rows):
    return Interactions.from_frame(pd.DataFrame(rows, columns=["user", "item"]), ColumnMap("user", "item"))


@pytest.fixture(scope="module")
def shop():
    """Two tastes: customers of each touch two thirds of its items, and a random third is held out."""
    rng = np.random.default_rng(0)
    rows = [
        (f"u{user:02d}", f"i{item:02d}")
        for user in range(60)
        for item in 2 * rng.permutation(15)[:10] + user % 2
    ]
    log = log_of(rows)
    held_out = rng.random(len(log)) < 0.3
    return Dataset("shop", log.take(~held_out)), log.take(held_out)


def everybody(data):
    return UserBatch.of(data.interactions, np.arange(data.interactions.n_users))


def test_a_useful_part_outweighs_a_useless_one(shop):
    train, validation = shop
    scorer = recommender(PAIR).fit(train, FitContext(validation=validation))
    assert scorer.weights[0] > 0.6


def test_without_validation_all_parts_count_alike(shop):
    scorer = recommender(PAIR).fit(shop[0], FitContext())
    assert scorer.weights == (0.5, 0.5)
    assert scorer.learnt() == {}


def test_learnt_weights_survive_json_and_a_second_fit(shop):
    train, validation = shop
    spec = recommender(PAIR)
    first = spec.fit(train, FitContext(validation=validation))
    pinned = recommender(spec.model_copy(update=dict(first.learnt())).to_dict())
    again = pinned.fit(train, FitContext())
    assert again.weights == pytest.approx(first.weights)
    np.testing.assert_allclose(again.score(everybody(train)), first.score(everybody(train)), atol=1e-6)


def test_scores_are_the_weighted_standardised_scores_of_the_parts(shop):
    train, _ = shop
    scorer = recommender(PAIR | {"weights": [3, 1]}).fit(train, FitContext())
    batch = everybody(train)
    ease, random = (standardised(part, batch) for part in scorer.parts)
    np.testing.assert_allclose(scorer.score(batch), 0.75 * ease + 0.25 * random, atol=1e-6)
    np.testing.assert_allclose(ease.mean(axis=1), 0, atol=1e-6)
    np.testing.assert_allclose(ease.std(axis=1), 1, rtol=1e-5)


def test_scores_that_are_a_view_of_what_a_part_keeps_are_standardised_in_a_copy(shop):
    class Kept(SameForAll):
        def score(self, batch, items=None):
            return table[: len(batch)]

    table = np.random.default_rng(0).random((60, 30), np.float32)
    before = table.copy()
    standardised(Kept(table[0]), everybody(shop[0]))
    np.testing.assert_array_equal(table, before)


def test_of_a_part_without_a_preference_nothing_is_heard(shop):
    scores = standardised(SameForAll(np.full(30, 7.0)), everybody(shop[0]))
    assert not scores.any()


def test_each_parts_contribution_is_named_and_they_add_up(shop):
    scorer = recommender(PAIR).fit(shop[0], FitContext())
    batch, items = UserBatch.of(shop[0].interactions, np.array([0])), np.array([4, 5, 6])
    why = scorer.contributions(batch, items)
    assert why.labels == ("EASE", "Random")
    np.testing.assert_allclose(why.weights.sum(0) + why.base, scorer.score(batch, items)[0], atol=1e-6)


def test_parts_that_explain_themselves_by_the_history_do_so_in_a_hybrid_too(shop):
    scorer = recommender(PAIR).fit(shop[0], FitContext())
    batch, items = UserBatch.stranger([0, 2]), np.array([4, 5, 6])
    why = scorer.contributions(batch, items)
    spread = scorer.parts[0].score(batch).std()
    own = scorer.parts[0].contributions(batch, items).weights
    assert why.labels == ()
    np.testing.assert_allclose(why.weights, 0.5 * own / spread, rtol=1e-4)
    np.testing.assert_allclose(why.weights.sum(0) + why.base, scorer.score(batch, items)[0], atol=1e-6)


def test_a_part_without_an_answer_adds_nothing(shop):
    scorer = recommender(PAIR | {"weights": [1, 0]}).fit(shop[0], FitContext())
    nobody = UserBatch.stranger([])
    assert not scorer.answers(nobody)[0]
    assert (scorer.score(nobody) == 0).all()


def test_default_parts_use_content_only_where_items_have_attributes(shop):
    train, _ = shop
    ids = train.interactions.item_ids
    table = pd.DataFrame({"title": [f"thing {code}" for code in range(len(ids))]}, index=ids)
    plain = recommender({"algorithm": "hybrid"}).fit(train, FitContext())
    rich = recommender({"algorithm": "hybrid"}).fit(replace(train, items=table), FitContext())
    assert [spec["algorithm"] for spec in plain.state().meta["parts"]] == ["ease", "ials", "most_popular"]
    assert [spec["algorithm"] for spec in rich.state().meta["parts"]][-1] == "content"


def test_a_restored_hybrid_scores_the_same(shop):
    train, validation = shop
    spec = recommender({"algorithm": "hybrid"})
    scorer = spec.fit(train, FitContext(validation=validation))
    again = spec.restore(scorer.state())
    np.testing.assert_array_equal(again.score(everybody(train)), scorer.score(everybody(train)))


def test_a_hybrid_of_hybrids_keeps_what_each_has_learnt(shop):
    train, validation = shop
    spec = recommender({"algorithm": "hybrid", "parts": [PAIR, {"algorithm": "most_popular"}]})
    learnt = spec.fit(train, FitContext(validation=validation)).learnt()
    assert len(learnt["parts"][0].weights) == 2


def test_what_a_part_needs_the_hybrid_needs(shop):
    spec = recommender({"algorithm": "hybrid", "parts": [{"algorithm": "svd"}]})
    assert any("ratings" in lack for lack in spec.missing(shop[0]))


@pytest.mark.parametrize("weights", [[1], [1, 2, 3], [-1, 2], [0, 0], [float("nan"), 1]])
def test_weights_that_do_not_fit_the_parts_are_refused(weights):
    with pytest.raises(ParameterError, match="weights"):
        recommender(PAIR | {"weights": weights})


def test_a_fit_can_be_cancelled_while_the_weights_are_learnt(shop):
    train, validation = shop

    def cancel(_fraction, message):
        if message == "learning the weights":
            raise CancelledError

    with pytest.raises(CancelledError):
        recommender(PAIR).fit(train, FitContext(validation=validation, report=cancel))
