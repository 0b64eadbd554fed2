import itertools

import numpy as np
import pytest
from scipy import optimize, sparse

from reco_lab.campaigns.candidates import Pool
from reco_lab.campaigns.lists import Builder, build
from reco_lab.campaigns.rules import NO_LIMIT, RuleSet
from reco_lab.core.likeness import Likeness
from reco_lab.core.ranking import NO_ITEM

NOBODY = Likeness(sparse.csc_matrix((1, 200), dtype=np.float32))


def rules(n, **changed):
    plain = {
        "allowed": np.ones(n, bool),
        "boost": np.zeros(n, np.float32),
        "pins": (),
        "levels": np.zeros((0, n), np.int32),
        "most": np.zeros(0, np.int32),
        "variety": 0.0,
        "stock": np.full(n, NO_LIMIT),
        "cost": np.zeros(n),
        "budget": np.inf,
        "not_bought": None,
    }
    return RuleSet(**plain | changed)


def pool(customers, items, depth, seed, extra=None):
    """Candidates whose popularity differs, so that everybody wants the same few."""
    rng = np.random.default_rng(seed)
    scores = 2 * rng.random(items) + rng.random((customers, items))
    order = np.argsort(-scores, axis=1)[:, :depth].astype(np.int32)
    relevance = np.sort(rng.random((customers, depth)).astype(np.float32), axis=1)[:, ::-1]
    if extra is not None:
        order = np.concatenate([order, np.tile(extra, (customers, 1))], axis=1).astype(np.int32)
        relevance = np.concatenate([relevance, np.zeros((customers, len(extra)), np.float32)], axis=1)
    return Pool(np.ascontiguousarray(order), np.ascontiguousarray(relevance), depth)


def optimum(candidates, rule_set):
    """The best total of lists of one: customers against items as often as there are pieces of them."""
    copies = np.repeat(np.arange(len(rule_set.stock)), rule_set.stock)
    gain = np.zeros((len(candidates), len(rule_set.stock)))
    gain[np.arange(len(candidates))[:, None], candidates.items] = candidates.relevance
    rows, columns = optimize.linear_sum_assignment(-gain[:, copies])
    return gain[:, copies][rows, columns].sum()


@pytest.mark.parametrize("seed", range(5))
def test_scarce_items_are_shared_out_as_well_as_can_be(seed):
    candidates, rule_set = pool(30, 12, 12, seed), rules(12, stock=np.full(12, 2))
    found = build(candidates, rule_set, 1, NOBODY)
    assert found.total == pytest.approx(optimum(candidates, rule_set), rel=1e-6)
    assert found.share_of_best == 1
    assert np.bincount(found.items[found.items >= 0], minlength=12).max() <= 2


@pytest.mark.parametrize("seed", range(3))
def test_lists_of_two_with_caps_and_a_budget_are_as_good_as_trying_everything(seed):
    candidates = pool(4, 5, 5, seed)
    rng = np.random.default_rng(seed)
    rule_set = rules(
        5,
        stock=np.full(5, 2),
        cost=rng.integers(1, 4, 5).astype(float),
        budget=9.0,
        levels=rng.integers(0, 3, (1, 5)).astype(np.int32),
        most=np.ones(1, np.int32),
    )
    relevance = np.zeros((4, 5))
    relevance[np.arange(4)[:, None], candidates.items] = candidates.relevance
    possible = [
        pair
        for size in (0, 1, 2)
        for pair in itertools.combinations(range(5), size)
        if len({int(rule_set.levels[0, item]) for item in pair}) == len(pair)
    ]
    best = max(
        sum(relevance[row, list(pair)].sum() for row, pair in enumerate(pairs))
        for pairs in itertools.product(possible, repeat=4)
        if (np.bincount([i for pair in pairs for i in pair], minlength=5) <= 2).all()
        and sum(rule_set.cost[list(pair)].sum() for pair in pairs) <= 9
    )
    assert build(candidates, rule_set, 2, NOBODY).total == pytest.approx(best, rel=1e-6)


@pytest.mark.parametrize("capped", [False, True])
@pytest.mark.parametrize("variety", [0.0, 0.4])
@pytest.mark.parametrize("budget", [np.inf, 2500.0])
def test_nothing_is_given_out_that_is_not_there_and_first_come_first_served_is_never_better(
    monkeypatch, capped, variety, budget
):
    monkeypatch.setattr("reco_lab.campaigns.lists.EXACT_PAIRS", 0)
    monkeypatch.setattr("reco_lab.campaigns.lists.SAMPLE", 300)
    rng = np.random.default_rng(7)
    candidates = pool(1000, 40, 25, 7)
    rule_set = rules(
        40,
        stock=rng.integers(20, 90, 40),
        cost=rng.uniform(1, 3, 40),
        budget=budget,
        variety=variety,
        levels=rng.integers(0, 6, (int(capped), 40)).astype(np.int32),
        most=np.full(int(capped), 1, np.int32),
    )
    alike = Likeness(sparse.csc_matrix(rng.integers(0, 2, (50, 40)).astype(np.float32)))
    builder = Builder(candidates, rule_set, 3, alike)
    found, first = builder.build(), builder.first_come()
    shown = found.items[found.items != NO_ITEM]
    assert (np.bincount(shown, minlength=40) <= rule_set.stock).all()
    assert rule_set.cost[shown].sum() <= budget + 1e-6
    assert found.total >= first.total
    if found.share_of_best is not None:
        assert 0.85 < found.share_of_best <= 1
    if capped:
        words = np.where(found.items == NO_ITEM, -1 - np.arange(3), rule_set.levels[0][found.items])
        assert all(len(set(row)) == 3 for row in words.tolist())


def test_the_number_of_threads_changes_nothing():
    candidates, rule_set = pool(3000, 40, 25, 3), rules(40, stock=np.full(40, 150))
    one, two = (build(candidates, rule_set, 3, NOBODY, threads=threads) for threads in (1, 2))
    assert (one.items == two.items).all()


def test_without_rules_a_list_is_the_first_of_the_candidates():
    candidates = pool(50, 20, 10, 0)
    assert (build(candidates, rules(20), 4, NOBODY).items == candidates.items[:, :4]).all()


def test_a_pinned_place_holds_the_best_of_what_it_is_for():
    candidates = pool(50, 20, 8, 0, extra=[18, 19])
    mask = np.zeros(20, bool)
    mask[[18, 19]] = True
    found = build(candidates, rules(20, pins=((1, mask),)), 3, NOBODY)
    assert np.isin(found.items[:, 1], [18, 19]).all()
    assert all(len(set(row)) == 3 for row in found.items.tolist())
    first = np.argmax(mask[candidates.items], axis=1)
    assert (found.items[:, 1] == candidates.items[np.arange(50), first]).all() or mask[
        found.items[:, 0]
    ].any()
