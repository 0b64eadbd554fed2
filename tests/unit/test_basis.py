"""On what a model's scores rest, as a customer is told of it."""

import pytest

from reco_lab.core.events import Stage
from reco_lab.core.recommender import FitContext, algorithms
from reco_lab.testing.shops import standard

YARDSTICKS = [name for name, kind in algorithms().items() if kind.info.family == "baseline"]


@pytest.mark.parametrize("name", YARDSTICKS)
def test_a_yardstick_does_not_claim_to_rest_on_what_a_customer_did(name):
    shop = standard()
    scorer = algorithms()[name]().fit(shop.train, FitContext(seed=0, validation=shop.validation))

    assert (scorer.basis is Stage.model) == (name == "slope_one")
    assert algorithms()[name]().restore(scorer.state()).basis is scorer.basis


@pytest.mark.parametrize("name", ["ease", "item_knn", "svd"])
def test_a_personal_model_rests_on_what_a_customer_did(name):
    shop = standard()
    scorer = algorithms()[name]().fit(shop.train, FitContext(seed=0, validation=shop.validation))

    assert scorer.basis is Stage.model
