"""What is said of a campaign whose control group was not drawn by chance."""

import numpy as np

from reco_lab.campaigns.observed import Observed, matched


def test_alike_customers_are_compared_and_a_difference_from_before_gives_the_matching_away():
    rng = np.random.default_rng(0)
    before = rng.gamma(1.0, size=(6000, 2))
    chosen = rng.random(6000) < before[:, 0] / (1 + before[:, 0])
    outcome = before[:, 0] + rng.normal(size=6000)
    found = matched(outcome + 0.5 * chosen, chosen, before)
    assert found.low < 0.5 < found.high
    assert outcome[chosen].mean() - outcome[~chosen].mean() > found.absolute - 0.5 + 0.2
    hidden = rng.random(6000) < 0.5
    unlike = matched(outcome + 2.0 * hidden, hidden, before)
    assert not Observed(found, unlike).credible
    assert "must not be put down to the campaign" in Observed(found, unlike).sentence
    assert "proves nothing" in Observed(found, None).sentence
