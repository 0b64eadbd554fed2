"""What is said of a campaign whose control group was not drawn by chance."""

import numpy as np
import pytest

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


@pytest.mark.parametrize(("customers", "got_it"), [(30, 0.5), (60, 0.1), (200, 0.1), (1000, 0.1)])
@pytest.mark.parametrize("money", [False, True])
def test_alike_customers_are_seldom_told_apart_where_there_is_nothing(customers, got_it, money):
    """One in ten of those who bought before buys again, one in twenty of the others; a few spend much."""
    rng, held, known = np.random.default_rng(4), 0, 0
    for _ in range(300):
        before = (rng.random(customers) < 0.5) * rng.integers(1, 6, customers).astype(float)
        outcome = (rng.random(customers) < 0.05 + 0.05 * (before > 0)).astype(float)
        outcome *= rng.lognormal(3, 1.2, customers) if money else 1
        found = matched(outcome, rng.random(customers) < got_it, before[:, None])
        if found is not None and outcome.any():
            known += 1
            held += found.low <= 0 <= found.high

    assert known > 200
    assert held / known >= (0.88 if money else 0.93)
