from dataclasses import replace

import numpy as np
import pytest

from reco_lab.core.errors import CorruptError
from reco_lab.core.learner import CLICKED, SHOWN, Learner
from reco_lab.core.memory import Memory, Outcomes, exact
from reco_lab.core.policy import policies
from reco_lab.policies.popularity import Popularity
from reco_lab.policies.thompson import Thompson
from reco_lab.testing import learners as contract
from reco_lab.testing.learners import CHECKS, RATES, outcomes

LEARNERS = [name for name, kind in policies().items() if issubclass(kind, Learner)]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", LEARNERS)
def test_every_learner_keeps_the_contract(name, check):
    check(policies()[name]())


class Recent(Thompson):
    def add(self, own, shared, rows, outcomes):
        own[SHOWN] *= 0.5
        own[CLICKED] *= 0.5
        super().add(own, shared, rows, outcomes)


class Grasping(Thompson):
    def fold(self, memory, outcomes):
        if not memory.ids:
            return super().fold(memory, outcomes)
        memory.own[SHOWN][:] += 1
        return memory


class Uneasy(Thompson):
    def fold(self, memory, outcomes):
        found = super().fold(memory, outcomes)
        found.known["weights"] = np.arange(4.0)
        return found

    def draws(self, seen, memory, rng):
        return super().draws(seen, memory, rng) + memory.known.get("weights", 0.0)


class Needy(Thompson):
    def odds(self, seen, before, rng, memory=None):
        if memory is None:
            return np.eye(len(seen.scores))[0]
        return super().odds(seen, before, rng, memory)


class Timid(Popularity):
    floor: float = 0.0


class Deaf(Thompson):
    def add(self, own, shared, rows, outcomes):
        own[SHOWN] += np.bincount(rows, outcomes.shown, len(own[SHOWN]))


class Blunt(Thompson):
    def looked_at(self, outcomes):
        return outcomes.shown


class Generous(Thompson):
    def draws(self, seen, memory, rng):
        return super().draws(type(seen)(seen.scores, seen.ads, seen.features), memory, rng)


class Partial(Thompson):
    def odds(self, seen, before, rng, memory=None):
        return 0.9 * super().odds(seen, before, rng, memory)


class Mixing(Popularity):
    remembers = ("attention", "floor")


@pytest.mark.parametrize(
    ("villain", "check"),
    [
        (Recent, contract.folds_in_any_order),
        (Grasping, contract.leaves_memories_alone),
        (Uneasy, contract.survives_storing),
        (Needy, contract.begins_with_nothing),
        (Timid, contract.tries_what_nobody_saw),
        (Deaf, contract.follows_clicks),
        (Blunt, contract.is_fair_to_low_places),
        (Generous, contract.values_bids),
        (Partial, contract.copes_with_many),
        (Mixing, contract.looks_at_what_it_says),
    ],
    ids=lambda thing: thing.__name__,
)
def test_each_check_catches_its_villain(villain, check):
    with pytest.raises(AssertionError):
        check(villain())


def test_sums_without_decay_are_the_same_to_the_last_bit():
    told = outcomes(RATES, 500, places=4)
    for name in set(LEARNERS) - {"popularity"}:
        one = policies()[name]()
        memories = []
        for order in (np.arange(500), np.random.default_rng(2).permutation(500)):
            memory = one.nothing()
            for some in np.array_split(order, 3 + len(memories)):
                memory = one.fold(memory, contract.part(told, some))
            memories.append(memory)
        for kind in ("own", "shared"):
            first, second = (getattr(memory, kind) for memory in memories)
            assert all(np.array_equal(first[key], second[key]) for key in first)


def test_a_memory_makes_room_for_new_ads_between_those_it_knows():
    one = Thompson()
    memory = one.fold(one.nothing(), outcomes({"b": 1.0, "d": 1.0}, 10))
    grown = memory.over(["c", "a", "b"])
    assert grown.ids == ("a", "b", "c", "d")
    assert grown.own[CLICKED].tolist() == [0, memory.own[CLICKED][0], 0, memory.own[CLICKED][1], 0]
    assert grown.rows(["d", "nobody's"]).tolist() == [3, 4]


def test_recent_clicks_outweigh_old_ones_by_half_lives():
    one = Popularity(half_life=1.0, attention=1.0)
    day = 86_400 * 10**6
    told = Outcomes(
        ("a", "a"), np.zeros(2, np.int64), np.ones(2), np.array([1.0, 0.0]), np.ones(2),
        np.array([1000 * day, 1003 * day]), np.zeros((2, 8), np.float32),
    )  # fmt: skip
    memory = one.fold(one.nothing(), told)
    assert memory.own[SHOWN][0] == 1 + 1 / 8
    assert memory.own[CLICKED][0] == 1 / 8


def test_recent_clicks_say_as_much_whenever_in_a_half_life_they_came():
    one, known = Popularity(half_life=7.0), outcomes({"a": 0.3, "b": 0.1}, 40)
    day = 86_400 * 10**6
    begin = 2900 * 7 * day
    rates = [
        one.rates(one.fold(one.nothing(), replace(known, at=np.full(40, begin + later))))
        for later in (0, 6 * day)
    ]
    assert np.allclose(rates[0], rates[1], 1e-9)
    assert rates[0][0][0] > rates[0][0][1]


def test_a_block_that_is_no_memory_is_refused():
    with pytest.raises(CorruptError):
        Memory.from_bytes(b"nothing of the kind")


def test_exact_sums_are_associative():
    values = exact(np.random.default_rng(0).normal(size=1000))
    assert values.sum() == values[::-1].cumsum()[-1]
