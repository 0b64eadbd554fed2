from typing import ClassVar

import numpy as np
import pytest

from reco_lab.core.errors import NotFoundError, ParameterError
from reco_lab.core.policy import Choice, PolicyInfo, best_first, policies, policy
from reco_lab.policies.epsilon_greedy import EpsilonGreedy
from reco_lab.policies.greedy import Greedy
from reco_lab.policies.uniform_random import UniformRandom
from reco_lab.testing import policies as contract
from reco_lab.testing.policies import CHECKS


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", policies())
def test_every_policy_keeps_the_contract(name, check):
    check(policies()[name]())


@pytest.mark.parametrize("epsilon", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_epsilon_greedy_keeps_the_contract_at_its_bounds(check, epsilon):
    check(EpsilonGreedy(epsilon=epsilon))


class Undocumented(Greedy):
    info: ClassVar[PolicyInfo] = PolicyInfo("", "", "")


class Forgetful(Greedy):
    def to_dict(self):
        return {"policy": "uniform_random"}


class Repeating(Greedy):
    def choose(self, scores, n, rng):
        n = min(n, len(scores))
        return Choice(np.zeros(n, np.intp), np.ones(n))


class Unsummed(Greedy):
    def chances(self, scores, before):
        return 0.9 * super().chances(scores, before)


class Boasting(EpsilonGreedy):
    def choose(self, scores, n, rng):
        choice = super().choose(scores, n, rng)
        return Choice(choice.chosen, np.ones(len(choice.chosen)))


class Skewed(UniformRandom):
    def choose(self, scores, n, rng):
        choice = super().choose(scores, n, rng)
        order = np.sort(choice.chosen)
        return Choice(order, choice.propensities)


class Favouring(UniformRandom):
    def choose(self, scores, n, rng):
        choice = super().choose(scores, n, rng)
        chosen = np.array([1]) if n == 1 and rng.random() < 0.3 else choice.chosen
        return Choice(chosen, choice.propensities)


class Global(UniformRandom):
    def choose(self, scores, n, rng):
        n = min(n, len(scores))
        chosen = np.random.permutation(len(scores))[:n]  # noqa: NPY002 - the sin that must be caught
        return Choice(chosen, 1 / (len(scores) - np.arange(n)))


class Meddling(Greedy):
    def choose(self, scores, n, rng):
        scores[:1] = 0
        return super().choose(scores, n, rng)


@pytest.mark.parametrize(
    ("villain", "check"),
    [
        (Undocumented, contract.documents_itself),
        (Forgetful, contract.survives_json),
        (Repeating, contract.places_different_candidates),
        (Unsummed, contract.chances_sum_to_one),
        (Boasting, contract.logs_the_chance_it_used),
        (Skewed, contract.chooses_as_often_as_it_says),
        (Favouring, contract.weighs_without_bias),
        (Global, contract.draws_from_the_passed_generator),
        (Meddling, contract.leaves_scores_alone),
    ],
    ids=lambda thing: thing.__name__,
)
def test_each_check_catches_its_villain(villain, check):
    with pytest.raises((AssertionError, ValueError)):
        check(villain())


def test_the_best_come_first_and_equals_in_their_order():
    scores = np.array([1, 3, 2, 3, 2, 2], np.float32)
    for n in range(7):
        assert best_first(scores, n).tolist() == [1, 3, 2, 4, 5, 0][:n]


def test_a_policy_is_parsed_from_its_name_and_settings_and_refused_with_a_sentence():
    assert policy({"policy": "epsilon_greedy", "epsilon": 0.2}) == EpsilonGreedy(epsilon=0.2)
    with pytest.raises(ParameterError, match="from 0 to 1"):
        policy({"policy": "epsilon_greedy", "epsilon": 2})
    with pytest.raises(NotFoundError, match="greedy"):
        policy({"policy": "greddy"})
    with pytest.raises(ParameterError, match="needs its name"):
        policy({})
