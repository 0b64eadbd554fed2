"""On what a model's scores rest, as a customer is told of it."""

import numpy as np
import pytest

from reco_lab.core.batch import UserBatch
from reco_lab.core.events import Stage
from reco_lab.core.recommender import FitContext, algorithms, recommender
from reco_lab.testing.shops import standard

YARDSTICKS = [name for name, kind in algorithms().items() if kind.info.family == "baseline"]
OF_PARTS = ["hybrid", "cascade", "two_stage", "switching"]


def fitted(**spec):
    """The scorer, and all customers of the shop; the last of them has no history."""
    shop = standard()
    scorer = recommender(spec).fit(shop.train, FitContext(seed=0, validation=shop.validation))
    log = shop.train.interactions
    return scorer, UserBatch.of(log, np.arange(log.n_users))


@pytest.mark.parametrize("name", YARDSTICKS)
def test_a_yardstick_does_not_claim_to_rest_on_what_a_customer_did(name):
    scorer, batch = fitted(algorithm=name)

    assert (scorer.basis is Stage.model) == (name == "slope_one")
    again = algorithms()[name]().restore(scorer.state())
    assert again.bases(batch) == scorer.bases(batch)


@pytest.mark.parametrize("name", ["ease", "item_knn", "svd"])
def test_a_personal_model_rests_on_what_a_customer_did(name):
    scorer, batch = fitted(algorithm=name)

    assert set(scorer.bases(batch)) == {Stage.model}


@pytest.mark.parametrize("name", OF_PARTS)
def test_what_is_made_of_yardsticks_does_not_claim_more_than_they_do(name):
    scorer, batch = fitted(algorithm=name, parts=[{"algorithm": "most_popular"}] * 2)

    assert set(scorer.bases(batch)) == {Stage.popular}


@pytest.mark.parametrize("name", ["hybrid", "cascade", "two_stage"])
def test_a_mixture_rests_on_the_history_where_there_is_one(name):
    scorer, batch = fitted(algorithm=name, parts=[{"algorithm": "most_popular"}, {"algorithm": "ease"}])

    expected = [Stage.model if one else Stage.popular for one in batch.lengths]
    assert scorer.bases(batch) == expected


def test_a_switch_says_what_the_part_rests_on_that_is_asked():
    parts = [{"algorithm": "most_popular"}, {"algorithm": "ease"}]
    scorer, batch = fitted(algorithm="switching", parts=parts, thresholds=[5])

    expected = [Stage.model if one >= 5 else Stage.popular for one in batch.lengths]
    assert len(set(expected)) == 2
    assert scorer.bases(batch) == expected


def test_who_is_known_by_her_attributes_only_is_not_told_of_a_history():
    shop = standard()
    scorer = algorithms()["metadata_factors"]().fit(shop.train, FitContext(seed=0))
    table = shop.train.customers.iloc[[0]]

    assert scorer.bases(UserBatch.stranger([], attributes=table)) == [Stage.attributes]
    assert scorer.bases(UserBatch.stranger([0])) == [Stage.model]


def test_whose_segment_is_not_known_is_not_told_of_one():
    shop = standard()
    scorer = algorithms()["popular_in_segment"]().fit(shop.train, FitContext(seed=0))
    known = UserBatch.of(shop.train.interactions, np.arange(3))

    assert set(scorer.bases(known)) == {Stage.segment}
    assert scorer.bases(UserBatch.stranger([])) == [Stage.popular]
