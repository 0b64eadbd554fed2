import numpy as np

from reco_lab.core.ads import Ad, Billing
from reco_lab.policies.epsilon_greedy import EpsilonGreedy
from reco_lab.policies.greedy import Greedy
from reco_lab.policies.thompson import Thompson
from reco_lab.services.exploring import exploring
from reco_lab.testing.learners import RATES, outcomes

ADS = [Ad(id=id_, title=id_, bid=0.5) for id_ in RATES]
COUNTED = {id_: (100_000, 100_000, round(100_000 * rate)) for id_, rate in RATES.items()}


def test_what_exploring_costs_is_what_the_other_ads_bring_less():
    found = exploring(EpsilonGreedy(epsilon=0.2), ADS, COUNTED, None)
    assert round(found.aside) == 150
    assert round(found.clicks, 1) == round(150 * (0.2 - 0.05), 1)
    assert round(found.money, 2) == round(0.5 * found.clicks, 2)


def test_who_never_explores_pays_nothing_and_fewer_than_two_ads_leave_nothing_to_explore():
    assert exploring(Greedy(), ADS, COUNTED, None).aside == 0
    assert exploring(Greedy(), ADS[:1], COUNTED, None) is None


def test_a_learner_explores_less_the_more_it_knows():
    one = Thompson(floor=0.04)
    new = exploring(one, ADS, {}, None)
    taught = exploring(one, ADS, {}, one.fold(one.nothing(), outcomes(RATES, 20_000)))
    assert new.begins
    assert not taught.begins
    assert new.aside > 500
    assert abs(taught.aside - 30) < 2  # three of four places of the floor


def test_a_decision_that_is_billed_at_once_costs_no_money_by_clicks():
    ads = [ad.model_copy(update={"billing": Billing.decision}) for ad in ADS]
    assert exploring(EpsilonGreedy(), ads, COUNTED, None).money == 0
    assert np.isfinite(exploring(EpsilonGreedy(), ads, {}, None, 1.0).clicks)
