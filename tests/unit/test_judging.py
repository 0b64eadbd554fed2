from datetime import timedelta

import numpy as np
import pytest

from reco_lab.core.errors import DataError, InputError
from reco_lab.experiments.off_policy_words import Meaning, detail, sentence
from reco_lab.policies.epsilon_greedy import EpsilonGreedy
from reco_lab.policies.greedy import Greedy
from reco_lab.policies.popularity import Popularity
from reco_lab.policies.softmax import Softmax
from reco_lab.policies.thompson import Thompson
from reco_lab.policies.uniform_random import UniformRandom
from reco_lab.services.decisions import open_log
from reco_lab.services.gate_words import log_finding
from reco_lab.services.judged_answers import Asked
from reco_lab.services.judging import judge_answers, judge_odds, judge_policy
from reco_lab.services.publishing import Plan
from reco_lab.services.replayed import Sides, replayed
from reco_lab.serving.served import Served
from reco_lab.testing.answered import BIDS, log_answers
from reco_lab.testing.serving import small_shop
from reco_lab.workspace import Workspace

ADS, ANSWERS = 4, 1500


def world(seed=0, answers=ANSWERS):
    rng = np.random.default_rng(seed)
    scores = rng.random((answers, ADS)).astype(np.float32)
    return scores, 0.05 + 0.3 * scores.astype(float) ** 2, rng


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A shop whose ads were drawn evenly, and the reading side of its log."""
    workspace = Workspace.open(tmp_path_factory.mktemp("judged"))
    scores, clicks, rng = world()
    made = log_answers(workspace, UniformRandom(), scores, clicks, rng, places=2)
    log = open_log(workspace)
    yield workspace, log, scores, clicks, made
    log.close()
    workspace.close()


@pytest.fixture
def asked(shop):
    now = shop[0].clock.now()

    def make(**more):
        return Asked(now - timedelta(days=1), now + timedelta(days=1), **more)

    return make


def test_the_best_ad_is_judged_to_earn_what_it_earns(shop, asked):
    workspace, log, scores, clicks, _ = shop
    found = judge_policy(workspace, log, Greedy(), asked())
    truth = clicks[np.arange(ANSWERS), scores.argmax(axis=1)].mean()
    one = found.judgement.best.value
    assert one.low < truth < one.high
    assert found.judgement.best.difference.low > 0
    assert found.told.used == ANSWERS
    assert found.judgement.support.customers == ANSWERS // 3
    assert "Best first would have earned" in sentence(found.judgement, "best first")
    assert "more clicks per 100 answers" in sentence(found.judgement, "best first")


def test_doubly_robust_knows_of_scores_and_is_nearer(shop, asked):
    found = judge_policy(*shop[:2], Greedy(), asked()).judgement
    assert found.by("doubly_robust").value.error < found.by("ips").value.error


def test_the_same_policy_would_have_earned_what_was_earned(shop, asked):
    found = judge_policy(*shop[:2], UniformRandom(), asked()).judgement
    assert found.best.difference.value == pytest.approx(0, abs=1e-12)
    assert "earned just what was earned" in sentence(found, "chance")


def test_weights_of_further_places_are_products_of_those_before(shop, asked):
    workspace, log, scores, _, made = shop
    policy = EpsilonGreedy(epsilon=0.4)
    found = judge_policy(workspace, log, policy, asked(places="all")).judgement
    heaviest = 0.0
    for one, some in zip(made, scores, strict=True):
        before, weight = [], 1.0
        for placed in one.placed:
            ad = int(placed.ad_id[1:])
            weight *= policy.chances(some, np.array(before, np.intp))[ad] / placed.propensity
            heaviest = max(heaviest, weight)
            before.append(ad)
    assert found.support.rows == 2 * ANSWERS
    assert found.support.largest == pytest.approx(heaviest)
    assert found.support.choices == (ADS + ADS * (ADS - 1)) / 2
    assert abs(found.support.weight - 1) < 4 * found.support.weight_error


def test_income_is_what_clicks_pay(shop, asked):
    clicks, income = (
        judge_policy(*shop[:2], Greedy(), asked(reward=one)).judgement for one in ("clicks", "income")
    )
    assert income.best.value.value == pytest.approx(BIDS * clicks.best.value.value)


def test_anything_that_gives_candidates_chances_can_be_judged(shop, asked):
    _, log, scores, clicks, _ = shop
    found = judge_odds(log, lambda one, _before: np.eye(ADS)[one.scores.argmin()], asked()).judgement
    assert found.best.difference.high < 0
    assert (
        found.best.value.low
        < clicks[np.arange(ANSWERS), scores.argmin(axis=1)].mean()
        < found.best.value.high
    )
    assert "fewer clicks" in sentence(found, "the worst ad")


def test_chances_that_do_not_sum_to_one_are_refused_in_a_sentence(shop, asked):
    with pytest.raises(InputError, match=r"sum to 0.900 over 4 candidates"):
        judge_odds(shop[1], lambda one, _before: np.full(ADS, 0.9 / ADS), asked())


def test_only_the_answers_of_the_period_count(shop, asked):
    now = shop[0].clock.now()
    with pytest.raises(DataError, match="No answer of this period can be used: there was none"):
        judge_policy(*shop[:2], Greedy(), Asked(now - timedelta(days=9), now - timedelta(days=8)))


def test_answers_without_what_they_were_chosen_from_judge_only_an_even_policy(tmp_path):
    workspace = Workspace.open(tmp_path)
    scores, clicks, rng = world(2, 150)
    log_answers(workspace, EpsilonGreedy(epsilon=0.5), scores, clicks, rng, kept=False)
    log, now = open_log(workspace), workspace.clock.now()
    period = Asked(now - timedelta(days=1), now + timedelta(days=1))
    found = judge_policy(workspace, log, UniformRandom(), period)
    assert found.told.used == 150
    assert found.judgement.support.effective > 15
    with pytest.raises(DataError, match="what they were chosen from was not kept"):
        judge_policy(workspace, log, Greedy(), period)
    log.close()
    workspace.close()


def test_a_judgement_is_told_with_what_was_earned_and_how_sure(shop, asked):
    found = judge_policy(*shop[:2], Greedy(), asked()).judgement
    said = detail(found, Meaning("clicks", "answers"))
    assert "What served earned" in said
    assert "95% certainty" in said


def test_a_policy_that_learns_is_judged_by_what_it_would_have_known(shop, asked):
    workspace, log, *_ = shop
    found = judge_policy(workspace, log, Thompson(), asked())
    assert found.told.used == ANSWERS // 2
    assert "as it would have stood on" in found.told.stood
    later = judge_policy(workspace, log, Popularity(), Asked(found.told.frozen, asked().until))
    assert later.told.frozen == found.told.frozen
    assert later.told.used == ANSWERS // 2
    assert abs(later.judgement.support.weight - 1) < 4 * later.judgement.support.weight_error


def sides(workspace, policy):
    """Two models that rank alike, under a champion of this policy."""
    data = small_shop()
    models = Served((), data.interactions.n_items)
    plan = Plan(dataset=data.name, fingerprint=data.fingerprint, chain=(), policy=policy)
    begins = np.datetime64((workspace.clock.now() - timedelta(days=1)).replace(tzinfo=None), "s")
    return Sides(plan, models, models, data, begins)


@pytest.mark.parametrize("name", ["thompson", "lin_thompson", "uniform_random", "greedy"])
def test_a_challenger_that_ranks_alike_is_not_blamed_for_who_chose_meanwhile(tmp_path, name):
    workspace = Workspace.open(tmp_path)
    scores, clicks, rng = world()
    log_answers(workspace, Softmax(temperature=0.4), scores, clicks, rng)
    found = replayed(workspace, sides(workspace, {"policy": name}))
    workspace.close()
    assert not found.refusal
    assert (found.best.difference.low, found.best.difference.high) == (0, 0)
    assert log_finding(found)["passed"]


def test_what_is_held_against_something_that_was_never_tried_is_refused(shop, asked):
    def one_ad(served, _before):
        return np.eye(len(served.ids))[0]

    def other(served, _before):
        return np.full(len(served.ids), 1 / len(served.ids))

    every = shop[1].served(asked().since, asked().until, 10_000)
    found = judge_answers(every, one_ad, asked(), against=other).judgement
    assert found.best.difference.value == pytest.approx(found.best.value.value - found.logged.value)
    some = Asked(shop[4][-60].at, shop[0].clock.now() + timedelta(days=1))
    with pytest.raises(DataError, match="What it is held against cannot be judged: 20 customers"):
        judge_answers(every[-60:], other, some, against=one_ad)
