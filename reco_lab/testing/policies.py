"""What every policy must do, whoever wrote it: run `CHECKS` over a policy."""

import numpy as np

from reco_lab.core.policy import Policy, Seen, policy
from reco_lab.testing.randomness import global_state

SCORES = np.array([0.3, 0.9, 0.1, 0.9, 0.5, 0.2], np.float32)
SEEN = Seen(SCORES)
NOTHING = np.zeros(0, np.intp)
DRAWS = 1000
TOLERANCE = 4.5


def documents_itself(one: Policy) -> None:
    """It has a label, a summary and a source, and help for all its settings."""
    assert one.info.label, "a policy needs a label"
    assert one.info.summary, "a policy needs a summary"
    assert one.info.source, "a policy needs a source"
    assert all(parameter.help for parameter in type(one).parameters()), "each setting needs help"


def survives_json(one: Policy) -> None:
    """Its dictionary makes an equal policy, and it can be a key."""
    assert policy(one.to_dict()) == one
    assert hash(policy(one.to_dict())) == hash(one)


def places_different_candidates(one: Policy) -> None:
    """It fills n places, or as many as there are candidates, each candidate at most once."""
    for n in (1, 3, 6, 9):
        choice = one.choose(SCORES, n, np.random.default_rng(n))
        assert len(choice.chosen) == min(n, len(SCORES)), "all places are filled"
        assert len(set(choice.chosen.tolist())) == len(choice.chosen), "nobody stands twice"
        assert choice.propensities.shape == choice.chosen.shape, "a chance for each place"
    assert not len(one.choose(SCORES[:0], 2, np.random.default_rng(0)).chosen), "nothing out of nothing"


def chances_sum_to_one(one: Policy) -> None:
    """At each place the chances of those left sum to 1 and those placed have none."""
    for before in ([], [1], [1, 0, 4], [5, 4, 3, 2, 1]):
        chances = one.chances(SCORES, np.array(before, np.intp))
        assert np.isclose(chances.sum(), 1.0), "chances sum to 1"
        assert (chances >= 0).all(), "no chance is negative"
        assert not chances[before].any(), "who is placed has no chance any more"


def logs_the_chance_it_used(one: Policy) -> None:
    """The chance it tells for each place is that of its own rule with the same draws, given the places before."""
    for seed in range(50):
        choice = one.place(SEEN, 4, np.random.default_rng(seed))
        assert choice.sound, "each place has another candidate, and a chance above 0 and of at most 1"
        for place, chosen in enumerate(choice.chosen):
            rule = one.odds(SEEN, choice.chosen[:place], np.random.default_rng(seed))
            assert np.isclose(rule.sum(), 1.0), "chances sum to 1"
            assert np.isclose(choice.propensities[place], rule[chosen]), "the chance told is the one used"
            assert choice.propensities[place] > 0, "what was done had a chance"


def chooses_as_often_as_it_says(one: Policy) -> None:
    """Over many draws each candidate stands first, and second, as often as its chances say."""
    surplus, variance = np.zeros((2, len(SCORES))), np.zeros((2, len(SCORES)))
    for seed in range(DRAWS):
        chosen = one.place(SEEN, 2, np.random.default_rng(seed)).chosen
        for place in range(2):
            odds = one.odds(SEEN, chosen[:place], np.random.default_rng(seed))
            surplus[place] -= odds
            surplus[place, chosen[place]] += 1
            variance[place] += odds * (1 - odds)
    assert (np.abs(surplus) <= TOLERANCE * np.sqrt(variance) + 1e-9).all(), "it chooses as often as it says"


def weighs_without_bias(one: Policy) -> None:
    """Rewards weighted by one over the told chance estimate the even policy's reward, where every candidate has a chance."""
    if (one.odds(SEEN, NOTHING, np.random.default_rng(0)) <= 0).any():
        return
    rng, rewards = np.random.default_rng(3), np.array([0.2, 0.9, 0.4, 0.1, 0.6, 0.3])
    choices = [one.place(SEEN, 1, rng) for _ in range(DRAWS)]
    weighted = np.array(
        [rewards[drawn.chosen[0]] / drawn.propensities[0] / len(SCORES) for drawn in choices], np.float64
    )
    error = abs(weighted.mean() - rewards.mean())
    assert error <= TOLERANCE * weighted.std() / np.sqrt(DRAWS) + 1e-9, "weighting must be unbiased"


def draws_from_the_passed_generator(one: Policy) -> None:
    """The same generator gives the same choice, and the global random state is left alone."""
    before = global_state()
    same = [one.choose(SCORES, 4, np.random.default_rng(5)).chosen.tolist() for _ in range(2)]
    assert same[0] == same[1], "the same draws, the same choice"
    assert global_state() == before, "the global state is not its business"


def leaves_scores_alone(one: Policy) -> None:
    """Scores are read and not changed."""
    scores = SCORES.copy()
    scores.flags.writeable = False
    one.choose(scores, 3, np.random.default_rng(0))
    one.chances(scores, np.array([1], np.intp))
    assert (scores == SCORES).all(), "scores are untouched"


CHECKS = (
    documents_itself,
    survives_json,
    places_different_candidates,
    chances_sum_to_one,
    logs_the_chance_it_used,
    chooses_as_often_as_it_says,
    weighs_without_bias,
    draws_from_the_passed_generator,
    leaves_scores_alone,
)
