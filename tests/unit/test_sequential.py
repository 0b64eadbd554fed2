"""Intervals of a running test, and the alarm about its shares, hold however often one looks."""

import numpy as np
import pytest

from reco_lab.experiments.ab_verdict import Verdict
from reco_lab.experiments.lift import Moments, lifts, linearised
from reco_lab.experiments.power import Usual, needed
from reco_lab.experiments.sample_ratio import SUSPICIOUS, sample_ratio
from reco_lab.experiments.sequential import FEWEST, Tally, ahead, level_at_last
from reco_lab.services import canary

TESTS, LOOKS, A_LOOK = 600, 30, 40


def grown(rng, rate=0.1):
    """Clicks and ads shown of customers (tests x customers) each of whom has a chance of her own; they come in turn."""
    size = (TESTS, LOOKS * A_LOOK)
    shown = 1 + rng.poisson(3, size)
    return rng.binomial(shown, np.minimum(rng.gamma(2.0, rate / 2, size), 1)).astype(float), shown.astype(
        float
    )


def looks(clicks, shown):
    found = [Tally.of(clicks[:, : A_LOOK * look], shown[:, : A_LOOK * look]) for look in range(1, LOOKS + 1)]
    return Tally.stacked(found)


@pytest.fixture(scope="module")
def alike():
    rng = np.random.default_rng(5)
    return looks(*grown(rng)), looks(*grown(rng))


def test_a_tally_is_the_delta_method_customer_by_customer():
    rng = np.random.default_rng(0)
    shown, before = 1.0 + rng.poisson(3, 200), rng.normal(size=200)
    clicks = rng.binomial(shown.astype(int), 0.2).astype(float)
    among = rng.random(200) < 0.7
    ours = Tally.of(clicks, shown, before, among).moments()
    theirs = Moments.of(linearised(clicks[among], shown[among]), before[among])
    for name in ("n", "mean", "spread", "before", "before_spread", "both"):
        assert getattr(ours, name) == pytest.approx(getattr(theirs, name)), name
    bought = (clicks > 0).astype(float)
    ours = Tally.of(bought, np.ones(200)).moments(yes_or_no=True)
    theirs = Moments.of(bought, yes_or_no=True)
    assert (ours.mean, ours.spread) == pytest.approx((theirs.mean, theirs.spread))


def test_peeking_at_every_look_sees_a_difference_where_there_is_none_once_in_twenty_at_most(alike):
    found = ahead(alike[1], alike[0], 0.1)
    plain = lifts(alike[1].moments(), alike[0].moments())
    assert (found.p < 0.05).any(axis=0).mean() <= 0.05
    assert (plain.p < 0.05).any(axis=0).mean() > 0.15
    told = np.isfinite(found.relative_low)
    held = (found.relative_low <= 0) & (found.relative_high >= 0)
    assert (held | ~told).all(axis=0).mean() >= 0.95


def test_a_difference_is_told_apart_where_its_interval_leaves_out_nothing(alike):
    found = ahead(alike[1], alike[0], 0.1)
    told = np.isfinite(found.low)
    assert (((found.low > 0) | (found.high < 0)) == (found.p < 0.05))[told].mean() > 0.9999


def test_the_planned_size_shows_the_planned_lift():
    rng = np.random.default_rng(6)
    usual = Usual.of(linearised(*(one.ravel() for one in grown(rng))), None, yes_or_no=False)
    need = needed(usual, 0.3, 0.5, level=level_at_last())
    assert need.treated <= LOOKS * A_LOOK
    control, arm = grown(rng), grown(rng, 0.13)
    at = [Tally.of(*(one[:, : need.treated] for one in part)) for part in (arm, control)]
    assert (ahead(*at, 0.3).p < 0.05).mean() == pytest.approx(0.8, abs=0.05)


def test_too_few_doers_give_no_interval():
    few = Tally.of(np.r_[np.ones(FEWEST - 1), np.zeros(300)], np.ones(FEWEST + 299))
    found = ahead(few, Tally.of(np.ones(400), np.ones(400)), 0.05)
    assert np.isnan(found.low)
    assert found.p == 1
    assert np.isfinite(found.absolute)


@pytest.mark.parametrize("knows", [True, False])
@pytest.mark.parametrize(
    ("one", "other"),
    [((3, 1), (4, 3)), ((2, 0), (4, 3)), ((4, 2), (2, 2)), ((4, 4), (3, 2)), ((0, 0), (1, 1))],
)
def test_of_hardly_anybody_nothing_is_told_and_nobody_is_warned(one, other, knows):
    def side(customers, who_did):
        did, before = (np.arange(customers) < who_did) * 1.0, np.arange(customers) * 1.0
        return Tally.stacked([Tally.of(did, np.ones(customers), before if knows else None)])

    for yes_or_no in (True, False):
        found = ahead(side(*one), side(*other), 0.05, yes_or_no=yes_or_no)
        assert np.isnan(found.relative_low).all()
        assert found.p == 1


def test_the_shares_are_suspected_at_their_rate_and_found_out_when_wrong():
    rng, shares = np.random.default_rng(7), np.array([0.5, 0.3, 0.2])
    right = rng.multinomial(200, shares, (2000, LOOKS)).cumsum(axis=1)
    assert (sample_ratio(right, shares)[:, -1] < SUSPICIOUS).mean() <= SUSPICIOUS
    wrong = rng.multinomial(200, [0.46, 0.32, 0.22], (500, LOOKS)).cumsum(axis=1)
    assert (sample_ratio(wrong, shares)[:, -1] < SUSPICIOUS).mean() > 0.9


def test_a_broken_arm_is_suspected_within_two_hundred_customers():
    assert sample_ratio(np.array([[0, 0], [200, 0]]), np.array([0.5, 0.5]))[-1] < SUSPICIOUS


def test_a_canary_sees_harm_that_a_test_for_a_small_lift_would_not_see_yet():
    """500 of 5,000 customers get what is clicked a third less often; each sees four ads."""
    seen = {0.05: 0, canary.HARM: 0}
    for seed in range(60):
        rng = np.random.default_rng(seed)
        shown = [np.full(size, 4.0) for size in (500, 4500)]
        own = [
            np.minimum(rng.gamma(2.0, rate / 2, len(one)), 1)
            for rate, one in zip((0.035, 0.05), shown, strict=True)
        ]
        arm, control = (
            Tally.of(rng.binomial(4, one).astype(float), each) for one, each in zip(own, shown, strict=True)
        )
        for smallest in seen:
            seen[smallest] += bool(ahead(arm, control, smallest).high < 0)
    assert seen[canary.HARM] > 30
    assert seen[0.05] < 15


def test_of_a_canary_it_is_asked_whether_it_does_harm():
    found = Verdict("no", "challenger is not 50% better than champion: keep champion.")
    assert canary.so_far(f"{canary.TITLE}7", found) == "No harm is seen so far."
    assert canary.so_far("Mine", found) == found.sentence
    worse = Verdict("worse", "It earns less.")
    assert canary.so_far(f"{canary.TITLE}7", worse) == worse.sentence
