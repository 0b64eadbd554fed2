"""On true click chances: what learns loses ever less, chance loses most, and a floor costs what is said."""

import numpy as np
import pytest

from reco_lab.core.policy import policies
from reco_lab.policies.greedy import Greedy
from reco_lab.policies.lin_thompson import LinThompson
from reco_lab.policies.lin_ucb import LinUcb
from reco_lab.policies.thompson import Thompson
from reco_lab.policies.uniform_random import UniformRandom
from reco_lab.testing.regret import Contest, exponent

pytestmark = pytest.mark.slow
STEPS = 6000


@pytest.fixture(scope="module")
def personal():
    return Contest.of()


@pytest.mark.parametrize("kind", [Thompson, LinUcb, LinThompson])
def test_the_regret_of_what_learns_grows_slower_than_time(personal, kind):
    lost = personal.alike().regret(kind(floor=0.0), STEPS, 0)
    chance = personal.alike().regret(UniformRandom(), STEPS, 0)
    assert exponent(lost) < 0.85
    assert exponent(chance) > 0.95
    assert lost[-1] < 0.4 * chance[-1]


def test_chance_loses_most_of_all_policies_and_learning_on_top_of_the_recommender_least(personal):
    lost = {name: personal.regret(kind(), STEPS, 1)[-1] for name, kind in policies().items()}
    assert max(lost, key=lost.get) == "uniform_random"
    assert sorted(lost, key=lost.get)[:2] in (["greedy", "lin_thompson"], ["lin_thompson", "greedy"])
    late = [personal.regret(one, 3 * STEPS, 1) for one in (LinThompson(floor=0.0), Greedy())]
    assert late[0][-1] - late[0][2 * STEPS] < late[1][-1] - late[1][2 * STEPS]


def test_a_floor_costs_its_share_of_what_chance_loses(personal):
    contest, floor = personal.alike(), 0.2
    extra = np.array(
        [
            contest.regret(Thompson(floor=floor), 2000, seed, practice=500_000)[-1]
            - contest.regret(Thompson(floor=0.0), 2000, seed, practice=500_000)[-1]
            for seed in range(6)
        ]
    )
    stated = 2000 * floor * contest.mean_gap
    assert abs(extra.mean() - stated) < 4 * extra.std(ddof=1) / np.sqrt(6)
